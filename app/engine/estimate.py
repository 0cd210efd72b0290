"""The chain: job and systems in, estimates out, as columns. Formulas live in the modules this one calls."""

from dataclasses import dataclass, replace

import numpy as np

from app.engine import audio, classical, diffusion, intervals, networks, serving, training
from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.energy import energy_kwh
from app.engine.flops import flops_utilization
from app.engine.hardware import Systems
from app.engine.hardware_family import families, stand_ins
from app.engine.job import Job
from app.engine.memory_doubt import memory_interval
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.precision import peak_flops_per_s
from app.engine.result import Estimates, Footprint, Interval, Pace, Physics
from app.engine.run_length import run_units
from app.engine.software import back_end_on_each
from app.engine.units import SECONDS_PER_HOUR

TOKEN_METRICS = {"prefill": "llm_prefill", "decode": "llm_decode"}
"""Classes that the speeds of reading prompts and of generating are measured as, whatever the job serves."""


def physics_of(job: Job, systems: Systems) -> Physics:
    """The model of the physics for this kind of work, applied."""
    match job.model:
        case AlgorithmSpec():
            return classical.physics(job, systems)
        case DiffusionSpec():
            return diffusion.physics(job, systems)
        case NetworkSpec():
            return networks.physics(job, systems)
        case TransformerSpec() if job.work_class in {"audio", "audio_train"}:
            return audio.physics(job, systems)
        case TransformerSpec():
            return training.physics(job, systems) if job.training else serving.physics(job, systems)


def estimate(job: Job, systems: Systems) -> Estimates:
    """Memory, speed, time and energy of a job on each system, with 80 % intervals."""
    physics = physics_of(job, systems)
    runs = back_end_on_each(job, systems.devices)
    footprint, pace = physics.footprint, physics.pace
    speed = _Speed() if pace is None else _speed(job, pace, systems=systems, runs=runs)
    return Estimates(
        memory_bytes=None if footprint is None else _memory(job, footprint, runs=runs),
        memory_parts=() if footprint is None else footprint.parts,
        usable_memory_bytes=systems.devices.usable_memory_bytes,
        throughput_per_s=speed.throughput_per_s,
        unit="" if pace is None else pace.unit,
        prefill_tokens_per_s=speed.prefill_tokens_per_s,
        decode_tokens_per_s=speed.decode_tokens_per_s,
        model_flops_utilization=None if pace is None else _utilization(pace, systems),
        bound_by=() if pace is None else pace.bound_by,
        step_s=speed.step_s,
        duration_s=speed.duration_s,
        device_s=speed.device_s,
        energy_kwh=speed.energy_kwh,
        pace=pace,
        evidence=_evidence(job, physics),
        warnings=physics.warnings,
    )


@dataclass(frozen=True, slots=True)
class _Speed:
    """Everything that follows from the pace; nothing where there is none."""

    throughput_per_s: Interval | None = None
    prefill_tokens_per_s: Interval | None = None
    decode_tokens_per_s: Interval | None = None
    step_s: Interval | None = None
    duration_s: Interval | None = None
    device_s: Interval | None = None
    energy_kwh: Interval | None = None


def known(values: FloatArray | None, runs: BoolArray) -> FloatArray | None:
    """The values where the software runs; elsewhere there is nothing to estimate."""
    return values if values is None or bool(runs.all()) else np.where(runs, values, np.nan)


def _speed(job: Job, pace: Pace, *, systems: Systems, runs: BoolArray) -> _Speed:
    if not runs.all():
        pace = replace(pace, step_s=np.where(runs, pace.step_s, np.nan))
    throughput = _throughput(job, pace, systems=systems)
    prefill, decode = known(pace.prefill_tokens_per_s, runs), known(pace.decode_tokens_per_s, runs)
    of = (job, systems)
    doubt = intervals.doubt_of_speed(pace.bound_by)
    speed = _Speed(
        throughput,
        prefill_tokens_per_s=None if prefill is None else _interval(prefill, metric="prefill", of=of, doubt=doubt),
        decode_tokens_per_s=None if decode is None else _interval(decode, metric="decode", of=of, doubt=doubt),
        step_s=throughput.inverted(pace.units_per_step),
    )
    duration = _duration(job, pace, systems=systems)
    if duration is None:
        return speed
    device_s = duration.scaled(systems.count)
    return replace(speed, duration_s=duration, device_s=device_s, energy_kwh=_energy(device_s, systems))


def _memory(job: Job, footprint: Footprint, *, runs: BoolArray) -> Interval:
    expected = known(footprint.total_bytes, runs)
    assert expected is not None
    return memory_interval(job, footprint, expected=expected)


def _interval(expected: FloatArray, *, metric: str, of: tuple[Job, Systems], doubt: Floats = 1.0) -> Interval:
    job, systems = of
    measured_as = TOKEN_METRICS.get(metric, job.work_class)
    stretched = intervals.stretch(metric, measured_as, framework=job.framework, families=families(systems.devices))
    stretched = stretched * doubt * np.where(stand_ins(systems.devices), TRANSFORMERS.value("stand_in_stretch"), 1.0)
    return intervals.around(expected, metric=metric, work_class=measured_as, stretched=stretched)


def _throughput(job: Job, pace: Pace, *, systems: Systems) -> Interval:
    of = (job, systems)
    if isinstance(job.model, AlgorithmSpec):
        return _interval(pace.step_s, metric="seconds", of=of).inverted(pace.units_per_step)
    doubt = intervals.doubt_of_speed(pace.bound_by)
    return _interval(pace.units_per_step / pace.step_s, metric="throughput", of=of, doubt=doubt)


def _duration(job: Job, pace: Pace, *, systems: Systems) -> Interval | None:
    """A run's time spreads more than its speed: evaluation, start-up and input are in it."""
    units = pace.run_units if pace.run_units is not None else run_units(job, pace)
    if units is None:
        return None
    metric = "seconds" if isinstance(job.model, AlgorithmSpec) else "duration"
    return _interval(units / pace.units_per_step * pace.step_s, metric=metric, of=(job, systems))


def _utilization(pace: Pace, systems: Systems) -> FloatArray | None:
    """Operations of the model beside what the devices could do in its precision, or in the next that they have. [-]"""
    peak = peak_flops_per_s(pace.comparable_peak, systems.devices, integers=True) * systems.count
    share = np.asarray(flops_utilization(flops=pace.model_flops_per_step, device_s=pace.step_s, peak_flops_per_s=peak))
    return None if bool(np.all(np.isnan(share))) else share


def _energy(device_s: Interval, systems: Systems) -> Interval | None:
    power_w = systems.devices.tdp_w
    if bool(np.all(np.isnan(power_w))):
        return None
    return device_s.scaled(energy_kwh(device_hours=1 / SECONDS_PER_HOUR, tdp_w=power_w))


def _evidence(job: Job, physics: Physics) -> str:
    """Assumed when nobody named a model; estimated when shapes were inferred."""
    if any(a.field in {"model", "algorithm"} for a in job.assumptions):
        return "assumed"
    shape_unknown = isinstance(job.model, TransformerSpec) and not job.model.shape_known
    inferred = shape_unknown or "inferred_counts" in physics.notes
    return "estimated" if inferred else "calculated"
