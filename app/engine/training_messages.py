"""What devices tell each other while a transformer is trained: gradients, shards, tensors, experts and stages."""

import numpy as np

from app.engine.accumulation import micro_batch_samples, repeated_layers_share
from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import (
    bus_bytes_per_s,
    devices_per_node,
    gradient_sync_bytes,
    latency_s,
    local_bytes_per_s,
    network_bytes_per_s,
    tensor_parallel_bytes,
)
from app.engine.hardware import Systems
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.params import expert_parameters
from app.engine.precision import bytes_per_parameter
from app.engine.sharded_state import SHARED_FROM_STAGE
from app.engine.text_lengths import fullest_over_mean, skips_padding
from app.engine.units import FULL_BYTES, HALF_BYTES

KEYS_AND_VALUES = 2.0
FORWARD_AND_TWICE_BACK = 3.0
"""Passes of a ring: keys and values forward, and the same with their gradients backward."""


def communication_s(
    job: Job,
    spec: TransformerSpec,
    *,
    systems: Systems,
    trained: float,
    element: float,
    batches: FloatArray,
    chunks: FloatArray,
    overlapped: bool,
) -> tuple[FloatArray, FloatArray]:
    """Seconds of messages of one micro-step: what can hide behind arithmetic, and what cannot. [s]

    Programs that are written for scale send tensors and stages ``overlapped`` with the products that make them.

    References
    ----------
    .. [1] Megatron Core, ``--tp-comm-overlap`` and ``--overlap-p2p-communication``, https://github.com/NVIDIA/Megatron-LM.
    """
    plan = systems.plan
    passes = 2.0 + repeated_layers_share(job, plan)
    hidden = replicas_s(job, spec, systems=systems, trained=trained, element=element, batches=batches)
    hidden = hidden + context_ring_s(job, spec, systems=systems)
    tokens = micro_batch_samples(job, plan) * job.seq_len / plan.context_parallel
    tensors = tensors_s(spec, systems=systems, tokens=tokens, passes=passes)
    stages = stages_s(spec, systems=systems, tokens=tokens, chunks=chunks)
    exposed = expert_exchange_s(spec, systems=systems, tokens=tokens, passes=passes)
    if overlapped:  # products are cut into pieces whose results travel while the next piece is computed
        shown = TRANSFORMERS.value("tensor_messages_shown")
        return hidden + stages, exposed + shown * tensors
    return hidden, exposed + tensors + stages


def straggling_share(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Waiting of all replicas for the slowest, and for the one with the longest texts, as a share of a step. [-]"""
    share: FloatArray = TRANSFORMERS.value("straggler_per_doubling") * np.log2(np.maximum(systems.count, 1))
    if not skips_padding(job, spec):
        return share
    texts, replicas = micro_batch_samples(job, systems.plan), systems.plan.data_parallel
    fullest: FloatArray = np.vectorize(fullest_over_mean, otypes=[np.float64])(texts=texts, replicas=replicas)
    return share + (fullest - 1)


def replicas_s(
    job: Job, spec: TransformerSpec, *, systems: Systems, trained: float, element: float, batches: FloatArray
) -> FloatArray:
    """Summing gradients over replicas, once a step; or gathering shards, in every micro-step. [s]

    Under a pipeline a stage keeps its gathered weights for all micro-batches of a step. The members of one group that
    stand in one machine share its way out with the other groups of that machine. A device exchanges its own experts.

    References
    ----------
    .. [1] A. Grattafiori et al., "The Llama 3 Herd of Models," 2024, arXiv:2407.21783, section 3.3.2.
    """
    plan = systems.plan
    experts = expert_parameters(spec) / spec.parameters
    cut = plan.tensor_parallel * plan.pipeline_parallel
    moved = trained * (FULL_BYTES if job.precision == "amp" else element)
    gathered = spec.parameters * (bytes_per_parameter("nf4") if job.method == "qlora" else element)
    holders = plan.data_parallel * plan.context_parallel  # parts of one sequence hold the same weights
    sharded = (plan.zero_stage >= SHARED_FROM_STAGE["weights"]) & (plan.pipeline_parallel == 1)
    time: Floats = 0.0
    parts = (
        ((1 - experts) / cut, plan.tensor_parallel),
        (experts / (cut * plan.expert_parallel), plan.expert_parallel),
    )
    for share, apart in parts:  # members of one group stand so many places apart
        replicas = gradient_sync_bytes(parameter_bytes=share * moved, devices=holders, sharded=0.0 * share)
        shards = gradient_sync_bytes(parameter_bytes=share * gathered, devices=holders, sharded=1.0 + 0.0 * share)
        bus = bus_bytes_per_s(systems, together=np.maximum(devices_per_node(systems) / apart, 1.0))
        time = time + np.where(sharded, shards, replicas / batches) / bus
    return np.where(holders > 1, time, 0.0)


def tensors_s(spec: TransformerSpec, *, systems: Systems, tokens: Floats, passes: FloatArray) -> FloatArray:
    """All-reduces inside the layers that tensor parallelism cuts. [s]"""
    plan = systems.plan
    payload = tensor_parallel_bytes(
        tokens=tokens,
        hidden_size=spec.hidden_size,
        num_hidden_layers=spec.num_hidden_layers,
        element_bytes=HALF_BYTES,
        passes=passes,
    )
    t = plan.tensor_parallel
    calls = 2 * passes * spec.num_hidden_layers / plan.pipeline_parallel
    moved = 2 * (t - 1) / t * payload / plan.pipeline_parallel
    return moved / bus_bytes_per_s(systems, group=t) + calls * latency_s(systems, group=t)


def expert_exchange_s(spec: TransformerSpec, *, systems: Systems, tokens: Floats, passes: Floats) -> FloatArray:
    """Seconds that tokens travel to their experts and back, in every pass of one micro-step. [s]

    Every device sends its own tokens: inside the machine over its links, and beyond it over its own way out, which no
    other device of the machine can lend it. Experts are spread over neighbours, those that share tensors among them.

    References
    ----------
    .. [1] D. Lepikhin et al., "GShard," 2020, arXiv:2006.16668, section 3.2.
    .. [2] D. Liu et al., "MoE Parallel Folding," 2025, arXiv:2504.14960, section 3.
    """
    plan = systems.plan
    if not bool(np.any(plan.expert_parallel > 1)):
        return np.zeros((1,))
    layers = (spec.num_hidden_layers - spec.num_dense_layers) / plan.pipeline_parallel
    sent = 2 * passes * layers * tokens * spec.num_experts_per_token * spec.hidden_size * HALF_BYTES
    each = sent / plan.tensor_parallel
    group = plan.expert_parallel
    near = np.minimum(devices_per_node(systems), group)
    near = np.where(systems.devices.switched, group, near)
    inside = each * (near - 1) / group / local_bytes_per_s(systems)
    shown = TRANSFORMERS.value("expert_messages_shown")
    beyond = shown * each * remote_copies(spec, machines=group / near) / network_bytes_per_s(systems)
    return np.where(group > 1, np.maximum(inside, beyond), 0.0)


def remote_copies(spec: TransformerSpec, *, machines: Floats) -> FloatArray:
    """Copies of a token that leave its machine, as a share of its experts: one for each other machine it goes to. [-]

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V3," 2024, arXiv:2412.19437, section 3.2.2: links forward what came once by network.
    """
    copies = max(spec.num_experts_per_token, 1)
    chosen = 1 - (1 - 1 / machines) ** copies
    return np.asarray((machines - 1) * chosen / copies, dtype=np.float64)


def stages_s(spec: TransformerSpec, *, systems: Systems, tokens: Floats, chunks: FloatArray) -> FloatArray:
    """Activations forward and their gradients backward between the stages of a pipeline, for every chunk of layers. [s]

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training," 2021, arXiv:2104.04473, section 4.1.
    """
    plan = systems.plan
    sent = 2 * chunks * tokens * spec.hidden_size * HALF_BYTES / plan.tensor_parallel
    return np.where(plan.pipeline_parallel > 1, sent / network_bytes_per_s(systems), 0.0)


def context_ring_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Keys and values that go round the parts of a cut sequence, behind the attention that uses them. [s]

    References
    ----------
    .. [1] H. Liu et al., "Ring Attention with Blockwise Transformers," 2023, arXiv:2310.01889, section 3.
    """
    plan = systems.plan
    c = plan.context_parallel
    if not bool(np.any(c > 1)):
        return np.zeros((1,))
    heads = np.maximum(spec.num_key_value_heads / plan.tensor_parallel, 1.0)
    tokens = micro_batch_samples(job, plan) * job.seq_len
    each = KEYS_AND_VALUES * heads * spec.head_dim * HALF_BYTES * tokens * (c - 1) / c
    moved = FORWARD_AND_TWICE_BACK * each * spec.num_hidden_layers / plan.pipeline_parallel
    return np.where(c > 1, moved / bus_bytes_per_s(systems, group=c * plan.tensor_parallel), 0.0)
