"""Peak memory of one device for transformer training and inference, part by part, with the numbers in words."""

from dataclasses import dataclass

import numpy as np

from app.engine.accumulation import micro_batches
from app.engine.activations import (
    checkpoint_bytes,
    graph_growth,
    layer_bytes,
    live_layer_bytes,
    loss_copies_bytes,
    loss_head_bytes,
)
from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.kv_cache import sequence_cache_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.params import (
    embedding_parameters,
    expert_parameters,
    head_parameters,
    largest_block_parameters,
    lora_parameters,
)
from app.engine.precision import (
    MATRICES_ONLY,
    TrainingBytes,
    bytes_per_element,
    bytes_per_parameter,
    cache_bytes_per_element,
)
from app.engine.result import Footprint, MemoryPart

ADAPTER_BYTES = TrainingBytes(weights=4.0, gradients=4.0, optimizer=8.0)
"""LoRA adapters are kept and optimised in fp32."""
FULL_STATE_BYTES = {
    "adamw": 8.0, "adam": 8.0, "adamw8bit": 2.0, "sgd": 0.0, "sgd_momentum": 4.0, "adafactor": 0.05, "lion": 4.0,
    "muon": 4.0, "rmsprop": 4.0,
}  # fmt: skip
"""Optimiser state per parameter beside fp32 weights."""
MASTER_FRAMEWORKS = frozenset({"megatron", "deepspeed", "jax", "tensorflow"})
"""Frameworks that keep fp32 master weights beside 16-bit ones."""
SERVERS = frozenset({"vllm", "tensorrt-llm"})
HALF_BYTES = 2.0
FULL_BYTES = 4.0


def training_bytes(*, precision: str, optimizer: str, master_weights: bool) -> TrainingBytes:
    """Weights, gradients and optimiser state per trained parameter. [bytes]

    Examples
    --------
    Automatic mixed precision with AdamW takes 16 bytes, pure bf16 takes 8, ZeRO's mixed precision 16:

    >>> training_bytes(precision="amp", optimizer="adamw", master_weights=False).total
    16.0
    >>> training_bytes(precision="bf16", optimizer="adamw", master_weights=False).total
    8.0
    >>> training_bytes(precision="bf16", optimizer="adamw", master_weights=True).total
    16.0

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO," 2020, arXiv:1910.02054, section 3.1.
    """
    state = FULL_STATE_BYTES[optimizer]
    if precision in {"fp32", "tf32"}:
        return TrainingBytes(FULL_BYTES, FULL_BYTES, state)
    if precision == "amp":
        return TrainingBytes(FULL_BYTES, FULL_BYTES, state, cast_copy=HALF_BYTES)
    if master_weights:
        return TrainingBytes(HALF_BYTES, HALF_BYTES, state + FULL_BYTES)
    own = state if optimizer == "adamw8bit" else state / 2  # states take the parameter's own type
    return TrainingBytes(HALF_BYTES, HALF_BYTES, own)


def keeps_masters(job: Job) -> bool:
    """Whether the run keeps fp32 weights beside 16-bit ones: pre-training and the large-scale frameworks do."""
    return job.framework in MASTER_FRAMEWORKS or job.workload.task == "pretrain"


def zero_bytes_per_parameter(
    *, weights: float, gradients: float, optimizer: float, stage: int, devices: float
) -> float:
    """Model state per parameter and device under a ZeRO stage. [bytes]

    Examples
    --------
    The 7.5B example of the ZeRO paper on 64 devices, in GB:

    >>> [round(7.5 * zero_bytes_per_parameter(weights=2, gradients=2, optimizer=12, stage=stage, devices=64), 1)
    ...  for stage in (0, 1, 2, 3)]
    [120.0, 31.4, 16.6, 1.9]

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO," 2020, arXiv:1910.02054, figure 1.
    """
    shared = [
        part / devices if stage >= needed else part for part, needed in ((weights, 3), (gradients, 2), (optimizer, 1))
    ]
    return sum(shared)


@dataclass(frozen=True, slots=True)
class Shares:
    """Which fraction of each part one device of every system holds."""

    model: FloatArray
    weights: FloatArray
    gradients: FloatArray
    optimizer: FloatArray
    activations: FloatArray
    replicas: FloatArray


def shares(job: Job, spec: TransformerSpec, *, systems: Systems) -> Shares:
    """Fractions by tensor, pipeline, expert and context parallelism and the ZeRO stage. [-]"""
    plan = systems.plan
    model = 1 / (plan.tensor_parallel * plan.pipeline_parallel)
    experts = expert_parameters(spec) / spec.parameters
    model = model * (1 - experts + experts / plan.expert_parallel)
    held = [np.where(plan.zero_stage >= stage, model / plan.data_parallel, model) for stage in (3, 2, 1)]
    activations = 1 / (plan.tensor_parallel * plan.context_parallel)
    # 1F1B keeps one micro-batch per later stage in flight, so the first stage holds the layers of one whole model.
    in_flight = np.minimum(plan.pipeline_parallel, micro_batches(job, plan)) / plan.pipeline_parallel
    return Shares(model, held[0], held[1], held[2], activations * in_flight, plan.data_parallel)


def stored_weight_bytes(spec: TransformerSpec, precision: str, *, table_bytes: float = HALF_BYTES) -> float:
    """Bytes of all weights in a storage format; block formats leave embeddings and head in 16 bits. [bytes]

    Examples
    --------
    gpt-oss-20b keeps only its experts in MXFP4 and weighs 12.8 GiB; see the tests.
    """
    if precision not in MATRICES_ONLY:
        return spec.parameters * bytes_per_parameter(precision)
    tables = embedding_parameters(spec)
    if not spec.tie_word_embeddings:
        tables += head_parameters(spec)
    quantised = spec.parameters - spec.vision_parameters - tables
    if precision == "mxfp4" and spec.num_experts:
        quantised = expert_parameters(spec)
    return quantised * bytes_per_parameter(precision) + (spec.parameters - quantised) * table_bytes


def context_bytes(systems: Systems, framework: str) -> FloatArray:
    """What the driver, the libraries and the framework take before the first tensor. [bytes]"""
    groups = families(systems.devices)
    base = TRANSFORMERS.column("context_bytes", groups)
    if framework == "llama.cpp":
        base = base * TRANSFORMERS.value("context_share_llama_cpp")
    several = systems.count > 1
    return base + np.where(several, TRANSFORMERS.column("collective_buffer_bytes", groups), 0.0)


def _count(number: float) -> str:
    return f"{number:.4g}"


def training_footprint(job: Job, systems: Systems) -> Footprint:
    """Peak memory of one device in training: the worst of loss, end of backward pass and optimizer step. [bytes]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    part = shares(job, spec, systems=systems)
    ones = np.ones(len(systems))
    per = training_bytes(precision=job.precision, optimizer=job.optimizer, master_weights=keeps_masters(job))
    weights, cast, trained, weight_words = _training_weights(job, spec, per)
    if trained < spec.parameters:
        per = TrainingBytes(per.weights, ADAPTER_BYTES.gradients, _adapter_state(job.optimizer))
    gradients = part.gradients * trained * per.gradients
    optimizer = part.optimizer * trained * per.optimizer
    saved, live, activation_words = _training_activations(job, spec, part)
    logits = loss_head_bytes(job, spec) * part.activations * ones
    gathered = _gathered_bytes(spec, systems, job)
    held = part.weights * weights + np.where(systems.plan.zero_stage >= 3, 0.0, part.model * cast)
    carried = np.where(micro_batches(job, systems.plan) > 1, gradients, 0.0)
    backward = gradients + live + 0 * saved
    forward = carried + saved + np.maximum(logits, live)
    step = gradients + _step_buffer(job, trained * per.weights) * part.gradients
    at_loss = (forward >= backward) & (forward >= step)
    at_step = ~at_loss & (step > backward)
    parts = [
        MemoryPart("weights", held, weight_words),
        MemoryPart(
            "gradients",
            np.where(at_loss, carried, gradients),
            f"{_count(trained)} trained parameters × {per.gradients:g} bytes",
        ),
        MemoryPart(
            "optimizer", optimizer, f"{_count(trained)} trained parameters × {per.optimizer:g} bytes ({job.optimizer})"
        ),
        MemoryPart("activations", np.where(at_loss, saved, np.where(at_step, 0.0, live)), activation_words),
        MemoryPart("logits", np.where(at_loss, np.maximum(logits, live), 0.0), _logit_words(job, spec)),
        MemoryPart(
            "workspace",
            gathered + np.where(at_step, step - gradients, 0.0),
            "buffers of sharding and of the optimizer step",
        ),
    ]
    return _finished(parts, systems, job)


def _adapter_state(optimizer: str) -> float:
    return FULL_STATE_BYTES[optimizer]


def _training_weights(job: Job, spec: TransformerSpec, per: TrainingBytes) -> tuple[float, float, float, str]:
    """Weight bytes, cast copies, trained parameters, and the formula."""
    if job.method not in {"lora", "qlora", "frozen"}:
        words = f"{_count(spec.parameters)} parameters × {per.weights:g} bytes ({job.precision})"
        return spec.parameters * per.weights, spec.parameters * per.cast_copy, spec.parameters, words
    if job.method == "frozen":
        trained = spec.parameters * TRANSFORMERS.value("frozen_head_share")
        base, words = (
            spec.parameters * per.weights,
            f"{_count(spec.parameters)} parameters × {per.weights:g} bytes, frozen",
        )
        return base, 0.0, trained, words
    trained = lora_parameters(spec, job.lora_rank, targets="all" if job.method == "qlora" else "qv")
    if job.method == "qlora":
        tables = HALF_BYTES if job.compiled else FULL_BYTES  # preparing for k-bit training casts the tables to fp32
        base = stored_weight_bytes(spec, _four_bit(job.precision), table_bytes=tables)
        words = f"matrices × {bytes_per_parameter(_four_bit(job.precision)):.3f} bytes, embeddings × {tables:g} bytes"
    else:
        element = bytes_per_parameter(job.precision if job.precision in {"fp32", "tf32", "int8", "fp8"} else "bf16")
        base, words = spec.parameters * element, f"{_count(spec.parameters)} parameters × {element:g} bytes"
    adapters = trained * ADAPTER_BYTES.weights
    return (
        base + adapters,
        0.0,
        trained,
        f"{words} + {_count(trained)} adapter parameters × {ADAPTER_BYTES.weights:g} bytes",
    )


def _four_bit(precision: str) -> str:
    return precision if precision in {"nf4", "int4", "fp4", "int8"} else "nf4"


def _training_activations(job: Job, spec: TransformerSpec, part: Shares) -> tuple[FloatArray, FloatArray, str]:
    layers, tokens = spec.num_hidden_layers, job.micro_batch_size * job.seq_len
    one = layer_bytes(job, spec) * graph_growth(job)
    live = live_layer_bytes(job, spec) * part.activations
    if job.method == "frozen":
        return 0.0 * part.activations, live, "frozen backbone: one layer at a time"
    if job.gradient_checkpointing:
        kept = layers * checkpoint_bytes(job, spec)
        width = checkpoint_bytes(job, spec) / tokens / spec.hidden_size
        words = f"{layers} layers × {tokens} tokens × {spec.hidden_size} × {width:g} bytes, checkpointed"
        return kept * part.activations, live, words
    per_width = one / (tokens * spec.hidden_size)
    words = f"{layers} layers × {tokens} tokens × {spec.hidden_size} × {per_width:.1f} bytes"
    return layers * one * part.activations, 0 * live + one * part.activations, words


def _logit_words(job: Job, spec: TransformerSpec) -> str:
    copies = loss_copies_bytes(job)
    return f"{job.micro_batch_size * job.seq_len} tokens × {spec.vocab_size} vocabulary × {copies:g} bytes, or one live layer"


def _gathered_bytes(spec: TransformerSpec, systems: Systems, job: Job) -> FloatArray:
    """Units that FSDP holds unsharded: the running one and the next. [bytes]"""
    unit = largest_block_parameters(spec) * bytes_per_element(job.precision)
    live = unit * TRANSFORMERS.value("fsdp_live_units") / systems.plan.tensor_parallel
    sharded = (systems.plan.zero_stage >= 3) & (systems.plan.data_parallel > 1)
    return np.where(sharded, live, 0.0)


def _step_buffer(job: Job, trained_bytes: float) -> float:
    """The temporary that torch's multi-tensor optimizers allocate while stepping. [bytes]"""
    if job.framework != "pytorch" or job.optimizer == "adamw8bit" or job.compiled:
        return 0.0
    return trained_bytes * TRANSFORMERS.value("optimizer_step_copy")


def _finished(parts: list[MemoryPart], systems: Systems, job: Job) -> Footprint:
    """The parts with what allocator and driver add."""
    tensors = np.sum(np.stack([part.bytes for part in parts]), axis=0, dtype=np.float64)
    name = "allocator_growth" if job.training else "allocator_growth_inference"
    growth = 0.0 if job.framework == "llama.cpp" else TRANSFORMERS.value(name)
    parts.append(MemoryPart("allocator", tensors * growth, f"{growth:.0%} of all tensors lost to fragmentation"))
    parts.append(
        MemoryPart("context", context_bytes(systems, job.framework), "driver, libraries and collective buffers")
    )
    return Footprint(tuple(part for part in parts if np.any(part.bytes > 0)))


def is_server(job: Job) -> bool:
    """Whether requests beyond what the cache holds wait in a queue instead of failing."""
    return job.concurrent_requests is None or job.framework in SERVERS


def inference_tokens(job: Job) -> int:
    """Context that the cache is sized for, per request. [tokens]"""
    return max(job.prompt_tokens + job.output_tokens, job.seq_len, 1)


def cache_precision(job: Job) -> str:
    """What the cache is stored in: as asked; TensorRT-LLM's fp8 recipe also keeps the cache in fp8."""
    recipe = job.framework == "tensorrt-llm" and job.precision in {"fp8", "fp4", "nvfp4"}
    return "fp8" if recipe and job.workload.kv_precision is None else job.kv_precision


def request_cache_bytes(job: Job, spec: TransformerSpec) -> float:
    """KV cache of one request at its full length. [bytes]"""
    element = cache_bytes_per_element(cache_precision(job))
    return sequence_cache_bytes(spec, inference_tokens(job), bytes_per_element=element)


def prefill_workspace_bytes(job: Job, spec: TransformerSpec) -> float:
    """Live tensors of the widest layer while a prompt (or an encoder batch) is read. [bytes]"""
    chunk = {
        "llama.cpp": "prefill_chunk_llama_cpp",
        "vllm": "prefill_chunk_server",
        "tensorrt-llm": "prefill_chunk_server",
    }
    encoder = spec.architecture != "decoder"
    tokens = float(job.seq_len * job.micro_batch_size if encoder else max(job.prompt_tokens, 1))
    if job.framework in chunk:
        tokens = min(tokens, TRANSFORMERS.value(chunk[job.framework]))
    active = spec.num_experts_per_token + spec.num_shared_experts if spec.num_experts else 1
    width = max(spec.intermediate_size, (spec.moe_intermediate_size or 0) * active)
    element = bytes_per_element(job.precision)
    hidden = TRANSFORMERS.value("inference_hidden_copies") * spec.hidden_size
    live = tokens * element * (hidden + TRANSFORMERS.value("inference_ffn_copies") * width)
    logits = 0.0 if encoder else spec.vocab_size * FULL_BYTES * TRANSFORMERS.value("inference_logit_rows")
    matrix = 0.0
    if job.attention == "eager":
        rows = job.micro_batch_size * job.seq_len**2 if encoder else max(job.prompt_tokens, 1) ** 2
        matrix = spec.num_attention_heads * rows * element * TRANSFORMERS.value("inference_matrix_copies")
    return live + logits + matrix


def inference_footprint(job: Job, systems: Systems, *, concurrent: FloatArray) -> Footprint:
    """Memory one device needs to serve ``concurrent`` requests per replica. [bytes]

    What a server reserves beyond that, such as vLLM's share of the card, is not need.
    """
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    part = shares(job, spec, systems=systems)
    weights = stored_weight_bytes(spec, job.precision)
    per_request = request_cache_bytes(job, spec)
    plan = systems.plan
    latent = bool(spec.kv_lora_rank)
    split = 1.0 if latent else np.maximum(1 / plan.tensor_parallel, 1 / spec.num_key_value_heads)
    cache_share = split / (plan.pipeline_parallel * plan.context_parallel)
    workspace = prefill_workspace_bytes(job, spec) / plan.tensor_parallel
    several = "requests" if concurrent.size != 1 or concurrent[0] != 1 else "request"
    size = stored_weight_bytes(spec, job.precision) / spec.parameters
    parts = [
        MemoryPart(
            "weights",
            part.weights * weights,
            f"{_count(spec.parameters)} parameters × {size:.3g} bytes ({job.precision})",
        ),
        MemoryPart(
            "kv_cache",
            concurrent * per_request * cache_share,
            f"{inference_tokens(job)} tokens per request × {_count(per_request / inference_tokens(job))} bytes × {several}",
        ),
        MemoryPart("activations", workspace * np.ones(len(systems)), "widest layer while the prompt is read"),
    ]
    return _finished(parts, systems, job)
