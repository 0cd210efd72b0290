"""Training speed of transformers: the time of one step from arithmetic, traffic, messages and launches."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from app.engine.accumulation import (
    batch_growth,
    micro_batch_samples,
    micro_batches,
    repeated_forward_share,
    repeated_layers_share,
)
from app.engine.activations import SCALING_FRAMEWORKS, loss_head_bytes, written_layer_bytes
from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.experts import expert_launch_s, product_growth, routed_bytes, routed_share
from app.engine.flops import forward_attention_flops_per_token, forward_flops_per_token, training_flops_per_token
from app.engine.hardware import Devices, Plan, Systems
from app.engine.hardware_family import COMPILING_KINDS, families
from app.engine.job import Job
from app.engine.memory import keeps_masters, training_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.network_mode import precedes_fused_attention
from app.engine.params import adapter_parameters, head_parameters, multiplied_parameters
from app.engine.plans import bubble_fraction
from app.engine.precision import (
    FOUR_BIT_FLOATS,
    NARROW_FLOATS,
    bytes_per_element,
    comparable_rate,
    sums_at_half_rate,
    sustained_flops_per_s,
    width_share,
)
from app.engine.result import Pace, Physics
from app.engine.roofline import StepTime, saturation
from app.engine.serving_rates import clock_hz
from app.engine.sharded_state import SHARED_FROM_STAGE
from app.engine.text_lengths import attended_share, learns_anew, skips_padding, text_length
from app.engine.training_memory import training_footprint
from app.engine.training_messages import communication_s, straggling_share
from app.engine.units import FLOPS_PER_MAC, HALF_BYTES

SELECTIVE_FRAMEWORKS = frozenset({"jax"})
"""Frameworks whose checkpointing keeps the results of matrix products."""
EAGER_FRAMEWORKS = frozenset({"pytorch", "deepspeed", "other"})
"""Frameworks whose small operations run one by one unless compiled; programs that are not named run on PyTorch."""
MATH_FRACTIONS = {
    "fp8": "training_math_fraction_fp8",
    "fp32": "training_math_fraction_fp32",
    "fp4": "training_math_fraction_fp4",
    "nvfp4": "training_math_fraction_fp4",
}
"""Share of the peak that products reach; of 16 bits where nothing else is said."""
FLOPS_PER_SCORE = 4.0
"""Operations of one attention score and dimension: a product and a sum with the key, the same with the value."""


def physics(job: Job, systems: Systems) -> Physics:
    """Memory and pace of training a transformer. [bytes, s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    notes = {"parameters": spec.parameters, "trained_parameters": trained_parameters(job, spec)}
    return Physics(training_footprint(job, systems), training_pace(job, systems), training_warnings(job, spec), notes)


def training_warnings(job: Job, spec: TransformerSpec) -> tuple[str, ...]:
    """What the reader should know about the numbers."""
    warnings = []
    if not spec.shape_known:
        warnings.append("Layers and widths of the model were inferred from its parameter count.")
    if spec.max_position_embeddings and job.seq_len > spec.max_position_embeddings:
        limit = spec.max_position_embeddings
        warnings.append(f"The sequence length {job.seq_len} exceeds the {limit} tokens the model was made for.")
    return tuple(warnings)


def trained_parameters(job: Job, spec: TransformerSpec) -> float:
    """Parameters that receive gradients. [-]"""
    if job.has_adapters:
        return adapter_parameters(spec, job.lora_rank, method=job.method)
    return spec.parameters * (TRANSFORMERS.value("frozen_head_share") if job.method == "frozen" else 1.0)


def computing_precision(job: Job) -> str:
    """The precision that the matrix products of training run in; four-bit bases are unpacked to 16 bits.

    Programs that are written for scale also multiply in four bits; others only store them.
    """
    if job.precision in FOUR_BIT_FLOATS and programmed_natively(job):
        return job.precision
    return job.precision if job.precision in {"fp32", "tf32", "fp16", "amp", "fp8"} else "bf16"


@dataclass(frozen=True, slots=True)
class StepFlops:
    """FLOPs of one micro-batch of one replica. [FLOP]"""

    model: Floats
    """What the model needs; utilisation is counted with it."""
    matrices: Floats
    """Executed in matrix products with weights, recompute included."""
    attention: Floats
    """Executed in attention scores and weighted values, recompute included."""


def programmed_for_scale(job: Job) -> bool:
    """Whether pre-training is taken to use a large-scale program, because nobody named an ordinary framework."""
    return job.workload.task == "pretrain" and job.workload.framework in {None, "other"}


def recomputed_share(job: Job) -> float:
    """Share of the forward pass that checkpointing repeats; large-scale frameworks keep the expensive products. [-]"""
    if not job.gradient_checkpointing or job.method == "frozen":
        return 0.0
    unsaid = programmed_natively(job) and job.workload.gradient_checkpointing is None
    if unsaid or job.framework in SELECTIVE_FRAMEWORKS:
        return TRANSFORMERS.value("selective_recompute_share")
    return 1.0


def step_flops(job: Job, spec: TransformerSpec, *, plan: Plan) -> StepFlops:
    """Model FLOPs and executed FLOPs, attention apart because its kernels are less efficient. [FLOP]"""
    tokens = micro_batch_samples(job, plan) * job.seq_len
    adapters = trained_parameters(job, spec) if job.has_adapters else 0.0
    model = training_flops_per_token(spec, job.seq_len, method=job.method, adapters=adapters)
    forward = forward_flops_per_token(spec, job.seq_len)
    repeated = repeated_forward_share(plan, unsaid=recomputed_share(job))
    executed = model + repeated * forward
    attention = forward_attention_flops_per_token(spec, job.seq_len)
    useful = 1.0 if job.method == "frozen" else 3.0
    passes = useful + (np.zeros_like(repeated) if job.method == "frozen" else repeated)
    seen = attended_share(job, spec)
    needed = model - (1.0 - seen) * useful * attention
    return StepFlops(needed * tokens, (executed - passes * attention) * tokens, seen * passes * attention * tokens)


def math_rate(job: Job, spec: TransformerSpec, *, systems: Systems, precision: str) -> FloatArray:
    """Arithmetic rate that the matrix products of training reach on one device in a precision. [FLOP/s]"""
    groups = families(systems.devices)
    peak = sustained_flops_per_s(precision, systems.devices)
    fraction = TRANSFORMERS.column(MATH_FRACTIONS.get(precision, "training_math_fraction"), groups)
    if spec.architecture != "decoder":
        fraction = fraction * TRANSFORMERS.value("encoder_training_math_share")
    if spec.architecture == "encoder_decoder":
        fraction = fraction * TRANSFORMERS.value("translator_training_math_share")
    halved = sums_at_half_rate(systems.devices)
    fraction = fraction * np.where(halved, TRANSFORMERS.value("half_rate_math_growth"), 1.0)
    tokens = micro_batch_samples(job, systems.plan) * job.seq_len * np.ones(len(systems))
    fraction = fraction * saturation(tokens, TRANSFORMERS.column("training_half_tokens", groups))
    reached = peak * fraction * width_share(spec.hidden_size, systems)
    return 1 / (1 / reached + 1 / operand_rate(systems, precision=precision))


def operand_rate(systems: Systems, *, precision: str) -> FloatArray:
    """Arithmetic rate at which memory alone delivers the operands of large products. [FLOP/s]

    A cache between memory and matrix units is used again by many tiles; a unit that is fed from a small store of its
    own reads both operands once for every tile.
    """
    per_byte = TRANSFORMERS.column("operand_flops_per_byte", families(systems.devices))
    narrower = HALF_BYTES / bytes_per_element(precision)
    return per_byte * narrower * systems.devices.memory_bandwidth_bytes_per_s


def attention_rate(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Arithmetic rate that attention reaches on one device; recipes in fewer bits keep it in 16 bits. [FLOP/s]"""
    computed = computing_precision(job)
    wide = "bf16" if computed in NARROW_FLOATS else computed
    adapted = job.workload.task == "finetune" and spec.architecture == "decoder" and job.attention == "flash"
    kernels = "_native" if programmed_natively(job) else "_adapted" if adapted else ""
    name = "attention_math_share" + kernels
    share = TRANSFORMERS.column(name, families(systems.devices))
    return math_rate(job, spec, systems=systems, precision=wide) * share


def programmed_natively(job: Job) -> bool:
    """Whether a program for large runs is taken, whose kernels are written for the generation of the device."""
    return programmed_for_scale(job) or job.framework in SCALING_FRAMEWORKS


def softmax_s(attention_flops: Floats, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time of the exponentials of attention, whose units have not grown with the matrix units. [s]

    References
    ----------
    .. [1] J. Shah et al., "FlashAttention-3," 2024, arXiv:2407.08608, section 3.2.
    """
    scores = attention_flops / (FLOPS_PER_SCORE * spec.head_dim)
    per_clock = TRANSFORMERS.value("exponentials_per_unit_and_clock") * systems.devices.compute_units
    return np.nan_to_num(scores / (per_clock * clock_hz(systems)))


def is_fused(job: Job, spec: TransformerSpec) -> bool:
    """Whether element-wise work is fused; new encoders have recipes of their own, but for those that a library has."""
    own_recipe = learns_anew(job, spec) and not pretrains_library_encoder(job, spec)
    return job.compiled or job.framework not in EAGER_FRAMEWORKS or own_recipe


def pretrains_library_encoder(job: Job, spec: TransformerSpec) -> bool:
    """Whether a new encoder is made of a library's layers: who names PyTorch alone, and pads or joins texts.

    DeepSpeed brings layers for encoders; recipes that leave the padding out bring their own.
    """
    plain = job.workload.framework == "pytorch" and job.workload.task == "pretrain"
    return plain and learns_anew(job, spec) and not skips_padding(job, spec)


def runs_library_layers(job: Job, spec: TransformerSpec) -> bool:
    """Whether a language model is trained with the layers of a library, which run their operations one by one.

    Who fine-tunes a model takes them as they are, and so does DeepSpeed, which wraps them.
    """
    of_a_library = job.workload.task == "finetune" or job.framework == "deepspeed"
    return spec.architecture == "decoder" and of_a_library and not is_fused(job, spec)


def writes_library_scores(job: Job, spec: TransformerSpec) -> bool:
    """Whether an encoder's layers write the scores of attention where nobody says: those of a library did for years."""
    return spec.architecture == "encoder" and job.workload.attention is None and not is_fused(job, spec)


def activation_traffic_bytes(job: Job, spec: TransformerSpec) -> float:
    """Bytes that norms, activations, dropout, attention and the loss move for one micro-batch. [bytes]"""
    fused = is_fused(job, spec)
    passes = TRANSFORMERS.value("training_traffic_fused" if fused else "training_traffic_eager")
    if job.gradient_checkpointing:
        passes *= TRANSFORMERS.value("recompute_traffic_growth")
    if spec.architecture != "decoder":
        kind = "unpadded" if skips_padding(job, spec) else "fused" if fused else "eager"
        passes *= TRANSFORMERS.value(f"encoder_traffic_growth_{kind}")
        passes *= TRANSFORMERS.value("encoder_traffic_growth_wide") if job.precision in {"fp32", "tf32"} else 1.0
    elif runs_library_layers(job, spec):
        passes *= TRANSFORMERS.value("library_decoder_traffic_growth")
    layers = replace(job, attention="eager") if writes_library_scores(job, spec) else job
    written = passes * (spec.num_hidden_layers * written_layer_bytes(layers, spec) + loss_head_bytes(job, spec))
    return written + adapter_traffic_bytes(job, spec) + score_traffic_bytes(job, spec)


def attended_traffic_bytes(job: Job, spec: TransformerSpec, *, devices: Devices) -> Floats:
    """Bytes that a micro-batch moves, where cards older than fused attention write a new model's scores. [bytes]

    Who adapts a model today has kernels that some later library made for such cards too; those who made models on them
    did so before.

    References
    ----------
    .. [1] M. Shoeybi et al., "Megatron-LM," 2019, arXiv:1909.08053, section 5.1: 39 TFLOP/s of a V100's 125.
    .. [2] T. Dao et al., FlashAttention, https://github.com/Dao-AILab/flash-attention: from Turing on.
    """
    plain = activation_traffic_bytes(job, spec)
    unsaid = job.workload.attention is None and job.attention == "flash"
    if not (unsaid and spec.architecture == "decoder" and job.workload.task == "pretrain"):
        return plain
    older = np.array(devices.each(precedes_fused_attention), dtype=np.bool_)
    return np.where(older, activation_traffic_bytes(replace(job, attention="eager"), spec), plain)


def fused_on_chips(job: Job, spec: TransformerSpec, *, systems: Systems, of: Callable[[Job], Floats]) -> Floats:
    """A quantity of a job, on chips whose compiler fuses the layers of a library that of the compiled job."""
    plain = of(job)
    if not pretrains_library_encoder(job, spec):
        return plain
    return np.where(systems.devices.where(kind=COMPILING_KINDS), of(replace(job, compiled=True)), plain)


def score_traffic_bytes(job: Job, spec: TransformerSpec) -> float:
    """Bytes that the steps of an unfused softmax move beyond the scores kept, for one micro-batch. [bytes]"""
    if job.attention != "eager" or spec.architecture != "decoder":
        return 0.0
    scores = job.micro_batch_size * spec.num_attention_heads * float(job.seq_len) ** 2 * spec.num_hidden_layers
    return (2.0 + recomputed_share(job)) / 2.0 * TRANSFORMERS.value("eager_score_traffic") * scores


def adapter_traffic_bytes(job: Job, spec: TransformerSpec) -> float:
    """Bytes that adapters run one operation at a time move beside their matrices, for one micro-batch. [bytes]

    Their inputs are dropped out and converted, their outputs scaled and added, in every pass. Over 4-bit weights all
    matrices are adapted; over 16-bit weights that is between query and value alone and all of them.
    """
    if not job.has_adapters or not runs_library_layers(job, spec):
        return 0.0
    widths = adapter_parameters(spec, 1, method=job.method)  # inputs and outputs of the adapted matrices
    passes = 2.0 + recomputed_share(job)
    moved = passes * TRANSFORMERS.value("adapter_traffic_bytes_per_width") * widths
    return moved * job.micro_batch_size * job.seq_len


def unpacking_bytes(job: Job, spec: TransformerSpec, *, plan: Plan) -> Floats:
    """Bytes that four-bit weights move because every pass writes them out in 16 bits and reads them again. [bytes]"""
    if job.method != "qlora":
        return 0.0
    passes = 2.0 + recomputed_share(job)
    grouped = job.precision == "int4"
    each = TRANSFORMERS.value("unpacked_bytes_per_weight" + ("_int4" if grouped else ""))
    return passes * each * multiplied_parameters(spec) / (plan.tensor_parallel * plan.pipeline_parallel)


def narrowed_bytes(job: Job, spec: TransformerSpec) -> float:
    """Bytes that scaling operands to 8 or 4 bits moves for one micro-batch. [bytes]

    Inputs, and gradients of outputs, are written in both layouts that the two passes multiply. Queries, keys and values
    share an input, and so do the two sides of a gate. These bytes grow with the width, operations with its square, so
    that narrow models gain least from fewer bits.

    References
    ----------
    .. [1] torchao, float8 training, https://github.com/pytorch/ao (torchao/float8): small matrices get slower.
    """
    if computing_precision(job) not in NARROW_FLOATS:
        return 0.0
    experts = spec.num_experts_per_token + spec.num_shared_experts if spec.num_experts else 1
    query, key_value = spec.num_attention_heads * spec.head_dim, spec.num_key_value_heads * spec.head_dim
    width = spec.moe_intermediate_size or spec.intermediate_size
    attention = 2 * spec.hidden_size + 2 * query + 2 * key_value
    ffn = experts * (2 * spec.hidden_size + (3 if spec.gated_ffn else 2) * width)
    each = TRANSFORMERS.value("narrowed_bytes_per_width") * spec.num_hidden_layers * (attention + ffn)
    return each * job.micro_batch_size * job.seq_len


def optimizer_bytes(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Bytes that one optimizer step moves on one device, several passes over all training state. [bytes]"""
    per = training_bytes(precision=job.precision, optimizer=job.optimizer, master_weights=keeps_masters(job))
    plan = systems.plan
    share = 1 / (plan.tensor_parallel * plan.pipeline_parallel)
    share = np.where(plan.zero_stage >= 1, share / (plan.data_parallel * plan.context_parallel), share)
    passes = TRANSFORMERS.value("optimizer_passes_fused" if is_fused(job, spec) else "optimizer_passes_eager")
    return share * trained_parameters(job, spec) * passes * per.total


def launch_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time the processor needs to launch the kernels of one micro-step. [s]"""
    groups = families(systems.devices)
    name = (
        "kernels_per_layer_compiled"
        if is_fused(job, spec)
        else "kernels_per_layer_of_libraries"
        if runs_library_layers(job, spec) or spec.architecture != "decoder"
        else "kernels_per_layer_eager"
    )
    kernels = TRANSFORMERS.value(name)
    if job.has_adapters and runs_library_layers(job, spec):
        kernels += TRANSFORMERS.value("kernels_per_layer_of_adapters")
    repeated = kernels * (1.0 + repeated_layers_share(job, systems.plan) / 3)  # forward is a third of a step
    layer = repeated * TRANSFORMERS.column("launch_s", groups)
    if job.framework == "deepspeed":  # it fetches and releases the weights of every module from Python
        fetched = systems.plan.zero_stage >= SHARED_FROM_STAGE["weights"]
        layer = layer + np.where(fetched, TRANSFORMERS.value("shard_hooks_layer_s"), 0.0)
    return layer * spec.num_hidden_layers / systems.plan.pipeline_parallel


def pipeline_chunks(spec: TransformerSpec, *, plan: Plan, batches: FloatArray) -> FloatArray:
    """Chunks of layers per stage: only as many as it takes to bring the idle time of a pipeline down. [-]

    Each further chunk costs messages, so nobody cuts finer than needed.
    """
    stages = plan.pipeline_parallel
    layers_of_stage = np.maximum(np.floor(spec.num_hidden_layers / stages), 1.0)
    most = np.minimum(TRANSFORMERS.value("interleaved_chunks"), layers_of_stage)
    plain = bubble_fraction(pipeline_parallel=stages, micro_batches=batches)
    return np.clip(plain / TRANSFORMERS.value("tolerated_bubble"), 1.0, most)


def slowest_stage(job: Job, spec: TransformerSpec, *, plan: Plan, math_s: Floats, memory_s: Floats) -> FloatArray:
    """Time of the slowest stage of a pipeline over the mean of all. [-]

    Layers are moved away from the stage with head and loss until all take as long. Where head and loss alone take
    longer than that, they set the pace.

    References
    ----------
    .. [1] M. Yeung et al., "Balancing Pipeline Parallelism with Vocabulary Parallelism," 2024, arXiv:2411.05288.
    """
    head = FLOPS_PER_MAC * head_parameters(spec) / forward_flops_per_token(spec, job.seq_len)
    logits, layers = loss_head_bytes(job, spec), spec.num_hidden_layers * written_layer_bytes(job, spec)
    share = (head * math_s + logits / (logits + layers) * memory_s) / (math_s + memory_s)
    return np.maximum(share * plan.pipeline_parallel, 1.0)


def step_time(job: Job, spec: TransformerSpec, *, systems: Systems) -> tuple[StepTime, Floats]:
    """Time of one micro-step, with its share of optimizer and gradient exchange, and the bubble. [s, -]"""
    plan, groups = systems.plan, families(systems.devices)
    share = 1 / (plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel)
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    flops = step_flops(job, spec, plan=plan)
    products = flops.matrices / math_rate(job, spec, systems=systems, precision=computing_precision(job))
    grown = product_growth(job, spec, systems=systems)
    products = products * grown
    attention = flops.attention / attention_rate(job, spec, systems=systems)
    math = (products + attention + softmax_s(flops.attention, spec, systems=systems)) * share
    traffic = fused_on_chips(
        job, spec, systems=systems, of=lambda each: attended_traffic_bytes(each, spec, devices=systems.devices)
    )
    moved = (traffic + narrowed_bytes(job, spec)) * batch_growth(job, plan) * share
    moved = moved + routed_bytes(job, spec, systems=systems) * share
    memory = (moved + unpacking_bytes(job, spec, plan=plan)) / bandwidth
    uneven = slowest_stage(job, spec, plan=plan, math_s=math, memory_s=memory)
    math, memory = math * uneven, memory * uneven
    batches = micro_batches(job, plan)
    state = fused_on_chips(job, spec, systems=systems, of=lambda each: optimizer_bytes(each, spec, systems=systems))
    update = state / bandwidth / batches
    chunks = pipeline_chunks(spec, plan=plan, batches=batches)
    bubble = bubble_fraction(pipeline_parallel=plan.pipeline_parallel, micro_batches=batches, chunks=chunks)
    hideable, exposed = communication_s(
        job,
        spec,
        systems=systems,
        trained=trained_parameters(job, spec),
        element=_element(job),
        batches=batches,
        chunks=chunks,
        overlapped=programmed_for_scale(job) or job.framework == "megatron",
    )
    busy = math + memory
    overlap = TRANSFORMERS.column("communication_overlap", groups)
    contention = TRANSFORMERS.value("communication_contention")
    hidden = 0.0 if skips_padding(job, spec) else busy  # kernels for few texts end before the next one is started
    launched = fused_on_chips(job, spec, systems=systems, of=lambda each: launch_s(each, spec, systems=systems))
    launch = np.maximum(launched - hidden, 0.0)
    routed = products * share * (1 - (1 - routed_share(spec)) / grown)
    launch = launch + np.maximum(expert_launch_s(job, spec, systems=systems) - routed, 0.0)
    left = np.maximum(hideable - overlap * (busy + launch), 0.0) + contention * np.minimum(hideable, busy)
    straggling = straggling_share(job, spec, systems=systems) * busy
    return StepTime(math * (1 + bubble), memory * (1 + bubble) + update, left + exposed + straggling, launch), bubble


def _element(job: Job) -> float:
    """Bytes of one weight or gradient that travels between devices."""
    return bytes_per_element(computing_precision(job))


def training_pace(job: Job, systems: Systems) -> Pace:
    """Tokens per second and what bounds them. [tokens/s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    length = text_length(job, spec)
    computed = replace(job, seq_len=round(length.computed))
    time, bubble = step_time(computed, spec, systems=systems)
    tokens = micro_batch_samples(job, systems.plan) * length.counted * systems.plan.data_parallel
    model = step_flops(computed, spec, plan=systems.plan).model
    total = time.total_s
    return Pace(
        unit="tokens/s",
        step_s=total,
        units_per_step=tokens,
        model_flops_per_step=model * systems.plan.data_parallel,
        bound_by=time.bound_by,
        communication_share=time.comms_s / total,
        bubble_fraction=bubble * np.ones(len(systems)),
        comparable_peak=comparable_rate(job.precision),
        devices=systems.count,
    )
