"""How work is spread over devices, and what a server can promise, as the answer tells it."""

from typing import Literal

import numpy as np

from app import formatting
from app.contract.answer import InputAnswer, PlanAnswer, RangeAnswer, ServingAnswer, SpeculationAnswer
from app.engine import intervals
from app.engine.accumulation import (
    RECOMPUTE_WORDS,
    micro_batch_samples,
    micro_batches,
    repeated_layers_share,
)
from app.engine.arrays import FloatArray, entry
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import devices_per_node
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.input_pipeline import InputRate, input_rate
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.plan_rows import one_system
from app.engine.result import Estimates, Interval
from app.engine.serving_limits import serving_limits
from app.engine.units import GB, MILLISECOND
from app.languages import say
from app.present.rounding import range_answer, rounded
from app.worded import worded

SHARDINGS: tuple[Literal["ddp", "zero1", "zero2", "zero3"], ...] = ("ddp", "zero1", "zero2", "zero3")
LINKS = {"nvlink": "NVLink", "xgmi": "Infinity Fabric", "ici": "ICI", "neuronlink": "NeuronLink", "roce": "RoCE"}
FED_BY_CORES = {
    "keeps_up": worded(
        "The data keep up: {cores} processor cores decode about {fed} samples a second, the devices take {able}."
    ),
    "waits": worded(
        "The step waits for its data: {cores} processor cores decode about {fed} samples a second, the devices could "
        "take {able}."
    ),
    "prepared": worded(
        "The speed is that of prepared input, because no data set is named. From files {cores} processor cores decode "
        "about {fed} samples a second, the devices could take {able}."
    ),
}
FED_BY_DISK = {
    "keeps_up": worded("The data keep up: the disk reads about {fed} samples a second, the devices take {able}."),
    "waits": worded(
        "The step waits for its data: the disk reads about {fed} samples a second, the devices could take {able}."
    ),
    "prepared": worded(
        "The speed is that of prepared input, because no data set is named. From files the disk reads about {fed} "
        "samples a second, the devices could take {able}."
    ),
}
INFINIBAND_FROM_BYTES_PER_S = 10 * GB
"""A network of one device that is this fast is InfiniBand or its like; slower is Ethernet."""


def plan_answer(job: Job, estimates: Estimates, *, row: int, systems: Systems) -> PlanAnswer | None:
    """The plan of one system; None for one device, unless its micro-batch was chosen."""
    plan = systems.plan
    if systems.count[row] <= 1 and np.isnan(entry(plan.micro_batch, row)):
        return None
    degrees = {
        name: int(entry(getattr(plan, name), row))
        for name in ("data_parallel", "tensor_parallel", "pipeline_parallel", "expert_parallel", "context_parallel")
    }
    trained = job.training and isinstance(job.model, TransformerSpec)
    replicated = degrees["data_parallel"] > 1 and job.training
    pace = estimates.pace
    return PlanAnswer(
        **degrees,
        sharding=SHARDINGS[int(entry(plan.zero_stage, row))] if replicated else "none",
        micro_batch_size=int(entry(micro_batch_samples(job, plan), row)) if job.training else None,
        gradient_accumulation=int(entry(micro_batches(job, plan), row)) if trained else None,
        recompute=_recompute(job, systems, row=row) if trained else None,
        bubble_fraction=_share(None if pace is None else pace.bubble_fraction, row),
        communication_share=_share(None if pace is None else pace.communication_share, row),
        network=network_words(systems, row),
    )


def _recompute(job: Job, systems: Systems, *, row: int) -> Literal["none", "selective", "full"]:
    """The contract's word for repeated work; where some layers are repeated whole, the others are selectively."""
    said = entry(systems.plan.recompute, row)
    if np.isnan(said):
        return "full" if entry(repeated_layers_share(job, systems.plan), row) else "none"
    return RECOMPUTE_WORDS[int(said)]


def network_words(systems: Systems, row: int) -> str:
    """What carries the messages of one system."""
    one = one_system(systems, row)
    device = one.devices.accelerators[0]
    link = LINKS.get(device.interconnect, "PCIe") if one.devices.linked[0] else "PCIe"
    inside = link if devices_per_node(one)[0] > 1 else ""
    if one.nodes[0] == 1 or device.interconnect == "ici":
        return inside
    fast = TRANSFORMERS.column("network_bytes_per_s", families(one.devices))[0] >= INFINIBAND_FROM_BYTES_PER_S
    return ", ".join(filter(None, [inside, "InfiniBand" if fast else "Ethernet"]))


def serving_answer(job: Job, estimates: Estimates, *, row: int, systems: Systems) -> ServingAnswer | None:
    """What one system can promise as a server of text."""
    pace, rate = estimates.pace, estimates.throughput_per_s
    if pace is None or pace.ttft_s is None or pace.tpot_s is None or pace.concurrent_requests is None or rate is None:
        return None
    if not np.isfinite(rate.expected[row]):
        return None
    limits = serving_limits(job, one_system(systems, row))
    if limits is None:
        return None
    return ServingAnswer(
        time_to_first_token_ms=_time(job, pace.ttft_s, row=row, metric="prefill"),
        time_per_token_ms=_time(job, pace.tpot_s, row=row, metric="decode"),
        concurrent_requests=int(pace.concurrent_requests[row]),
        largest_concurrency=int(limits.held),
        latency_target_ms=rounded(limits.target_s / MILLISECOND),
        latency_target_of="token" if limits.target_of == "token" else "answer",
        concurrency_at_latency_target=int(limits.within_target),
        tokens_per_s_at_latency_target=rounded(limits.tokens_per_s_within_target),
        speculative_decoding=SpeculationAnswer(
            speedup_for_one=rounded(limits.speculation_alone),
            speedup_at_this_load=rounded(limits.speculation_loaded),
            drafted_tokens=TRANSFORMERS.value("speculative_drafts"),
            accepted_fraction=TRANSFORMERS.value("speculative_acceptance"),
        ),
    )


def _time(job: Job, expected_s: FloatArray, *, row: int, metric: str) -> RangeAnswer | None:
    """A time with the interval of its rate."""
    rate: Interval = intervals.around(1 / expected_s[row : row + 1], metric=metric, work_class=job.work_class)
    return range_answer(rate.inverted(1.0), 0, per=MILLISECOND)


def _share(values: FloatArray | None, row: int) -> float | None:
    value = np.nan if values is None else entry(values, row)
    return rounded(value) if np.isfinite(value) else None


def input_answer(job: Job, estimates: Estimates, *, row: int, systems: Systems) -> InputAnswer | None:
    """Loading and decoding beside what the devices take; None where nothing is decoded on the way."""
    pace = estimates.pace
    if pace is None or estimates.throughput_per_s is None:
        return None
    one = one_system(systems, row)
    rate = input_rate(job, one)
    reached = float(estimates.throughput_per_s.expected[row])
    if rate is None or not np.isfinite(reached) or pace.unfed_step_s is None:
        return None
    able = entry(pace.units_per_step, row) / entry(pace.unfed_step_s, row)
    return InputAnswer(
        samples_per_s=rounded(float(rate.samples_per_s[0])),
        device_samples_per_s=rounded(able),
        cpu_cores=rounded(float(rate.cpu_cores[0])),
        limits=bool(rate.samples_per_s[0] < able),
        text=_input_words(rate, able=able, asked=job.samples is not None),
    )


def _input_words(rate: InputRate, *, able: float, asked: bool) -> str:
    fed = float(rate.samples_per_s[0])
    from_disk = bool(rate.disk_bound[0])
    told = FED_BY_DISK if from_disk else FED_BY_CORES
    text = told["keeps_up"] if fed >= able else told["waits"] if asked else told["prepared"]
    return say(text, cores=f"{rate.cpu_cores[0]:.0f}", fed=formatting.number(fed), able=formatting.number(able))
