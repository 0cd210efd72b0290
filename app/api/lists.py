"""What lists can be asked for, and what they find: without the framework, so that the command line shares it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.advice.market import Offer, Price
from app.advice.offer_checks import in_region
from app.api.paging import PageQuery
from app.api.schemas import ModelDetail, ModelEntry
from app.api.searching import Read, holds, in_order
from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.names import NameIndex
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GIB
from app.errors import NotFound

HARDWARE_SORTS: dict[str, str | Read] = {
    "name": "name",
    "memory_gib": "memory_bytes",
    "bandwidth": "memory_bandwidth_bytes_per_s",
    "launch_year": "launch_year",
    "tdp_w": "tdp_w",
    "speed": lambda device: device.peak.bf16 or device.peak.fp16,
}
"""What devices can be sorted by: query value to field. By price too, which the market knows."""

Sort = Literal[
    "name", "memory_gib", "bandwidth", "speed", "launch_year", "tdp_w", "price",
    "-name", "-memory_gib", "-bandwidth", "-speed", "-launch_year", "-tdp_w", "-price",
]  # fmt: skip


class HardwareQuery(PageQuery):
    """Which devices, in which order."""

    kind: Annotated[str | None, Field(description="gpu, cpu, apple_soc, tpu, npu or fpga; several with commas.")] = None
    vendor: Annotated[str | None, Field(description="NVIDIA, AMD, Intel, Apple …; several with commas.")] = None
    support: Annotated[str | None, Field(description="supported, legacy, unsupported or announced.")] = None
    segment: Annotated[str | None, Field(description="desktop, laptop, workstation, datacenter, soc or edge.")] = None
    memory_gib_min: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    memory_gib_max: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    q: Annotated[str | None, Field(max_length=100, description="Words that stand in the name.")] = None
    sort: Annotated[Sort, Field(description="A minus in front turns the order round.")] = "name"


class ModelQuery(PageQuery):
    """Which models."""

    kind: Literal["transformer", "network", "diffusion", "algorithm"] | None = None
    architecture: Annotated[str | None, Field(description="decoder, encoder, cnn …; several with commas.")] = None
    q: Annotated[str | None, Field(max_length=100, description="Words that stand in the name.")] = None


def _usd_per_device_hour(offer: Offer) -> float | None:
    prices = [usd for usd in (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot) if usd is not None]
    return min(prices) / offer.accelerator_count if prices and offer.accelerator_count else None


OFFER_SORTS: dict[str, str | Read] = {
    "on_demand": "usd_per_hour_on_demand",
    "spot": "usd_per_hour_spot",
    "provider": "provider",
    "accelerator": "accelerator",
    "memory_gib": "accelerator_memory_bytes",
    "price": _usd_per_device_hour,
    "seen": "as_of",
}
"""What offers can be sorted by; ``price`` is the lower one of one device."""

OfferSort = Literal[
    "on_demand", "spot", "provider", "accelerator", "memory_gib", "price", "seen",
    "-on_demand", "-spot", "-provider", "-accelerator", "-memory_gib", "-price", "-seen",
]  # fmt: skip


class OfferQuery(PageQuery):
    """Which offers, in which order."""

    provider: Annotated[str | None, Field(description="Slugs of providers, several with commas.")] = None
    accelerator: Annotated[str | None, Field(max_length=200, description="A device by any of its names.")] = None
    region: Annotated[str | None, Field(description="Regions or continents, several with commas.")] = None
    memory_gib_min: Annotated[float | None, Field(ge=0, allow_inf_nan=False, description="Of one device.")] = None
    q: Annotated[str | None, Field(max_length=100, description="Words in provider, offer, device or region.")] = None
    pricing: Annotated[Literal["on_demand", "spot"] | None, Field(description="Offers with such a price.")] = None
    max_usd_per_hour: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    sort: OfferSort = "on_demand"


def found_hardware(catalogue: Snapshot, query: HardwareQuery) -> Sequence[Accelerator]:
    """The devices that a query asks for, in its order."""
    found = [accelerator for accelerator in catalogue.devices.accelerators if _device_asked_for(accelerator, query)]
    newest = {(each.accelerator, each.condition): each.usd for each in sorted(catalogue.market.prices, key=_day)}
    lowest: dict[str, float] = {}
    for (slug, _), usd in newest.items():
        lowest[slug] = min(usd, lowest.get(slug, usd))
    price: Read = lambda device: lowest.get(device.slug)  # noqa: E731
    return in_order(found, query.sort, fields=HARDWARE_SORTS | {"price": price})


def _day(price: Price) -> date:
    return price.as_of


def named(index: NameIndex, name: str, *, what: str) -> str:
    """The slug of a name, or a 404 with the nearest names."""
    found = index.resolve(name)
    if isinstance(found, Match):
        return found.slug
    if isinstance(found, Ambiguous):
        raise NotFound(f"“{name[:80]}” is the name of several; say which.", suggestions=found.slugs)
    raise NotFound(f"We know no {what} called “{name[:80]}”.", suggestions=found.nearest)


def _device_asked_for(accelerator: Accelerator, query: HardwareQuery) -> bool:
    memory_gib = accelerator.memory_bytes / GIB
    return (
        holds(accelerator.kind, query.kind)
        and holds(accelerator.vendor, query.vendor)
        and holds(accelerator.support, query.support)
        and holds(accelerator.segment, query.segment)
        and (query.memory_gib_min is None or memory_gib >= query.memory_gib_min)
        and (query.memory_gib_max is None or memory_gib <= query.memory_gib_max)
        and all(word in f"{accelerator.name} {accelerator.slug}".lower() for word in (query.q or "").lower().split())
    )


def found_models(catalogue: Snapshot, query: ModelQuery) -> list[ModelEntry]:
    """The models that a query asks for, by slug."""
    everything = [*sorted(catalogue.models.items()), *sorted(catalogue.algorithms.items())]
    entries = (ModelEntry.of(slug, spec) for slug, spec in everything)
    return [entry for entry in entries if _model_asked_for(entry, query)]


def model_detail(catalogue: Snapshot, name: str) -> ModelDetail:
    """A model, or an algorithm where no model has the name."""
    found = catalogue.algorithm_names.resolve(name)
    if isinstance(found, Match) and not isinstance(catalogue.model_names.resolve(name), Match):
        return ModelDetail.of(found.slug, catalogue.algorithms[found.slug])
    slug = named(catalogue.model_names, name, what="model")
    return ModelDetail.of(slug, catalogue.models[slug])


def _model_asked_for(entry: ModelEntry, query: ModelQuery) -> bool:
    words = (query.q or "").lower().split()
    return (
        query.kind in {None, entry.kind}
        and holds(entry.architecture, query.architecture)
        and all(word in f"{entry.name} {entry.slug}".lower() for word in words)
    )


def provider_names(catalogue: Snapshot) -> dict[str, str]:
    """Names of providers by slug."""
    return {provider.slug: provider.name for provider in catalogue.market.providers}


def found_offers(catalogue: Snapshot, query: OfferQuery) -> Sequence[Offer]:
    """The offers that a query asks for, in its order."""
    device = query.accelerator and named(catalogue.hardware_names, query.accelerator, what="device")
    found = [
        offer
        for offer in catalogue.market.offers
        if _offer_asked_for(offer, query, device=device) and _worded(offer, query.q or "", catalogue)
    ]
    return in_order(found, query.sort, fields=OFFER_SORTS)


def _worded(offer: Offer, words: str, catalogue: Snapshot) -> bool:
    if not words:
        return True
    provider, device = provider_names(catalogue).get(offer.provider, ""), catalogue.accelerators[offer.accelerator].name
    told = f"{provider} {offer.provider} {offer.instance} {device} {offer.region}".lower()
    return all(word in told for word in words.lower().split())


def _within(region: str, wanted: str | None) -> bool:
    return holds(region, wanted) or any(in_region(region, part.strip()) for part in (wanted or "").split(","))


def _offer_asked_for(offer: Offer, query: OfferQuery, *, device: str | None) -> bool:
    prices = {"on_demand": offer.usd_per_hour_on_demand, "spot": offer.usd_per_hour_spot}
    asked = [prices[query.pricing]] if query.pricing else list(prices.values())
    known = [price for price in asked if price is not None]
    return (
        (device is None or offer.accelerator == device)
        and holds(offer.provider, query.provider)
        and _within(offer.region, query.region)
        and (query.memory_gib_min is None or offer.accelerator_memory_bytes / GIB >= query.memory_gib_min)
        and (query.pricing is None or bool(known))
        and (query.max_usd_per_hour is None or any(price <= query.max_usd_per_hour for price in known))
    )
