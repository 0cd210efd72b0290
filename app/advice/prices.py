"""What a system costs to buy: the newest price per device, whole machines where a device is not sold alone.

An empty price is unknown, never free. Prices older than 120 days are shown but do not rank.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from app.advice.market import Machine, Market, Price
from app.advice.money import money
from app.engine.hardware import Accelerator
from app.engine.units import GIB

CONFIDENCES = ("low", "medium", "high")
WHOLE_MACHINES = {"laptop", "soc", "edge"}
"""Segments that are sold as whole machines only."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What ``count`` devices cost together. [USD]"""

    usd_low: float
    usd: float
    usd_high: float
    condition: str
    as_of: date
    source: str
    region: str
    confidence: str
    fresh: bool
    note: str = ""
    machine: Machine | None = None
    """The whole machine that this price buys; None for bare devices."""

    def times(self, count: float) -> "Tag":
        """The price of several."""
        if count == 1:
            return self
        low, middle, high = (usd * count for usd in (self.usd_low, self.usd, self.usd_high))
        return Tag(low, middle, high, *self._pedigree())

    def _pedigree(self) -> tuple[str, date, str, str, str, bool, str]:
        return (self.condition, self.as_of, self.source, self.region, self.confidence, self.fresh, self.note)


def is_module(device: Accelerator) -> bool:
    """Whether a device is soldered or socketed on a server board (SXM, OAM) and not a card that one can buy alone."""
    return device.segment == "datacenter" and device.kind in {"gpu", "npu"} and device.slots is None


def is_rented_only(device: Accelerator) -> bool:
    """Whether nobody sells the device: TPUs, and the chips that a cloud builds for itself."""
    return device.kind == "tpu" or (device.kind == "npu" and device.vendor in {"AWS", "Google"})


def sold_whole(device: Accelerator) -> bool:
    """Whether the price of the device is that of a whole machine."""
    return device.segment in WHOLE_MACHINES or device.kind == "apple_soc" or device.unified_memory


def is_laptop(machine: Machine) -> bool:
    """Whether a whole machine can be carried along."""
    return machine.kind == "laptop" or "macbook" in machine.slug


def _age_days(as_of: date, today: date) -> int:
    return (today - as_of).days


def is_fresh(as_of: date, today: date) -> bool:
    """Whether a price of this day still ranks."""
    return _age_days(as_of, today) <= money("price_age_days")


@dataclass(frozen=True)
class PriceBook:
    """All buy prices of a market on one day, by device."""

    today: date
    prices: dict[tuple[str, str], Price] = field(default_factory=dict)
    machines: dict[str, tuple[Machine, ...]] = field(default_factory=dict)
    _of_one: dict[tuple[str, str], Tag] = field(default_factory=dict, compare=False, repr=False)
    """The price of one device as a tag, made once for all counts."""

    @classmethod
    def of(cls, market: Market, today: date) -> "PriceBook":
        """The newest price of each device and condition; of one day, the better supported one."""
        newest: dict[tuple[str, str], Price] = {}
        for price in market.prices:
            key = (price.accelerator, price.condition)
            if key not in newest or _better(price, newest[key]):
                newest[key] = price
        machines: defaultdict[str, list[Machine]] = defaultdict(list)
        for machine in market.machines:
            if machine.usd is not None:
                machines[machine.accelerator].append(machine)
        return cls(today, newest, {slug: tuple(found) for slug, found in machines.items()})

    def tag(
        self,
        device: Accelerator,
        *,
        count: int,
        used_ok: bool,
        memory_bytes: float | None = None,
        portable: bool = False,
    ) -> Tag | None:
        """The price of ``count`` of a device, or None where none is known.

        ``memory_bytes`` is what the job takes: of machines with unified memory the cheapest with enough is meant.
        """
        if is_rented_only(device):
            return None
        machines = self._machines_for(device, count, memory_bytes)
        whole = [self._machine_tag(m) for m in machines if not portable or is_laptop(m)]
        if portable and machines and not whole:
            return None
        bare = [self._tag_of_one(key).times(count) for key in self._keys(device.slug, used_ok=used_ok)]
        if sold_whole(device):
            return _choose([*whole, *(bare if count == 1 else ())])
        if is_module(device):
            return _choose(whole) or (_choose([self._on_board(tag, count) for tag in bare]))
        return _choose(bare)

    def alternative(self, device: Accelerator, count: int) -> Machine | None:
        """The cheapest whole machine with exactly these devices: how a card can also be bought."""
        return min(self._machines_for(device, count, None), key=lambda m: (m.usd or 0.0, m.slug), default=None)

    def _keys(self, slug: str, *, used_ok: bool) -> list[tuple[str, str]]:
        conditions = ("new", "used") if used_ok else ("new",)
        return [(slug, condition) for condition in conditions if (slug, condition) in self.prices]

    def _machines_for(self, device: Accelerator, count: int, memory_bytes: float | None) -> list[Machine]:
        return [
            machine
            for machine in self.machines.get(device.slug, ())
            if machine.accelerator_count == count and _has_memory(machine, device, memory_bytes)
        ]

    def _machine_tag(self, machine: Machine) -> Tag:
        usd = machine.usd or 0.0
        low, high = machine.usd_low or usd, machine.usd_high or usd
        fresh = is_fresh(machine.as_of, self.today)
        return Tag(
            min(low, usd), usd, max(high, usd), "new", machine.as_of, machine.source, "US", machine.confidence, fresh,
            machine.note, machine,
        )  # fmt: skip

    def _tag_of_one(self, key: tuple[str, str]) -> Tag:
        if key not in self._of_one:
            self._of_one[key] = self._price_tag(self.prices[key])
        return self._of_one[key]

    def _price_tag(self, price: Price) -> Tag:
        low, high = min(price.usd_low, price.usd), max(price.usd_high, price.usd)
        fresh = is_fresh(price.as_of, self.today)
        return Tag(
            low, price.usd, high, price.condition, price.as_of, price.source, price.region, price.confidence, fresh,
            price.note,
        )  # fmt: skip

    @staticmethod
    def _on_board(tag: Tag, count: int) -> Tag:
        server = money("server_usd_per_device") * count
        return Tag(tag.usd_low + server, tag.usd + server, tag.usd_high + server, *tag._pedigree())  # noqa: SLF001


def _has_memory(machine: Machine, device: Accelerator, memory_bytes: float | None) -> bool:
    """Whether a machine with unified memory holds the job (all of the device's memory, where the job is not known)."""
    if not device.unified_memory:
        return True
    if machine.ram_gb is None:
        return False
    share = machine.ram_gb * GIB / device.memory_bytes
    if memory_bytes is None or memory_bytes != memory_bytes:  # noqa: PLR0124 - NaN is unknown
        return share >= 1
    return memory_bytes <= 0.9 * share * device.usable_memory_bytes


def _better(price: Price, than: Price) -> bool:
    return _newness(price) > _newness(than)


def _newness(price: Price) -> tuple[date, int, float]:
    rank = CONFIDENCES.index(price.confidence) if price.confidence in CONFIDENCES else 0
    return (price.as_of, rank, -price.usd)


def _choose(tags: Iterable[Tag]) -> Tag | None:
    """The cheapest of the fresh ones; where none is fresh, the cheapest of the others."""
    return min(tags, key=lambda tag: (not tag.fresh, tag.usd), default=None)
