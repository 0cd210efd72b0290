"""What to rent: offers that do the job, by what the whole job costs, from several providers.

An empty price is unknown, never free. Closed providers are never offered. Old prices are shown but never come first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from app.advice.candidates import Candidates
from app.advice.constraints import Constraints
from app.advice.decide import Decision
from app.advice.market import Market, Offer, Provider, Shelved
from app.advice.money import money
from app.advice.need import Need, Range, range_at
from app.advice.offer_checks import asked_providers, in_region, is_doubtful
from app.advice.picks import SOFTWARE_CLASS, fit_word
from app.advice.prices import is_fresh
from app.advice.reasons import Caution, Reason, Value
from app.advice.rental import CLUSTER_INSTANCE_DEVICES, LINKING_PROVIDERS
from app.engine.hardware import Accelerator
from app.engine.job import Job
from app.engine.software import has_back_end
from app.engine.units import HOURS_PER_MONTH, SECONDS_PER_HOUR

MOST_ROWS = 8
USUAL_ROWS = 6
ROWS_PER_PROVIDER = 2
MARKETPLACE_ROWS = 3
"""Marketplaces are cheap and fickle: at most this many rows, unless somebody asks for certain providers."""
ROWS_PER_DEVICE = 2
FAR_CHEAPER_FRACTION = 0.5
"""An old price below this share of the best new one is shown too."""
QUICK_ON_A_PROCESSOR_HOURS = 1.0
"""For work that a processor does within this time only free offers are shown."""


@dataclass(frozen=True, slots=True)
class CloudOption:
    """One thing to rent. Prices are of all instances together. [USD]"""

    provider: str
    provider_name: str
    provider_kind: str
    """hyperscaler, specialist, marketplace, serverless or notebook."""
    instance: str
    instances: int
    region: str
    device: Accelerator
    count: float
    """Devices in all instances."""
    row: int
    """Row of the candidates that the hours come from."""
    pricing: str
    """on_demand or spot."""
    usd_per_hour: float
    basis: str
    """What ``hours`` and ``total_usd`` are of: run, month, or empty when nobody knows."""
    hours: Range | None
    total_usd: Range | None
    fit: str | None
    fresh: bool
    as_of: date
    source: str
    note: Reason | None
    late: bool = False
    """Slower than what was asked for."""

    @property
    def free(self) -> bool:
        """Whether nothing is charged."""
        return self.usd_per_hour == 0


@dataclass(frozen=True)
class Cloud:
    """What to rent, best first, and what had to be left out of account."""

    options: tuple[CloudOption, ...]
    cautions: tuple[Caution, ...] = ()


def cloud_for(
    job: Job,
    need: Need,
    *,
    decision: Decision,
    constraints: Constraints,
    candidates: Candidates,
    market: Market,
    today: date,
) -> Cloud:
    """Three to eight offers where there are so many; none where nothing may leave the premises."""
    if constraints.on_premises_only:
        return Cloud(())
    strict = _Search(job, need, decision, constraints, candidates, market, today)
    in_any_time = replace(strict, any_time=True)
    attempts = (
        (strict, ""),
        (in_any_time, "relaxed_cloud_deadline"),
        (replace(in_any_time, any_vendor=True), "relaxed_cloud_vendor"),
        (replace(in_any_time, any_vendor=True, any_size=True), "relaxed_cloud_fit"),
    )
    for search, code in attempts:
        found = search.options()
        if decision.scenario.number == 1 and (need.cpu_hours or np.inf) <= QUICK_ON_A_PROCESSOR_HOURS:
            found = [option for option in found if option.free]
        if found or decision.scenario.number <= 2:
            within, cautions = search.within_wishes(found)
            relaxed = (Caution("warning", Reason(code, search.wish_values())),) if code else ()
            return Cloud(tuple(search.chosen(within)), (*relaxed, *cautions))
    return Cloud(())


@dataclass(frozen=True, slots=True)
class _Found:
    """An offer that does the job, before anything is worked out about it."""

    preference: tuple[bool, int, float, str]
    """What makes it better than others of the same devices; the second entry is the number of instances."""
    offer: Offer
    provider: Provider
    row: int
    usd: float
    """Of one instance. [USD/h]"""


@dataclass(frozen=True)
class _Search:
    job: Job
    need: Need
    decision: Decision
    constraints: Constraints
    candidates: Candidates
    market: Market
    today: date
    any_time: bool = False
    any_vendor: bool = False
    any_size: bool = False

    @cached_property
    def _rows_of(self) -> dict[str, list[int]]:
        """Rows of each device, by rising count."""
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for (slug, _), row in sorted(self.candidates.row_of.items()):
            rows[slug].append(row)
        return rows

    def options(self) -> list[CloudOption]:
        """Every offer of a living provider that does the job; of the same devices only the best instance and region."""
        living = {provider.slug: provider for provider in self.market.providers if provider.status == "active"}
        best: dict[tuple[str, str, float, str], _Found] = {}
        for (slug, _, count, _), shelf in self.market.shelves.items():
            provider = living.get(slug)
            if provider is None:
                continue
            for pricing, offer, usd in self._best_of(shelf):
                row, instances = self._row_for(offer)
                if row is None or (instances > 1 and provider.kind not in LINKING_PROVIDERS):
                    continue
                found = _Found(self._preference(offer, usd * instances, instances=instances), offer, provider, row, usd)
                key = (slug, self.candidates.device(row).slug, count * instances, pricing)
                if key not in best or found.preference < best[key].preference:
                    best[key] = found
        return sorted((self._option(found, pricing=key[3]) for key, found in best.items()), key=self._rank)

    def _best_of(self, shelf: Shelved) -> Iterator[tuple[str, Offer, float]]:
        """Of the same devices by the same provider the cheapest that are fresh and where people asked."""
        for offer in self._first(shelf.on_demand):
            usd = offer.usd_per_hour_on_demand or 0.0
            if usd > 0 or self._free_is_enough(offer):
                yield "on_demand", offer, usd
        for offer in self._first(shelf.spot) if self.constraints.spot_ok else ():
            yield "spot", offer, offer.usd_per_hour_spot or 0.0

    def _first(self, cheapest_first: tuple[Offer, ...]) -> list[Offer]:
        usual, second_best = self.market.usual_device_hours, None
        for offer in cheapest_first:
            if is_doubtful(offer, usual):
                continue
            if not self._elsewhere_or_old(offer):
                return [offer]
            second_best = second_best or offer
        return [second_best] if second_best else []

    def within_wishes(self, options: list[CloudOption]) -> tuple[list[CloudOption], tuple[Caution, ...]]:
        """The offers that keep to providers, regions and the monthly budget, each relaxed if nothing is left."""
        cautions: list[Caution] = []
        asked = asked_providers(self.constraints, self.market)
        tests = (
            ("providers", bool(asked), lambda option: option.provider in asked),
            ("regions", bool(self.constraints.regions), self._in_region),
            ("budget_usd_per_month", self.constraints.budget_usd_per_month is not None, self._within_month),
        )
        for name, applies, keep in tests:
            if not applies or not options:
                continue
            kept = [option for option in options if keep(option)]
            if kept:
                options = kept
            else:
                cautions.append(Caution("warning", Reason(f"relaxed_{name}", self.wish_values())))
        return options, tuple(cautions)

    def chosen(self, options: list[CloudOption]) -> list[CloudOption]:
        """A short, varied list in order of cost, with those that belong in it whatever they cost."""
        asked = asked_providers(self.constraints, self.market)
        per_provider = ROWS_PER_PROVIDER * 2 if asked else ROWS_PER_PROVIDER
        picked = list(_varied(options, per_provider=per_provider, markets=USUAL_ROWS if asked else MARKETPLACE_ROWS))
        for wanted in self._musts(options, asked):
            if wanted not in picked and len(picked) < MOST_ROWS:
                picked.append(wanted)
        return sorted(picked, key=self._rank)

    def _musts(self, options: list[CloudOption], asked: set[str]) -> Iterator[CloudOption]:
        for slug in sorted(asked):
            theirs = [option for option in options if option.provider == slug]
            yield from _first(theirs)
            yield from _first([option for option in theirs if old_but_far_cheaper(option, than=theirs[0])])
        yield from _first([option for option in options if option.free])
        if self.decision.scenario.number == 4 or self.job.workload.task == "pretrain":
            yield from _first([option for option in options if option.device.kind == "tpu"])
        paid = [option for option in options if not option.free]
        yield from _first([option for option in paid if option.provider_kind != "marketplace"])
        yield from _first([option for option in paid if option.provider_kind == "hyperscaler"])

    def _row_for(self, offer: Offer) -> tuple[int | None, int]:
        """The candidate that an offer (or several of its instances) amounts to, and how many instances that is.

        Slices of a device are left out: how fast they are is published nowhere.
        """
        size = offer.accelerator_count
        if size < 1 or size != int(size):
            return None, 1
        if self.decision.scenario.number == 4 and size >= CLUSTER_INSTANCE_DEVICES:
            row = self._cluster_row(offer.accelerator)
            if row is None:
                return None, 1
            return row, int(np.ceil(self.candidates.count(row) / size))
        row = self.candidates.row_of.get((offer.accelerator, int(size)))
        if row is None and offer.usd_per_hour_on_demand == 0:
            row = self.candidates.row_of.get((offer.accelerator, 1))
        return (row, 1) if row is not None and self._does_the_job(row) else (None, 1)

    @cached_property
    def _cluster_rows(self) -> dict[str, int | None]:
        return {}

    def _cluster_row(self, slug: str) -> int | None:
        """The smallest number of a device that does the job in time; else the largest that does it at all."""
        if slug not in self._cluster_rows:
            self._cluster_rows[slug] = self._cluster_row_searched(slug)
        return self._cluster_rows[slug]

    def _cluster_row_searched(self, slug: str) -> int | None:
        rows = self._rows_of.get(slug, ())
        able = [r for r in rows if self.candidates.count(r) >= CLUSTER_INSTANCE_DEVICES and self._does_the_job(r)]
        late = self.candidates.lateness
        return min(able, key=lambda row: (late[row], self.candidates.count(row)), default=None)

    def _does_the_job(self, row: int) -> bool:
        device = self.candidates.device(row)
        if device.support != "supported" or (self.job.training and not device.trains) or device.kind == "cpu":
            return False
        if not has_back_end(self.job, device):
            return False
        if (device.kind == "fpga" and not self._wants_fpga()) or (device.kind == "tpu" and not self._wants_tpu()):
            return False
        vendors = {vendor.strip().lower() for vendor in self.constraints.vendors or ()}
        if vendors and not self.any_vendor and device.vendor.lower() not in vendors:
            return False
        deadline = self.constraints.deadline_hours
        if deadline is not None and not self.any_time and self.candidates.hours[row] > deadline:
            return False
        return self.any_size or bool(self.candidates.fits[row] != 0 and not self.candidates.overfull[row])

    def _wants_fpga(self) -> bool:
        if self.job.training:
            return False
        return bool(self.job.workload.latency_ms) or any(asked.fpga for asked in self.need.asked_for)

    def _wants_tpu(self) -> bool:
        """TPUs pay off for large training runs, and for those who ask for them."""
        large = self.decision.scenario.number == 4 or self.job.workload.task == "pretrain"
        return large or bool(self.constraints.vendors) or any(asked.tpu for asked in self.need.asked_for)

    def _free_is_enough(self, offer: Offer) -> bool:
        """Free notebooks are for small work: one run has to end within a session."""
        row = self.candidates.row_of.get((offer.accelerator, 1))
        hours = np.nan if row is None else self.candidates.hours[row]
        return self.decision.scenario.number <= 2 and not hours > money("free_hours_per_run")

    def _option(self, found: _Found, *, pricing: str) -> CloudOption:
        offer, provider, row, instances = found.offer, found.provider, found.row, found.preference[1]
        basis, hours = self._hours(row, pricing=pricing)
        per_hour = found.usd * instances
        total = hours and Range(*(per_hour * each for each in (hours.low, hours.expected, hours.high)))
        fresh = is_fresh(offer.as_of, self.today)
        return CloudOption(
            provider=provider.slug,
            provider_name=provider.name,
            provider_kind=provider.kind,
            instance=offer.instance,
            instances=instances,
            region=offer.region,
            device=self.candidates.device(row),
            count=offer.accelerator_count * instances,
            row=row,
            pricing=pricing,
            usd_per_hour=per_hour,
            basis=basis,
            hours=hours,
            total_usd=total,
            fit=fit_word(float(self.candidates.fits[row])),
            fresh=fresh,
            late=bool(self.candidates.lateness[row] > 0),
            as_of=offer.as_of,
            source=offer.source,
            note=_note(offer, provider, usd=per_hour, instances=instances, basis=basis, pricing=pricing, fresh=fresh),
        )

    def _hours(self, row: int, *, pricing: str) -> tuple[str, Range | None]:
        """Hours of one run; where nobody knows them, hours of use a month."""
        again = 1.0 + (money("spot_restart_fraction") if pricing == "spot" else 0.0)
        run = range_at(self.candidates.estimates.duration_s, row)
        if run is not None:
            low, expected, high = (each / SECONDS_PER_HOUR * again for each in (run.low, run.expected, run.high))
            return "run", Range(low, expected, high)
        monthly = self.need.monthly_hours
        if monthly is None:
            return "", None
        hours = min(monthly * again, HOURS_PER_MONTH)
        return "month", Range(hours, hours, hours)

    def _rank(self, option: CloudOption) -> tuple[bool, float, bool, float, float, float, str, str]:
        """Fresh before old, in time before late, well supported before exotic, roomy before tight, then by cost."""
        late = float(self.candidates.lateness[option.row])
        exotic = SOFTWARE_CLASS.get(option.device.software_stack, 2.0) > 1 and not self.constraints.vendors
        speed = float(self.candidates.speed[option.row])
        cost = option.total_usd.expected if option.total_usd and option.basis == "run" else option.usd_per_hour / speed
        cost = cost if np.isfinite(cost) else np.inf
        tight = 0.0 if option.fit == "fits" else 1.0 if not self.any_size else 1 / self._memory_bytes(option.row)
        return (not option.fresh, late, exotic, tight, cost, option.usd_per_hour, option.provider, option.instance)

    def _preference(self, offer: Offer, usd_per_hour: float, *, instances: int) -> tuple[bool, int, float, str]:
        """Among offers of the same devices by the same provider: where people asked, in few pieces, cheap."""
        return (self._elsewhere_or_old(offer), instances, usd_per_hour, offer.instance)

    def _elsewhere_or_old(self, offer: Offer) -> bool:
        elsewhere = bool(self.constraints.regions) and not self._in_region(offer)
        return elsewhere or not is_fresh(offer.as_of, self.today)

    def _in_region(self, offered: Offer | CloudOption) -> bool:
        return any(in_region(offered.region, asked) for asked in self.constraints.regions or ())

    def _within_month(self, option: CloudOption) -> bool:
        monthly, limit = self.need.monthly_hours, self.constraints.budget_usd_per_month
        if limit is None or monthly is None:
            return True
        return option.usd_per_hour * monthly <= limit

    def _memory_bytes(self, row: int) -> float:
        return float(self.candidates.estimates.usable_memory_bytes[row] * self.candidates.systems.count[row])

    def wish_values(self) -> dict[str, Value]:
        """The values of sentences about wishes that had to give way."""
        return {
            "deadline_hours": self.constraints.deadline_hours,
            "vendors": ", ".join(self.constraints.vendors or ()),
            "providers": ", ".join(self.constraints.providers or ()),
            "regions": ", ".join(self.constraints.regions or ()),
            "budget_usd_per_month": self.constraints.budget_usd_per_month,
        }


def _varied(options: Iterable[CloudOption], *, per_provider: int, markets: int) -> Iterator[CloudOption]:
    """The first ones, without more than a few of one provider, of one device, or from marketplaces."""
    providers: Counter[tuple[str, str]] = Counter()
    devices: Counter[tuple[str, str]] = Counter()
    taken = 0
    for option in options:
        by, of = (option.provider, option.pricing), (option.device.slug, option.pricing)
        market = option.provider_kind == "marketplace"
        full = providers[by] == per_provider or devices[of] == ROWS_PER_DEVICE or (market and not markets)
        if taken == USUAL_ROWS or full:
            continue
        markets -= market
        providers[by] += 1
        devices[of] += 1
        taken += 1
        yield option


def that_hold_it(options: Iterable[CloudOption]) -> list[CloudOption]:
    """Offers that hold the work; those with little room only where there is no other."""
    holding = [option for option in options if option.fit != "does_not_fit"]
    return [option for option in holding if option.fit != "tight"] or holding


def old_but_far_cheaper(option: CloudOption, *, than: CloudOption) -> bool:
    """Whether an old price is so low that the offer is worth a look although it does not rank."""
    return than.fresh and not option.fresh and option.usd_per_hour < FAR_CHEAPER_FRACTION * than.usd_per_hour


def _first(options: list[CloudOption]) -> list[CloudOption]:
    return options[:1]


def _note(
    offer: Offer, provider: Provider, *, usd: float, instances: int, basis: str, pricing: str, fresh: bool
) -> Reason | None:
    """What one should know about the row, one thing: the most important first."""
    values: dict[str, Value] = {"instances": instances, "as_of": offer.as_of.isoformat(), "billing": offer.billing}
    if usd == 0:
        return Reason("cloud_free", values)
    if not fresh:
        return Reason("cloud_old_price", values)
    if instances > 1:
        return Reason("cloud_several_instances", values)
    if pricing == "spot":
        return Reason("cloud_spot", values)
    if provider.kind == "marketplace":
        return Reason("cloud_marketplace", values)
    return Reason("cloud_per_month", values) if basis == "month" else None
