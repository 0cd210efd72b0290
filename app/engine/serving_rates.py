"""What the hardware reaches in serving: rates of reading and writing, and the fixed times of a step."""

import numpy as np

from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import latency_s
from app.engine.hardware import Systems
from app.engine.hardware_family import COMPILING_KINDS, families
from app.engine.inference_memory import SERVERS
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.params import head_parameters
from app.engine.precision import (
    FOUR_BIT_FLOATS,
    NARROW_FLOATS,
    UNPACKED_FOUR_BITS,
    WHOLE_MODEL,
    bytes_per_element,
    bytes_per_parameter,
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
WITHOUT_DOT_PRODUCTS = ("3.0", "3.5", "3.7", "5.0", "5.2", "5.3", "6.0")
"""Compute capabilities before the instruction that multiplies and adds four 8-bit numbers at once."""
ONE_SCALE = frozenset({"q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "mxfp4"})
"""Formats of llama.cpp with one scale for a block; the others, K, scale the scales of parts of a larger block."""
ONE_STEP = frozenset({"vllm", "tensorrt-llm"})
"""Servers with an all-reduce of their own, in which every device reads what all others wrote."""
FP32_PER_CLOCK = 256.0
"""fp32 operations of one compute unit a clock: 128 lanes, a multiplication and an addition each."""


def prefill_rate(job: Job, spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Arithmetic rate of reading prompts on one device, with programs other than llama.cpp. [FLOP/s]"""
    groups = families(systems.devices)
    fed = fed_tiles_flops_per_s(job.precision, systems=systems)
    peak = np.minimum(multiplied_flops_per_s(job, systems=systems), fed)
    width = spec.hidden_size / systems.plan.tensor_parallel
    fraction = TRANSFORMERS.column("prefill_fraction", groups)
    fraction = fraction * saturation(width, TRANSFORMERS.value("prefill_half_width"))
    if job.precision in UNPACKED_FOUR_BITS:
        served = TRANSFORMERS.value("prefill_unpacked_share_server")
        others = TRANSFORMERS.column("prefill_unpacked_share", groups)
        fraction = fraction * (served if job.framework in SERVERS else others)
    return peak * fraction * saturation(tokens, TRANSFORMERS.column("prefill_half_tokens", groups))


def multiplied_flops_per_s(job: Job, *, systems: Systems) -> FloatArray:
    """What matrix units sustain in the format that a served model's weights multiply in. [FLOP/s]

    Experts that were published in MXFP4 multiply 8-bit numbers where the units know 4 bits, and are unpacked to 16
    elsewhere. Dense models that somebody turned into MXFP4 multiply 4 bits on both sides.
    """
    rate = sustained_flops_per_s(job.precision, systems.devices)
    if job.precision != "mxfp4":
        return rate
    knows = ~np.isnan(systems.devices.peak_flops_per_s("fp4"))
    return np.where(knows, sustained_flops_per_s("fp8" if has_experts(job) else "fp4", systems.devices), rate)


def fed_tiles_flops_per_s(precision: str, *, systems: Systems) -> FloatArray:
    """What the caches of a processor can feed to its matrix tiles; no limit on other devices. [FLOP/s]

    Of 8-bit integers, which tiles also multiply, twice as many arrive as of numbers of 16 bits.
    """
    vectors = systems.devices.peak_flops_per_s("fp32")
    as_many = HALF_BYTES / bytes_per_element(precision) if precision == "int8" else 1.0
    fed = np.nan_to_num(as_many * TRANSFORMERS.value("matrix_tile_gain") * vectors, nan=np.inf)
    return np.where(systems.devices.where(kind="cpu"), fed, np.inf)


def decode_unpacked_share(job: Job, *, systems: Systems) -> FloatArray:
    """Share of the rate of 16-bit products that a large batch reaches where a server unpacks its weights first. [-]"""
    if job.framework not in SERVERS or job.precision not in UNPACKED_FOUR_BITS | {"mxfp4"}:
        return np.ones(len(systems))
    knows = ~np.isnan(systems.devices.peak_flops_per_s("fp4"))
    multiplied = knows if job.precision == "mxfp4" else np.zeros(len(systems), dtype=np.bool_)
    return np.where(multiplied, 1.0, TRANSFORMERS.column("decode_unpacked_share_server", families(systems.devices)))


def tile_rows(job: Job, spec: TransformerSpec, *, systems: Systems, written: Floats) -> Floats:
    """Rows that the products of a step are multiplied with: its tokens, or a tile's where those are fewer. [tokens]

    Matrix units take whole tiles, which shows where a device has few operations for the bytes it moves, as an H20.
    Programs that multiply few rows on vector units have no tiles; those of experts are counted with their rows.
    """
    if job.framework in {"llama.cpp", "pytorch"} or spec.num_experts:
        return written
    return np.maximum(written, TRANSFORMERS.column("decode_tile_rows", families(systems.devices)))


def attention_growth(job: Job, *, systems: Systems) -> FloatArray:
    """Times as long as products of weights the products of attention take: none multiplies 4 bits. [-]"""
    if job.precision not in FOUR_BIT_FLOATS | {"mxfp4"}:
        return np.ones(len(systems))
    rate = multiplied_flops_per_s(job, systems=systems)
    return np.maximum(rate / sustained_flops_per_s("fp8", systems.devices), 1.0)


def written_scores(job: Job, *, systems: Systems) -> FloatArray:
    """Share of the attention scores that is written to memory: all without a fused kernel, none with one. [-]"""
    if job.workload.attention is None and job.framework == "llama.cpp":
        return TRANSFORMERS.column("scores_written_llama_cpp", families(systems.devices))
    return np.full(len(systems), 1.0 if job.attention == "eager" else 0.0)


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


def reads_fixed_cache(job: Job, *, systems: Systems) -> BoolArray:
    """Whether steps go over a cache of the longest texts, as compiled for a TPU, whatever they hold. [-]"""
    return systems.devices.where(kind="tpu") & (job.framework != "vllm")


def layer_overhead_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one layer of a decode step: launches, synchronisation, small kernels. [s]"""
    if job.framework == "onnxruntime":
        return TRANSFORMERS.column("decode_layer_runtime_s", families(systems.devices))
    called, replayed = called_layer_s(job, systems=systems), replayed_layer_s(job, systems=systems)
    return np.where(replays_steps(job, systems=systems), replayed, called)


def replayed_layer_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one layer of a recorded step: kernels start and end one after another on the device. [s]

    The threads of llama.cpp on a processor wait for each other instead, the longer the more there are.
    """
    groups = families(systems.devices)
    cycles = LAYER_CYCLES.get(job.framework, "decode_layer_compiled_cycles")
    growth = TRANSFORMERS.column("decode_layer_quantised_growth", groups) if job.precision in UNPACKED else 1.0
    routed = TRANSFORMERS.column("decode_expert_layer_cycles", groups) if has_experts(job) else 0.0
    latent = TRANSFORMERS.column("decode_latent_layer_cycles", groups) if has_latent_cache(job) else 0.0
    fixed = (growth * TRANSFORMERS.column(cycles, groups) + routed + latent) / clock_hz(systems)
    if job.framework != "llama.cpp":
        return fixed
    cores = np.nan_to_num(systems.devices.compute_units, nan=1.0)
    meeting = TRANSFORMERS.value("decode_layer_llama_cpp_core_s") * cores
    return np.where(systems.devices.where(kind="cpu"), meeting, fixed)


def called_layer_s(job: Job, *, systems: Systems) -> FloatArray:
    """Time of the host to call the operators of one layer from Python. [s]"""
    name = EAGER_GROWTH.get(job.precision)
    growth = TRANSFORMERS.value(name) if name else 1.0
    calls = TRANSFORMERS.column("decode_layer_eager_s", families(systems.devices)) * growth
    desktop = systems.devices.where(segment=DESKTOPS)
    return calls * np.where(desktop, TRANSFORMERS.value("desktop_host_share"), 1.0)


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
    """Whether decode steps are replayed as a recorded graph instead of launched kernel by kernel."""
    recorded = job.compiled or job.framework in LAYER_CYCLES or job.framework == "onnxruntime"
    return systems.devices.where(kind=COMPILING_KINDS) | recorded


def prefill_layer_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one layer while prompts are read; of programs that record steps, llama.cpp replays prompts too. [s]

    The others launch prompts kernel by kernel, because a recorded graph has one length.
    """
    as_in_decode = layer_overhead_s(job, systems=systems)
    if job.framework == "llama.cpp":
        return as_in_decode
    launched = TRANSFORMERS.column("prefill_layer_s", families(systems.devices))
    return np.where(replays_steps(job, systems=systems), launched, as_in_decode)


def cache_passes(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Times that a step goes over the cache: once, but eager programs copy it and repeat it for every head. [-]"""
    shared = 1.0 if spec.kv_lora_rank else spec.num_attention_heads / spec.num_key_value_heads
    copied = TRANSFORMERS.value("eager_cache_passes") * shared
    return np.where(replays_steps(job, systems=systems), 1.0, copied)


def tensor_latency_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one all-reduce of tensor parallelism; llama.cpp splits rows through the host, card by card. [s]"""
    t = systems.plan.tensor_parallel
    if job.framework == "llama.cpp":
        return np.where(t > 1, t * TRANSFORMERS.value("row_split_latency_s"), 0.0)
    alone = latency_s(systems, group=t)
    if job.compiled or job.framework in ONE_STEP:
        return alone
    return alone + TRANSFORMERS.column("ring_step_latency_s", families(systems.devices)) * (t - 1)


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
