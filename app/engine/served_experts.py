"""What experts cost a server beside their operations: narrow products of few rows, copies of tokens, exchanges.

References
----------
.. [1] T. Gale et al., "MegaBlocks," 2022, arXiv:2211.15841, section 6.
.. [2] DeepSeek-AI, "DeepSeek-V3," 2024, arXiv:2412.19437, section 3.4: attention by request, experts by device;
   two halves of a batch by turns, copies of busy experts.
.. [3] S. Williams et al., "Roofline," 2009, doi:10.1145/1498765.1498785: the ridge point.
"""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import devices_per_node, latency_s
from app.engine.experts import routed_share
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.model_spec import TransformerSpec
from app.engine.precision import sustained_flops_per_s
from app.engine.roofline import saturation
from app.engine.serving_rates import fed_tiles_flops_per_s
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
    narrow = saturation(width, expert_half_width(systems))
    rows = rows_of_an_expert(spec, systems=systems, tokens=tokens)
    half = TRANSFORMERS.column("served_expert_half_rows", families(systems.devices))
    few = np.minimum(saturation(rows, half) / saturation(tokens, half), 1.0)  # few rows as such slow dense models too
    reached = TRANSFORMERS.value("served_expert_math_share") * narrow * few
    return np.asarray(1 - routed + routed / reached, dtype=np.float64)


def expert_half_width(systems: Systems) -> FloatArray:
    """Width of an expert whose products run at half the rate of wide ones. [units of an expert]

    Narrow products move more values for every operation: the fewer operations a device does while its memory moves a
    byte, the narrower they may be [3]_.
    """
    rate = np.minimum(sustained_flops_per_s("bf16", systems.devices), fed_tiles_flops_per_s("bf16", systems=systems))
    ridge = rate / systems.devices.memory_bandwidth_bytes_per_s
    fed = TRANSFORMERS.value("served_expert_width_per_ridge") * ridge
    return np.minimum(fed, TRANSFORMERS.value("served_expert_half_width"))


def routed_copies_bytes(spec: TransformerSpec, *, tokens: Floats) -> Floats:
    """Bytes that the copies of tokens move in memory on their way to experts and back. [bytes]"""
    if not spec.num_experts:
        return 0.0 * tokens
    copies = TRANSFORMERS.value("served_token_passes") * spec.num_experts_per_token
    layers = spec.num_hidden_layers - spec.num_dense_layers
    return tokens * copies * layers * spec.hidden_size * HALF_BYTES


def routed_exchange_s(spec: TransformerSpec, *, systems: Systems, tokens: Floats, busy_s: FloatArray) -> FloatArray:
    """Time that the tokens of a step travel to experts on other devices and back, and the wait for the last. [s]

    Between machines the tokens of one half of a batch travel while the other half is multiplied [2]_, and copies of
    the experts that most tokens go to keep all machines as busy as one.
    """
    group = systems.plan.expert_parallel
    if not spec.num_experts or not bool(np.any(group > 1)):
        return np.zeros(len(systems))
    layers = spec.num_hidden_layers - spec.num_dense_layers
    near = np.minimum(devices_per_node(systems), group)
    moved = expert_exchange_s(spec, systems=systems, tokens=tokens, passes=1)
    once = remote_copies(spec, machines=group) * group / np.maximum(group - 1, 1)  # a device gets a token once
    shown = np.where(group <= near, moved * once, np.maximum(moved - busy_s, 0.0))
    waits = TRANSFORMERS.value("exchange_wait_share") * np.log2(near) * busy_s
    return shown + waits + 2 * layers * latency_s(systems, group=group)
