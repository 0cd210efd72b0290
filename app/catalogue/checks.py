"""Plausibility: facts that cannot be right, or that somebody should look at, whoever wrote them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.advice.market import Offer, Price
from app.catalogue.queries import load_snapshot
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.units import GB, GIB
from app.tables import AcceleratorFact, AcceptedFinding, Source

ERROR, WARNING, NOTE, ACCEPTED = "error", "warning", "note", "accepted"

GB_PER_S_PER_GIB = (0.5, 150.0)
"""Memory bandwidth over memory size; from a Mac with 512 GB to a small GeForce."""
FP16_OVER_FP32 = (0.9, 40.0)
"""From no tensor cores at all to Rubin."""
USD_PER_GIB = (2.0, 700.0)
"""Buy price over memory size; from a used server card to a new H100."""
USD_PER_DEVICE_HOUR = (0.005, 40.0)
"""Whole devices; slices cost less."""
WATTS = (1.0, 3_000.0)
FIRST_YEAR = 2006
"""CUDA was announced in 2006."""
OLD_PRICE = timedelta(days=730)
SLACK = 1.01
"""Rounding of printed rates."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks wrong."""

    severity: str
    rule: str
    entry: str
    field: str
    message: str


def check(session: Session, *, today: date | None = None, snapshot: Snapshot | None = None) -> list[Finding]:
    """All findings, errors first; those that somebody has accepted say why. A snapshot at hand is not read again."""
    day = today or datetime.now(UTC).date()
    snapshot = snapshot or load_snapshot(session)
    found = [
        finding
        for rule in (check_hardware, check_prices, check_offers, check_models, check_policy, check_names)
        for finding in rule(snapshot, day)
    ]
    found.extend(check_sources(session))
    reasons = {(row.rule, row.entry): row.reason for row in session.scalars(select(AcceptedFinding))}
    settled = [_settled(finding, reasons) for finding in found]
    order = (ERROR, WARNING, NOTE, ACCEPTED)
    return sorted(settled, key=lambda finding: (order.index(finding.severity), finding.entry, finding.field))


def _settled(finding: Finding, reasons: dict[tuple[str, str], str]) -> Finding:
    reason = reasons.get((finding.rule, finding.entry))
    if reason is None:
        return finding
    return replace(finding, severity=ACCEPTED, message=f"{finding.message}. Accepted: {reason}")


def check_hardware(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Rates, memory, power and dates of every accelerator."""
    for device in snapshot.devices.accelerators:
        yield from _check_rates(device)
        yield from _check_memory(device)
        if device.tdp_w is not None and not WATTS[0] <= device.tdp_w <= WATTS[1]:
            yield Finding(ERROR, "power", device.slug, "tdp", f"{device.tdp_w:g} W is not a power of one device")
        year = device.launch_year
        if year is not None and device.kind != "cpu" and not FIRST_YEAR <= year <= today.year:
            yield Finding(ERROR, "launch", device.slug, "launch", f"{year} lies before {FIRST_YEAR} or in the future")


def _check_memory(device: Accelerator) -> Iterator[Finding]:
    memory, bandwidth = device.memory_bytes / GIB, device.memory_bandwidth_bytes_per_s / GB
    if not memory > 0:
        yield Finding(WARNING, "memory", device.slug, "memory", "the memory is unknown")
        return
    if device.usable_memory_bytes > device.memory_bytes * SLACK:
        yield Finding(ERROR, "usable-memory", device.slug, "visible_memory", "more memory is visible than there is")
    low, high = GB_PER_S_PER_GIB
    if device.kind != "cpu" and not low <= bandwidth / memory <= high:
        message = f"{bandwidth:g} GB/s do not go with {memory:g} GiB"
        yield Finding(ERROR, "bandwidth", device.slug, "memory_bandwidth", message)


def _check_rates(device: Accelerator) -> Iterator[Finding]:
    peak = device.peak
    low, high = FP16_OVER_FP32
    if peak.fp16 and peak.fp32 and device.kind == "gpu" and not low <= peak.fp16 / peak.fp32 <= high:
        message = f"fp16 is {peak.fp16 / peak.fp32:.2g} times fp32"
        yield Finding(ERROR, "tensor-ratio", device.slug, "fp16", message)
    ladder = (("tf32", "fp16"), ("bf16", "fp16"), ("fp16", "fp8"), ("bf16", "fp8"), ("fp8", "fp4"), ("fp16", "int8"))
    for lower, upper in ladder:
        small, large = getattr(peak, lower), getattr(peak, upper)
        if small and large and small > large * SLACK:
            severity = WARNING if upper == "int8" else ERROR
            yield Finding(severity, f"{lower}-{upper}", device.slug, upper, f"{upper} is slower than {lower}")


def check_prices(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Buy prices."""
    for price in snapshot.market.prices:
        entry = price.accelerator
        if price.as_of > today:
            yield Finding(ERROR, "price-date", entry, "as_of", f"the price is of {price.as_of}, in the future")
        elif today - price.as_of > OLD_PRICE:
            yield Finding(NOTE, "price-date", entry, "as_of", f"the price is of {price.as_of}")
        if not 0 < price.usd_low <= price.usd <= price.usd_high:
            yield Finding(ERROR, "price-range", entry, "price", f"{price.usd_low:g}, {price.usd:g}, {price.usd_high:g}")
        yield from _check_price_per_gib(price, snapshot.accelerators.get(entry))


def _check_price_per_gib(price: Price, device: Accelerator | None) -> Iterator[Finding]:
    if device is None or device.kind in {"cpu", "fpga"} or not device.memory_bytes > 0:
        return
    per_gib = price.usd / (device.memory_bytes / GIB)
    if not USD_PER_GIB[0] <= per_gib <= USD_PER_GIB[1]:
        message = f"{price.usd:,.0f} USD ({price.condition}, {price.as_of}) is {per_gib:.3g} USD per GiB"
        yield Finding(WARNING, "price-per-gib", price.accelerator, "price", message)


def check_offers(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Rental offers."""
    for offer in snapshot.market.offers:
        entry = f"{offer.provider}/{offer.instance}"[:120]
        if offer.as_of > today:
            yield Finding(ERROR, "offer-date", entry, "as_of", f"the offer is of {offer.as_of}, in the future")
        if offer.accelerator_count <= 0:
            yield Finding(ERROR, "offer-count", entry, "accelerator_count", "an offer has no device")
            continue
        yield from _check_rent(offer, entry)
        yield from _check_offer_memory(offer, entry, snapshot.accelerators.get(offer.accelerator))


def _check_rent(offer: Offer, entry: str) -> Iterator[Finding]:
    free = "free" in offer.billing
    both = (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot)
    if both == (None, None):
        yield Finding(NOTE, "offer-price", entry, "usd_per_hour_on_demand", "the price is unknown")
    for usd in both:
        per_device = None if usd is None or free else usd / offer.accelerator_count
        if per_device is not None and not USD_PER_DEVICE_HOUR[0] <= per_device <= USD_PER_DEVICE_HOUR[1]:
            message = f"{per_device:.3g} USD for an hour of one device"
            yield Finding(ERROR, "offer-price", entry, "usd_per_hour_on_demand", message)
    if both[0] is not None and both[1] is not None and both[1] > both[0] * SLACK:
        yield Finding(WARNING, "spot-price", entry, "usd_per_hour_spot", "spot is dearer than on demand")


def _check_offer_memory(offer: Offer, entry: str, device: Accelerator | None) -> Iterator[Finding]:
    if device is None or device.kind == "fpga" or not device.memory_bytes > 0:
        return
    ratio = offer.accelerator_memory_bytes / device.memory_bytes
    if not 0.9 <= ratio <= 1.1:
        listed = offer.accelerator_memory_bytes / GIB
        message = f"{listed:g} GiB listed for {device.slug}, which has {device.memory_bytes / GIB:g}"
        yield Finding(WARNING, "offer-memory", entry, "accelerator_memory_gib", message)


def check_models(snapshot: Snapshot, _today: date) -> Iterator[Finding]:
    """Counts of the models."""
    for slug, spec in snapshot.models.items():
        if isinstance(spec, AlgorithmSpec):
            continue
        if not spec.parameters > 0:
            yield Finding(ERROR, "parameters", slug, "parameters", "a model has no parameters")
        if isinstance(spec, TransformerSpec):
            yield from _check_transformer(slug, spec)
        elif isinstance(spec, NetworkSpec) and spec.macs_per_sample is None:
            yield Finding(NOTE, "macs", slug, "macs_per_sample", "the work of a forward pass is unknown")
        elif isinstance(spec, DiffusionSpec) and spec.flops_per_forward is None:
            yield Finding(NOTE, "flops", slug, "flops_per_forward", "the work of a forward pass is unknown")


def _check_transformer(slug: str, spec: TransformerSpec) -> Iterator[Finding]:
    if spec.active_parameters > spec.parameters * SLACK:
        yield Finding(ERROR, "active", slug, "active_parameters", "more parameters are active than there are")
    if spec.num_key_value_heads > spec.num_attention_heads:
        yield Finding(ERROR, "heads", slug, "num_key_value_heads", "more key-value heads than attention heads")
    layers = (spec.num_full_attention_layers or 0) + spec.num_sliding_layers + spec.num_linear_layers
    if spec.num_full_attention_layers is not None and layers > spec.num_hidden_layers:
        yield Finding(
            WARNING, "layers", slug, "num_hidden_layers", f"{layers} kinds of layers in {spec.num_hidden_layers}"
        )
    if spec.num_experts_per_token > spec.num_experts:
        yield Finding(ERROR, "experts", slug, "num_experts_per_token", "more experts per token than experts")


def check_policy(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Rules lead to something that exists, and have been looked at."""
    outcomes = {
        "scenario": {scenario.slug for scenario in snapshot.policy.scenarios},
        "tier": {tier.slug for tier in snapshot.policy.tiers},
        "warning": {"problem", "warning", "note"},
    }
    for rule in snapshot.policy.rules:
        if rule.outcome not in outcomes.get(rule.kind, set()):
            yield Finding(ERROR, "rule-outcome", rule.slug, "outcome", f"there is no {rule.kind} {rule.outcome!r}")
        if rule.last_checked > today or rule.last_checked < rule.valid_from:
            yield Finding(WARNING, "rule-dates", rule.slug, "last_checked", f"checked on {rule.last_checked}")


def check_names(snapshot: Snapshot, _today: date) -> Iterator[Finding]:
    """No full name of one entry is a full name of another, unless it is asked about."""
    for index in (
        snapshot.hardware_names,
        snapshot.model_names,
        snapshot.dataset_names,
        snapshot.algorithm_names,
        snapshot.provider_names,
    ):
        for key, slugs in index.clashes():
            message = f"{key!r} names {', '.join(slugs)}"
            yield Finding(ERROR, "alias", slugs[0], "aliases", message)


def check_sources(session: Session) -> Iterable[Finding]:
    """Every source says something, and what rests on memory alone is not called certain."""
    for source in session.execute(select(Source.key, Source.title, Source.url)):
        if not source.title and not source.url:
            yield Finding(ERROR, "source", source.key, "title", "a source without title and address")
    recalled = select(AcceleratorFact.accelerator, AcceleratorFact.field).where(
        AcceleratorFact.source == "general-knowledge", AcceleratorFact.confidence == "high"
    )
    for fact in session.execute(recalled):
        yield Finding(ERROR, "confidence", fact.accelerator, fact.field, "recalled, yet called certain")
