"""Memory of one device while a transformer serves: weights, cache of the requests, and the widest live layer."""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.job import Job
from app.engine.kv_cache import sequence_cache_bytes
from app.engine.memory import FULL_BYTES, count_in_words, finished, shares, stored_weight_bytes, unquantised_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.precision import bytes_per_element, cache_bytes_per_element
from app.engine.result import Footprint, MemoryPart

SERVERS = frozenset({"vllm", "tensorrt-llm"})


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


def prefill_workspace_bytes(job: Job, spec: TransformerSpec, *, prompts: Floats = 1.0) -> Floats:
    """Live tensors of the widest layer while prompts (or an encoder batch) are read. [bytes]

    Servers read long prompts in chunks; other programs read all prompts of a batch at once.
    """
    chunk = {
        "llama.cpp": "prefill_chunk_llama_cpp",
        "vllm": "prefill_chunk_server",
        "tensorrt-llm": "prefill_chunk_server",
    }
    encoder = spec.architecture != "decoder"
    tokens: Floats = float(job.seq_len * job.micro_batch_size if encoder else max(job.prompt_tokens, 1))
    if job.framework in chunk:
        tokens = min(tokens, TRANSFORMERS.value(chunk[job.framework]))
    elif not encoder:
        tokens = tokens * prompts
    active = spec.num_experts_per_token + spec.num_shared_experts if spec.num_experts else 1
    width = max(spec.intermediate_size, (spec.moe_intermediate_size or 0) * active)
    element = bytes_per_element(job.precision)
    hidden = TRANSFORMERS.value("inference_hidden_copies") * spec.hidden_size
    live = tokens * element * (hidden + TRANSFORMERS.value("inference_ffn_copies") * width)
    logits = 0.0 if encoder else spec.vocab_size * FULL_BYTES * TRANSFORMERS.value("inference_logit_rows")
    if job.framework == "llama.cpp":  # it keeps room for the logits of a whole chunk, in one buffer with all else
        rows = TRANSFORMERS.value("prefill_chunk_llama_cpp")
        return np.maximum(live, spec.vocab_size * FULL_BYTES * rows)
    matrix: Floats = 0.0
    if job.attention == "eager":
        scores = job.micro_batch_size * job.seq_len**2 if encoder else prompts * max(job.prompt_tokens, 1) ** 2
        matrix = spec.num_attention_heads * scores * element * TRANSFORMERS.value("inference_matrix_copies")
    return live + logits + matrix


def inference_footprint(job: Job, systems: Systems, *, concurrent: FloatArray) -> Footprint:
    """Memory one device needs to serve ``concurrent`` requests per replica. [bytes]

    What a server reserves beyond that, such as vLLM's share of the card, is not need.
    """
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    part = shares(job, spec, systems=systems)
    weights = stored_weight_bytes(spec, job.precision, table_bytes=unquantised_bytes(job))
    per_request = request_cache_bytes(job, spec)
    plan, tokens = systems.plan, inference_tokens(job)
    latent = bool(spec.kv_lora_rank)
    split = 1.0 if latent else np.maximum(1 / plan.tensor_parallel, 1 / spec.num_key_value_heads)
    cache_share = split / (plan.pipeline_parallel * plan.context_parallel)
    workspace = prefill_workspace_bytes(job, spec, prompts=concurrent) / plan.tensor_parallel
    several = "requests" if concurrent.size != 1 or concurrent[0] != 1 else "request"
    size = weights / spec.parameters
    parts = [
        MemoryPart(
            "weights",
            part.weights * weights,
            f"{count_in_words(spec.parameters)} parameters × {size:.3g} bytes ({job.precision})",
            part.weights * np.ones(len(systems)),
        ),
        MemoryPart(
            "kv_cache",
            concurrent * per_request * cache_share,
            f"{tokens} tokens per request × {count_in_words(per_request / tokens)} bytes × {several}",
            cache_share * np.ones(len(systems)),
        ),
        MemoryPart("activations", workspace * np.ones(len(systems)), "widest layer while the prompt is read"),
    ]
    return finished(parts, systems, job=job)
