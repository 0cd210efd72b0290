"""What experts cost a server beside their operations: narrow products of few rows, copies of tokens, exchanges.

References
----------
.. [1] T. Gale et al., "MegaBlocks," 2022, arXiv:2211.15841, section 6.
.. [2] DeepSeek-AI, "DeepSeek-V3," 2024, arXiv:2412.19437, section 3.4: attention by request, experts by device.
"""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import devices_per_node, latency_s
from app.engine.experts import routed_share
from app.engine.hardware import Systems
from app.engine.model_spec import TransformerSpec
from app.engine.roofline import saturation
from app.engine.training_messages import expert_exchange_s, remote_copies
from app.engine.units import HALF_BYTES


def rows_of_an_expert(spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Tokens that one expert multiplies when every device of an exchange brings so many. [tokens]"""
    share = spec.num_experts_per_token / max(spec.num_experts, 1)
    return np.maximum(tokens * share * systems.plan.expert_parallel, 1.0)


def routed_growth(spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Times as long as in a dense model the products of a batch of tokens take [1]_. [-]"""
    routed = routed_share(spec)
    if not routed:
        return np.ones(len(systems))
    width = spec.moe_intermediate_size or spec.intermediate_size
    narrow = saturation(width, TRANSFORMERS.value("served_expert_half_width"))
    rows = rows_of_an_expert(spec, systems=systems, tokens=tokens)
    half = TRANSFORMERS.value("served_expert_half_rows")
    few = np.minimum(saturation(rows, half) / saturation(tokens, half), 1.0)  # few rows as such slow dense models too
    reached = TRANSFORMERS.value("served_expert_math_share") * narrow * few
    return np.asarray(1 - routed + routed / reached, dtype=np.float64)


def routed_copies_bytes(spec: TransformerSpec, *, tokens: Floats) -> Floats:
    """Bytes that the copies of tokens move in memory on their way to experts and back. [bytes]"""
    if not spec.num_experts:
        return 0.0 * tokens
    copies = TRANSFORMERS.value("served_token_passes") * spec.num_experts_per_token
    layers = spec.num_hidden_layers - spec.num_dense_layers
    return tokens * copies * layers * spec.hidden_size * HALF_BYTES


def routed_exchange_s(spec: TransformerSpec, *, systems: Systems, tokens: Floats, busy_s: FloatArray) -> FloatArray:
    """Time that the tokens of a step travel to experts on other devices and back, and the wait for the last. [s]"""
    group = systems.plan.expert_parallel
    if not spec.num_experts or not bool(np.any(group > 1)):
        return np.zeros(len(systems))
    layers = spec.num_hidden_layers - spec.num_dense_layers
    moved = expert_exchange_s(spec, systems=systems, tokens=tokens, passes=1)
    once = remote_copies(spec, machines=group) * group / np.maximum(group - 1, 1)  # a device gets a token once
    moved = moved * np.where(group <= devices_per_node(systems), once, 1.0)
    waits = TRANSFORMERS.value("exchange_wait_share") * np.log2(group) * busy_s
    return moved + waits + 2 * layers * latency_s(systems, group=group)
