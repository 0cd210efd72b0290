"""Memory of one device while a transformer serves: weights, cache of the requests, and the widest live layer.

References
----------
.. [1] bitsandbytes, https://huggingface.co/docs/bitsandbytes: 64 weights share a scale of 32 bits.
.. [2] llama.cpp, ``src/llama-model.cpp``, https://github.com/ggml-org/llama.cpp: inputs stay on the processor.
.. [3] transformers, ``modeling_deepseek_v3.py``, https://github.com/huggingface/transformers: what its cache is given.
.. [4] Qwen3 speed benchmark, https://qwen.readthedocs.io/en/latest/getting_started/speed_benchmark.html.
.. [5] Phi-4-mini-instruct-FP8, https://huggingface.co/pytorch/Phi-4-mini-instruct-FP8.
.. [6] Memory of vLLM, https://github.com/llm-d/llm-d-benchmark (config_explorer/empirical-vllm-memory-results.md):
   13.47 GiB of weights for gpt-oss-20b, 64.38 for gpt-oss-120b.
.. [7] MLX LM, ``quantize_model`` in ``mlx_lm/utils.py``, https://github.com/ml-explore/mlx-lm.
"""

import math

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.gguf import embedding_bytes
from app.engine.hardware import Systems
from app.engine.inference_work import peak_live_bytes, runs_mlx, searched_beams
from app.engine.job import Job
from app.engine.kv_cache import sequence_cache_bytes
from app.engine.memory import (
    count_in_words,
    finished,
    packed_parameters,
    shares,
    stored_weight_bytes,
    unquantised_bytes,
)
from app.engine.model_spec import TransformerSpec
from app.engine.params import embedding_parameters, expert_parameters
from app.engine.precision import MATRICES_ONLY, NARROW_FLOATS, bytes_per_parameter, cache_bytes_per_element
from app.engine.result import Footprint, MemoryPart
from app.engine.units import BITS_PER_BYTE, HALF_BYTES

SCALES = {"int8": "int8_scale_bits", "nf4": "nf4_scale_bits"}
"""Formats whose scales take more with some programs than with others, and the coefficient of what they add."""
MLX_BITS = {"int4": 4.5, "int8": 8.5}
"""Bits of a weight in files of MLX: groups of 64 share a scale and an offset of 16 bits each. [7]_"""
SERVERS = frozenset({"vllm", "tensorrt-llm"})
PROMPT = "widest layer while the prompt is read"
WIDEST = {"vllm": "widest layer while the prompt is read, or one word each for as many requests as fit a batch"}
"""What is alive at the worst moment where a program is named; usually the prompt."""


def widest_moment(job: Job) -> str:
    """What is alive at the worst moment, as a formula tells it."""
    return WIDEST.get(job.workload.framework or "", PROMPT)


def is_server(job: Job) -> bool:
    """Whether requests beyond what the cache holds wait in a queue instead of failing."""
    return job.concurrent_requests is None or job.framework in SERVERS


def inference_tokens(job: Job) -> int:
    """Context that the cache is sized for, per request. [tokens]"""
    return max(job.prompt_tokens + job.output_tokens, job.seq_len, 1)


def cache_precision(job: Job) -> str:
    """What the cache is stored in: as asked; TensorRT-LLM's fp8 recipe also keeps the cache in fp8."""
    recipe = job.framework == "tensorrt-llm" and job.precision in NARROW_FLOATS
    return "fp8" if recipe and job.workload.kv_precision is None else job.kv_precision


def request_cache_bytes(job: Job, spec: TransformerSpec, *, tokens: int | None = None) -> float:
    """KV cache of one request at its full length, or when it holds so many tokens. [bytes]"""
    element = cache_bytes_per_element(cache_precision(job))
    context = inference_tokens(job) if tokens is None else tokens
    if expands_keys(job, spec):
        heads = spec.num_attention_heads * ((spec.qk_nope_head_dim or 0) + (spec.qk_rope_head_dim or 0))
        values = spec.num_attention_heads * (spec.v_head_dim or 0)
        return spec.num_hidden_layers * (heads + values) * context * element
    batch = TRANSFORMERS.value("prefill_chunk_llama_cpp") if job.framework == "llama.cpp" else 0.0
    cached = sequence_cache_bytes(spec, context, bytes_per_element=element, beyond_window=batch)
    return cached * searched_beams(job, spec)


def expands_keys(job: Job, spec: TransformerSpec) -> bool:
    """Whether a model of latent attention has its keys and values cached in full, as transformers does. [3]_"""
    return bool(spec.kv_lora_rank and spec.v_head_dim) and job.workload.framework == "pytorch"


def prompt_in_cache(job: Job) -> int:
    """Tokens in the cache when the prompt has just been read. [tokens]"""
    return max(inference_tokens(job) - job.output_tokens, 1)


def weight_bytes(job: Job, spec: TransformerSpec) -> float:
    """All weights as the program stores them. [bytes]

    bitsandbytes quantises the scales of 4-bit weights again only where it is told to [1]_. Weights of 8 bits have a
    scale for each row, or for each group of a row as in GPTQ.
    """
    packed = stored_weight_bytes(spec, job.precision, table_bytes=unquantised_bytes(job))
    packed += second_table_bytes(job, spec) + padded_bytes(job, spec)
    if job.precision not in SCALES:
        return packed
    scale_bits = TRANSFORMERS.value(SCALES[job.precision])
    return packed + packed_parameters(spec, job.precision) * scale_bits / BITS_PER_BYTE


def second_table_bytes(job: Job, spec: TransformerSpec) -> float:
    """Tied embeddings that PyTorch's libraries hold again, as the output matrix, of weights in 8-bit floats. [bytes]

    Small models in fp8 take as much more than their weights as their table has in the published peaks of Qwen3 [4]_
    and of Phi-4-mini [5]_; packed integers leave both as one.
    """
    twice = job.precision == "fp8" and job.framework == "pytorch" and spec.tie_word_embeddings
    return embedding_parameters(spec) * HALF_BYTES if twice else 0.0


def mlx_weight_bytes(job: Job, spec: TransformerSpec) -> float:
    """All weights as MLX packs them, embeddings and output included; towers beside the text stay in 16 bits. [bytes]

    Llama-3.1-8B in 4 bits is a file of 4.52 GB:

    >>> round(8.03e9 * MLX_BITS["int4"] / BITS_PER_BYTE / 1e9, 2)
    4.52
    """
    if job.precision not in MLX_BITS:
        return weight_bytes(job, spec)
    packed = (spec.parameters - spec.vision_parameters) * MLX_BITS[job.precision] / BITS_PER_BYTE
    return packed + spec.vision_parameters * HALF_BYTES


def padded_bytes(job: Job, spec: TransformerSpec) -> float:
    """What experts in MXFP4 take more in vLLM, whose kernels want them as wide as a multiple of their tiles. [bytes]

    gpt-oss-20b has 24 layers of 32 experts, three matrices of 2,880 by 2,880 each, of which one side grows to 3,072:
    its logs say 0.65 GiB more than the file has [6]_.

    >>> tile = TRANSFORMERS.value("expert_tile_mxfp4_vllm")
    >>> round(24 * 32 * 3 * 2880 * (math.ceil(2880 / tile) * tile - 2880) * 4.25 / 8 / 2**30, 2)
    0.63
    """
    if job.framework != "vllm" or job.precision != "mxfp4" or not spec.num_experts:
        return 0.0
    tile, width = TRANSFORMERS.value("expert_tile_mxfp4_vllm"), spec.moe_intermediate_size or spec.intermediate_size
    grown = math.ceil(width / tile) * tile / width - 1
    return expert_parameters(spec) * bytes_per_parameter(job.precision) * grown


def host_table_bytes(job: Job, spec: TransformerSpec) -> float:
    """Embeddings that llama.cpp leaves in main memory when a card runs all layers [2]_. [bytes]

    Tied ones are the output matrix too, which the card needs.

    >>> from app.engine.precision import bytes_per_parameter
    >>> round(128_256 * 4096 * bytes_per_parameter("q4_0") / 2**20, 2)  # Llama-3.1-8B; Q4_K_M has the same blocks
    281.81
    """
    if job.framework != "llama.cpp" or spec.tie_word_embeddings:
        return 0.0
    blocks = job.precision in MATRICES_ONLY
    return embedding_parameters(spec) * (unquantised_bytes(job) if blocks else embedding_bytes(job.precision))


def grown_cache_copies(job: Job) -> float:
    """How often a program holds again what a batch has written, because it makes a longer cache in every step. [-]

    Blocks of a batch are too large to be found again among those that were given back; servers, llama.cpp and
    compiled programs set a cache of the full length aside.
    """
    grows = job.framework == "pytorch" and not job.compiled
    return TRANSFORMERS.value("grown_cache_copies") if grows else 0.0


def inference_footprint(job: Job, systems: Systems, *, concurrent: FloatArray) -> Footprint:
    """Memory one device needs to serve ``concurrent`` requests per replica. [bytes]

    What a server reserves beyond that, such as vLLM's share of the card, is not need.
    """
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    part = shares(job, spec, systems=systems)
    card = systems.devices.where(kind="gpu") & ~systems.devices.where(unified_memory=True)
    whole = np.where(runs_mlx(job, systems.devices), mlx_weight_bytes(job, spec), weight_bytes(job, spec))
    weights = whole - np.where(card, host_table_bytes(job, spec), 0.0)
    per_request = request_cache_bytes(job, spec)
    plan, tokens = systems.plan, inference_tokens(job)
    latent = bool(spec.kv_lora_rank)
    split = 1.0 if latent else np.maximum(1 / plan.tensor_parallel, 1 / spec.num_key_value_heads)
    cache_share = split / (plan.pipeline_parallel * plan.context_parallel)
    growth = concurrent * (per_request - request_cache_bytes(job, spec, tokens=prompt_in_cache(job))) * cache_share
    growth = growth * plan.tensor_parallel
    live = peak_live_bytes(job, spec, systems=systems, requests=concurrent, context=tokens, cache_growth=growth)
    copies = np.where(concurrent > 1, grown_cache_copies(job), 0.0)
    several = "requests" if concurrent.size != 1 or concurrent[0] != 1 else "request"
    stored = np.unique(whole)  # of several programs the usual one is told
    size = (float(stored[0]) if stored.size == 1 else weight_bytes(job, spec)) / spec.parameters
    parts = [
        MemoryPart(
            "weights",
            part.weights * weights,
            f"{count_in_words(spec.parameters)} parameters × {size:.3g} bytes ({job.precision})",
            part.weights * np.ones(len(systems)),
        ),
        MemoryPart(
            "kv_cache",
            concurrent * per_request * cache_share + copies * growth / plan.tensor_parallel,
            f"{tokens} tokens per request × {count_in_words(per_request / tokens)} bytes × {several}",
            cache_share * np.ones(len(systems)),
        ),
        MemoryPart("activations", live / plan.tensor_parallel * np.ones(len(systems)), widest_moment(job)),
    ]
    return finished(parts, systems, job=job)
