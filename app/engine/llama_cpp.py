"""What llama.cpp does in its own way: reading prompts, asking for weights and cache, copying rows between cards."""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.memory import stored_weight_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.params import expert_parameters
from app.engine.precision import WHOLE_MODEL, is_gguf, peak_flops_per_s
from app.engine.roofline import saturation
from app.engine.serving_rates import WITHOUT_DOT_PRODUCTS, bandwidth_rate, clock_hz, written_scores
from app.engine.units import HALF_BYTES

WITHOUT_MATRIX_UNITS = ("Vega 10 (GCN5)", "Vega 20 (GCN5)")
"""Architectures beside CDNA that have its memory but multiply on vector units."""


def prefill_rate_llama_cpp(job: Job, spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Arithmetic rate at which llama.cpp reads prompts on one device. [FLOP/s]

    It multiplies quantised weights after unpacking them; GeForce cards then run at their fp16-accumulate rate. Its time
    is what the matrix units need plus what the energy of every product takes at the board's power. The more cores a
    processor has, the less each does: their threads meet after every operation.
    """
    precision = job.precision if not is_gguf(job.precision) else "fp16"
    peak = peak_flops_per_s(precision, systems.devices, accumulate_fp16=True)
    tiles = TRANSFORMERS.value("matrix_tile_gain_llama_cpp") * systems.devices.peak_flops_per_s("fp32")
    peak = np.where(systems.devices.where(kind="cpu"), np.fmin(peak, tiles), peak)
    shared = systems.devices.where(kind="gpu", unified_memory=True)
    watts = systems.devices.tdp_w * np.where(shared, TRANSFORMERS.value("shared_power_fraction"), 1.0)
    power = watts * TRANSFORMERS.value("prefill_flops_per_joule_llama_cpp")
    fraction = TRANSFORMERS.column("prefill_fraction_llama_cpp", families(systems.devices))
    vega = systems.devices.where(architecture=WITHOUT_MATRIX_UNITS)
    units = peak * np.where(vega, TRANSFORMERS.value("prefill_fraction_llama_cpp_vector"), fraction)
    gain = expert_share_llama_cpp(spec, systems=systems, tokens=tokens) * block_gain(job, systems=systems)
    crowd = np.nan_to_num(systems.devices.compute_units) / TRANSFORMERS.value("prefill_half_cores_llama_cpp")
    gain = gain / np.where(systems.devices.where(kind="cpu"), 1 + crowd, 1.0)
    return gain / (1 / units + np.nan_to_num(1 / power))


def expert_share_llama_cpp(spec: TransformerSpec, *, systems: Systems, tokens: Floats) -> FloatArray:
    """Share of the rate of a dense model that llama.cpp reaches where each expert multiplies few of the tokens. [-]"""
    if not spec.num_experts:
        return np.ones(len(systems))
    rows = tokens * spec.num_experts_per_token / spec.num_experts
    few = saturation(rows, TRANSFORMERS.column("prefill_expert_half_rows_llama_cpp", families(systems.devices)))
    return np.asarray(few * TRANSFORMERS.value("prefill_expert_share_llama_cpp"), dtype=np.float64)


def block_gain(job: Job, *, systems: Systems) -> FloatArray:
    """Times as fast as unpacked products, where llama.cpp multiplies quantised blocks in 8 bits; 1 elsewhere. [-]"""
    if job.precision in WHOLE_MODEL:
        return np.ones(len(systems))
    alone = systems.devices.where(compute_capability=WITHOUT_DOT_PRODUCTS)
    slow = TRANSFORMERS.value("prefill_share_without_dot_products")
    return np.where(alone, slow, TRANSFORMERS.column("prefill_block_gain_llama_cpp", families(systems.devices)))


def prefill_weight_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time of llama.cpp to fetch all weights once and to write quantised ones out in 16 bits, per chunk. [s]

    Experts stay packed: each multiplies too few rows for their unpacked form to be worth writing.
    """
    stored = stored_weight_bytes(spec, job.precision) * TRANSFORMERS.value("prefill_weight_share_llama_cpp")
    unpacked = 0.0
    if job.precision not in WHOLE_MODEL:
        written = spec.parameters - expert_parameters(spec)
        unpacked = written * HALF_BYTES * TRANSFORMERS.value("prefill_unpacking_passes_llama_cpp")
    moved = stored + np.where(block_gain(job, systems=systems) > 1, 0.0, unpacked)
    return moved / systems.plan.tensor_parallel / bandwidth_rate(job, systems=systems)


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


def row_split_s(spec: TransformerSpec, *, systems: Systems, tokens: FloatArray) -> FloatArray:
    """Copies of llama.cpp's row split while reading prompts: every result travels to every card in fp32. [s]"""
    t = systems.plan.tensor_parallel
    widths = 4 * spec.hidden_size + (3 if spec.gated_ffn else 2) * spec.intermediate_size
    copied = t * tokens * spec.num_hidden_layers * widths * 4.0
    pcie = systems.devices.pcie_bytes_per_s
    pcie = np.where(np.isnan(pcie), TRANSFORMERS.value("pcie_unknown_bytes_per_s"), pcie)
    return np.where(t > 1, copied / (pcie * TRANSFORMERS.value("row_split_link_fraction")), 0.0)
