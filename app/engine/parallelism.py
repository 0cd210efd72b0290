"""The plan taken when nobody says how a job is spread: the fastest that fits to train, the smallest to serve."""

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients import FITS_WITHIN_FRACTION, TRANSFORMERS
from app.engine.estimate import physics_of
from app.engine.hardware import Devices, Plan, systems_of
from app.engine.inference_memory import inference_footprint, is_server
from app.engine.job import Job
from app.engine.model_spec import DiffusionSpec, TransformerSpec
from app.engine.plans import TENSOR_DEGREES, is_legal, largest_legal, merged, plan_of
from app.engine.training_plans import FULL_SHARDING, fastest_training_plan

SPEECH, SPEECH_TRAINING = "audio", "audio_train"
"""Work classes of speech, which runs as replicas."""


def default_plan(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray) -> Plan:
    """The plan taken when nobody gives one: replicas where they fit, else the fastest legal plan that fits.

    Where nothing fits the plan that shares most is given, so that the answer says how much is missing.
    """
    spec = job.model
    if job.training and (isinstance(spec, DiffusionSpec) or job.work_class == SPEECH_TRAINING):
        return _replicated_or_sharded(job, devices, count=count, nodes=nodes)
    if not isinstance(spec, TransformerSpec) or job.work_class == SPEECH:
        return plan_of(count)
    if job.training:
        return fastest_training_plan(job, spec, devices=devices, count=count, nodes=nodes)
    candidates = serving_plans(job, spec, count=count, nodes=nodes)
    chosen, possible = candidates[0]
    done = possible & _fits(job, devices, count=count, nodes=nodes, plan=chosen)
    for plan, usable in candidates[1:]:
        fits = _fits(job, devices, count=count, nodes=nodes, plan=plan)
        chosen = merged(chosen, plan, take=~done & usable)
        done = done | (usable & fits)
    return chosen


def _replicated_or_sharded(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray) -> Plan:
    """Replicas where one fits on a device, else full sharding; what diffusion and speech trainers offer."""
    replicas, sharded = plan_of(count), plan_of(count, zero_stage=FULL_SHARDING)
    footprint = physics_of(job, systems_of(devices, count=count, nodes=nodes, plan=replicas)).footprint
    if footprint is None:
        return replicas
    fits = footprint.total_bytes <= FITS_WITHIN_FRACTION * devices.usable_memory_bytes
    return merged(replicas, sharded, take=~fits & (count > 1))


def serving_plans(
    job: Job, spec: TransformerSpec, *, count: FloatArray, nodes: FloatArray
) -> list[tuple[Plan, BoolArray]]:
    """Serving plans: replicas, then more and more devices per replica; llama.cpp splits by layers."""
    inside = np.maximum(count // nodes, 1)
    plans = []
    for degree in TENSOR_DEGREES:
        column = np.full_like(count, degree)
        possible = (inside % degree == 0) & is_legal(spec, tensor_parallel=degree)
        if job.framework == "llama.cpp":
            possible = (inside % degree == 0) & (degree <= spec.num_hidden_layers)
            plans.append((plan_of(count, pipeline=column), possible))
        else:
            plans.append((plan_of(count, tensor=column), possible))
    tensor = np.array([largest_legal(spec, per_node) for per_node in inside], dtype=np.float64)
    if job.framework == "llama.cpp":
        everything = plan_of(count, pipeline=np.minimum(count, spec.num_hidden_layers))
    else:
        everything = plan_of(
            count, tensor=tensor, pipeline=np.minimum(np.maximum(count // tensor, 1), spec.num_hidden_layers)
        )
    return [*plans, (everything, count > 1)]


def _fits(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray, plan: Plan) -> BoolArray:
    systems = systems_of(devices, count=count, nodes=nodes, plan=plan)
    asked = job.concurrent_requests or TRANSFORMERS.value("worthwhile_server_batch")
    if is_server(job):  # more would queue; fewer would read the weights for too few
        asked = min(asked, TRANSFORMERS.value("worthwhile_server_batch"))
    footprint = inference_footprint(job, systems, concurrent=np.ceil(asked / plan.data_parallel))
    return footprint.total_bytes <= FITS_WITHIN_FRACTION * devices.usable_memory_bytes
