"""The list of devices, and one device with everything known of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.advice.market import Offer, Price
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GB, GIB, TERA
from app.web.labels import details, label
from app.web.pages.listing import Column, Filter, Pages, choices, column, cut

PATH = "/hardware"
MEMORY_STEPS = (4, 8, 12, 16, 24, 32, 48, 80, 141)
MOST_OFFERS = 12


@dataclass(frozen=True, slots=True)
class HardwareRow:
    """A device in the list."""

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
    sort: str
    columns: tuple[Column, ...]
    rows: tuple[HardwareRow, ...]
    pages: Pages

    @classmethod
    def of(cls, catalogue: Snapshot, found: Sequence[Accelerator], *, fields: Mapping[str, str], page: int) -> Self:
        """The page of the devices found; ``fields`` are the filters and the order as they stand in the address."""
        shown, pages = cut(found, path=PATH, fields=fields, page=page, noun="devices")
        prices = prices_by_device(catalogue)
        return cls(
            title="Hardware",
            words=fields.get("q", ""),
            filters=_filters(catalogue, fields),
            sort=fields.get("sort", ""),
            columns=_columns(fields),
            rows=tuple(_row(each, prices.get(each.slug, {})) for each in shown),
            pages=pages,
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
    offers: tuple[OfferRow, ...]
    more_offers: int
    ask_url: str
    """Where to find out what one can do with it."""
    compare_url: str

    @classmethod
    def of(cls, catalogue: Snapshot, accelerator: Accelerator) -> Self:
        """The page of a device."""
        known: Any = catalogue.details.get(accelerator.slug, {})
        support, mark = details("support", accelerator.support)
        offers = _offers(catalogue, accelerator.slug)
        year = f" · {accelerator.launch_year}" if accelerator.launch_year else ""
        return cls(
            title=accelerator.name,
            kicker=f"{accelerator.vendor} · {label('kind', accelerator.kind)} · "
            f"{label('segment', accelerator.segment)}{year}",
            support=support,
            support_css=accelerator.support,
            support_mark=mark,
            support_note=accelerator.support_note,
            software=_software(known.get("support") or {}),
            key_facts=_key_facts(accelerator),
            facts=tuple(_fact(each) for each in known.get("facts", ())),
            prices=tuple(_price(each) for each in _prices(catalogue, accelerator.slug)),
            offers=tuple(_offer(each, catalogue) for each in offers[:MOST_OFFERS]),
            more_offers=max(0, len(offers) - MOST_OFFERS),
            ask_url="/q/goal?" + _owned_query(accelerator),
            compare_url="/compare?" + urlencode({"ids": accelerator.slug}),
        )


def _filters(catalogue: Snapshot, fields: Mapping[str, str]) -> tuple[Filter, ...]:
    devices = catalogue.devices.accelerators
    vendors = [(vendor, vendor) for vendor in sorted({each.vendor for each in devices})]
    kinds = [(kind, label("kind", kind)) for kind in ("gpu", "apple_soc", "cpu", "tpu", "npu", "fpga")]
    supports = [(name, label("support", name)) for name in ("supported", "legacy", "unsupported", "announced")]
    segments = [(name, label("segment", name)) for name in sorted({each.segment for each in devices})]
    sizes = [(str(size), f"{size} GB or more") for size in MEMORY_STEPS]
    return (
        choices("memory_gib_min", "Memory", values=sizes, chosen=fields.get("memory_gib_min", "")),
        choices("vendor", "Maker", values=vendors, chosen=fields.get("vendor", "")),
        choices("kind", "Kind", values=kinds, chosen=fields.get("kind", "")),
        choices("segment", "Built for", values=segments, chosen=fields.get("segment", "")),
        choices("support", "Software", values=supports, chosen=fields.get("support", "")),
    )


def _columns(fields: Mapping[str, str]) -> tuple[Column, ...]:
    return (
        column(PATH, fields, label="Name", by="name"),
        column(PATH, fields, label="Memory", by="memory_gib", falling=True),
        column(PATH, fields, label="Bandwidth", by="bandwidth", falling=True),
        column(PATH, fields, label="16-bit speed", by="speed", falling=True),
        column(PATH, fields, label="Power", by="tdp_w", falling=True),
        column(PATH, fields, label="Price", by="price", falling=True),
        column(PATH, fields, label="Software"),
    )


def _row(accelerator: Accelerator, prices: Mapping[str, float]) -> HardwareRow:
    support, mark = details("support", accelerator.support)
    return HardwareRow(
        name=accelerator.name,
        url=f"{PATH}/{accelerator.slug}",
        kind=f"{label('kind', accelerator.kind)}, {label('segment', accelerator.segment).lower()}",
        memory=formatting.nominal_gib(accelerator.memory_bytes / GIB),
        bandwidth=f"{formatting.number(accelerator.memory_bandwidth_bytes_per_s / GB, figures=3)} GB/s",
        speed=_tflops(half_rate(accelerator)),
        power=f"{formatting.exact(accelerator.tdp_w)} W" if accelerator.tdp_w else formatting.UNKNOWN,
        price=", ".join(f"{formatting.usd(usd)} {condition}" for condition, usd in sorted(prices.items())),
        support=support,
        support_css=accelerator.support,
        support_mark=mark,
    )


def half_rate(accelerator: Accelerator) -> float | None:
    """Peak rate in 16 bits, of whichever kind the device has. [FLOP/s]"""
    return accelerator.peak.bf16 or accelerator.peak.fp16


def usual_price(prices: Mapping[str, float]) -> float | None:
    """The lowest usual price of a device. [USD]"""
    return min(prices.values(), default=None)


def prices_by_device(catalogue: Snapshot) -> Mapping[str, Mapping[str, float]]:
    """Newest price of each device, by condition. [USD]"""
    prices: dict[str, dict[str, float]] = defaultdict(dict)
    for price in sorted(catalogue.market.prices, key=lambda each: each.as_of):
        prices[price.accelerator][price.condition] = price.usd
    return prices


def _key_facts(accelerator: Accelerator) -> tuple[tuple[str, str], ...]:
    facts = [
        ("Memory", formatting.nominal_gib(accelerator.memory_bytes / GIB)),
        ("Of that usable", formatting.gib(accelerator.usable_memory_bytes / GIB)),
        ("Bandwidth", f"{formatting.number(accelerator.memory_bandwidth_bytes_per_s / GB, figures=3)} GB/s"),
        ("16-bit speed", _tflops(half_rate(accelerator))),
        ("32-bit speed", _tflops(accelerator.peak.fp32)),
    ]
    if accelerator.tdp_w:
        facts.append(("Power", f"{formatting.exact(accelerator.tdp_w)} W"))
    return tuple(facts)


def _tflops(flops_per_s: float | None) -> str:
    return formatting.UNKNOWN if flops_per_s is None else f"{formatting.number(flops_per_s / TERA, figures=3)} TFLOP/s"


def _software(support: Mapping[str, Any]) -> str:
    told = [
        f"Systems: {support['operating_systems']}" if support.get("operating_systems") else "",
        f"last driver software: {support['last_runtime']}" if support.get("last_runtime") else "",
        f"last PyTorch: {support['last_pytorch']}" if support.get("last_pytorch") else "",
    ]
    return "; ".join(part for part in told if part)


def _fact(fact: Mapping[str, Any]) -> FactRow:
    unit = "" if fact["unit"] in {"1", None} else f" {fact['unit']}"
    value = formatting.exact(fact["value"]) if isinstance(fact["value"], int | float) else str(fact["value"])
    source = str(fact["source"])
    return FactRow(
        name=label("fact", fact["field"]),
        value=f"{value}{unit}",
        source=_short(source),
        source_url=source if source.startswith("https://") else "",
        as_of=formatting.day(fact["as_of"]),
        confidence=fact["confidence"],
        note=fact["note"] or "",
    )


def _price(price: Price) -> PriceRow:
    return PriceRow(
        condition=price.condition,
        price=formatting.usd_between(price.usd_low, price.usd_high),
        region=price.region,
        as_of=formatting.day(price.as_of),
        source=_short(price.source),
        source_url=price.source if price.source.startswith("https://") else "",
        note=price.note,
    )


def _prices(catalogue: Snapshot, slug: str) -> list[Price]:
    """Prices of a device, newest first."""
    found = [each for each in catalogue.market.prices if each.accelerator == slug]
    return sorted(found, key=lambda each: each.as_of, reverse=True)


def _offers(catalogue: Snapshot, slug: str) -> list[Offer]:
    """Offers of living providers with this device, cheapest for each device first."""
    living = {each.slug for each in catalogue.market.providers if each.status == "active"}
    found = [each for each in catalogue.market.offers if each.accelerator == slug and each.provider in living]
    return sorted(found, key=_usd_per_device_hour)


def _usd_per_device_hour(offer: Offer) -> float:
    prices = [usd for usd in (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot) if usd is not None]
    return min(prices, default=float("inf")) / max(offer.accelerator_count, 1e-3)


def _offer(offer: Offer, catalogue: Snapshot) -> OfferRow:
    names = {each.slug: each.name for each in catalogue.market.providers}
    return OfferRow(
        name=f"{names.get(offer.provider, offer.provider)} {offer.instance}",
        count=formatting.exact(offer.accelerator_count),
        region=offer.region or "any",
        on_demand=formatting.usd_per_hour(offer.usd_per_hour_on_demand),
        spot=formatting.usd_per_hour(offer.usd_per_hour_spot),
        as_of=formatting.day(offer.as_of),
    )


def _short(source: str) -> str:
    """The site that a source stands on; other sources as they are."""
    return source.removeprefix("https://").removeprefix("www.").split("/")[0] if "://" in source else source


def _owned_query(accelerator: Accelerator) -> str:
    have = {"have": "mac", "which": accelerator.name} if accelerator.kind == "apple_soc" else None
    return urlencode(have or {"have": "gpu", "card_name": accelerator.name, "card_count": "1"})
