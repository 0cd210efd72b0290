"""The chain: job and systems in, estimates out, as columns. Formulas live in the modules this one calls."""

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
    pace = physics.pace
    memory = physics.footprint and intervals.around(
        physics.footprint.total_bytes, metric="memory", work_class=job.work_class
    )
    throughput = pace and _throughput(job, pace)
    duration = pace and _duration(job, pace)
    device_s = duration and duration.scaled(systems.count)
    return Estimates(
        memory_bytes=memory,
        memory_parts=physics.footprint.parts if physics.footprint else (),
        usable_memory_bytes=systems.devices.usable_memory_bytes,
        throughput_per_s=throughput,
        unit=pace.unit if pace else "",
        prefill_tokens_per_s=_around(pace and pace.prefill_tokens_per_s, metric="prefill", job=job),
        decode_tokens_per_s=_around(pace and pace.decode_tokens_per_s, metric="decode", job=job),
        model_flops_utilization=pace and _utilization(pace, systems),
        bound_by=pace.bound_by if pace else (),
        step_s=throughput and pace and throughput.inverted(pace.units_per_step),
        duration_s=duration,
        device_s=device_s,
        energy_kwh=device_s and _energy(device_s, systems),
        pace=pace,
        evidence=_evidence(job),
        warnings=physics.warnings,
    )


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
    hours = device_s.scaled(1 / SECONDS_PER_HOUR)
    return Interval(*(energy_kwh(device_hours=h, tdp_w=power_w) for h in (hours.low, hours.expected, hours.high)))


def _evidence(job: Job) -> str:
    """Assumed when nobody named a model; estimated when the class was never measured or shapes were inferred."""
    if any(a.field in {"model", "algorithm"} for a in job.assumptions):
        return "assumed"
    inferred = isinstance(job.model, TransformerSpec) and not job.model.shape_known
    unmeasured = intervals.spread("memory", job.work_class).runs == 0
    return "estimated" if inferred or unmeasured else "calculated"
