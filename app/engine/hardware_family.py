"""Hardware families: the few groups of devices that share an efficiency, looked up once per column of devices."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.engine.hardware import Accelerator, Devices

NVIDIA_DATACENTER = {
    "Volta": "cuda_volta",
    "Ampere GA100": "cuda_ampere_hbm",
    "Hopper": "cuda_hopper",
    "Rubin": "cuda_blackwell_hbm",
    "Pascal GP100": "cuda_pascal",
}
AMD_FAMILIES = {"CDNA": "amd_cdna", "Vega": "amd_cdna", "RDNA": "amd_rdna"}
KINDS = {"cpu": "cpu", "apple_soc": "apple", "tpu": "tpu", "npu": "npu", "fpga": "fpga"}
FAMILIES = (
    "cuda_pascal", "cuda_volta", "cuda_turing", "cuda_ampere", "cuda_ada", "cuda_blackwell", "cuda_ampere_hbm",
    "cuda_hopper", "cuda_blackwell_hbm", "cuda_edge", "amd_cdna", "amd_rdna", "intel_gpu", "apple", "cpu", "tpu",
    "npu", "fpga",
)  # fmt: skip


def _nvidia(device: "Accelerator") -> str:
    architecture = device.architecture
    if device.segment == "edge":
        return "cuda_edge"
    if architecture in NVIDIA_DATACENTER:
        return NVIDIA_DATACENTER[architecture]
    if architecture == "Blackwell Ultra" or "(datacenter)" in architecture:
        return "cuda_blackwell_hbm"
    for start, family in (("Turing", "cuda_turing"), ("Ampere", "cuda_ampere"), ("Ada", "cuda_ada")):
        if architecture.startswith(start):
            return family
    return "cuda_blackwell" if architecture.startswith("Blackwell") else "cuda_pascal"


@lru_cache(maxsize=4096)
def family_of(device: "Accelerator") -> str:
    """The family whose efficiencies a device shares; an unknown NVIDIA card counts as the oldest one."""
    if device.kind != "gpu":
        return KINDS.get(device.kind, "npu")
    if device.vendor == "NVIDIA":
        return _nvidia(device)
    if device.vendor == "AMD":
        return next(
            (family for start, family in AMD_FAMILIES.items() if device.architecture.startswith(start)), "amd_rdna"
        )
    return "intel_gpu"


def families(devices: "Devices") -> tuple[str, ...]:
    """The family of every row."""
    return devices.families
