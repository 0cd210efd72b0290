"""An estimate as the contract tells it: one row of the columns, in units that people use."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from app.advice.evidence import Evidence
from app.advice.market import Market
from app.advice.reasons import Reason
from app.advice.rental import cheapest_device_hour
from app.contract.answer import (
    AssumptionAnswer,
    BreakdownAnswer,
    EstimateAnswer,
    MemoryAnswer,
    RangeAnswer,
    ThroughputAnswer,
    WarningAnswer,
)
from app.engine.arrays import FloatArray
from app.engine.hardware import Systems
from app.engine.hardware_family import stands_in
from app.engine.job import Job
from app.engine.result import Estimates
from app.engine.software import software_gap
from app.engine.units import GIB, MILLISECOND, SECONDS_PER_HOUR
from app.languages import say, say_finished, say_sum
from app.present.measured import measured_answer
from app.present.rounding import range_answer, rounded
from app.present.spread import input_answer, plan_answer, serving_answer
from app.worded import worded
from app.wording import sentence

STAND_IN = worded(
    "No run on the generation of {device} was measured: its speed follows from its data sheet with the efficiency of"
    " the nearest generation that was, and its intervals are wider."
)
UNKNOWN_DURATION = worded(
    "The duration is unknown because nobody said how much data there is: give the data set, the epochs or the steps."
)
UNKNOWN_SPEED = worded("The speed is unknown because nobody published how fast {device} computes at this precision.")
CPU_MEMORY = worded(
    "The memory of {device} is the most that its platform takes: machines are sold with a part of it, so look at what"
    " this work needs."
)
COST_OF_ONE = worded("cheapest hourly price known for this device: {provider}, {day}")
COST_TOGETHER = worded("cheapest hourly price of a device where so many are rented together: {provider}, {day}")
COST_APART = worded("hourly price of one device, as nobody is known to rent out so many together: {provider}, {day}")
OUT_OF_SUPPORT: dict[str, Literal["problem", "warning"]] = {
    "unsupported": "problem",
    "announced": "problem",
    "legacy": "warning",
}
"""How much it matters that current software does not run on a device, or only older versions."""
UNKNOWN_COST = worded("The cost is unknown because the catalogue has no hourly price for this device.")


def fit_word(estimates: Estimates, row: int) -> Literal["fits", "tight", "does_not_fit"] | None:
    """The contract's word for whether it fits."""
    value = float(estimates.fits[row])
    if np.isnan(value):
        return None
    return "fits" if value == 1.0 else "does_not_fit" if value == 0.0 else "tight"


def estimate_answer(
    job: Job,
    estimates: Estimates,
    *,
    row: int,
    systems: Systems,
    market: Market,
    evidence: Evidence,
    remarks: Sequence[Reason] = (),
) -> EstimateAnswer:
    """The answer of ``POST /estimate`` for one system."""
    device = systems.devices.accelerators[row]
    count = float(systems.count[row])
    device_hours = range_answer(estimates.device_s, row, per=SECONDS_PER_HOUR)
    price = cheapest_device_hour(market, device.slug, count=count)
    throughput = _throughput(estimates, row, count=count)
    warnings = _warnings(job, estimates, row=row, systems=systems, throughput=throughput)
    warnings += [WarningAnswer(severity="note", text=sentence(remark)) for remark in remarks]
    assumptions = [AssumptionAnswer(field=a.field, value=a.value, why=say_finished(a.why)) for a in job.assumptions]
    cost = None
    if device_hours and price:
        cost = _scaled(device_hours, price.usd)
        words = COST_OF_ONE if count == 1 else COST_TOGETHER if price.together else COST_APART
        why = say(words, provider=price.provider, day=price.as_of.isoformat())
        assumptions.append(AssumptionAnswer(field="price_usd_per_device_hour", value=rounded(price.usd), why=why))
    elif device_hours:
        warnings.append(WarningAnswer(severity="note", text=say(UNKNOWN_COST)))
    usable = float(estimates.usable_memory_bytes[row]) / GIB
    return EstimateAnswer(
        memory_gib_per_device=_memory(estimates, row),
        usable_memory_gib=rounded(usable) if np.isfinite(usable) else None,
        fit=fit_word(estimates, row),
        throughput=throughput,
        step_ms=range_answer(estimates.step_s, row, per=MILLISECOND),
        duration_hours=range_answer(estimates.duration_s, row, per=SECONDS_PER_HOUR),
        device_hours=device_hours,
        energy_kwh=range_answer(estimates.energy_kwh, row),
        cost_usd=cost,
        evidence=estimates.evidence,
        assumptions=assumptions,
        warnings=warnings,
        plan=plan_answer(job, estimates, row=row, systems=systems),
        serving=serving_answer(job, estimates, row=row, systems=systems),
        input_pipeline=input_answer(job, estimates, row=row, systems=systems),
        measured=[
            measured_answer(each, model=job.model.name)
            for each in evidence.beside(job, accelerator=device.slug, count=int(systems.count[row]))
        ],
    )


def _scaled(values: RangeAnswer, factor: float) -> RangeAnswer:
    low, expected, high = values.low * factor, values.expected * factor, values.high * factor
    return RangeAnswer(low=rounded(low), expected=rounded(expected), high=rounded(high))


def _memory(estimates: Estimates, row: int) -> MemoryAnswer | None:
    total = range_answer(estimates.memory_bytes, row, per=GIB)
    if total is None:
        return None
    return MemoryAnswer(**total.model_dump(), breakdown=breakdown(estimates, row))


def breakdown(estimates: Estimates, row: int) -> list[BreakdownAnswer]:
    """The parts of the memory, largest first, without the empty ones."""
    parts = [
        BreakdownAnswer(
            part=part.part, gib=rounded(float(_at(part.bytes, row)) / GIB), formula=say_sum(part.words(row))
        )
        for part in estimates.memory_parts
    ]
    return sorted((part for part in parts if part.gib > 0), key=lambda part: -part.gib)


def _at(values: FloatArray, row: int) -> float:
    return float(values[row] if np.ndim(values) else values)


def _warnings(
    job: Job, estimates: Estimates, *, row: int, systems: Systems, throughput: ThroughputAnswer | None
) -> list[WarningAnswer]:
    """What to know about an estimate: gaps of software first, then what it could not tell."""
    device = systems.devices.accelerators[row]
    warnings = [WarningAnswer(severity="warning", text=say_finished(text)) for text in estimates.warnings]
    gap = software_gap(job, device)
    if gap is not None:
        warnings.insert(0, WarningAnswer(severity="problem", text=say_finished(gap)))
    if device.support in OUT_OF_SUPPORT and device.support_note:
        told = f"{device.name}: {say_finished(device.support_note)}"
        warnings.insert(0, WarningAnswer(severity=OUT_OF_SUPPORT[device.support], text=told))
    if stands_in(device) and estimates.throughput_per_s is not None:
        warnings.append(WarningAnswer(severity="note", text=say(STAND_IN, device=device.name)))
    if throughput is None and estimates.throughput_per_s is not None:
        warnings.append(WarningAnswer(severity="warning", text=say(UNKNOWN_SPEED, device=device.name)))
    if estimates.duration_s is None and estimates.throughput_per_s is not None:
        warnings.append(WarningAnswer(severity="note", text=say(UNKNOWN_DURATION)))
    if device.kind == "cpu" and estimates.memory_bytes is not None:
        warnings.append(WarningAnswer(severity="note", text=say(CPU_MEMORY, device=device.name)))
    return warnings


def _throughput(estimates: Estimates, row: int, *, count: float) -> ThroughputAnswer | None:
    total = range_answer(estimates.throughput_per_s, row)
    if total is None:
        return None
    utilization = estimates.model_flops_utilization
    share = float(utilization[row]) if utilization is not None else np.nan
    return ThroughputAnswer(
        unit=estimates.unit,
        total=total,
        per_device=range_answer(estimates.throughput_per_s, row, per=count),
        prefill_tokens_per_s=range_answer(estimates.prefill_tokens_per_s, row),
        decode_tokens_per_s=range_answer(estimates.decode_tokens_per_s, row),
        model_flops_utilization=rounded(share) if np.isfinite(share) else None,
        bound_by=estimates.bound_by[row] if estimates.bound_by else None,
    )
