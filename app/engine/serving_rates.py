"""What the hardware reaches in serving: rates of reading and writing, and the fixed times of a step."""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.comms import latency_s
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.precision import WHOLE_MODEL, is_gguf, peak_flops_per_s, sustained_flops_per_s
from app.engine.roofline import saturation

GRAPHED = frozenset({"vllm", "tensorrt-llm", "llama.cpp", "tensorrt"})
"""Frameworks that replay decode steps as CUDA graphs or as one fused command list."""


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
    name = "decode_layer_s" if replays_steps(job) else "decode_layer_eager_s"
    if job.framework == "llama.cpp":
        name = "decode_layer_llama_cpp_s"
    return TRANSFORMERS.column(name, groups)


def replays_steps(job: Job) -> bool:
    """Whether decode steps are replayed as a recorded graph instead of launched kernel by kernel."""
    return job.compiled or job.framework in GRAPHED


def tensor_latency_s(job: Job, *, systems: Systems) -> FloatArray:
    """Fixed time of one all-reduce of tensor parallelism; llama.cpp splits rows through the host, card by card. [s]"""
    t = systems.plan.tensor_parallel
    if job.framework == "llama.cpp":
        return np.where(t > 1, t * TRANSFORMERS.value("row_split_latency_s"), 0.0)
    return latency_s(systems, group=t)


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
    if job.precision in WHOLE_MODEL or job.precision in {"fp8", "fp4", "nvfp4"}:
        return np.zeros(len(systems))
    groups = families(systems.devices)
    operations = (
        TRANSFORMERS.column("unpacking_operations", groups) * spec.active_parameters / systems.plan.tensor_parallel
    )
    return operations / peak_flops_per_s("fp32", systems.devices)
