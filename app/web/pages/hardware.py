"""The list of devices, and one device with everything known of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.advice.evidence import Measurement
from app.advice.market import Offer, Price
from app.advice.prices import PriceBook
from app.advisor import Suit
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GB, GIB, TERA
from app.languages import say
from app.present.measured import result_in_words, work_in_words
from app.web.currency import Currency
from app.web.labels import details, label, lowered, place
from app.web.pages.hardware_filters import SWITCHES, filters_of, switches_of
from app.web.pages.head import PICTURE, Head
from app.web.pages.listing import (
    SHOWN_FILTERS,
    Chip,
    Column,
    Filter,
    Pages,
    chips,
    column,
    currency_switch,
    cut,
    link,
    rarer_set,
)
from app.web.pages.price_differences import differences, site
from app.web.pages.price_history import PriceHistory
from app.web.pages.suits import SuitGroup
from app.worded import worded, worded_count

PATH = "/hardware"
NOUN = worded_count("{count} device", "{count} devices")
ABOUT = worded(
    "Graphics cards, chips and accelerators for machine learning: memory, speed, power, support and dated prices."
)
JSON_FIELDS = ("q", "vendor", "kind", "segment", "support", "memory_gib_min", "sort")
"""Filters that the list for programs knows too."""
MOST_OFFERS = 12


@dataclass(frozen=True, slots=True)
class HardwareRow:
    """A device in the list."""

    slug: str
    name: str
    url: str
    kind: str
    memory: str
    bandwidth: str
    speed: str
    power: str
    price: str
    support: str
    support_css: str
    support_mark: str


@dataclass(frozen=True, slots=True)
class HardwareListPage:
    """Devices that meet the filters."""

    template: ClassVar[str] = "hardware/list.html"

    title: str
    words: str
    filters: tuple[Filter, ...]
    chips: tuple[Chip, ...]
    """Filters that are set."""
    all_url: str
    """The list without any."""
    sort: str
    columns: tuple[Column, ...]
    rows: tuple[HardwareRow, ...]
    pages: Pages
    switches: tuple[Filter, ...]
    """In which units and for what prices are shown."""
    more_set: bool
    """Whether one of the rarer filters or switches is set."""
    note: str
    """By which rate prices were converted."""
    csv_url: str
    json_url: str
    head: Head

    @classmethod
    def of(
        cls,
        catalogue: Snapshot,
        found: Sequence[Accelerator],
        *,
        fields: Mapping[str, str],
        page: int,
        currency: Currency,
        base_url: str,
    ) -> Self:
        """The page of the devices found; ``fields`` are the filters and the order as they stand in the address."""
        shown, pages = cut(found, path=PATH, fields=fields, page=page, noun=NOUN)
        prices = prices_by_device(catalogue)
        filters = filters_of(catalogue, fields)
        return cls(
            title=say("Hardware"),
            words=fields.get("q", ""),
            filters=filters,
            chips=chips(PATH, fields, filters=filters),
            all_url=link(PATH, {name: value for name, value in fields.items() if name in SWITCHES}),
            sort=fields.get("sort", ""),
            columns=_columns(fields),
            rows=tuple(_row(each, prices.get(each.slug, {}), fields=fields, currency=currency) for each in shown),
            pages=pages,
            more_set=rarer_set(fields, filters[SHOWN_FILTERS:], switches=SWITCHES),
            switches=switches_of(catalogue, fields, currency=currency),
            note=currency.note,
            csv_url=link("/hardware.csv", fields),
            json_url=_for_programs(fields),
            head=Head.of(say("Hardware"), say(ABOUT), url=base_url + PATH, indexed=not fields),
        )


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact with its pedigree."""

    name: str
    value: str
    source: str
    source_url: str
    as_of: str
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One dated price to buy."""

    condition: str
    price: str
    region: str
    as_of: str
    source: str
    source_url: str
    note: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer to rent."""

    name: str
    count: str
    region: str
    on_demand: str
    spot: str
    as_of: str


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """A published measurement on a device."""

    work: str
    result: str
    as_of: str
    source: str
    source_url: str


MOST_MEASURED = 40
"""Measurements that the page of a device shows."""


def _measured(measurement: Measurement) -> MeasuredRow:
    result = result_in_words(measurement.metric, measurement.value, unit=measurement.unit)
    count = f", {measurement.count} ×" if measurement.count > 1 else ""
    return MeasuredRow(
        work=f"{measurement.model}: {work_in_words(measurement.workload)}{count}",
        result=result,
        as_of=measurement.as_of or "",
        source=measurement.source,
        source_url=measurement.url,
    )


@dataclass(frozen=True, slots=True)
class HardwarePage:
    """One device."""

    template: ClassVar[str] = "hardware/show.html"

    title: str
    kicker: str
    support: str
    support_css: str
    support_mark: str
    support_note: str
    software: str
    key_facts: tuple[tuple[str, str], ...]
    facts: tuple[FactRow, ...]
    prices: tuple[PriceRow, ...]
    differences: tuple[str, ...]
    """Where sources differ about a price."""
    offers: tuple[OfferRow, ...]
    more_offers: int
    ask_url: str
    """Where to find out what one can do with it."""
    compare_url: str
    fit_url: str
    aliases: tuple[str, ...]
    twin: tuple[str, str] | None
    """Name and address of the laptop or desktop product of the same name."""
    suits: tuple[SuitGroup, ...]
    history: PriceHistory
    measured: tuple[MeasuredRow, ...]
    """Published measurements on it."""
    offers_url: str
    switch: Filter
    """In which currency prices are shown."""
    note: str
    head: Head

    @classmethod
    def of(
        cls, catalogue: Snapshot, accelerator: Accelerator, *, suits: Sequence[Suit], currency: Currency, base_url: str
    ) -> Self:
        """The page of a device."""
        known: Any = catalogue.details.get(accelerator.slug, {})
        support, mark = details("support", accelerator.support)
        offers = _offers(catalogue, accelerator.slug)
        prices = _prices(catalogue, accelerator.slug)
        year = f" · {accelerator.launch_year}" if accelerator.launch_year else ""
        return cls(
            title=accelerator.name,
            kicker=f"{accelerator.vendor} · {label('kind', accelerator.kind)} · "
            f"{label('segment', accelerator.segment)}{year}",
            support=support,
            support_css=accelerator.support,
            support_mark=mark,
            support_note=say(accelerator.support_note),
            software=_software(known.get("support") or {}),
            key_facts=_key_facts(accelerator),
            facts=tuple(_fact(each) for each in known.get("facts", ())),
            prices=tuple(_price(each, currency) for each in prices),
            differences=differences(prices, _counted(catalogue, accelerator.slug), currency=currency),
            offers=tuple(_offer(each, catalogue, currency) for each in offers[:MOST_OFFERS]),
            more_offers=max(0, len(offers) - MOST_OFFERS),
            ask_url="/q/goal?" + _owned_query(accelerator),
            compare_url="/compare?" + urlencode({"ids": accelerator.slug}),
            fit_url="/fit?" + urlencode({"hardware": accelerator.name}),
            aliases=tuple(known.get("aliases", ())),
            twin=_twin(catalogue, accelerator),
            suits=SuitGroup.all_of(suits),
            history=PriceHistory.of(prices, currency),
            measured=tuple(_measured(each) for each in catalogue.evidence.on(accelerator.slug, most=MOST_MEASURED)),
            offers_url=link("/cloud", {"accelerator": accelerator.slug, "currency": _code(currency)}),
            switch=currency_switch(catalogue.market.exchange_rates, currency),
            note=currency.note,
            head=_head(accelerator, base_url),
        )


def _head(accelerator: Accelerator, base_url: str) -> Head:
    about = say(
        "{name}: memory, speed, power, software support, dated prices, offers to rent, and what it is good for.",
        name=accelerator.name,
    )
    return Head.of(accelerator.name, about, url=f"{base_url}{PATH}/{accelerator.slug}", image_url=base_url + PICTURE)


def _twin(catalogue: Snapshot, accelerator: Accelerator) -> tuple[str, str] | None:
    """The product that is sold under the same name in the other kind of machine."""
    slug = accelerator.slug
    other = slug.replace("-laptop", "") if "-laptop" in slug else f"{slug}-laptop"
    found = catalogue.accelerators.get(other)
    return (found.name, f"{PATH}/{found.slug}") if found else None


def _code(currency: Currency) -> str:
    """A currency as it stands in an address; dollars need no mention."""
    return currency.code if currency.rate else ""


def _for_programs(fields: Mapping[str, str]) -> str:
    """The same list as JSON; empty where a filter is set that the list for programs does not know."""
    if set(fields) - {*JSON_FIELDS, *SWITCHES}:
        return ""
    return link(PATH, {name: fields[name] for name in JSON_FIELDS if name in fields})


def _columns(fields: Mapping[str, str]) -> tuple[Column, ...]:
    return (
        column(PATH, fields, label=say("Name"), by="name"),
        column(PATH, fields, label=say("Memory"), by="memory_gib", falling=True),
        column(PATH, fields, label=say("Bandwidth"), by="bandwidth", falling=True),
        column(PATH, fields, label=say("16-bit speed"), by="speed", falling=True),
        column(PATH, fields, label=say("Power"), by="tdp_w", falling=True),
        column(PATH, fields, label=say("Price"), by="price", falling=True),
        column(PATH, fields, label=say("Software")),
    )


def _row(
    accelerator: Accelerator, prices: Mapping[str, float], *, fields: Mapping[str, str], currency: Currency
) -> HardwareRow:
    support, mark = details("support", accelerator.support)
    binary, divisor = fields.get("unit") == "gib", share_of(accelerator, fields.get("per", ""))
    told = [
        f"{currency.money(usd / divisor)} {label('condition', condition)}"
        for condition, usd in sorted(prices.items())
        if divisor
    ]
    return HardwareRow(
        slug=accelerator.slug,
        name=accelerator.name,
        url=f"{PATH}/{accelerator.slug}",
        kind=f"{label('kind', accelerator.kind)}, {lowered(label('segment', accelerator.segment))}",
        memory=memory_of(accelerator, binary=binary),
        bandwidth=bandwidth_of(accelerator, binary=binary),
        speed=_tflops(half_rate(accelerator)),
        power=f"{formatting.exact(accelerator.tdp_w)} W" if accelerator.tdp_w else formatting.unknown(),
        price=", ".join(told),
        support=support,
        support_css=accelerator.support,
        support_mark=mark,
    )


def memory_of(accelerator: Accelerator, *, binary: bool) -> str:
    """Memory as the box says it, or in the unit in which programs count."""
    if not isfinite(accelerator.memory_bytes):
        return formatting.unknown()
    told = formatting.nominal_gib(accelerator.memory_bytes / GIB)
    return told.replace("GB", "GiB") if binary else told


def bandwidth_of(accelerator: Accelerator, *, binary: bool) -> str:
    """Memory bandwidth in decimal or binary units."""
    if not isfinite(accelerator.memory_bandwidth_bytes_per_s):
        return formatting.unknown()
    size, unit = (GIB, "GiB/s") if binary else (GB, "GB/s")
    return f"{formatting.number(accelerator.memory_bandwidth_bytes_per_s / size, figures=3)} {unit}"


def share_of(accelerator: Accelerator, per: str) -> float | None:
    """What a price is divided by: the device, its memory in GB as the box says it, or its TFLOP/s in 16 bits."""
    if per == "gb":
        return accelerator.memory_bytes / GIB
    rate = half_rate(accelerator)
    return (rate / TERA if rate else None) if per == "tflops" else 1.0


def half_rate(accelerator: Accelerator) -> float | None:
    """Peak rate in 16 bits, of whichever kind the device has. [FLOP/s]"""
    return accelerator.peak.bf16 or accelerator.peak.fp16


def usual_price(prices: Mapping[str, float], share: float | None) -> float | None:
    """The lowest usual price of a device, or of a share of it. [USD]"""
    return min(prices.values()) / share if prices and share else None


def prices_by_device(catalogue: Snapshot) -> Mapping[str, Mapping[str, float]]:
    """Newest price of each device, by condition. [USD]"""
    prices: dict[str, dict[str, float]] = defaultdict(dict)
    for price in sorted(catalogue.market.prices, key=lambda each: each.as_of):
        prices[price.accelerator][price.condition] = price.usd
    return prices


def _key_facts(accelerator: Accelerator) -> tuple[tuple[str, str], ...]:
    facts = [
        (say("Memory"), memory_of(accelerator, binary=False)),
        (say("Of that usable"), formatting.gib(accelerator.usable_memory_bytes / GIB)),
        (say("Bandwidth"), bandwidth_of(accelerator, binary=False)),
        (say("16-bit speed"), _tflops(half_rate(accelerator))),
        (say("32-bit speed"), _tflops(accelerator.peak.fp32)),
    ]
    if accelerator.tdp_w:
        facts.append((say("Power"), f"{formatting.exact(accelerator.tdp_w)} W"))
    return tuple(facts)


def _tflops(flops_per_s: float | None) -> str:
    return (
        formatting.unknown() if flops_per_s is None else f"{formatting.number(flops_per_s / TERA, figures=3)} TFLOP/s"
    )


def _software(support: Mapping[str, Any]) -> str:
    told = [
        say("Systems: {names}", names=support["operating_systems"]) if support.get("operating_systems") else "",
        say("last driver software: {name}", name=support["last_runtime"]) if support.get("last_runtime") else "",
        say("last PyTorch: {name}", name=support["last_pytorch"]) if support.get("last_pytorch") else "",
    ]
    return "; ".join(part for part in told if part)


def _fact(fact: Mapping[str, Any]) -> FactRow:
    unit = "" if fact["unit"] in {"1", None} else f" {say(fact['unit'])}"
    value = formatting.exact(fact["value"]) if isinstance(fact["value"], int | float) else str(fact["value"])
    source = str(fact["source"])
    return FactRow(
        name=label("fact", fact["field"]),
        value=f"{value}{unit}",
        source=site(source),
        source_url=source if source.startswith("https://") else "",
        as_of=formatting.day(fact["as_of"]),
        confidence=label("confidence", fact["confidence"]),
        note=fact["note"] or "",
    )


def _price(price: Price, currency: Currency) -> PriceRow:
    return PriceRow(
        condition=label("condition", price.condition),
        price=currency.between(price.usd_low, price.usd_high),
        region=place(price.region),
        as_of=formatting.day(price.as_of),
        source=site(price.source),
        source_url=price.source if price.source.startswith("https://") else "",
        note=price.note,
    )


def _prices(catalogue: Snapshot, slug: str) -> list[Price]:
    """Prices of a device, newest first."""
    found = [each for each in catalogue.market.prices if each.accelerator == slug]
    return sorted(found, key=lambda each: each.as_of, reverse=True)


def _counted(catalogue: Snapshot, slug: str) -> dict[str, Price]:
    """The price that answers count with, by condition."""
    book = PriceBook.of(catalogue.market, datetime.now(UTC).date())
    return {condition: price for (device, condition), price in book.prices.items() if device == slug}


def _offers(catalogue: Snapshot, slug: str) -> list[Offer]:
    """Offers of living providers with this device, cheapest for each device first."""
    living = {each.slug for each in catalogue.market.providers if each.status == "active"}
    found = [each for each in catalogue.market.offers if each.accelerator == slug and each.provider in living]
    return sorted(found, key=_usd_per_device_hour)


def _usd_per_device_hour(offer: Offer) -> float:
    prices = [usd for usd in (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot) if usd is not None]
    return min(prices, default=float("inf")) / max(offer.accelerator_count, 1e-3)


def _offer(offer: Offer, catalogue: Snapshot, currency: Currency) -> OfferRow:
    names = {each.slug: each.name for each in catalogue.market.providers}
    return OfferRow(
        name=f"{names.get(offer.provider, offer.provider)} {offer.instance}",
        count=formatting.exact(offer.accelerator_count),
        region=place(offer.region) or say("any"),
        on_demand=currency.per_hour(offer.usd_per_hour_on_demand),
        spot=currency.per_hour(offer.usd_per_hour_spot),
        as_of=formatting.day(offer.as_of),
    )


def _owned_query(accelerator: Accelerator) -> str:
    have = {"have": "mac", "which": accelerator.name} if accelerator.kind == "apple_soc" else None
    return urlencode(have or {"have": "gpu", "card_name": accelerator.name, "card_count": "1"})
