"""Writing with encoder-decoders such as T5 and BART: the source is read once, then every token passes the decoder.

A batch writes until its longest text is done. Translation and summaries are searched for with a few beams, which share
the weights that a step reads. Where the search is written in Python, the host keeps the books of every text.
"""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import all_reduce_bytes, bus_bytes_per_s
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.inference_work import searched_beams
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.network_speed import host_speed
from app.engine.params import split_parameters
from app.engine.precision import bytes_per_element, bytes_per_parameter, sustained_flops_per_s, width_share
from app.engine.result import Pace
from app.engine.roofline import StepTime, saturation
from app.engine.serving_rates import bandwidth_rate, tensor_latency_s
from app.engine.text_lengths import longest_over_mean
from app.engine.units import FLOPS_PER_MAC, FULL_BYTES, HALF_BYTES

FUSED = frozenset({"tensorrt", "tensorrt-llm", "onnxruntime", "vllm", "other"})
"""Programs in C++ with kernels of their own; CTranslate2, which most translate with, has no name in the contract."""
REPLACING = frozenset({"tensorrt-llm", "vllm"})
"""Servers that put the next text in the place of one that is done."""
ATTENTION_MACS = 2.0
"""Products of a query with a key and of a weight with a value."""
REDUCED_PER_READING_LAYER, REDUCED_PER_WRITING_LAYER = 2, 3
"""All-reduces of a layer whose tensors are split: after each attention and the feed-forward; decoders attend twice.
Megatron-LM, arXiv:1909.08053, section 3."""


def fixed_layer_s(job: Job, systems: Systems) -> FloatArray:
    """Time of one decoder layer and token however small it is: launches of two attentions and a feed-forward. [s]"""
    groups = families(systems.devices)
    if job.framework in FUSED or job.compiled:
        return TRANSFORMERS.column("written_layer_fused_s", groups)
    return TRANSFORMERS.column("written_layer_eager_s", groups) / host_speed(systems.devices)


def all_reduces_s(job: Job, spec: TransformerSpec, *, systems: Systems, tokens: Floats, times: int) -> FloatArray:
    """Time that devices which split tensors wait for sums of so many tokens, so many times; 0 on one device. [s]"""
    split = systems.plan.tensor_parallel
    sent_bytes = all_reduce_bytes(tokens * spec.hidden_size * HALF_BYTES, split)
    each_s = tensor_latency_s(job, systems=systems) + sent_bytes / bus_bytes_per_s(systems, group=split)
    return np.where(split > 1, times * each_s, 0.0)


def reading_time(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> StepTime:
    """Time of the encoder over the sources of a batch, and of the keys and values that a decoder attends to. [s]"""
    plan, groups = systems.plan, families(systems.devices)
    weights, _ = split_parameters(spec)
    layers = spec.num_hidden_layers - (spec.decoder_layers or spec.num_hidden_layers // 2)
    prompt = max(job.prompt_tokens, 1)
    scores = ATTENTION_MACS * layers * spec.num_attention_heads * spec.head_dim * prompt
    flops = FLOPS_PER_MAC * batch * prompt * (weights + scores) / plan.tensor_parallel
    math = flops / _rate(job, spec, systems=systems, tokens=batch * prompt)
    moved = TRANSFORMERS.value("encoder_traffic_fused") * spec.hidden_size * layers * batch * prompt
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    memory = (moved * bytes_per_element(job.precision) + weights * bytes_per_parameter(job.precision)) / bandwidth
    launches = layers * fixed_layer_s(job, systems)
    times = REDUCED_PER_READING_LAYER * layers
    waiting = all_reduces_s(job, spec, systems=systems, tokens=batch * prompt, times=times)
    return StepTime(math, memory / plan.tensor_parallel, waiting, np.maximum(launches - math, 0.0))


def writing_time(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> StepTime:
    """Time of one step of the decoder: one more token of every text of a batch, in every beam. [s]

    Servers draw one token of a text.
    """
    plan = systems.plan
    _, weights = split_parameters(spec)
    layers = spec.decoder_layers or max(spec.num_hidden_layers // 2, 1)
    rows = batch * searched_beams(job, spec)
    seen = job.prompt_tokens + max(job.output_tokens, 1) / 2
    scores = ATTENTION_MACS * layers * spec.num_attention_heads * spec.head_dim * seen
    flops = FLOPS_PER_MAC * rows * (weights + scores) / plan.tensor_parallel
    math = flops / _rate(job, spec, systems=systems, tokens=rows)
    element = max(bytes_per_element(job.precision), HALF_BYTES)
    cached = 2.0 * layers * spec.num_key_value_heads * spec.head_dim * seen * rows * element
    drawn = TRANSFORMERS.value("search_passes") * rows * spec.vocab_size * FULL_BYTES  # logits in fp32
    read = weights * bytes_per_parameter(job.precision) + cached + drawn
    memory = read / plan.tensor_parallel / bandwidth_rate(job, systems=systems)
    fixed = layers * fixed_layer_s(job, systems) + TRANSFORMERS.value("search_step_s")
    waiting = all_reduces_s(job, spec, systems=systems, tokens=rows, times=REDUCED_PER_WRITING_LAYER * layers)
    if job.framework in FUSED or job.compiled:
        return StepTime(math, memory, waiting, fixed + 0.0 * math)
    books = batch * TRANSFORMERS.value("searched_text_s") / host_speed(systems.devices)  # the device waits for them
    launched = np.maximum(fixed - np.maximum(math, memory), 0.0)
    return StepTime(math, memory, waiting, launched + books)


def steps_of_batch(job: Job, batch: FloatArray) -> FloatArray:
    """Steps until the longest text of a batch is written. [-]"""
    if job.framework in REPLACING:
        return np.full_like(batch, float(job.output_tokens))
    over = np.array([longest_over_mean(int(texts)) for texts in batch]) - 1.0
    return job.output_tokens * (1.0 + TRANSFORMERS.value("unsorted_share") * over)


def seq2seq_pace(job: Job, systems: Systems, *, concurrent: FloatArray) -> Pace:
    """Tokens written per second over all texts of a batch, reading the sources included. [tokens/s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    plan = systems.plan
    reading = reading_time(job, spec, systems=systems, batch=concurrent)
    first = reading_time(job, spec, systems=systems, batch=np.ones(len(systems))).total_s
    step = writing_time(job, spec, systems=systems, batch=concurrent)
    steps = steps_of_batch(job, concurrent)
    written = max(job.output_tokens, 0)
    write_s = steps * step.total_s
    waiting_s = steps * step.comms_s + (reading.comms_s if job.prompt_tokens > 0 else 0.0)
    read_s = reading.total_s if job.prompt_tokens > 0 else 0.0 * write_s
    source, target = split_parameters(spec)
    flops = FLOPS_PER_MAC * concurrent * plan.data_parallel * (source * job.prompt_tokens + target * written)
    writes = write_s >= read_s
    bound = tuple(w if longer else r for longer, w, r in zip(writes, step.bound_by, reading.bound_by, strict=True))
    return Pace(
        unit="tokens/s",
        step_s=read_s + write_s,
        units_per_step=concurrent * (written or job.prompt_tokens) * plan.data_parallel,
        model_flops_per_step=flops,
        bound_by=bound,
        prefill_tokens_per_s=concurrent * plan.data_parallel * job.prompt_tokens / reading.total_s
        if job.prompt_tokens > 0
        else None,
        decode_tokens_per_s=concurrent * plan.data_parallel * written / write_s if written else None,
        ttft_s=first,
        tpot_s=step.total_s,
        concurrent_requests=concurrent * plan.data_parallel,
        communication_share=waiting_s / (read_s + write_s),
        bubble_fraction=np.zeros(len(systems)),
    )


def _rate(job: Job, spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    groups = families(systems.devices)
    name = "encoder_math_fraction_fp32" if job.precision == "fp32" else "encoder_math_fraction"
    busy = saturation(tokens, TRANSFORMERS.column("encoder_half_tokens", groups))
    fraction = TRANSFORMERS.column(name, groups) * busy
    fraction = fraction * width_share(spec.hidden_size, systems)
    return sustained_flops_per_s(job.precision, systems.devices) * fraction
