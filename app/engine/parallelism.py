"""How a job is spread over devices: legal plans, the pipeline bubble, and the plan taken when nobody says."""

import numpy as np

from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients import FITS_WITHIN_FRACTION, TRANSFORMERS
from app.engine.hardware import Devices, Plan, systems_of
from app.engine.inference_memory import inference_footprint, is_server
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.training_memory import training_footprint

FULL_SHARDING = 3.0
TENSOR_DEGREES = (1, 2, 4, 8, 16, 32, 64, 128)


def bubble_fraction(*, pipeline_parallel: Floats, micro_batches: Floats, chunks: Floats = 1.0) -> Floats:
    """Idle time of a 1F1B pipeline over its ideal time, ``(p−1)/(v·m)``. [-]

    >>> float(bubble_fraction(pipeline_parallel=8, micro_batches=64))
    0.109375

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training," 2021, arXiv:2104.04473, section 2.2.
    """
    return (pipeline_parallel - 1) / (chunks * micro_batches)


def is_legal(
    spec: TransformerSpec, *, tensor_parallel: int, pipeline_parallel: int = 1, expert_parallel: int = 1
) -> bool:
    """Whether a model can be cut that way: whole heads per device, whole layers per stage, whole experts per group.

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> spec = inferred_transformer("seven", parameters=6.74e9, architecture="decoder")
    >>> is_legal(spec, tensor_parallel=8), is_legal(spec, tensor_parallel=3)
    (True, False)
    >>> is_legal(spec, tensor_parallel=1, pipeline_parallel=64)
    False
    """
    whole_heads = spec.num_attention_heads % tensor_parallel == 0
    whole_experts = not spec.num_experts or spec.num_experts % expert_parallel == 0
    return whole_heads and pipeline_parallel <= spec.num_hidden_layers and whole_experts


def plan_of(
    count: FloatArray, *, tensor: FloatArray | None = None, pipeline: FloatArray | None = None, zero_stage: float = 0.0
) -> Plan:
    """A plan whose data-parallel degree is what tensor and pipeline parallelism leave."""
    ones = np.ones_like(count)
    t, p = (ones if tensor is None else tensor), (ones if pipeline is None else pipeline)
    return Plan(np.maximum(count / (t * p), 1), t, p, ones, ones, np.full_like(count, zero_stage))


def default_plan(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray) -> Plan:
    """The simplest plan that fits: replicas, else full sharding, else tensor within and pipeline across machines.

    Where nothing fits the plan that shares most is given, so that the answer says how much is missing.
    """
    spec = job.model
    if not isinstance(spec, TransformerSpec):
        return plan_of(count)
    candidates = (
        training_plans(spec, count=count, nodes=nodes)
        if job.training
        else serving_plans(job, spec, count=count, nodes=nodes)
    )
    chosen, possible = candidates[0]
    done = possible & _fits(job, devices, count=count, nodes=nodes, plan=chosen)
    for plan, usable in candidates[1:]:
        fits = _fits(job, devices, count=count, nodes=nodes, plan=plan)
        chosen = _merged(chosen, plan, take=~done & usable)
        done = done | (usable & fits)
    return chosen


def training_plans(spec: TransformerSpec, *, count: FloatArray, nodes: FloatArray) -> list[tuple[Plan, BoolArray]]:
    """Training plans from least to most sharded, each with the systems it is possible on."""
    everywhere = np.ones(len(count), dtype=np.bool_)
    inside = np.maximum(count // nodes, 1)
    tensor = np.array([_largest_legal(spec, per_node) for per_node in inside], dtype=np.float64)
    pipeline = np.minimum(np.where(count % (tensor * nodes) == 0, nodes, 1), spec.num_hidden_layers)
    split = plan_of(count, tensor=tensor, pipeline=pipeline, zero_stage=1.0)
    return [
        (plan_of(count), everywhere),
        (plan_of(count, zero_stage=FULL_SHARDING), count > 1),
        (split, (nodes > 1) & (tensor * pipeline <= count)),
    ]


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
    tensor = np.array([_largest_legal(spec, per_node) for per_node in inside], dtype=np.float64)
    if job.framework == "llama.cpp":
        everything = plan_of(count, pipeline=np.minimum(count, spec.num_hidden_layers))
    else:
        everything = plan_of(
            count, tensor=tensor, pipeline=np.minimum(np.maximum(count // tensor, 1), spec.num_hidden_layers)
        )
    return [*plans, (everything, count > 1)]


def _largest_legal(spec: TransformerSpec, devices: float) -> int:
    return max(
        degree
        for degree in TENSOR_DEGREES
        if degree <= devices and devices % degree == 0 and is_legal(spec, tensor_parallel=degree)
    )


def _fits(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray, plan: Plan) -> BoolArray:
    systems = systems_of(devices, count=count, nodes=nodes, plan=plan)
    if job.training:
        footprint = training_footprint(job, systems)
    else:
        asked = job.concurrent_requests or TRANSFORMERS.value("worthwhile_server_batch")
        if is_server(job):  # more would queue; fewer would read the weights for too few
            asked = min(asked, TRANSFORMERS.value("worthwhile_server_batch"))
        footprint = inference_footprint(job, systems, concurrent=np.ceil(asked / plan.data_parallel))
    return footprint.total_bytes <= FITS_WITHIN_FRACTION * devices.usable_memory_bytes


def _merged(one: Plan, other: Plan, *, take: BoolArray) -> Plan:
    return Plan(
        *(
            np.where(take, getattr(other, name), getattr(one, name))
            for name in (
                "data_parallel",
                "tensor_parallel",
                "pipeline_parallel",
                "expert_parallel",
                "context_parallel",
                "zero_stage",
            )
        )
    )
