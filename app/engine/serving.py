"""Inference of transformers: prefill, decode, time to first token, concurrency and output tokens per second."""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import bus_bytes_per_s, latency_s, tensor_parallel_bytes
from app.engine.encoder_inference import encoder_pace
from app.engine.flops import (
    CAUSAL_SHARE,
    attention_flops_per_token,
    cached_attention_flops,
    decode_flops_per_token,
    prefill_flops,
)
from app.engine.gguf import embedding_bytes
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.inference_memory import cache_precision, inference_footprint, is_server
from app.engine.inference_work import CHUNKS, requests_of_vllm
from app.engine.job import Job
from app.engine.kv_cache import sequence_cache_bytes
from app.engine.llama_cpp import (
    cache_reading_s,
    issue_s,
    prefill_rate_llama_cpp,
    prefill_weight_s,
    row_split_s,
)
from app.engine.memory import stored_weight_bytes, unquantised_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.params import embedding_parameters, expected_experts, expert_parameters
from app.engine.precision import (
    MATRICES_ONLY,
    bytes_per_element,
    bytes_per_parameter,
    cache_bytes_per_element,
    comparable_rate,
)
from app.engine.result import Pace, Physics
from app.engine.roofline import StepTime
from app.engine.seq2seq import seq2seq_pace
from app.engine.served_experts import routed_copies_bytes, routed_exchange_s, routed_growth
from app.engine.serving_rates import (
    attention_growth,
    bandwidth_rate,
    cache_passes,
    decode_unpacked_share,
    layer_overhead_s,
    moved_weight_bytes,
    multiplied_flops_per_s,
    packed_head_bytes,
    prefill_layer_s,
    prefill_rate,
    reads_fixed_cache,
    replays_steps,
    tensor_latency_s,
    tile_rows,
    unpacking_s,
    visible_overhead_s,
    written_scores,
)
from app.engine.units import HALF_BYTES


def physics(job: Job, systems: Systems) -> Physics:
    """Memory and pace of running a transformer. [bytes, s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    if spec.architecture == "encoder":
        ones = np.ones(len(systems))
        return Physics(
            inference_footprint(job, systems, concurrent=ones), encoder_pace(job, systems), _warnings(job, spec)
        )
    concurrent = concurrency(job, systems)
    footprint = inference_footprint(job, systems, concurrent=concurrent)
    paced = seq2seq_pace if spec.architecture == "encoder_decoder" else decoder_pace
    pace = paced(job, systems, concurrent=concurrent)
    return Physics(
        footprint,
        pace,
        _warnings(job, spec),
        {"parameters": spec.parameters, "active_parameters": spec.active_parameters},
    )


def _warnings(job: Job, spec: TransformerSpec) -> tuple[str, ...]:
    warnings = []
    if not spec.shape_known:
        warnings.append("Layers and widths of the model were inferred from its parameter count.")
    context = job.prompt_tokens + job.output_tokens
    if spec.max_position_embeddings and context > spec.max_position_embeddings:
        warnings.append(
            f"A context of {context} tokens exceeds the {spec.max_position_embeddings} the model was made for."
        )
    return tuple(warnings)


def concurrency(job: Job, systems: Systems) -> FloatArray:
    """Requests that one replica works on at a time: as asked, or as many as the cache has room for. [-]

    vLLM leaves a share of the whole device alone, TensorRT-LLM a share of what its weights leave. Caches are kept in
    small blocks, so that a server also works on part of one more request.
    """
    replicas = systems.plan.data_parallel
    most = largest_batch(job, systems=systems)
    asked = most if job.concurrent_requests is None else np.ceil(job.concurrent_requests / replicas)
    if not is_server(job):
        return asked
    without = inference_footprint(job, systems, concurrent=np.zeros(len(systems))).total_bytes
    one = inference_footprint(job, systems, concurrent=np.ones(len(systems))).total_bytes
    taken = TRANSFORMERS.value("server_memory_fraction")
    usable = systems.devices.usable_memory_bytes
    room = taken * (usable - without) if job.framework == "tensorrt-llm" else taken * usable - without
    fits = room / np.maximum(one - without, 1.0)
    known = np.where(np.isnan(fits), 1.0, fits)  # where the memory is unknown, one at a time
    return np.maximum(np.minimum(known, np.minimum(asked, most)), 1.0)


def largest_batch(job: Job, *, systems: Systems) -> FloatArray:
    """Requests that a server works on at a time at most, unless somebody says otherwise. [-]"""
    if job.framework != "vllm":
        return np.full(len(systems), TRANSFORMERS.value("largest_server_batch"))
    return requests_of_vllm(systems.devices)


def touched_weight_bytes(job: Job, spec: TransformerSpec, *, batch: Floats, spread: Floats = 1.0) -> Floats:
    """Weights that one decode step of a batch reads: all dense ones and the experts of its tokens. [bytes]

    Where experts are ``spread`` over several devices, each reads its own for the tokens of all.
    """
    table_bytes = unquantised_bytes(job)
    stored = stored_weight_bytes(spec, job.precision, table_bytes=table_bytes)
    untied = 0.0 if spec.tie_word_embeddings else embedding_parameters(spec)
    read = stored - untied * (table_bytes if job.precision in MATRICES_ONLY else embedding_bytes(job.precision))
    if not spec.num_experts:  # of embeddings for each layer, a token reads a row
        return read - (1 - spec.active_parameters / spec.parameters) * stored
    experts = expert_parameters(spec) / spec.parameters * stored
    if job.precision in MATRICES_ONLY:  # tables, and attention beside experts in MXFP4, stay in 16 bits
        experts = expert_parameters(spec) * bytes_per_parameter(job.precision)
    share = expected_experts(spec.num_experts, spec.num_experts_per_token, tokens=batch * spread) / spec.num_experts
    return read - experts * (1 - share / spread)


def decode_step_s(
    job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray, tokens_each: float = 1.0
) -> StepTime:
    """Time of one decode step of one replica for a batch of requests at their mean context. [s]

    ``tokens_each`` is more than one where a step verifies several drafted tokens of every request.
    """
    plan = systems.plan
    layers, stages = spec.num_hidden_layers, plan.pipeline_parallel
    in_stage = batch / np.minimum(batch, stages)
    written = tokens_each * in_stage
    weights = decode_weight_bytes(job, spec, systems=systems, written=written)
    cached = decode_cache_bytes(job, spec, systems=systems, requests=in_stage)
    read = moved_weight_bytes(job, spec, stored_bytes=weights, batch=written, systems=systems)
    moved = read + cached * cache_passes(job, spec, systems=systems)
    moved = moved + _routed_bytes(job, spec, tokens=written) / plan.tensor_parallel
    memory = np.hypot(moved / bandwidth_rate(job, systems=systems), issue_s(weights, job=job, systems=systems))
    math = decode_math_s(job, spec, systems=systems, written=written)
    unpacking = unpacking_s(job, spec, systems=systems) + cache_reading_s(cached, job=job, systems=systems)
    hidden = systems.devices.where(kind="cpu")  # the cores of a processor unpack what arrives while more is on its way
    unpacking = np.where(hidden, np.maximum(unpacking - memory, 0.0), unpacking)
    comms = tensor_messages_s(spec, systems=systems, tokens=written)
    comms = comms + 2 * layers * tensor_latency_s(job, systems=systems)
    comms = comms + routed_exchange_s(spec, systems=systems, tokens=written, busy_s=np.maximum(math, memory))
    overhead = layers * layer_overhead_s(job, systems=systems)
    overhead = visible_overhead_s(overhead, np.maximum(math, memory), job=job, layers=layers, systems=systems)
    overhead = overhead + stages * latency_s(systems, group=stages)
    bound = math > memory
    smaller = np.minimum(math, memory) * TRANSFORMERS.value("decode_unhidden_share")
    return StepTime(
        np.where(bound, math, smaller) + unpacking, np.where(bound, smaller, memory), comms, overhead + 0 * memory
    )


def decode_context(job: Job) -> float:
    """Tokens that a request holds in the middle of its answer. [tokens]"""
    return job.prompt_tokens + max(job.output_tokens, 1) / 2


def decode_weight_bytes(job: Job, spec: TransformerSpec, *, systems: Systems, written: Floats) -> FloatArray:
    """Weights that one device reads in a step that writes so many tokens. [bytes]"""
    touched = touched_weight_bytes(job, spec, batch=written, spread=systems.plan.expert_parallel)
    touched = touched - packed_head_bytes(job, spec, systems=systems)
    return touched / systems.plan.tensor_parallel * np.ones(len(systems))


def decode_cache_bytes(job: Job, spec: TransformerSpec, *, systems: Systems, requests: Floats) -> FloatArray:
    """Keys and values that one device reads in a step of so many requests. [bytes]"""
    context, element = decode_context(job), cache_bytes_per_element(cache_precision(job))
    longest = max(context, TRANSFORMERS.value("fixed_cache_tokens"))
    lengths = [sequence_cache_bytes(spec, tokens, bytes_per_element=element) for tokens in (longest, context)]
    cache = np.where(reads_fixed_cache(job, systems=systems), *lengths)
    return requests * cache * cache_split(spec, systems=systems)


def decode_math_s(job: Job, spec: TransformerSpec, *, systems: Systems, written: Floats) -> FloatArray:
    """Time that the products of a step take which writes so many tokens. [s]"""
    context, tensor = decode_context(job), systems.plan.tensor_parallel
    attention = cached_attention_flops(spec, context)
    products = decode_flops_per_token(spec, context) - attention_flops_per_token(spec, context)
    if job.framework != "llama.cpp":
        products = products * routed_growth(spec, systems=systems, tokens=written)
    attention = attention * attention_growth(job, systems=systems)
    flops = (tile_rows(job, spec, systems=systems, written=written) * products + written * attention) / tensor
    reached = TRANSFORMERS.column("decode_math_fraction", families(systems.devices))
    reached = reached * decode_unpacked_share(job, systems=systems)
    return flops / (multiplied_flops_per_s(job, systems=systems) * reached)


def tensor_messages_s(spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Time that the sums of so many tokens travel between the devices that share tensors, forward. [s]"""
    t = systems.plan.tensor_parallel
    payload = tensor_parallel_bytes(
        tokens=tokens,
        hidden_size=spec.hidden_size,
        num_hidden_layers=spec.num_hidden_layers,
        element_bytes=HALF_BYTES,
        passes=1,
    )
    return 2 * (t - 1) / t * payload / bus_bytes_per_s(systems, group=t)


def _routed_bytes(job: Job, spec: TransformerSpec, *, tokens: Floats) -> Floats:
    """What copies of tokens for their experts move; llama.cpp's own coefficients hold that already. [bytes]"""
    return 0.0 if job.framework == "llama.cpp" else routed_copies_bytes(spec, tokens=tokens)


def held_weight_bytes(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Weights that one device holds: its part of every layer, and its experts. [bytes]"""
    stored = stored_weight_bytes(spec, job.precision)
    experts = expert_parameters(spec) / spec.parameters * stored
    plan = systems.plan
    return (stored - experts * (1 - 1 / plan.expert_parallel)) / plan.tensor_parallel


def cache_split(spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Share of a request's cache that one device of tensor parallelism reads: whole heads, or all if it is latent."""
    if spec.kv_lora_rank:
        return np.ones(len(systems))
    return np.maximum(1 / systems.plan.tensor_parallel, 1 / spec.num_key_value_heads)


def prefill_s(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> StepTime:
    """Time to read the prompts of a batch of requests on one replica. [s]"""
    plan, groups = systems.plan, families(systems.devices)
    prompt = max(job.prompt_tokens, 1)
    chunk = TRANSFORMERS.value(CHUNKS.get(job.framework, "prefill_chunk_whole"))
    at_once = np.minimum(batch * prompt, chunk)
    chunks = np.ceil(batch * prompt / chunk)
    attention: Floats = prompt * float(attention_flops_per_token(spec, CAUSAL_SHARE * prompt))
    products: Floats = prefill_flops(spec, prompt) - attention
    llama = job.framework == "llama.cpp"
    if not llama:
        products = products * routed_growth(spec, systems=systems, tokens=at_once)
        attention = attention * attention_growth(job, systems=systems)
    flops = batch * (products + attention) / plan.tensor_parallel
    rate = prefill_rate_llama_cpp if llama else prefill_rate
    math = flops / rate(job, spec, systems=systems, tokens=at_once)
    weights = held_weight_bytes(job, spec, systems=systems)
    traffic = chunks * weights / bandwidth_rate(job, systems=systems)
    width = spec.hidden_size * TRANSFORMERS.value(
        "prefill_traffic_elements_llama_cpp" if llama else "prefill_traffic_elements"
    )
    scores = TRANSFORMERS.value("prefill_score_elements") * spec.num_attention_heads * prompt / 2
    elements = width + scores * written_scores(job, systems=systems)
    streamed = (
        batch * prompt * spec.num_hidden_layers * elements * bytes_per_element(job.precision) / plan.tensor_parallel
    )
    streamed = streamed + _routed_bytes(job, spec, tokens=batch * prompt) / plan.tensor_parallel
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    fetched = np.maximum(traffic - math, 0.0)
    if llama:
        touched = decode_weight_bytes(job, spec, systems=systems, written=at_once) / bandwidth_rate(
            job, systems=systems
        )
        fetched = np.maximum(prefill_weight_s(job, spec, systems=systems) * chunks, chunks * touched - math)
    memory = fetched + streamed / bandwidth
    layers, stages = spec.num_hidden_layers, plan.pipeline_parallel
    comms = tensor_messages_s(spec, systems=systems, tokens=batch * prompt) + chunks * (
        2 * layers * tensor_latency_s(job, systems=systems)
        + routed_exchange_s(spec, systems=systems, tokens=at_once, busy_s=math / chunks)
    )
    if llama:
        comms = row_split_s(spec, systems=systems, tokens=batch * prompt)
    overhead = chunks * layers * prefill_layer_s(job, systems=systems)
    overhead = np.where(replays_steps(job, systems=systems), overhead, np.maximum(overhead - math, 0.0))
    filled = (chunks + stages - 1) / (chunks * stages)
    lost = np.where(stages > 1, 1 / TRANSFORMERS.value("prefill_stage_fraction"), 1.0)
    at_work = np.minimum(stages, TRANSFORMERS.value("prefill_chunks_under_way_llama_cpp")) if llama else stages
    pace = np.maximum(filled, 1 / at_work) * lost
    pace = np.where(stages > 1, np.minimum(pace, 1.0), 1.0)
    return StepTime(math * pace, memory * pace, comms * pace, overhead * pace)


def decoder_pace(job: Job, systems: Systems, *, concurrent: FloatArray) -> Pace:
    """Prefill and decode rates, first-token and per-token times, output tokens over all requests. [tokens/s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    plan = systems.plan
    replicas = (
        plan.data_parallel
        if job.concurrent_requests is None
        else np.minimum(plan.data_parallel, job.concurrent_requests)
    )
    prompt, output = job.prompt_tokens, max(job.output_tokens, 0)
    reading = prefill_s(job, spec, systems=systems, batch=concurrent)
    first = prefill_s(job, spec, systems=systems, batch=np.ones(len(systems))).total_s
    step = decode_step_s(job, spec, systems=systems, batch=concurrent)
    between = scheduling_s(job, batch=concurrent)
    tpot = step.total_s + between  # of a group; with a pipeline, as many groups as stages are under way
    decode_rate = concurrent / tpot
    read_s = reading.total_s if prompt > 0 else np.zeros(len(systems))
    write_s = output * step.total_s if output else np.zeros(len(systems))
    busy = (read_s + write_s) * (1 + scheduling_share(job)) + output * between
    units = concurrent * (output or prompt) * replicas
    flops = (
        concurrent
        * replicas
        * (prefill_flops(spec, max(prompt, 1)) + output * decode_flops_per_token(spec, prompt + output / 2))
    )
    decodes = write_s >= read_s
    bound = tuple(d if longer else r for longer, d, r in zip(decodes, step.bound_by, reading.bound_by, strict=True))
    return Pace(
        unit="tokens/s",
        step_s=busy,
        units_per_step=units,
        model_flops_per_step=np.asarray(flops, dtype=np.float64) * np.ones(len(systems)),
        bound_by=bound,
        prefill_tokens_per_s=concurrent * replicas * prompt / reading.total_s if prompt > 0 else None,
        decode_tokens_per_s=decode_rate * replicas if output > 0 else None,
        ttft_s=first,
        tpot_s=tpot,
        concurrent_requests=concurrent * replicas,
        communication_share=np.where(decodes, step.comms_s / step.total_s, reading.comms_s / reading.total_s),
        bubble_fraction=np.zeros(len(systems)),
        comparable_peak=comparable_rate(job.precision),
    )


def scheduling_share(job: Job) -> float:
    """Share of time that a server spends on scheduling, sampling and uneven batches. [-]"""
    return TRANSFORMERS.value("server_scheduling_share") if is_server(job) else 0.0


def scheduling_s(job: Job, *, batch: FloatArray) -> FloatArray:
    """Time between two steps in which a server written in Python looks after each of its requests. [s]"""
    return batch * (TRANSFORMERS.value("server_token_s_vllm") if job.framework == "vllm" else 0.0)
