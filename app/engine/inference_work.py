"""Live tensors while a transformer serves: the widest layer while prompts are read, logits, and kernel buffers.

References
----------
.. [1] Qwen2.5 speed benchmark, https://qwen.readthedocs.io/en/v2.5/benchmark/speed_benchmark.html: the peak grows with
   the prompt by the cache and by three feed-forward and four hidden tensors a token, on six model sizes.
.. [2] llama.cpp, ``src/llama-context.cpp``, https://github.com/ggml-org/llama.cpp: one buffer in fp32 for the widest
   moment of a physical batch.
.. [3] vLLM, ``get_batch_defaults`` in ``vllm/engine/arg_utils.py``, https://github.com/vllm-project/vllm: devices of
   70 GiB and more, except the A100.
.. [4] transformers, release 4.45, https://github.com/huggingface/transformers/releases/tag/v4.45.0: the first in which
   decoders score the last token of a prompt alone.
.. [5] vLLM, ``_dummy_sampler_run`` in ``vllm/v1/worker/gpu_model_runner.py``, https://github.com/vllm-project/vllm: one
   draw for as many requests as it may serve, before it sets its cache aside.
.. [6] MLX LM, ``mlx_lm/generate.py`` and ``mlx_lm/utils.py``, https://github.com/ml-explore/mlx-lm: prompts by parts,
   groups of 64 weights, embeddings and output packed as all else; products read packed weights as they are.
"""

import math

import numpy as np

from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Devices, Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.memory import packed_parameters
from app.engine.model_spec import TransformerSpec
from app.engine.precision import MATRICES_ONLY, bytes_per_element, bytes_per_parameter
from app.engine.units import FULL_BYTES, HALF_BYTES

UNPACKED = MATRICES_ONLY - {"fp8", "int8"}
"""Formats whose matrices are written out in 16 bits before they multiply a prompt; 8 bits multiply as they are."""
CHUNKS = {
    "llama.cpp": "prefill_chunk_llama_cpp",
    "vllm": "prefill_chunk_server",
    "tensorrt-llm": "prefill_chunk_server",
}
"""Which coefficient says how many tokens of a prompt a program reads at a time; others read all prompts of a batch."""


def activation_bytes(precision: str) -> float:
    """Bytes of an activation: weights of 8 bits and less multiply tensors that are kept in 16. [bytes]

    >>> activation_bytes("int8"), activation_bytes("bf16"), activation_bytes("fp32")
    (2.0, 2.0, 4.0)
    """
    return max(bytes_per_element(precision), HALF_BYTES)


def feed_forward_width(spec: TransformerSpec) -> float:
    """Feed-forward units that one token passes through. [-]"""
    active = spec.num_experts_per_token + spec.num_shared_experts if spec.num_experts else 1
    return float(max(spec.intermediate_size, (spec.moe_intermediate_size or 0) * active))


def feed_forward_elements(spec: TransformerSpec) -> float:
    """Elements of one token that are alive in the feed-forward part of a layer. [-]

    Examples
    --------
    Qwen2.5-7B, whose published peaks grow by 142 kB a token in 16 bits beside the cache [1]_:

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> qwen = inferred_transformer("qwen", parameters=7.62e9, architecture="decoder", layers=28, hidden_size=3584,
    ...                             ffn_size=18_944, heads=28, kv_heads=4, head_dim=128, vocabulary=152_064)
    >>> feed_forward_elements(qwen) * 2
    142336.0
    """
    copies = TRANSFORMERS.value("inference_ffn_copies") - (0 if spec.gated_ffn else 1)
    return TRANSFORMERS.value("inference_hidden_copies") * spec.hidden_size + copies * feed_forward_width(spec)


def attention_elements(spec: TransformerSpec) -> float:
    """Elements of one token that are alive in the attention of a layer, without scores. [-]"""
    query = spec.num_attention_heads * spec.head_dim
    key = query if spec.kv_lora_rank else spec.num_key_value_heads * spec.head_dim
    projected = TRANSFORMERS.value("inference_projection_copies") * (query + key)
    return TRANSFORMERS.value("inference_residual_copies") * spec.hidden_size + projected


def layer_elements(spec: TransformerSpec) -> float:
    """Elements of one token that are alive in the widest moment of a layer. [-]"""
    return max(feed_forward_elements(spec), attention_elements(spec))


def runs_mlx(job: Job, devices: Devices) -> BoolArray:
    """Devices of Apple on which MLX, the usual program there, runs the model: unless another is known to [6]_."""
    return devices.where(kind="apple_soc") & (job.framework not in {"llama.cpp", "pytorch"})


def chunk_tokens(job: Job, devices: Devices) -> Floats:
    """Tokens that a program reads at a time; those without chunks have no such bound. [tokens]

    vLLM reads fewer on cards that are not large.
    """
    if job.framework not in CHUNKS:
        return np.where(runs_mlx(job, devices), TRANSFORMERS.value("prefill_chunk_mlx"), math.inf)
    most = TRANSFORMERS.value(CHUNKS[job.framework])
    if job.framework != "vllm":
        return most
    return np.where(large_for_vllm(devices), most, TRANSFORMERS.value("prefill_chunk_small_device_vllm"))


def large_for_vllm(devices: Devices) -> BoolArray:
    """Devices on which vLLM batches more requests and reads longer chunks by default [3]_."""
    ampere = np.array([family == "cuda_ampere_hbm" for family in families(devices)])
    large: BoolArray = (devices.memory_bytes >= TRANSFORMERS.value("large_batch_memory_bytes_vllm")) & ~ampere
    return large


def requests_of_vllm(devices: Devices) -> FloatArray:
    """Requests that vLLM works on at a time at most, unless somebody says otherwise [3]_. [-]"""
    large, usual = (TRANSFORMERS.value(name) for name in ("largest_server_batch", "largest_batch_vllm"))
    return np.where(large_for_vllm(devices), large, usual)


def drawn_bytes(job: Job, spec: TransformerSpec, *, devices: Devices) -> FloatArray:
    """Live tensors while vLLM draws a token for all requests that it may serve, on every card of a group [5]_. [bytes]

    Its logs say peaks of 1.26 GiB for Llama-3-8B with 256 requests and of 4.76 GiB for Llama-3.1-8B with 1,024. Where
    nobody names the program, the work may be done by one that needs less.

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> llama = inferred_transformer("llama", parameters=8.03e9, architecture="decoder", vocabulary=128_256)
    >>> round(256 * llama.vocab_size * TRANSFORMERS.value("drawn_bytes_per_logit_vllm") / 2**30, 2)
    1.16
    """
    named = job.workload.framework == "vllm" and spec.architecture == "decoder"
    draws = devices.where(kind="gpu") if named else False
    logits = requests_of_vllm(devices) * spec.vocab_size
    return np.where(draws, logits * TRANSFORMERS.value("drawn_bytes_per_logit_vllm"), 0.0)


def reading_bytes(job: Job, spec: TransformerSpec, *, prompts: Floats = 1.0, chunk: Floats = math.inf) -> Floats:
    """Live tensors of the widest layer while prompts (or an encoder batch) are read. [bytes]

    Servers read long prompts in chunks; other programs read all prompts of a batch at once.
    """
    encoder = spec.architecture == "encoder"
    whole = spec.architecture != "decoder"
    tokens: Floats = float(job.seq_len * job.micro_batch_size if whole else max(job.prompt_tokens, 1))
    if job.framework in CHUNKS:
        tokens = np.minimum(tokens, chunk)
    elif not whole:
        tokens = np.minimum(tokens, chunk) * prompts
    element = activation_bytes(job.precision)
    matrix: Floats = 0.0
    if job.attention == "eager":
        scores = job.micro_batch_size * job.seq_len**2 if whole else prompts * max(job.prompt_tokens, 1) ** 2
        softmax = element if encoder else FULL_BYTES  # decoders take it in fp32
        matrix = spec.num_attention_heads * scores * (element + softmax)
    attention = tokens * element * attention_elements(spec) + matrix
    live: Floats = np.maximum(tokens * element * feed_forward_elements(spec), attention)
    if scores_prompts(job, spec):
        live = np.maximum(live, tokens * spec.vocab_size * (element + FULL_BYTES))
    return live


def scores_prompts(job: Job, spec: TransformerSpec) -> bool:
    """Whether logits of every token of a prompt are alive, in 16 bits and in fp32, and not those of the last alone.

    Libraries of models did so as long as decoders read no more than some thousand tokens [4]_.
    """
    by_library = spec.architecture == "decoder" and job.framework == "pytorch" and not job.compiled
    return by_library and 0 < (spec.max_position_embeddings or 0) <= TRANSFORMERS.value("scored_context_tokens")


def llama_cpp_buffer_bytes(job: Job, spec: TransformerSpec, *, context: float, stages: Floats = 1.0) -> Floats:
    """The compute buffer: logits of a physical batch, or the widest layer with its scores or their mask [2]_. [bytes]

    Logs of llama.cpp's own tests say 70.5 MiB for Llama-2-7B, and 164 MiB without flash attention at 2,048 tokens.
    Cards that take turns keep several copies of the mask, so that none waits for its input.
    """
    batch = TRANSFORMERS.value("prefill_chunk_llama_cpp")
    copies = np.where(np.greater(stages, 1.0), TRANSFORMERS.value("input_copies_llama_cpp"), 1.0)
    if job.attention == "eager":
        layer = FULL_BYTES * TRANSFORMERS.value("inference_hidden_copies") * spec.hidden_size
        layer += FULL_BYTES * context * spec.num_attention_heads
        mask = FULL_BYTES * context
    else:
        layer = FULL_BYTES * (spec.hidden_size + 2 * feed_forward_width(spec))
        mask = HALF_BYTES * context
    widest: Floats = batch * np.maximum(layer + mask * copies, FULL_BYTES * (spec.vocab_size + spec.hidden_size))
    return widest


def searched_beams(job: Job, spec: TransformerSpec) -> float:
    """Rows that are written for one text, each with a cache: encoder-decoders search with a few beams. [-]"""
    searches = spec.architecture == "encoder_decoder" and job.framework not in CHUNKS
    return TRANSFORMERS.value("searched_beams") if searches else 1.0


def writing_bytes(job: Job, spec: TransformerSpec, *, requests: Floats = 1.0) -> Floats:
    """Live tensors while one token of every request is written: a layer, and the logits it is drawn from. [bytes]"""
    if spec.architecture == "encoder":
        return 0.0 * requests
    layer = activation_bytes(job.precision) * layer_elements(spec)
    rows = requests * searched_beams(job, spec)
    return rows * (layer + spec.vocab_size * FULL_BYTES * TRANSFORMERS.value("inference_logit_rows"))


def kernel_bytes(job: Job) -> float:
    """Workspace of kernels and recorded steps. [bytes]"""
    recorded = TRANSFORMERS.value("inference_graph_bytes_vllm") if job.framework == "vllm" else 0.0
    return TRANSFORMERS.value("inference_kernel_bytes") + recorded


def unpacked_bytes(job: Job, spec: TransformerSpec, *, devices: Devices) -> FloatArray:
    """What packed weights need besides: a matrix written out in 16 bits, and what their loaders leave. [bytes]"""
    if job.precision not in UNPACKED | {"int8"}:
        return np.zeros(len(devices))
    matrix = 0.0
    if job.precision in UNPACKED:
        width = (spec.moe_intermediate_size if spec.num_experts else None) or spec.intermediate_size
        matrix = TRANSFORMERS.value("inference_unpacked_matrices") * spec.hidden_size * width * HALF_BYTES
    return np.where(runs_mlx(job, devices), 0.0, matrix + repacked_bytes(job, spec))


def repacked_bytes(job: Job, spec: TransformerSpec) -> float:
    """What loaders that arrange packed weights for their kernels leave reserved; servers clear it. [bytes]"""
    if job.framework in CHUNKS or job.precision not in UNPACKED | {"int8"}:
        return 0.0
    packed = packed_parameters(spec, job.precision) * bytes_per_parameter(job.precision)
    return TRANSFORMERS.value("inference_repacked_share") * packed


def peak_live_bytes(
    job: Job, spec: TransformerSpec, *, systems: Systems, requests: Floats, context: float, cache_growth: Floats
) -> Floats:
    """Live tensors at the worst moment, beside a cache of its full size. [bytes]

    Programs that let the cache grow hold the tensors of the prompt before they hold the cache of the output
    (``cache_growth``); servers and llama.cpp set the cache aside first.
    """
    if job.framework == "llama.cpp":
        return llama_cpp_buffer_bytes(job, spec, context=context, stages=systems.plan.pipeline_parallel)
    chunk = chunk_tokens(job, systems.devices)
    alive = np.where(runs_mlx(job, systems.devices), TRANSFORMERS.value("layers_under_way_mlx"), 1.0)
    reading = alive * reading_bytes(job, spec, prompts=requests, chunk=chunk)
    writing = writing_bytes(job, spec, requests=requests)
    before = 0.0 if job.framework in CHUNKS else cache_growth
    drawn = drawn_bytes(job, spec, devices=systems.devices) * systems.plan.tensor_parallel  # of all logits on each
    peak: Floats = np.maximum(np.maximum(reading + writing - before, writing), drawn)
    return peak + kernel_bytes(job) + unpacked_bytes(job, spec, devices=systems.devices)
