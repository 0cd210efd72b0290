"""The chain: job and systems in, estimates out, as columns. Formulas live in the modules this one calls."""

from dataclasses import dataclass

import numpy as np

from app.engine import audio, classical, diffusion, intervals, networks, serving, training
from app.engine.arrays import FloatArray
from app.engine.energy import energy_kwh
from app.engine.hardware import Systems
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.result import Estimates, Interval, Pace, Physics
from app.engine.run_length import run_units
from app.engine.units import SECONDS_PER_HOUR


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
    footprint, pace = physics.footprint, physics.pace
    speed = _Speed() if pace is None else _speed(job, pace, systems=systems)
    return Estimates(
        memory_bytes=None if footprint is None else _around(footprint.total_bytes, metric="memory", job=job),
        memory_parts=() if footprint is None else footprint.parts,
        usable_memory_bytes=systems.devices.usable_memory_bytes,
        throughput_per_s=speed.throughput_per_s,
        unit="" if pace is None else pace.unit,
        prefill_tokens_per_s=None if pace is None else _around(pace.prefill_tokens_per_s, metric="prefill", job=job),
        decode_tokens_per_s=None if pace is None else _around(pace.decode_tokens_per_s, metric="decode", job=job),
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
    step_s: Interval | None = None
    duration_s: Interval | None = None
    device_s: Interval | None = None
    energy_kwh: Interval | None = None


def _speed(job: Job, pace: Pace, *, systems: Systems) -> _Speed:
    throughput = _throughput(job, pace)
    step = throughput.inverted(pace.units_per_step)
    duration = _duration(job, pace)
    if duration is None:
        return _Speed(throughput, step)
    device_s = duration.scaled(systems.count)
    return _Speed(throughput, step, duration, device_s, _energy(device_s, systems))


def _around(expected: FloatArray | None, *, metric: str, job: Job) -> Interval | None:
    return None if expected is None else intervals.around(expected, metric=metric, work_class=job.work_class)


def _throughput(job: Job, pace: Pace) -> Interval:
    if isinstance(job.model, AlgorithmSpec):
        seconds = intervals.around(pace.step_s, metric="seconds", work_class=job.work_class)
        return seconds.inverted(pace.units_per_step)
    expected = pace.units_per_step / pace.step_s
    return intervals.around(expected, metric="throughput", work_class=job.work_class)


def _duration(job: Job, pace: Pace) -> Interval | None:
    """A run's time spreads more than its speed: evaluation, start-up and input are in it."""
    units = pace.run_units if pace.run_units is not None else run_units(job, pace)
    if units is None:
        return None
    metric = "seconds" if isinstance(job.model, AlgorithmSpec) else "duration"
    return intervals.around(units / pace.units_per_step * pace.step_s, metric=metric, work_class=job.work_class)


def _utilization(pace: Pace, systems: Systems) -> FloatArray | None:
    peak = systems.devices.peak_flops_per_s(pace.comparable_peak) * systems.count
    share = pace.model_flops_per_step / (pace.step_s * peak)
    return None if bool(np.all(np.isnan(share))) else share


def _energy(device_s: Interval, systems: Systems) -> Interval | None:
    power_w = systems.devices.tdp_w
    if bool(np.all(np.isnan(power_w))):
        return None
    return device_s.scaled(energy_kwh(device_hours=1 / SECONDS_PER_HOUR, tdp_w=power_w))


def _evidence(job: Job, physics: Physics) -> str:
    """Assumed when nobody named a model; estimated when the class was never measured or shapes were inferred."""
    if any(a.field in {"model", "algorithm"} for a in job.assumptions):
        return "assumed"
    shape_unknown = isinstance(job.model, TransformerSpec) and not job.model.shape_known
    inferred = shape_unknown or "inferred_counts" in physics.notes
    unmeasured = intervals.spread("memory", job.work_class).runs == 0
    return "estimated" if inferred or unmeasured else "calculated"
