"""What would change the answer: neighbouring questions, asked again through need and decision."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.advice.constraints import Constraints
from app.advice.decide import Decision, decide
from app.advice.need import Need, need_of, used_otherwise
from app.advice.owned_fit import NOTHING_OWNED, OwnedFit
from app.advice.policy import Policy
from app.advice.reasons import Reason, Value
from app.advice.recipes import WHOLE_MODEL
from app.engine.defaults import smaller_model
from app.engine.hardware import Devices
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.science import folds_proteins
from app.engine.units import GB, GIGA, MILLION

Rejob = Callable[[Mapping[str, Any]], Job | None]
"""Builds the job of a workload with some fields changed."""

MODEL_SIZES = (0.5e9, 1e9, 3e9, 8e9, 14e9, 32e9, 70e9, 123e9, 405e9)
"""Sizes in which language models usually come. [parameters]"""
NEXT_SIZE_RATIO = 1.9
"""A neighbouring model is at least this many times larger or smaller."""
DATA_RATIO = 10.0
LENGTH_RATIO = 4
BATCH_RATIO = 4
SIDE_RATIO = 2
NETWORK_RATIO = 4.0
CONCURRENCY_RATIO = 16
BUSY_HOURS_PER_MONTH = 300.0
LEAST_CHANGES = 3
MOST_CHANGES = 5
NOTABLE_MEMORY_RATIO = 1.1
"""A memory need that differs by less than this stays, in words."""
LONGEST_SEQUENCE = 131_072
USE = {"hours_per_month", "runs_per_month"}
"""Fields that say how often, and change nothing of the work itself."""
WIDE_PRECISIONS = {"fp32", "tf32", "fp16", "bf16", "amp"}


@dataclass(frozen=True, slots=True)
class Change:
    """A neighbouring question and how its answer differs."""

    if_: Reason
    then: Reason


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One field of the question changed."""

    if_: Reason
    changes: Mapping[str, Any]


def changes_for(
    job: Job,
    need: Need,
    *,
    decision: Decision,
    constraints: Constraints,
    devices: Devices,
    policy: Policy,
    rejob: Rejob,
    owned: OwnedFit = NOTHING_OWNED,
) -> tuple[Change, ...]:
    """The neighbours whose answers differ most, at least three where so many exist; the largest difference first."""
    weighed = []
    relevant = _relevant(devices, constraints)
    for place, neighbour in enumerate(neighbours(job, need)):
        other = rejob(neighbour.changes)
        if other is None:
            continue
        only_use = neighbour.changes.keys() <= USE
        other_need = used_otherwise(need, other) if only_use else need_of(other, constraints, devices=relevant)
        other_decision = decide(
            other, other_need, constraints=constraints, policy=policy, owned=owned, asked=job.workload
        )
        weight, then = difference(need, decision, other_need=other_need, other=other_decision)
        weighed.append((weight, place, Change(neighbour.if_, then)))
    weighed.sort(key=lambda entry: entry[:2])
    telling = [change for weight, _, change in weighed if weight < 3]
    rest = [change for weight, _, change in weighed if weight == 3]
    return tuple(telling[:MOST_CHANGES] + rest[: max(0, LEAST_CHANGES - len(telling))])


def _relevant(devices: Devices, constraints: Constraints) -> Devices:
    """The devices that a need can depend on: those with current software, processors, and what the person named."""
    entries = (*(constraints.existing_hardware or ()), *(constraints.considering or ()))
    named = {entry.accelerator for entry in entries}
    rows = [
        row
        for row, device in enumerate(devices.accelerators)
        if device.support == "supported" or device.kind == "cpu" or device.slug in named
    ]
    return devices.take(rows)


def difference(need: Need, decision: Decision, *, other_need: Need, other: Decision) -> tuple[int, Reason]:
    """How much an answer differs (0: scenario, 1: tier, 2: memory, 3: not at all), and the sentence that says so."""
    values = {
        "scenario": other.scenario.title,
        "tier": other.tier.title,
        "memory_gib": other_need.memory_gib,
        "before_gib": need.memory_gib,
        "smallest_gib": other_need.smallest_single_gpu_gib,
    }
    known = "_memory" if _notably_different(need.memory_gib, other_need.memory_gib) else ""
    if other.scenario.slug != decision.scenario.slug:
        return 0, Reason(f"then_scenario{known}", values)
    larger_class = other.tier.position > decision.tier.position
    if larger_class and known and (other_need.memory_gib or 0.0) < (need.memory_gib or 0.0):
        return 3, Reason("then_memory", values)  # less is known of it, which says nothing about what it takes
    if other.tier.slug != decision.tier.slug:
        return 1, Reason(f"then_tier{known}", values)
    card = other_need.smallest_single_gpu_gib
    needs_a_card = other.scenario.number != 1
    if (
        needs_a_card
        and card != need.smallest_single_gpu_gib
        and other_need.memory_gib is not None
        and (known or card is None)
    ):
        code = "then_card" if other_need.smallest_single_gpu_gib is not None else "then_several"
        return 2, Reason(code, values)
    if _notably_different(need.memory_gib, other_need.memory_gib):
        return 3, Reason("then_memory", values)
    return 3, Reason("then_stays", values)


def _notably_different(before: float | None, after: float | None) -> bool:
    if not before or not after:
        return False
    return max(before, after) / min(before, after) > NOTABLE_MEMORY_RATIO


def neighbours(job: Job, need: Need) -> Iterator[Neighbour]:
    """Nearby questions worth asking for this kind of work."""
    match job.model:
        case TransformerSpec():
            yield from _of_transformer(job, job.model)
        case NetworkSpec():
            yield from _of_network(job, job.model)
        case DiffusionSpec():
            yield from _of_pictures(job)
        case AlgorithmSpec():
            yield from _of_table(job)
    if not isinstance(job.model, AlgorithmSpec):
        yield from _more_data(job)
    yield from _more_use(need)


def _of_transformer(job: Job, model: TransformerSpec) -> Iterator[Neighbour]:
    larger = next((size for size in MODEL_SIZES if size >= model.parameters * NEXT_SIZE_RATIO), None)
    smaller = next((size for size in reversed(MODEL_SIZES) if size * NEXT_SIZE_RATIO <= model.active_parameters), None)
    for size in (larger, smaller):
        if size is not None:
            values: dict[str, Value] = {"parameters_b": size / GIGA, "before_b": model.parameters / GIGA}
            changes = {"model": {"parameters": size, "architecture": model.architecture, **_shared_heads(model)}}
            yield Neighbour(Reason("if_model", values), changes)
    yield from _other_method(job)
    if job.training:
        yield from _longer(job)
        yield from _larger_batch(job)
        return
    yield from _fewer_bits(job)
    yield from _longer(job)
    requests = (job.concurrent_requests or 1) * CONCURRENCY_RATIO
    yield Neighbour(Reason("if_requests", {"requests": requests}), {"concurrent_requests": requests})


def _shared_heads(model: TransformerSpec) -> dict[str, int]:
    """What a model of another size has in common with this one: how many heads keep keys and values."""
    shares = 1 < model.num_key_value_heads < model.num_attention_heads
    return {"kv_heads": model.num_key_value_heads} if shares else {}


def _other_method(job: Job) -> Iterator[Neighbour]:
    if job.workload.task != "finetune":
        return
    other = {"full": "qlora", "lora": "qlora", "qlora": "full"}.get(job.method)
    if other is not None:
        yield Neighbour(
            Reason("if_method", {"method": other, "before": job.method}), {"method": other, "precision": None}
        )


def _fewer_bits(job: Job) -> Iterator[Neighbour]:
    to = "int4" if job.precision in WIDE_PRECISIONS else "fp16"
    yield Neighbour(Reason("if_precision", {"precision": to, "before": job.precision}), {"precision": to})


def _longer(job: Job) -> Iterator[Neighbour]:
    length = min(job.seq_len * LENGTH_RATIO, LONGEST_SEQUENCE)
    if length > job.seq_len > 0:
        changes = {"sequence_length": length, "prompt_tokens": None, "output_tokens": None}
        yield Neighbour(Reason("if_length", {"tokens": length, "before": job.seq_len}), changes)


def _larger_batch(job: Job) -> Iterator[Neighbour]:
    batch = job.micro_batch_size * BATCH_RATIO
    yield Neighbour(Reason("if_batch", {"batch": batch, "before": job.micro_batch_size}), {"batch_size": batch})


def _of_network(job: Job, model: NetworkSpec) -> Iterator[Neighbour]:
    if job.workload.domain == "rl":
        seen = "vector" if job.workload.observations == "pixels" else "pixels"
        yield Neighbour(Reason(f"if_{seen}"), {"observations": seen})
    yield from _larger_pictures(job)
    yield from _larger_batch(job)
    if folds_proteins(model):  # its memory is that of pairs of residues, which a size in words does not tell
        return
    yield Neighbour(Reason("if_network", {"times": NETWORK_RATIO}), {"model": _scaled(job, model, NETWORK_RATIO)})
    if not job.training:
        smaller = {"model": _scaled(job, model, 1 / NETWORK_RATIO)}
        yield Neighbour(Reason("if_small_network", {"times": NETWORK_RATIO}), smaller)


def _scaled(job: Job, model: NetworkSpec, ratio: float) -> dict[str, Any]:
    """The same network, wider or narrower: parameters and multiply-adds together, activations with the width.

    Counts in words are those of one sample as it is asked for, so they grow with the pictures.
    """
    size, reference = job.image_size, model.reference_size
    larger = math.prod(size) / math.prod(reference[-2:]) if size is not None and len(reference) >= 2 else 1.0
    scaled: dict[str, Any] = {"parameters": model.parameters * ratio, "architecture": model.architecture}
    if model.macs_per_sample is not None:
        scaled["gmacs_per_sample"] = model.macs_per_sample * larger * ratio / GIGA
    if model.activations_per_sample is not None:
        scaled["activations_m_per_sample"] = model.activations_per_sample * larger * math.sqrt(ratio) / MILLION
    return scaled


def _larger_pictures(job: Job) -> Iterator[Neighbour]:
    if job.image_size is None:
        return
    height, width = (side * SIDE_RATIO for side in job.image_size)
    values: dict[str, Value] = {"height": height, "width": width, "before": job.image_size[0]}
    yield Neighbour(Reason("if_pictures", values), {"image_size": [height, width]})


def _of_pictures(job: Job) -> Iterator[Neighbour]:
    yield from _smaller_generator(job)
    yield from _larger_pictures(job)
    if job.training:
        other = "lora" if job.method in WHOLE_MODEL else "full"
        yield Neighbour(
            Reason("if_method", {"method": other, "before": job.method}), {"method": other, "precision": None}
        )
        yield from _larger_batch(job)
        return
    yield from _fewer_bits(job)
    if job.frames > 1:
        frames = job.frames * SIDE_RATIO
        yield Neighbour(Reason("if_frames", {"frames": frames, "before": job.frames}), {"frames": frames})
    yield from _larger_batch(job)


def _smaller_generator(job: Job) -> Iterator[Neighbour]:
    """The generator that somebody may have meant who named none, at the size that it is made for."""
    smaller = smaller_model(job.workload)
    if smaller:
        yield Neighbour(Reason("if_named_model", {"name": smaller["title"]}), {"model": {"name": smaller["name"]}})


def _of_table(job: Job) -> Iterator[Neighbour]:
    if job.rows is None:
        return
    for ratio in (DATA_RATIO, DATA_RATIO**2):
        rows = job.rows * ratio
        dataset = {"rows": rows, **({"columns": job.columns} if job.columns else {})}
        yield Neighbour(Reason("if_rows", {"rows": rows, "before": job.rows}), {"dataset": dataset})
    if job.columns:
        columns = job.columns * DATA_RATIO
        values: dict[str, Value] = {"columns": columns, "before": job.columns}
        yield Neighbour(Reason("if_columns", values), {"dataset": {"rows": job.rows, "columns": columns}})


def _more_data(job: Job) -> Iterator[Neighbour]:
    """Ten times the data, in the unit in which it is known."""
    if not job.training:
        return
    known = {"tokens": job.tokens, "samples": job.samples, "rows": job.rows}
    unit, amount = next(((unit, amount) for unit, amount in known.items() if amount), (None, None))
    if unit is None or amount is None:
        return
    dataset: dict[str, Any] = {unit: amount * DATA_RATIO}
    if unit == "rows" and job.columns:
        dataset["columns"] = job.columns
    if job.data_bytes is not None:
        dataset["size_gb"] = job.data_bytes * DATA_RATIO / GB
    yield Neighbour(Reason(f"if_{unit}", {unit: amount * DATA_RATIO, "before": amount}), {"dataset": dataset})


def _more_use(need: Need) -> Iterator[Neighbour]:
    """Busy instead of now and then, or the other way round."""
    hours = need.monthly_hours
    busy = hours is not None and hours >= BUSY_HOURS_PER_MONTH / 2
    to = 4.0 if busy else BUSY_HOURS_PER_MONTH
    changes = {"hours_per_month": to, "runs_per_month": None}
    yield Neighbour(Reason("if_hours", {"hours": to, "before": hours}), changes)
