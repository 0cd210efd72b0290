"""How many samples or tokens one whole run has to get through."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.coefficients_networks import NETWORKS
from app.engine.input_pipeline import joins_pictures
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, TransformerSpec
from app.engine.result import Pace
from app.engine.roofline import saturation
from app.engine.units import SECONDS_PER_HOUR


def run_units(job: Job, pace: Pace) -> FloatArray | None:
    """Samples (or tokens, after the unit of ``pace``) of one run; None when nobody said how much data there is.

    Training takes optimizer steps where they are given, else epochs times the data. Inference takes the data once.
    Between the epochs scans are evaluated whole, in windows that overlap.
    """
    if isinstance(job.model, AlgorithmSpec):
        return pace.units_per_step
    if job.training and job.steps is not None:
        return job.steps * job.gradient_accumulation_steps * pace.units_per_step
    amount = _data_units(job, pace.unit)
    if amount is None:
        return None
    passes = job.epochs if job.training else 1.0
    units = np.full_like(pace.units_per_step, amount * passes)
    decoder = isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder"
    if job.workload.task == "pretrain" and decoder and pace.unit == "tokens/s":
        hours = units / pace.units_per_step * pace.step_s / SECONDS_PER_HOUR
        units = units * (1 + _repeated(hours * (1.0 if pace.devices is None else pace.devices)))
    if job.training and job.depth is not None:
        units = units * (1 + NETWORKS.value("evaluated_share_of_volumes"))
    if joins_pictures(job) and job.workload.steps is None:  # steps that were stated are all there is
        units = units * (1 + _evaluated(pace.units_per_step / pace.step_s))
    return units


def _evaluated(units_per_s: FloatArray) -> FloatArray:
    """Pictures that could have been trained on while boxes and masks are scored after an epoch, as a share of it.

    Boxes of all classes are chosen and matched by one process, for which all devices wait.
    """
    scored_s = NETWORKS.value("evaluated_share_of_pictures") * NETWORKS.value("evaluation_s_per_picture")
    return np.asarray(scored_s * units_per_s, dtype=np.float64)


def _repeated(device_hours: FloatArray) -> FloatArray:
    """Work done again, as a share of a run of so many device-hours.

    Devices fail by the hour, and a run of many is evaluated, saved and started again; a day on one machine takes what
    its steps take, and so do minutes on thousands.
    """
    half = TRANSFORMERS.value("repeated_work_half_device_hours")
    return np.asarray(TRANSFORMERS.value("repeated_work_share") * saturation(device_hours, half), dtype=np.float64)


def _data_units(job: Job, unit: str) -> float | None:
    if unit != "tokens/s":
        return job.samples
    if job.tokens is not None:
        return job.tokens
    if job.samples is None or isinstance(job.model, DiffusionSpec):
        return None
    per_sample = job.output_tokens if isinstance(job.model, TransformerSpec) and job.output_tokens else job.seq_len
    return job.samples * per_sample
