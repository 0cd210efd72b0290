"""Inference of transformers: prefill, decode, time to first token, concurrency and output tokens per second."""

from dataclasses import dataclass

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import bus_bytes_per_s, latency_s, tensor_parallel_bytes
from app.engine.flops import decode_flops_per_token, forward_flops_per_token, prefill_flops
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.kv_cache import sequence_cache_bytes
from app.engine.memory import cache_precision, inference_footprint, is_server, stored_weight_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.params import embedding_parameters, expected_experts, expert_parameters
from app.engine.precision import (
    WHOLE_MODEL,
    bytes_per_element,
    bytes_per_parameter,
    cache_bytes_per_element,
    is_gguf,
    peak_flops_per_s,
    sustained_flops_per_s,
)
from app.engine.result import Pace, Physics
from app.engine.roofline import StepTime, saturation

GRAPHED = frozenset({"vllm", "tensorrt-llm", "llama.cpp", "tensorrt"})
"""Frameworks that replay decode steps as CUDA graphs or as one fused command list."""


def physics(job: Job, systems: Systems) -> Physics:
    """Memory and pace of running a transformer. [bytes, s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    if spec.architecture == "encoder":
        ones = np.ones(len(systems))
        return Physics(
            inference_footprint(job, systems, concurrent=ones), encoder_pace(job, systems), _warnings(job, spec)
        )
    concurrent = concurrency(job, spec, systems=systems)
    footprint = inference_footprint(job, systems, concurrent=concurrent)
    pace = decoder_pace(job, systems, concurrent=concurrent)
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


def concurrency(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Requests that one replica works on at a time: as asked, or as many as the cache has room for. [-]"""
    replicas = systems.plan.data_parallel
    most = TRANSFORMERS.value("largest_batch_vllm" if job.framework == "vllm" else "largest_server_batch")
    asked = (
        np.full(len(systems), most) if job.concurrent_requests is None else np.ceil(job.concurrent_requests / replicas)
    )
    if not is_server(job):
        return asked
    without = inference_footprint(job, systems, concurrent=np.zeros(len(systems))).total_bytes
    one = inference_footprint(job, systems, concurrent=np.ones(len(systems))).total_bytes
    room = TRANSFORMERS.value("server_memory_fraction") * systems.devices.usable_memory_bytes - without
    fits = np.floor(room / np.maximum(one - without, 1.0))
    return np.clip(fits, 1, np.minimum(asked, most))


@dataclass(frozen=True, slots=True)
class Rates:
    """What the hardware of each system reaches for this job. Columns."""

    math_flops_per_s: FloatArray
    bandwidth_bytes_per_s: FloatArray
    layer_s: FloatArray
    """Fixed time of one layer of one decode step. [s]"""


def prefill_rate(job: Job, spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Arithmetic rate of reading prompts on one device. [FLOP/s]

    llama.cpp multiplies quantised weights after unpacking them; GeForce cards then run at their fp16-accumulate rate.
    """
    groups = families(systems.devices)
    llama = job.framework == "llama.cpp"
    precision = job.precision if not is_gguf(job.precision) else "fp16"
    peak = sustained_flops_per_s(precision, systems.devices, accumulate_fp16=llama)
    name = "prefill_fraction_llama_cpp" if llama else "prefill_fraction"
    fraction = TRANSFORMERS.column(name, groups)
    if llama and job.precision not in WHOLE_MODEL:
        fraction = fraction * TRANSFORMERS.value("prefill_quantised_share")
    width = spec.hidden_size / systems.plan.tensor_parallel
    fraction = fraction * saturation(width, TRANSFORMERS.value("prefill_half_width"))
    return peak * fraction * saturation(tokens, TRANSFORMERS.column("prefill_half_tokens", groups))


def bandwidth_rate(job: Job, *, systems: Systems) -> FloatArray:
    """Memory bandwidth that a decode step reaches on one device. [bytes/s]"""
    groups = families(systems.devices)
    name = "decode_bandwidth_fraction_llama_cpp" if job.framework == "llama.cpp" else "decode_bandwidth_fraction"
    return systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column(name, groups)


def layer_overhead_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one layer of a decode step: launches, synchronisation, small kernels. [s]"""
    groups = families(systems.devices)
    name = "decode_layer_s" if _replayed(job) else "decode_layer_eager_s"
    if job.framework == "llama.cpp":
        name = "decode_layer_llama_cpp_s"
    return TRANSFORMERS.column(name, groups)


def _replayed(job: Job) -> bool:
    return job.compiled or job.framework in GRAPHED


def touched_weight_bytes(job: Job, spec: TransformerSpec, *, batch: Floats) -> Floats:
    """Weights that one decode step of a batch reads: everything dense, and the experts its tokens are sent to. [bytes]"""
    stored = stored_weight_bytes(spec, job.precision)
    untied = 0.0 if spec.tie_word_embeddings else embedding_parameters(spec)
    size = bytes_per_parameter(job.precision) if job.precision in WHOLE_MODEL or is_gguf(job.precision) else 2.0
    read = stored - untied * size
    if not spec.num_experts:
        return read
    experts = expert_parameters(spec) / spec.parameters * stored
    share = expected_experts(spec.num_experts, spec.num_experts_per_token, tokens=batch) / spec.num_experts
    return read - experts * (1 - share)


def decode_step_s(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> StepTime:
    """Time of one decode step of one replica for a batch of requests at their mean context. [s]"""
    plan, groups = systems.plan, families(systems.devices)
    context = job.prompt_tokens + max(job.output_tokens, 1) / 2
    stages = plan.pipeline_parallel
    in_stage = batch / np.minimum(batch, stages)
    cache = sequence_cache_bytes(spec, context, bytes_per_element=cache_bytes_per_element(cache_precision(job)))
    moved = (touched_weight_bytes(job, spec, batch=in_stage) + in_stage * cache) / plan.tensor_parallel
    memory = moved / bandwidth_rate(job, systems=systems)
    peak = sustained_flops_per_s(job.precision, systems.devices)
    flops = in_stage * decode_flops_per_token(spec, context) / plan.tensor_parallel
    math = flops / (peak * TRANSFORMERS.column("decode_math_fraction", groups))
    unpacking = _unpacking_s(job, spec, systems=systems)
    layers = spec.num_hidden_layers
    t = plan.tensor_parallel
    payload = tensor_parallel_bytes(
        tokens=in_stage, hidden_size=spec.hidden_size, num_hidden_layers=layers, element_bytes=2.0, passes=1
    )
    comms = 2 * (t - 1) / t * payload / bus_bytes_per_s(systems, group=t)
    comms = comms + 2 * layers * tensor_latency_s(job, systems=systems)
    overhead = layers * layer_overhead_s(job, systems=systems)
    if not _replayed(job):  # launches run ahead of the device and show only where it is quicker
        overhead = np.maximum(overhead - np.maximum(math, memory), 0.0)
    overhead = overhead + stages * latency_s(systems, group=stages)
    bound = math > memory
    smaller = np.minimum(math, memory) * TRANSFORMERS.value("decode_unhidden_share")
    return StepTime(
        np.where(bound, math, smaller) + unpacking, np.where(bound, smaller, memory), comms, overhead + 0 * memory
    )


def tensor_latency_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one all-reduce of tensor parallelism; llama.cpp splits rows through the host, card by card. [s]"""
    t = systems.plan.tensor_parallel
    if job.framework == "llama.cpp":
        return np.where(t > 1, t * TRANSFORMERS.value("row_split_latency_s"), 0.0)
    return latency_s(systems, group=t)


def row_split_s(spec: TransformerSpec, *, systems: Systems, tokens: FloatArray) -> FloatArray:
    """Copies of llama.cpp's row split while reading prompts: every matrix's result travels to every card in fp32. [s]"""
    t = systems.plan.tensor_parallel
    widths = 4 * spec.hidden_size + (3 if spec.gated_ffn else 2) * spec.intermediate_size
    copied = t * tokens * spec.num_hidden_layers * widths * 4.0
    pcie = systems.devices.pcie_bytes_per_s
    pcie = np.where(np.isnan(pcie), TRANSFORMERS.value("pcie_unknown_bytes_per_s"), pcie)
    return np.where(t > 1, copied / (pcie * TRANSFORMERS.value("row_split_link_fraction")), 0.0)


def _unpacking_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time to unpack quantised weights on the vector units, per decode step of one token. [s]"""
    if job.precision in WHOLE_MODEL or job.precision in {"fp8", "fp4", "nvfp4"}:
        return np.zeros(len(systems))
    groups = families(systems.devices)
    operations = (
        TRANSFORMERS.column("unpacking_operations", groups) * spec.active_parameters / systems.plan.tensor_parallel
    )
    return operations / peak_flops_per_s("fp32", systems.devices)


def prefill_s(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> StepTime:
    """Time to read the prompts of a batch of requests on one replica. [s]"""
    plan, groups = systems.plan, families(systems.devices)
    prompt = max(job.prompt_tokens, 1)
    chunk = _chunk(job)
    at_once = np.minimum(batch * prompt, chunk)
    chunks = np.ceil(batch * prompt / chunk)
    flops = batch * prefill_flops(spec, prompt) / plan.tensor_parallel
    math = flops / prefill_rate(job, spec, systems=systems, tokens=at_once)
    weights = stored_weight_bytes(spec, job.precision) / plan.tensor_parallel
    traffic = chunks * weights / bandwidth_rate(job, systems=systems)
    elements = TRANSFORMERS.value("prefill_traffic_elements") * spec.hidden_size
    if job.framework == "llama.cpp" or job.attention == "eager":
        elements += TRANSFORMERS.value("prefill_score_elements") * spec.num_attention_heads * prompt / 2
    streamed = (
        batch * prompt * spec.num_hidden_layers * elements * bytes_per_element(job.precision) / plan.tensor_parallel
    )
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    memory = np.maximum(traffic - math, 0.0) + streamed / bandwidth
    t, stages = plan.tensor_parallel, plan.pipeline_parallel
    layers = spec.num_hidden_layers
    payload = tensor_parallel_bytes(
        tokens=batch * prompt, hidden_size=spec.hidden_size, num_hidden_layers=layers, element_bytes=2.0, passes=1
    )
    comms = 2 * (t - 1) / t * payload / bus_bytes_per_s(systems, group=t)
    comms = comms + chunks * 2 * layers * tensor_latency_s(job, systems=systems)
    if job.framework == "llama.cpp":
        comms = row_split_s(spec, systems=systems, tokens=batch * prompt)
    overhead = chunks * layers * layer_overhead_s(job, systems=systems)
    if not _replayed(job):
        overhead = np.maximum(overhead - math, 0.0)
    filled = (chunks + stages - 1) / (chunks * stages)
    lost = np.where(stages > 1, 1 / TRANSFORMERS.value("prefill_stage_fraction"), 1.0)
    pace = np.maximum(filled * lost, 1 / stages)
    pace = np.where(stages > 1, np.minimum(pace, 1.0), 1.0)
    return StepTime(math * pace, memory * pace, comms * pace, overhead * pace)


def _chunk(job: Job) -> float:
    names = {
        "llama.cpp": "prefill_chunk_llama_cpp",
        "vllm": "prefill_chunk_server",
        "tensorrt-llm": "prefill_chunk_server",
    }
    if job.framework in names:
        return TRANSFORMERS.value(names[job.framework])
    return TRANSFORMERS.value("prefill_chunk_whole")


def decoder_pace(job: Job, systems: Systems, *, concurrent: FloatArray) -> Pace:
    """Prefill and decode rates, first-token and per-token times, and output tokens per second over all requests. [tokens/s]"""
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
    groups_in_flight = np.minimum(concurrent, plan.pipeline_parallel)
    tpot = (
        step.total_s
        * plan.pipeline_parallel
        / np.where(plan.pipeline_parallel > 1, _stages_share(plan.pipeline_parallel), 1.0)
    )
    decode_rate = groups_in_flight * (concurrent / groups_in_flight) / tpot
    read_s = reading.total_s if prompt > 0 else np.zeros(len(systems))
    write_s = output * tpot if output else np.zeros(len(systems))
    busy = (read_s + write_s) * (1 + _scheduling(job))
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
        comparable_peak="fp8" if job.precision == "fp8" else "bf16",
    )


def _stages_share(stages: FloatArray) -> FloatArray:
    """Layers are divided among the stages; a token still passes all of them."""
    return stages


def _scheduling(job: Job) -> float:
    """Share of time that a server spends on scheduling, sampling and uneven batches. [-]"""
    if not is_server(job):
        return 0.0
    return TRANSFORMERS.value("server_scheduling_share_vllm" if job.framework == "vllm" else "server_scheduling_share")


def encoder_pace(job: Job, systems: Systems) -> Pace:
    """Tokens per second of one encoder pass over a batch: sequences per second times their length. [tokens/s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    plan, groups = systems.plan, families(systems.devices)
    tokens = job.micro_batch_size * job.seq_len
    flops = tokens * forward_flops_per_token(spec, job.seq_len)
    peak = sustained_flops_per_s(job.precision, systems.devices)
    name = "encoder_math_fraction_fp32" if job.precision == "fp32" else "encoder_math_fraction"
    fraction = TRANSFORMERS.column(name, groups) * saturation(
        tokens, TRANSFORMERS.column("encoder_half_tokens", groups)
    )
    fraction = fraction * saturation(
        spec.hidden_size / plan.tensor_parallel, TRANSFORMERS.column("training_half_width", groups)
    )
    if job.framework == "tensorflow" and job.precision not in {"fp32", "tf32"}:
        fraction = fraction * TRANSFORMERS.value("encoder_math_share_tensorflow")
    math = flops / plan.tensor_parallel / (peak * fraction)
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    eager = job.framework in {"pytorch", "other"} and not job.compiled
    elements = TRANSFORMERS.value("encoder_traffic_eager" if eager else "encoder_traffic_fused") * spec.hidden_size
    elements += TRANSFORMERS.value("encoder_traffic_scores") * spec.num_attention_heads * job.seq_len
    traffic = tokens * spec.num_hidden_layers * elements * bytes_per_element(job.precision) + stored_weight_bytes(
        spec, job.precision
    )
    memory = traffic / plan.tensor_parallel / bandwidth
    layer = TRANSFORMERS.column("encoder_layer_eager_s" if eager else "encoder_layer_s", groups)
    hidden = math + memory if eager else 0.0 * math  # an eager queue runs ahead of the device
    overhead = np.maximum(layer * spec.num_hidden_layers - hidden, 0.0)
    time = StepTime(math, memory, 0.0 * math, overhead)
    units = tokens * plan.data_parallel
    return Pace(
        unit="tokens/s",
        step_s=time.total_s,
        units_per_step=units,
        model_flops_per_step=flops * plan.data_parallel,
        bound_by=time.bound_by,
        communication_share=np.zeros(len(systems)),
        bubble_fraction=np.zeros(len(systems)),
    )
