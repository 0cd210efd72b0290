"""What the hardware reaches in serving: rates of reading and writing, and the fixed times of a step."""

import numpy as np

from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import latency_s
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.inference_memory import SERVERS
from app.engine.job import Job
from app.engine.memory import stored_weight_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.params import head_parameters
from app.engine.precision import (
    FOUR_BIT_FLOATS,
    NARROW_FLOATS,
    UNPACKED_FOUR_BITS,
    WHOLE_MODEL,
    bytes_per_parameter,
    is_gguf,
    peak_flops_per_s,
    sustained_flops_per_s,
)
from app.engine.roofline import saturation
from app.engine.units import HALF_BYTES

LAYER_CYCLES = {
    "llama.cpp": "decode_layer_llama_cpp_cycles",
    "tensorrt-llm": "decode_layer_cycles",
    "tensorrt": "decode_layer_cycles",
    "vllm": "decode_layer_vllm_cycles",
    "deepspeed": "decode_layer_other_cycles",
    "other": "decode_layer_other_cycles",
}
"""The coefficient of a layer's fixed time by framework that does not call operator by operator from Python: starts and
ends of kernels, which go with the device's clock."""
EAGER_GROWTH = {
    "int8": "decode_eager_growth_8_bit",
    "int4": "decode_eager_growth_4_bit",
    "nf4": "decode_eager_growth_nf4",
    "fp4": "decode_eager_growth_nf4",
}
"""The coefficient of what quantised weights add to the calls of an eager program."""
DESKTOPS = ("desktop", "laptop", "workstation")
"""Segments of devices that stand beside a processor with fast single cores."""
UNPACKED = UNPACKED_FOUR_BITS | {"int8"}
"""Formats whose weights are unpacked to 16 bits by kernels of their own."""
WITHOUT_MATRIX_UNITS = ("Vega 10 (GCN5)", "Vega 20 (GCN5)")
"""Architectures beside CDNA that have its memory but multiply on vector units."""
WITHOUT_DOT_PRODUCTS = ("3.0", "3.5", "3.7", "5.0", "5.2", "5.3", "6.0")
"""Compute capabilities before the instruction that multiplies and adds four 8-bit numbers at once."""
ONE_SCALE = frozenset({"q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "mxfp4"})
"""Formats of llama.cpp with one scale for a block; the others, K, scale the scales of parts of a larger block."""
ONE_STEP = frozenset({"vllm", "tensorrt-llm"})
"""Servers with an all-reduce of their own, in which every device reads what all others wrote."""
FP32_PER_CLOCK = 256.0
"""fp32 operations of one compute unit a clock: 128 lanes, a multiplication and an addition each."""


def prefill_rate(job: Job, spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Arithmetic rate of reading prompts on one device. [FLOP/s]

    llama.cpp multiplies quantised weights after unpacking them; GeForce cards then run at their fp16-accumulate rate.
    Its time is what the matrix units need plus what the energy of every product takes at the board's power.
    """
    groups = families(systems.devices)
    if job.framework == "llama.cpp":
        precision = job.precision if not is_gguf(job.precision) else "fp16"
        peak = peak_flops_per_s(precision, systems.devices, accumulate_fp16=True)
        tiles = TRANSFORMERS.value("matrix_tile_gain_llama_cpp") * systems.devices.peak_flops_per_s("fp32")
        peak = np.where(systems.devices.where(kind="cpu"), np.fmin(peak, tiles), peak)
        shared = systems.devices.where(kind="gpu", unified_memory=True)
        watts = systems.devices.tdp_w * np.where(shared, TRANSFORMERS.value("shared_power_fraction"), 1.0)
        power = watts * TRANSFORMERS.value("prefill_flops_per_joule_llama_cpp")
        fraction = TRANSFORMERS.column("prefill_fraction_llama_cpp", groups)
        vega = systems.devices.where(architecture=WITHOUT_MATRIX_UNITS)
        units = peak * np.where(vega, TRANSFORMERS.value("prefill_fraction_llama_cpp_vector"), fraction)
        return (
            expert_share_llama_cpp(spec, systems=systems, tokens=tokens)
            * block_gain(job, systems=systems)
            / (1 / units + np.nan_to_num(1 / power))
        )
    peak = multiplied_flops_per_s(job, systems=systems)
    width = spec.hidden_size / systems.plan.tensor_parallel
    fraction = TRANSFORMERS.column("prefill_fraction", groups)
    fraction = fraction * saturation(width, TRANSFORMERS.value("prefill_half_width"))
    if job.precision in UNPACKED_FOUR_BITS:
        served = TRANSFORMERS.value("prefill_unpacked_share_server")
        others = TRANSFORMERS.column("prefill_unpacked_share", groups)
        fraction = fraction * (served if job.framework in SERVERS else others)
    return peak * fraction * saturation(tokens, TRANSFORMERS.column("prefill_half_tokens", groups))


def expert_share_llama_cpp(spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Share of the rate of a dense model that llama.cpp reaches where each expert multiplies few of the tokens. [-]"""
    if not spec.num_experts:
        return np.ones(len(systems))
    rows = tokens * spec.num_experts_per_token / spec.num_experts
    half = TRANSFORMERS.column("prefill_expert_half_rows_llama_cpp", families(systems.devices))
    return np.asarray(saturation(rows, half), dtype=np.float64)


def multiplied_flops_per_s(job: Job, *, systems: Systems) -> FloatArray:
    """What matrix units sustain in the format that a served model's weights multiply in. [FLOP/s]

    MXFP4 weights multiply 8-bit numbers where the units know 4 bits, and are unpacked to 16 elsewhere.
    """
    rate = sustained_flops_per_s(job.precision, systems.devices)
    if job.precision != "mxfp4":
        return rate
    knows = ~np.isnan(systems.devices.peak_flops_per_s("fp4"))
    return np.where(knows, sustained_flops_per_s("fp8", systems.devices), rate)


def decode_unpacked_share(job: Job, *, systems: Systems) -> FloatArray:
    """Share of the rate of 16-bit products that a large batch reaches where a server unpacks its weights first. [-]"""
    if job.framework not in SERVERS or job.precision not in UNPACKED_FOUR_BITS | {"mxfp4"}:
        return np.ones(len(systems))
    knows = ~np.isnan(systems.devices.peak_flops_per_s("fp4"))
    multiplied = knows if job.precision == "mxfp4" else np.zeros(len(systems), dtype=np.bool_)
    return np.where(multiplied, 1.0, TRANSFORMERS.column("decode_unpacked_share_server", families(systems.devices)))


def attention_growth(job: Job, *, systems: Systems) -> FloatArray:
    """Times as long as products of weights the products of attention take: none multiplies 4 bits. [-]"""
    if job.precision not in FOUR_BIT_FLOATS:
        return np.ones(len(systems))
    rate = multiplied_flops_per_s(job, systems=systems)
    return np.maximum(rate / sustained_flops_per_s("fp8", systems.devices), 1.0)


def written_scores(job: Job, *, systems: Systems) -> FloatArray:
    """Share of the attention scores that is written to memory: all without a fused kernel, none with one. [-]"""
    if job.workload.attention is None and job.framework == "llama.cpp":
        return TRANSFORMERS.column("scores_written_llama_cpp", families(systems.devices))
    return np.full(len(systems), 1.0 if job.attention == "eager" else 0.0)


def block_gain(job: Job, *, systems: Systems) -> FloatArray:
    """Times as fast as unpacked products, where llama.cpp multiplies quantised blocks in 8 bits; 1 elsewhere. [-]"""
    if job.precision in WHOLE_MODEL:
        return np.ones(len(systems))
    alone = systems.devices.where(compute_capability=WITHOUT_DOT_PRODUCTS)
    slow = TRANSFORMERS.value("prefill_share_without_dot_products")
    return np.where(alone, slow, TRANSFORMERS.column("prefill_block_gain_llama_cpp", families(systems.devices)))


def prefill_weight_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time of llama.cpp to fetch all weights once and to write quantised ones out in 16 bits, per chunk. [s]"""
    stored = stored_weight_bytes(spec, job.precision) * TRANSFORMERS.value("prefill_weight_share_llama_cpp")
    unpacked = 0.0
    if job.precision not in WHOLE_MODEL:
        unpacked = spec.parameters * HALF_BYTES * TRANSFORMERS.value("prefill_unpacking_passes_llama_cpp")
    moved = stored + np.where(block_gain(job, systems=systems) > 1, 0.0, unpacked)
    return moved / systems.plan.tensor_parallel / bandwidth_rate(job, systems=systems)


def bandwidth_rate(job: Job, *, systems: Systems) -> FloatArray:
    """Memory bandwidth that a decode step reaches on one device. [bytes/s]"""
    groups = families(systems.devices)
    name = "decode_bandwidth_fraction_llama_cpp" if job.framework == "llama.cpp" else "decode_bandwidth_fraction"
    return systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column(name, groups)


def clock_hz(systems: Systems) -> FloatArray:
    """Clock of the compute units; where a data sheet does not print it, it follows from the fp32 rate. [Hz]"""
    devices = systems.devices
    derived = devices.peak_flops_per_s("fp32") / (devices.compute_units * FP32_PER_CLOCK)
    known = np.where(np.isnan(devices.boost_hz), derived, devices.boost_hz)
    return np.where(np.isnan(known), TRANSFORMERS.value("usual_clock_hz"), known)


def issue_s(read_bytes: FloatArray, *, job: Job, systems: Systems) -> FloatArray:
    """Time that the compute units of one device need to ask for so many bytes of weights; llama.cpp only. [s]

    A compute unit keeps a limited number of loads in flight, so that a device with much bandwidth for each of its
    compute units, as with HBM, does not reach that bandwidth. Both limit one stream, so that their times add as the
    sides of a right angle. The cores of a processor have prefetchers for that.
    """
    if job.framework != "llama.cpp":
        return 0.0 * read_bytes
    per_clock = TRANSFORMERS.value("loaded_bytes_per_unit_and_clock") * systems.devices.compute_units
    asked = np.nan_to_num(read_bytes / (per_clock * clock_hz(systems)))
    return np.where(systems.devices.where(kind="cpu"), 0.0, asked)


def cache_reading_s(cache_bytes: Floats, *, job: Job, systems: Systems) -> FloatArray:
    """Time of the vector units over the cache of a step, beside fetching it; llama.cpp only. [s]"""
    if job.framework != "llama.cpp":
        return np.zeros(len(systems))
    written = written_scores(job, systems=systems)
    plain = TRANSFORMERS.value("cache_operations_per_byte_llama_cpp")
    operations = written * plain + (1 - written) * TRANSFORMERS.value("cache_operations_per_byte_flash")
    return operations * cache_bytes / peak_flops_per_s("fp32", systems.devices)


def reads_fixed_cache(job: Job, *, systems: Systems) -> BoolArray:
    """Whether steps go over a cache of the longest texts, as compiled for a TPU, whatever they hold. [-]"""
    return systems.devices.where(kind="tpu") & (job.framework != "vllm")


def layer_overhead_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one layer of a decode step: launches, synchronisation, small kernels. [s]"""
    groups = families(systems.devices)
    if job.framework == "onnxruntime":
        return TRANSFORMERS.column("decode_layer_runtime_s", groups)
    cycles = LAYER_CYCLES.get(job.framework, "decode_layer_compiled_cycles")
    growth = TRANSFORMERS.column("decode_layer_quantised_growth", groups) if job.precision in UNPACKED else 1.0
    routed = TRANSFORMERS.column("decode_expert_layer_cycles", groups) if has_experts(job) else 0.0
    latent = TRANSFORMERS.column("decode_latent_layer_cycles", groups) if has_latent_cache(job) else 0.0
    replayed = (growth * TRANSFORMERS.column(cycles, groups) + routed + latent) / clock_hz(systems)
    name = EAGER_GROWTH.get(job.precision)
    calls = TRANSFORMERS.column("decode_layer_eager_s", groups) * (TRANSFORMERS.value(name) if name else 1.0)
    desktop = systems.devices.where(segment=DESKTOPS)
    called = calls * np.where(desktop, TRANSFORMERS.value("desktop_host_share"), 1.0)
    return np.where(replays_steps(job, systems=systems), replayed, called)


def has_latent_cache(job: Job) -> bool:
    """Whether the job's model keeps a latent vector in place of keys and values."""
    return isinstance(job.model, TransformerSpec) and bool(job.model.kv_lora_rank)


def has_experts(job: Job) -> bool:
    """Whether a job runs a transformer whose layers choose among experts."""
    return isinstance(job.model, TransformerSpec) and bool(job.model.num_experts)


def visible_overhead_s(
    overhead_s: FloatArray, busy_s: FloatArray, *, job: Job, layers: int, systems: Systems
) -> FloatArray:
    """What of the fixed times shows beside the device's work: all, unless calls run ahead of the device. [s]

    An eager program's calls hide behind large products, but its small kernels take their turn on the device.
    """
    device = layers * TRANSFORMERS.value("decode_eager_device_cycles") / clock_hz(systems)
    shown = np.maximum(overhead_s - busy_s, np.where(systems.devices.where(kind="gpu"), device, 0.0))
    return np.where(replays_steps(job, systems=systems), overhead_s, shown)


def moved_weight_bytes(
    job: Job, spec: TransformerSpec, *, stored_bytes: FloatArray, batch: Floats, systems: Systems
) -> FloatArray:
    """Bytes of weights that one decode step moves: as stored, but eager programs unpack NF4 for every batch. [bytes]"""
    if job.precision not in {"nf4", "fp4"}:
        return stored_bytes
    unpacked = TRANSFORMERS.value("eager_unpacked_bytes") * spec.active_parameters / systems.plan.tensor_parallel
    at_once = (np.asarray(batch) > 1) & ~replays_steps(job, systems=systems)
    return np.where(at_once, np.maximum(unpacked, stored_bytes), stored_bytes)


def packed_head_bytes(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Bytes that a step reads less where the output matrix is packed too, as by MLX, the usual program there. [bytes]

    References
    ----------
    .. [1] MLX LM, https://github.com/ml-explore/mlx-lm (mlx_lm/utils.py, quantize_model): embeddings and head included.
    """
    if job.framework == "llama.cpp" or job.precision not in UNPACKED:
        return np.zeros(len(systems))
    saved = head_parameters(spec) * (HALF_BYTES - bytes_per_parameter(job.precision))
    return np.where(systems.devices.where(kind="apple_soc"), saved, 0.0)


def replays_steps(job: Job, *, systems: Systems) -> BoolArray:
    """Whether decode steps are replayed as a recorded graph instead of launched kernel by kernel.

    Programs for a TPU or an NPU are graphs that its compiler made, whoever wrote them.

    References
    ----------
    .. [1] HPU graphs, https://docs.habana.ai (PyTorch/Inference_on_PyTorch/Inference_Using_HPU_Graphs.html).
    """
    recorded = job.compiled or job.framework in LAYER_CYCLES or job.framework == "onnxruntime"
    return systems.devices.where(kind="tpu") | systems.devices.where(kind="npu") | recorded


def prefill_layer_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one layer while prompts are read, where no graph is replayed; llama.cpp replays there too. [s]"""
    again = layer_overhead_s(job, systems=systems)
    if job.framework == "llama.cpp":
        return again
    once = TRANSFORMERS.column("prefill_layer_s", families(systems.devices))
    return np.where(replays_steps(job, systems=systems), once, again)


def cache_passes(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Times that a decode step goes over the cache: once, but eager programs copy it and repeat it for every head."""
    shared = 1.0 if spec.kv_lora_rank else spec.num_attention_heads / spec.num_key_value_heads
    copied = TRANSFORMERS.value("eager_cache_passes") * shared
    return np.where(replays_steps(job, systems=systems), 1.0, copied)


def tensor_latency_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one all-reduce of tensor parallelism; llama.cpp splits rows through the host, card by card. [s]"""
    t = systems.plan.tensor_parallel
    if job.framework == "llama.cpp":
        return np.where(t > 1, t * TRANSFORMERS.value("row_split_latency_s"), 0.0)
    steps = (
        0.0
        if job.compiled or job.framework in ONE_STEP
        else TRANSFORMERS.column("ring_step_latency_s", families(systems.devices))
    )
    return latency_s(systems, group=t) + steps * (t - 1)


def row_split_s(spec: TransformerSpec, *, systems: Systems, tokens: FloatArray) -> FloatArray:
    """Copies of llama.cpp's row split while reading prompts: every result travels to every card in fp32. [s]"""
    t = systems.plan.tensor_parallel
    widths = 4 * spec.hidden_size + (3 if spec.gated_ffn else 2) * spec.intermediate_size
    copied = t * tokens * spec.num_hidden_layers * widths * 4.0
    pcie = systems.devices.pcie_bytes_per_s
    pcie = np.where(np.isnan(pcie), TRANSFORMERS.value("pcie_unknown_bytes_per_s"), pcie)
    return np.where(t > 1, copied / (pcie * TRANSFORMERS.value("row_split_link_fraction")), 0.0)


def unpacking_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time to unpack quantised weights on the vector units, per decode step of one token. [s]"""
    if job.precision in WHOLE_MODEL or job.precision in NARROW_FLOATS:
        return np.zeros(len(systems))
    each = TRANSFORMERS.column("unpacking_operations", families(systems.devices))
    if job.framework == "llama.cpp":
        alone = systems.devices.where(compute_capability=WITHOUT_DOT_PRODUCTS)
        name = "unpacking_operations_without_dot_products"
        slow = TRANSFORMERS.value(name if job.precision in ONE_SCALE else f"{name}_k")
        each = np.where(alone, slow, each)
    operations = each * spec.active_parameters / systems.plan.tensor_parallel
    return operations / peak_flops_per_s("fp32", systems.devices)
