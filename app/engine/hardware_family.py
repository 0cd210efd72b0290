"""Hardware families: the few groups of devices that share an efficiency, looked up once per column of devices."""

from functools import lru_cache

import numpy as np

from app.engine.arrays import BoolArray
from app.engine.hardware import Accelerator, Devices

NVIDIA_FAMILIES = {
    "Volta": "cuda_volta",
    "Ampere GA100": "cuda_ampere_hbm",
    "Hopper": "cuda_hopper",
    "Rubin": "cuda_blackwell_hbm",
    "Blackwell Ultra": "cuda_blackwell_hbm",
    "Turing": "cuda_turing",
    "Ampere": "cuda_ampere",
    "Ada": "cuda_ada",
    "Blackwell": "cuda_blackwell",
    "Pascal": "cuda_pascal",
    "Maxwell": "cuda_pascal",
    "Kepler": "cuda_kepler",
    "Fermi": "cuda_kepler",
}
"""By how the architecture begins; the first that fits."""
UNMEASURED = ("Rubin", "Fermi", "Maxwell")
"""Architectures with a known name of which no run was ever fitted; another generation stands in."""
AMD_FAMILIES = {"CDNA 4": "amd_cdna4", "CDNA": "amd_cdna", "Vega": "amd_cdna", "RDNA": "amd_rdna"}
KINDS = {"cpu": "cpu", "apple_soc": "apple", "tpu": "tpu", "npu": "npu", "fpga": "fpga"}
COMPILING_KINDS = ("tpu", "npu")
"""Kinds of devices whose compiler makes a graph of every program, and places tensors in memory on the chip:
https://docs.habana.ai (PyTorch/Inference_on_PyTorch/Inference_Using_HPU_Graphs.html)."""
FAMILIES = (
    "cuda_kepler", "cuda_pascal", "cuda_volta", "cuda_turing", "cuda_ampere", "cuda_ada", "cuda_blackwell",
    "cuda_ampere_hbm", "cuda_hopper", "cuda_blackwell_hbm", "cuda_edge", "amd_cdna", "amd_cdna4", "amd_rdna",
    "intel_gpu", "apple", "cpu", "tpu", "npu", "npu_neuron", "fpga",
)  # fmt: skip


def _nvidia(device: Accelerator) -> str:
    architecture = device.architecture
    if device.segment == "edge":
        return "cuda_edge"
    if "(datacenter)" in architecture:
        return "cuda_blackwell_hbm"
    known = (family for start, family in NVIDIA_FAMILIES.items() if architecture.startswith(start))
    return next(known, _nvidia_by_its_rates(device))


def _nvidia_by_its_rates(device: Accelerator) -> str:
    """The newest family whose arithmetic an architecture without a known name has, as its data sheet tells."""
    if device.peak.bf16 is not None:
        linked = device.segment == "datacenter" and device.interconnect == "nvlink"
        return "cuda_blackwell_hbm" if linked else "cuda_blackwell"
    half, single = device.peak.fp16, device.peak.fp32
    tensor_cores = half is not None and single is not None and half > 2 * single
    return "cuda_turing" if tensor_cores else "cuda_pascal"


@lru_cache(maxsize=4096)
def family_of(device: Accelerator) -> str:
    """The family whose efficiencies a device shares; a later generation counts as the newest that was measured."""
    if device.software_stack == "neuron":
        return "npu_neuron"
    if device.kind != "gpu":
        return KINDS.get(device.kind, "npu")
    if device.vendor == "NVIDIA":
        return _nvidia(device)
    if device.vendor == "AMD":
        unknown = "amd_cdna" if device.segment == "datacenter" else "amd_rdna"
        return next(
            (family for start, family in AMD_FAMILIES.items() if device.architecture.startswith(start)), unknown
        )
    return "intel_gpu"


def stands_in(device: Accelerator) -> bool:
    """Whether efficiencies of another generation are taken for a GPU, because none of its own was measured."""
    if device.kind != "gpu":
        return False
    named = NVIDIA_FAMILIES if device.vendor == "NVIDIA" else AMD_FAMILIES
    known = device.vendor not in {"NVIDIA", "AMD"} or device.architecture.startswith(tuple(named))
    return not known or device.architecture.startswith(UNMEASURED)


def families(devices: Devices) -> tuple[str, ...]:
    """The family of every row: every coefficient of an estimate asks for it."""
    return devices.each(family_of)


def stand_ins(devices: Devices) -> BoolArray:
    """Rows whose efficiencies are those of another generation."""
    return np.array(devices.each(stands_in), dtype=np.bool_)
