"""Money facts as value objects: buy prices, cloud offers, whole machines and electricity, each with source and date."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import attrgetter
from statistics import median

PRICES_FOR_A_MEDIAN = 4


@dataclass(frozen=True, slots=True)
class Price:
    """One dated buy price of one accelerator, in USD. Buying and renting never share a type."""

    accelerator: str
    condition: str
    """new or used."""
    usd_low: float
    usd: float
    usd_high: float
    region: str
    as_of: date
    source: str
    confidence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A cloud or notebook provider, living or not."""

    slug: str
    name: str
    kind: str
    """hyperscaler, specialist, marketplace, serverless, notebook, defunct."""
    status: str
    """active, unclear or closed."""
    status_note: str
    """One sentence, such as "closed in August 2021"."""
    homepage: str
    billing: str
    free_tier: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """One rentable instance. Prices are for the whole instance; None means unknown, never free."""

    provider: str
    instance: str
    region: str
    accelerator: str
    """Catalogue slug."""
    accelerator_count: float
    """Fractions are slices of a device."""
    accelerator_memory_bytes: float
    """Of one device (or slice)."""
    vcpus: float | None
    ram_gb: float | None
    storage_gb: float | None
    usd_per_hour_on_demand: float | None
    usd_per_hour_spot: float | None
    billing: str
    as_of: date
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A whole machine that is sold: laptop, Mac, desktop, workstation, server or kit."""

    slug: str
    name: str
    kind: str
    accelerator: str
    accelerator_count: int
    cpu: str
    ram_gb: float | None
    storage_gb: float | None
    usd_low: float | None
    usd: float | None
    usd_high: float | None
    as_of: date
    source: str
    confidence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class HostPart:
    """One part of the rest of the computer, in USD."""

    part: str
    """ram, storage, psu, motherboard, case, cpu, cooler, ..."""
    spec: str
    usd_low: float
    usd_high: float
    as_of: date
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ElectricityPrice:
    """Household price of a kilowatt-hour; country "" is the world."""

    country: str
    usd_per_kwh: float
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """What a dollar was worth in another currency on one day."""

    currency: str
    """ISO 4217."""
    per_usd: float
    as_of: date
    source: str


@dataclass(frozen=True)
class Market:
    """Everything that has a price."""

    prices: tuple[Price, ...]
    providers: tuple[Provider, ...]
    offers: tuple[Offer, ...]
    machines: tuple[Machine, ...]
    host_parts: tuple[HostPart, ...]
    electricity: tuple[ElectricityPrice, ...]
    exchange_rates: tuple[ExchangeRate, ...] = ()
    """The newest of each currency; prices are shown in it, and never ranked."""

    @cached_property
    def usual_device_hours(self) -> dict[str, float]:
        """The median price of one device for one hour, over all offers; worked out once. [USD/h]"""
        return usual_device_hours(self.offers)

    @cached_property
    def shelves(self) -> "dict[Shelf, Shelved]":
        """The offers, sorted once: whoever searches many of them looks at few."""
        shelves: defaultdict[Shelf, list[Offer]] = defaultdict(list)
        for offer in self.offers:
            free = offer.usd_per_hour_on_demand == 0
            shelves[offer.provider, offer.accelerator, offer.accelerator_count, free].append(offer)
        return {shelf: Shelved.of(offers) for shelf, offers in shelves.items()}


Shelf = tuple[str, str, float, bool]
"""Provider, accelerator, number of devices, and whether it is lent for nothing."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """Offers of the same devices by the same provider; the cheapest first, and then by the name of the instance."""

    on_demand: tuple[Offer, ...]
    spot: tuple[Offer, ...]

    @classmethod
    def of(cls, offers: list[Offer]) -> "Shelved":
        """The same offers by each of their prices; those without one are left out."""
        on_demand = [offer for offer in offers if offer.usd_per_hour_on_demand is not None]
        spot = [offer for offer in offers if offer.usd_per_hour_spot]
        on_demand.sort(key=attrgetter("usd_per_hour_on_demand", "instance"))
        spot.sort(key=attrgetter("usd_per_hour_spot", "instance"))
        return cls(tuple(on_demand), tuple(spot))


def usual_device_hours(offers: Iterable[Offer]) -> dict[str, float]:
    """The median price of one device for one hour on demand, where several are known. [USD/h]"""
    prices: defaultdict[str, list[float]] = defaultdict(list)
    for offer in offers:
        if offer.usd_per_hour_on_demand and offer.accelerator_count >= 1:
            prices[offer.accelerator].append(offer.usd_per_hour_on_demand / offer.accelerator_count)
    return {slug: median(found) for slug, found in prices.items() if len(found) >= PRICES_FOR_A_MEDIAN}
