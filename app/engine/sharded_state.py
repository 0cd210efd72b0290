"""Full sharding of models that are otherwise replicated: what is left on a device, and what travels for it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.result import MemoryPart

SHARED_FROM_STAGE = {"weights": 3.0, "weights_16_bit": 3.0, "gradients": 2.0, "optimizer": 1.0}
"""The ZeRO stage from which on the devices share a part (S. Rajbhandari et al., arXiv:1910.02054, section 5)."""
REDUCED_HALF = 0.5
"""A sharded gradient is scattered only, half of an all-reduce; gathering weights twice is a whole one."""


def shared_parts(parts: Sequence[MemoryPart], systems: Systems, *, unit_bytes: float) -> list[MemoryPart]:
    """The parts with state divided by the replicas that share it, and the whole units in work beside it. [bytes]"""
    stage, replicas = systems.plan.zero_stage, systems.plan.data_parallel
    shared = []
    for part in parts:
        needed = SHARED_FROM_STAGE.get(part.part, np.inf)
        share = np.where(stage >= needed, 1 / replicas, 1.0)
        shared.append(replace(part, bytes=part.bytes * share, share=share))
    gathered = np.where((stage >= SHARED_FROM_STAGE["weights"]) & (replicas > 1), unit_bytes, 0.0)
    if bool(np.any(gathered > 0)):
        live = TRANSFORMERS.value("fsdp_live_units")
        shared.append(MemoryPart("workspace", live * gathered, f"{live:g} layers gathered while they work"))
    return shared


def exchanged_bytes(systems: Systems, *, gradient_bytes: float, weight_bytes: float) -> FloatArray:
    """Payload of one step as an all-reduce sends it: gradients, and gathered weights where shared. [bytes]

    Full sharding sends half as much again as replicas do when all weights are trained in one format.

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO," 2020, arXiv:1910.02054, section 7.
    """
    sharded = systems.plan.zero_stage >= SHARED_FROM_STAGE["weights"]
    return np.where(sharded, weight_bytes + REDUCED_HALF * gradient_bytes, gradient_bytes)
