"""The catalogue as JSON: devices, models, offers, scenarios, tiers and rules, in units people use."""

import math
from dataclasses import fields
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from app.advice.market import Offer, Price
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator, PeakRates
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.engine.units import GB, GIB, TERA

_DIGITS = 6
"""Significant digits of converted figures: data sheets have at most five."""

_KINDS: dict[type, str] = {
    TransformerSpec: "transformer",
    NetworkSpec: "network",
    DiffusionSpec: "diffusion",
    AlgorithmSpec: "algorithm",
}


class Entry(BaseModel):
    """Base of everything that is listed."""

    model_config = ConfigDict(frozen=True)


class PriceEntry(Entry):
    """One dated price to buy; rent is never in the same list."""

    condition: str
    usd_low: float
    usd: float
    usd_high: float
    region: str
    as_of: date
    source: str
    confidence: str
    note: str

    @classmethod
    def of(cls, price: Price) -> Self:
        """The price without its accelerator."""
        return cls(**{name: getattr(price, name) for name in cls.model_fields})


class HardwareEntry(Entry):
    """A device in a list."""

    slug: str
    name: str
    vendor: str
    kind: str
    segment: str
    architecture: str
    memory_gib: float | None
    usable_memory_gib: float | None
    memory_bandwidth_gb_per_s: float | None
    fp32_tflops: float | None
    fp16_tflops: float | None
    bf16_tflops: float | None
    tdp_w: float | None
    launch_year: int | None
    support: str
    support_note: str
    usd_new: float | None
    usd_used: float | None

    @classmethod
    def of(cls, accelerator: Accelerator, catalogue: Snapshot) -> Self:
        """The entry of a device, with its usual prices."""
        prices = {price.condition: price.usd for price in prices_of(catalogue, accelerator.slug)}
        return cls(**_hardware_fields(accelerator), usd_new=prices.get("new"), usd_used=prices.get("used"))


class HardwareDetail(HardwareEntry):
    """Everything the catalogue knows of a device, each fact with its source and date."""

    peak_tflops: dict[str, float | None]
    interconnect: str
    interconnect_gb_per_s: float | None
    pcie_gb_per_s: float | None
    compute_units: float | None
    compute_capability: str | None
    unified_memory: bool
    software_stack: str
    confidence: str
    source: str
    prices: list[PriceEntry]
    details: dict[str, Any]

    @classmethod
    def of(cls, accelerator: Accelerator, catalogue: Snapshot) -> Self:
        """The detail of a device."""
        return cls(
            **HardwareEntry.of(accelerator, catalogue).model_dump(),
            peak_tflops={field.name: _per(getattr(accelerator.peak, field.name), TERA) for field in fields(PeakRates)},
            interconnect=accelerator.interconnect,
            interconnect_gb_per_s=_per(accelerator.interconnect_bytes_per_s, GB),
            pcie_gb_per_s=_per(accelerator.pcie_bytes_per_s, GB),
            compute_units=accelerator.compute_units,
            compute_capability=accelerator.compute_capability,
            unified_memory=accelerator.unified_memory,
            software_stack=accelerator.software_stack,
            confidence=accelerator.confidence,
            source=accelerator.source_url,
            prices=[PriceEntry.of(price) for price in prices_of(catalogue, accelerator.slug)],
            details=catalogue.details.get(accelerator.slug, {}),
        )


class ModelEntry(Entry):
    """A model or algorithm in a list."""

    slug: str
    name: str
    kind: str
    architecture: str
    parameters: float | None
    active_parameters: float | None
    source: str

    @classmethod
    def of(cls, slug: str, spec: ModelSpec) -> Self:
        """The entry of a model."""
        parameters = getattr(spec, "parameters", None)
        return cls(
            slug=slug,
            name=spec.name,
            kind=_KINDS[type(spec)],
            architecture=spec.category if isinstance(spec, AlgorithmSpec) else spec.architecture,
            parameters=parameters,
            active_parameters=getattr(spec, "active_parameters", parameters),
            source=spec.source,
        )


class ModelDetail(ModelEntry):
    """Everything the estimates know of a model."""

    spec: dict[str, Any]

    @classmethod
    def of(cls, slug: str, spec: ModelSpec) -> Self:
        """The detail of a model."""
        shape = {field.name: getattr(spec, field.name) for field in fields(spec)}
        return cls(**ModelEntry.of(slug, spec).model_dump(), spec=shape)


class OfferEntry(Entry):
    """One rentable instance; prices are for the whole instance, null means unknown."""

    provider: str
    provider_name: str
    instance: str
    region: str
    accelerator: str | None
    accelerator_count: float
    accelerator_memory_gib: float | None
    vcpus: float | None
    ram_gb: float | None
    usd_per_hour_on_demand: float | None
    usd_per_hour_spot: float | None
    billing: str
    as_of: date
    source: str
    note: str

    @classmethod
    def of(cls, offer: Offer, *, provider_name: str) -> Self:
        """The entry of an offer."""
        same = {name: getattr(offer, name) for name in cls.model_fields if hasattr(offer, name)}
        memory_gib = _per(offer.accelerator_memory_bytes, GIB)
        return cls(**same, provider_name=provider_name, accelerator_memory_gib=memory_gib)


class ScenarioEntry(Entry):
    """One of the four kinds of answer."""

    number: int
    slug: str
    title: str
    summary: str


class TierEntry(Entry):
    """A class of hardware by memory; null: no bound."""

    slug: str
    title: str
    memory_gib_min: float | None
    memory_gib_max: float | None
    description: str


class RuleEntry(Entry):
    """When the condition holds, the outcome is the answer; the first rule by falling priority decides."""

    slug: str
    kind: str
    priority: int
    condition: str
    outcome: str
    reason: str
    valid_from: date
    last_checked: date
    owner: str
    source: str


def prices_of(catalogue: Snapshot, slug: str) -> list[Price]:
    """What a device costs to buy, the usual region last."""
    return [price for price in catalogue.market.prices if price.accelerator == slug]


def _hardware_fields(accelerator: Accelerator) -> dict[str, Any]:
    same = ("slug", "name", "vendor", "kind", "segment", "architecture", "tdp_w", "launch_year")
    return {
        **{name: getattr(accelerator, name) for name in (*same, "support", "support_note")},
        "memory_gib": _per(accelerator.memory_bytes, GIB),
        "usable_memory_gib": _per(accelerator.usable_memory_bytes, GIB),
        "memory_bandwidth_gb_per_s": _per(accelerator.memory_bandwidth_bytes_per_s, GB),
        "fp32_tflops": _per(accelerator.peak.fp32, TERA),
        "fp16_tflops": _per(accelerator.peak.fp16, TERA),
        "bf16_tflops": _per(accelerator.peak.bf16, TERA),
    }


def _per(value: float | None, unit: float) -> float | None:
    """A base unit in a larger one; what is unknown has no value in any."""
    return None if value is None or math.isnan(value) else float(f"{value / unit:.{_DIGITS}g}")
