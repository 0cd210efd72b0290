"""Answers as text for a terminal."""

from collections.abc import Iterable, Sequence

from app import formatting
from app.commands.columns import table
from app.contract.answer import (
    AssumptionAnswer,
    BuyOrRentAnswer,
    CloudAnswer,
    EstimateAnswer,
    HardwareAnswer,
    HostAnswer,
    OwnedAnswer,
    PickAnswer,
    RangeAnswer,
    RecommendationAnswer,
    ThroughputAnswer,
    WarningAnswer,
)
from app.present.facts import spread_facts
from app.present.measured import measured_in_words

_FITS = {"fits": "fits", "tight": "tight", "does_not_fit": "does not fit", None: "unknown"}


def recommendation_text(answer: RecommendationAnswer) -> str:
    """A recommendation in the order of the result page: the verdict first."""
    blocks = [
        answer.verdict,
        _why(answer),
        _section("Needs", _need(answer)),
        _section("Look at", (_pick(pick) for pick in answer.picks)),
        _section("Rent", _cloud(answer.cloud)),
        _section("Buy or rent", _buy_or_rent(answer.buy_or_rent)),
        _section("What you have", (_owned(owned) for owned in answer.owned if not owned.considering)),
        _section("What you consider", (_owned(owned) for owned in answer.owned if owned.considering)),
        _section("The rest of the computer", _host(answer.host)),
        _section(
            "What would change this", (f"If {change.if_}: {change.then}" for change in answer.what_would_change_this)
        ),
        _section("Good to know", _warnings(answer.warnings)),
        _section("First steps", answer.first_steps),
        _section("Assumed", _assumptions(answer.assumptions)),
        f"Catalogue revision {answer.provenance.catalogue_revision}, version {answer.provenance.engine_version}",
    ]
    return "\n\n".join(block for block in blocks if block)


def estimate_text(answer: EstimateAnswer) -> str:
    """An estimate, one quantity a line."""
    memory = answer.memory_gib_per_device
    rows = [
        ("memory of a device", _between(memory, "GiB")),
        ("it can use", formatting.gib(answer.usable_memory_gib)),
        ("verdict", _FITS[answer.fit]),
        *(_speed(answer.throughput) if answer.throughput else []),
        *((name.lower(), value) for name, value in spread_facts(answer)),
        ("one step", _duration(answer.step_ms, per_hour=3.6e6)),
        ("one run", _duration(answer.duration_hours)),
        ("device time", _duration(answer.device_hours)),
        ("energy", _between(answer.energy_kwh, "kWh")),
        ("cost to rent", _usd(answer.cost_usd)),
        ("evidence", answer.evidence),
    ]
    known = [(name, text) for name, text in rows if text != formatting.UNKNOWN]
    parts = [f"{part.part}: {formatting.gib(part.gib)} ({part.formula})" for part in memory.breakdown] if memory else []
    blocks = [
        table(known),
        _section("Memory", parts),
        _section("Measured by others", (measured_in_words(each) for each in answer.measured)),
        _section("Good to know", _warnings(answer.warnings)),
        _section("Assumed", _assumptions(answer.assumptions)),
    ]
    return "\n\n".join(block for block in blocks if block)


def _speed(speed: ThroughputAnswer) -> list[tuple[str, str]]:
    return [
        ("speed", _between(speed.total, speed.unit)),
        ("reading the prompt", _between(speed.prefill_tokens_per_s, "tokens/s")),
        ("writing the answer", _between(speed.decode_tokens_per_s, "tokens/s")),
        ("share of peak arithmetic", formatting.percent(speed.model_flops_utilization)),
        ("limited by", speed.bound_by or formatting.UNKNOWN),
    ]


def _section(title: str, lines: Iterable[str]) -> str:
    body = [f"  {line}" for text in lines for line in text.split("\n")]
    return "\n".join([title, *body]) if body else ""


def _why(answer: RecommendationAnswer) -> str:
    scenario = f"Scenario {answer.scenario.number}: {answer.scenario.title} (rule {answer.scenario.rule})"
    reasons = [reason for reason in answer.scenario.reasons if reason != answer.verdict]
    return "\n".join([scenario, f"Tier: {answer.tier.title}", *reasons])


def _need(answer: RecommendationAnswer) -> list[str]:
    need = answer.need
    lines = [f"memory: {_between(need.memory_gib, 'GiB')}"] if need.memory_gib else []
    lines += [f"  {part.part}: {formatting.gib(part.gib)}" for part in need.breakdown]
    return lines + ([f"arithmetic: {formatting.flops(need.flops_total)}"] if need.flops_total else [])


def _pick(pick: PickAnswer) -> str:
    price = pick.price_usd
    asked = (
        f"{formatting.usd_between(price.low, price.high)} {price.condition}, as of {formatting.day(price.as_of)}"
        if price
        else "price unknown"
    )
    head = f"{pick.role.replace('_', ' ')}: {_hardware(pick.hardware)}, {_FITS[pick.fit]}, {asked}"
    run = pick.estimate.duration_hours
    lines = [pick.why, pick.good_for, pick.look_out_for, f"One run takes {_duration(run)}." if run else ""]
    return "\n".join([head, *(f"  {line}" for line in lines if line)])


def _cloud(offers: Sequence[CloudAnswer]) -> list[str]:
    rows = [
        (
            f"{offer.provider} {offer.instance}",
            offer.region,
            formatting.times(offer.count, offer.accelerator),
            f"{formatting.usd_per_hour(offer.usd_per_hour)} {offer.pricing.replace('_', ' ')}",
            f"one run {_usd(offer.total_usd)}" if offer.total_usd else "",
            f"as of {formatting.day(offer.as_of)}",
        )
        for offer in offers
    ]
    return table(rows).split("\n") if rows else []


def _buy_or_rent(answer: BuyOrRentAnswer | None) -> list[str]:
    return [answer.explanation] if answer else []


def _owned(owned: OwnedAnswer) -> str:
    change = f"\n  {owned.change_needed}" if owned.change_needed else ""
    return f"{_hardware(owned.hardware)}: {_FITS.get(owned.fit, owned.fit)}. {owned.verdict}{change}"


def _host(host: HostAnswer) -> list[str]:
    parts = [f"{host.cpu_cores} CPU cores", f"{host.ram_gb} GB RAM", f"{host.storage_gb} GB storage"]
    parts += [f"{host.psu_watts} W power supply"] if host.psu_watts else []
    return [", ".join(parts), *host.reasons]


def _warnings(warnings: Sequence[WarningAnswer]) -> list[str]:
    return [f"{warning.severity}: {warning.text}" for warning in warnings]


def _assumptions(assumptions: Sequence[AssumptionAnswer]) -> list[str]:
    return [f"{one.field} = {_value(one.value)}: {one.why}" for one in assumptions]


def _value(value: str | float | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return formatting.exact(value) if isinstance(value, int | float) else str(value)


def _hardware(hardware: HardwareAnswer) -> str:
    return formatting.times(hardware.count, hardware.name)


def _between(interval: RangeAnswer | None, unit: str) -> str:
    if interval is None:
        return formatting.UNKNOWN
    around = formatting.between(interval.low, interval.high, unit=unit)
    return f"{formatting.with_unit(interval.expected, unit)} ({around})"


def _duration(interval: RangeAnswer | None, *, per_hour: float = 1.0) -> str:
    if interval is None:
        return formatting.UNKNOWN
    around = formatting.duration_between(interval.low / per_hour, interval.high / per_hour)
    return f"{formatting.duration(interval.expected / per_hour)} ({around})"


def _usd(interval: RangeAnswer | None) -> str:
    if interval is None:
        return formatting.UNKNOWN
    return f"{formatting.usd(interval.expected)} ({formatting.usd_between(interval.low, interval.high)})"
