"""The cheapest way out of a bottleneck: one more of the same card, another card, or an hour in the cloud."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np

from app.advice.fit_jobs import LESS_IS_BETTER, FitJob, SpeedLimit
from app.advice.market import Market, Offer
from app.advice.prices import PriceBook, Tag, is_module, sold_whole
from app.advice.reasons import Reason, Value
from app.advice.rigs import Rig, roomy_systems
from app.engine.arrays import BoolArray, FloatArray
from app.engine.estimate import estimate
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job
from app.engine.result import Estimates
from app.engine.units import SECONDS_PER_HOUR

BUY_COUNTS = (1, 2)
"""So many equal cards go into an ordinary computer."""
BUYABLE = frozenset({"gpu", "apple_soc"})
COMMON_STACK = "cuda"
"""The software that every tool runs on; other makers' cards are proposed to those who use them already."""
MOST_OF_ONE_CARD = 4
"""More cards than this need a computer of their own."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What removes the bottleneck, bought or rented."""

    device: Accelerator
    count: int
    """How many to buy or rent."""
    action: Literal["buy", "add", "rent"]
    """buy, add (more of the same) or rent."""
    reason: Reason
    tag: Tag | None = None
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class _Ware:
    """Something to buy or rent, with what it costs."""

    device: Accelerator
    count: int
    usd: float
    tag: Tag | None = None
    offer: Offer | None = None
    provider: str = ""
    """Name of who rents it."""


@dataclass(frozen=True, slots=True)
class _Goal:
    """A job to hold, and how fast."""

    fit_job: FitJob
    job: Job
    limit: SpeedLimit

    def cheapest(self, wares: Sequence[_Ware]) -> _Ware | None:
        """The first of these, which come by price, that reaches the goal."""
        if not wares:
            return None
        rows = np.flatnonzero(self.reached(wares))
        return wares[int(rows[0])] if len(rows) else None

    def reached(self, wares: Sequence[_Ware]) -> BoolArray:
        """Which of these hold the job as it is, fast enough."""
        value = self.pace(wares)
        limit = getattr(self.fit_job.scale, self.limit)
        with np.errstate(invalid="ignore"):
            fast = value <= limit if self.fit_job.speed in LESS_IS_BETTER else value >= limit
        return np.asarray(fast, dtype=np.bool_)

    def pace(self, wares: Sequence[_Ware]) -> FloatArray:
        """How fast each of these does the job, in the unit of its kind; NaN where it is not held or nobody knows."""
        devices = Devices(tuple(ware.device for ware in wares))
        estimates = estimate(self.job, roomy_systems(self.job, devices, counts=[ware.count for ware in wares]))
        trains = np.array([device.trains or not self.job.training for device in devices.accelerators], dtype=np.bool_)
        counts = np.array([float(ware.count) for ware in wares])
        value = self._value(estimates, counts)
        held = (estimates.fits >= 1.0) & trains
        return np.full(len(wares), np.nan) if value is None else np.where(held, value, np.nan)

    def _value(self, estimates: Estimates, counts: FloatArray) -> FloatArray | None:
        if self.fit_job.speed == "hours":
            return None if estimates.duration_s is None else estimates.duration_s.expected / SECONDS_PER_HOUR
        pace = estimates.decode_tokens_per_s or estimates.throughput_per_s
        if pace is None:
            return None
        return counts / pace.expected if self.fit_job.speed == "each" else pace.expected


@dataclass(frozen=True, eq=False)
class Shop:
    """What can be bought and rented on one day; remembers the cheapest way to do each job."""

    book: PriceBook
    to_buy: tuple[_Ware, ...]
    to_rent: tuple[_Ware, ...]
    known: dict[tuple[str, str, str], Upgrade | None] = field(default_factory=dict)
    waits: dict[tuple[str, str, str], tuple[str, float] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, devices: Devices, market: Market, *, today: date) -> "Shop":
        """The shop of a catalogue."""
        book = PriceBook.of(market, today)
        by_slug = {device.slug: device for device in devices.accelerators}
        return cls(book, _by_price(_to_buy(devices, book)), _by_price(_to_rent(by_slug, market)))

    def upgrade(self, fit_job: FitJob, job: Job, *, rig: Rig, limit: SpeedLimit) -> Upgrade | None:
        """The cheapest way to hold a job and reach a limit of speed; None where one machine is not enough."""
        goal = _Goal(fit_job, job, limit)
        key = (fit_job.slug, limit, rig.device.software_stack)
        if key not in self.known:
            stacks = {rig.device.software_stack, COMMON_STACK}
            self.known[key] = self._bought(goal, stacks) or self._rented(goal, stacks)
        found = self.known[key]
        return self._more_of_the_same(goal, rig, below=found.tag.usd if found and found.tag else np.inf) or found

    def quickest_hours(self, fit_job: FitJob, job: Job, *, rig: Rig) -> tuple[str, float] | None:
        """The machine that holds a job and ends it first, and after how long; None where none does. [h]"""
        key = (fit_job.slug, "quickest", rig.device.software_stack)
        if key not in self.waits:
            stacks = {rig.device.software_stack, COMMON_STACK}
            wares = [ware for ware in (*self.to_buy, *self.to_rent) if ware.device.software_stack in stacks]
            pace = _Goal(fit_job, job, "slow").pace(wares) if wares and fit_job.speed in LESS_IS_BETTER else np.empty(0)
            best = None if not np.any(np.isfinite(pace)) else int(np.nanargmin(pace))
            unit_s = SECONDS_PER_HOUR if fit_job.speed == "hours" else 1.0
            self.waits[key] = None if best is None else (_named(wares[best]), pace[best] * unit_s / SECONDS_PER_HOUR)
        return self.waits[key]

    def _bought(self, goal: _Goal, stacks: set[str]) -> Upgrade | None:
        ware = goal.cheapest([ware for ware in self.to_buy if ware.device.software_stack in stacks])
        if ware is None or ware.tag is None:
            return None
        code = "fit_upgrade_whole" if sold_whole(ware.device) else "fit_upgrade_buy"
        return Upgrade(ware.device, ware.count, "buy", _priced(code, ware), tag=ware.tag)

    def _rented(self, goal: _Goal, stacks: set[str]) -> Upgrade | None:
        ware = goal.cheapest([ware for ware in self.to_rent if ware.device.software_stack in stacks])
        if ware is None or ware.offer is None:
            return None
        return Upgrade(ware.device, ware.count, "rent", _priced("fit_upgrade_rent", ware), offer=ware.offer)

    def _more_of_the_same(self, goal: _Goal, rig: Rig, *, below: float) -> Upgrade | None:
        """As many cards again, for less than this price: what is there already stays in use."""
        device, count = rig.device, rig.count
        if rig.mixed or device.kind != "gpu" or 2 * count > MOST_OF_ONE_CARD:
            return None
        if sold_whole(device) or is_module(device):
            return None
        tag = self.book.tag(device, count=count, used_ok=True) if device.support == "supported" else None
        if tag is None or tag.usd >= below or not goal.reached([_Ware(device, 2 * count, tag.usd)])[0]:
            return None
        ware = _Ware(device, count, tag.usd, tag)
        return Upgrade(device, count, "add", _priced("fit_upgrade_add", ware), tag=tag)


def _to_buy(devices: Devices, book: PriceBook) -> Iterator[_Ware]:
    for device in devices.accelerators:
        if device.kind not in BUYABLE or device.support != "supported" or device.segment in {"laptop", "edge"}:
            continue
        if is_module(device):
            continue  # soldered onto server boards: to rent, not to put into a computer
        for count in (1,) if sold_whole(device) else BUY_COUNTS:
            tag = book.tag(device, count=count, used_ok=False)
            if tag is not None and tag.fresh:
                yield _Ware(device, count, tag.usd, tag)


def _to_rent(by_slug: dict[str, Accelerator], market: Market) -> Iterator[_Ware]:
    living = {provider.slug: provider.name for provider in market.providers if provider.status == "active"}
    for offer in market.offers:
        device, usd, count = by_slug.get(offer.accelerator), offer.usd_per_hour_on_demand, offer.accelerator_count
        if device is None or not usd or offer.provider not in living or count < 1 or count != int(count):
            continue
        if device.kind == "gpu" and device.support == "supported":
            yield _Ware(device, int(count), usd, offer=offer, provider=living[offer.provider])


def _by_price(wares: Iterator[_Ware]) -> tuple[_Ware, ...]:
    """The cheapest of each device and count, cheapest first."""
    cheapest: dict[tuple[str, int], _Ware] = {}
    for ware in sorted(wares, key=lambda one: (one.usd, one.device.slug)):
        cheapest.setdefault((ware.device.slug, ware.count), ware)
    return tuple(cheapest.values())


def _named(ware: _Ware) -> str:
    return ware.device.name if ware.count == 1 else f"{ware.count} x {ware.device.name}"


def _priced(code: str, ware: _Ware) -> Reason:
    name = _named(ware)
    watts = None if ware.device.tdp_w is None else ware.device.tdp_w * ware.count
    values: dict[str, Value] = {"name": name, "usd": ware.usd, "watts": watts}
    if ware.offer is not None:
        return Reason(code, values | {"provider": ware.provider, "instance": ware.offer.instance})
    if ware.tag is not None:
        return Reason(code, values | {"condition": ware.tag.condition, "as_of": ware.tag.as_of.isoformat()})
    return Reason(code, values)
