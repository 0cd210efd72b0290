"""Plans of parallelism: which cuts are legal, what data parallelism is left, and the bubble of a pipeline."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.hardware import Plan
from app.engine.model_spec import TransformerSpec

TENSOR_DEGREES = (1, 2, 4, 8, 16, 32, 64, 128)
PARTS = tuple(each.name for each in fields(Plan))


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
    count: FloatArray,
    *,
    tensor: FloatArray | None = None,
    pipeline: FloatArray | None = None,
    context: FloatArray | None = None,
    zero_stage: float = 0.0,
) -> Plan:
    """A plan whose data-parallel degree is what tensor, pipeline and context parallelism leave."""
    ones = np.ones_like(count)
    t, p, c = (ones if degree is None else degree for degree in (tensor, pipeline, context))
    return Plan(np.maximum(count / (t * p * c), 1), t, p, ones, c, np.full_like(count, zero_stage))


def inside_a_machine(count: FloatArray, nodes: FloatArray) -> FloatArray:
    """Devices that may split every tensor: those of a machine; of machines that are used in part a power of two. [-]

    >>> inside_a_machine(np.array([16.0, 5120.0]), np.array([2.0, 72.0])).tolist()
    [8.0, 64.0]
    """
    each = np.maximum(count // nodes, 1)
    even: FloatArray = np.where(count % nodes == 0, each, 2.0 ** np.floor(np.log2(each)))
    return even


def largest_legal(spec: TransformerSpec, devices: float) -> int:
    """The widest tensor parallelism that cuts whole heads and divides the devices. [-]"""
    return max(
        degree
        for degree in TENSOR_DEGREES
        if degree <= devices and devices % degree == 0 and is_legal(spec, tensor_parallel=degree)
    )


def largest_spread(spec: TransformerSpec, replicas: FloatArray) -> FloatArray:
    """Over how many replicas whole experts can be spread; 1 for dense models. [-]"""
    degrees: Sequence[int] = [d for d in TENSOR_DEGREES if spec.num_experts and spec.num_experts % d == 0] or (1,)
    spread = [np.where(replicas % degree == 0, float(degree), 1.0) for degree in degrees]
    return np.asarray(np.max(spread, axis=0), dtype=np.float64)


def merged(one: Plan, other: Plan, *, take: BoolArray) -> Plan:
    """The other plan where taken, else the first."""
    return Plan(*(np.where(take, getattr(other, name), getattr(one, name)) for name in PARTS))
