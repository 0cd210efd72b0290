"""Rows of facts become :class:`Accelerator` value objects in base units."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.engine.hardware import Accelerator, PeakRates
from app.engine.units import GB, GIB, TERA

MHZ = 1e6

PCIE_BYTES_PER_S_PER_LANE = {1: 0.25 * GB, 2: 0.5 * GB, 3: 0.985 * GB, 4: 1.969 * GB, 5: 3.938 * GB, 6: 7.563 * GB}
"""One direction, after line coding. PCI-SIG base specifications."""

MACOS_GPU_SHARE = 0.74
"""Share of unified memory that macOS lets the GPU use by default: 19,069 of 24 x 1,073.7 MB on one published Mac.

The range is 67 to 75 % over models; an owner can raise it (``sysctl iogpu.wired_limit_mb``).
"""
STRIX_HALO_GPU_SHARE = 0.75
"""Ryzen AI Max: 96 of 128 GB may be set aside for the GPU. Recalled, no source read."""
GB10_GPU_SHARE = 0.93
"""DGX Spark: about 119 of 128 GB are left by the system. Recalled, no source read."""
JETSON_GPU_SHARE = 0.85
"""Jetson: what the operating system leaves of the shared memory. An assumption."""
INTEGRATED_GPU_SHARE = 0.5
"""Integrated graphics of Intel and AMD: half of the system memory, the usual default of their drivers. Recalled."""
DISPLAY_CARD_SHARE = 0.995
"""GeForce, Radeon and workstation cards: 31.84 of 32 GiB on an RTX 5090 (published nvidia-smi logs)."""
ECC_GDDR_SHARE = 0.9375
"""Data-centre cards with GDDR keep one sixteenth for error correction: 44.99 of 48 GiB on an L40S. Recalled."""
HBM_SHARE = 0.9945
"""Cards with HBM: 179.06 of 180 GiB on a B200 (published nvidia-smi logs), 79.65 of 80 on an H100 (recalled)."""
DRIVER_CONTEXT_BYTES = 0.3e9
"""What a driver context takes of a card before the first tensor; kernels are loaded when first used since CUDA 11.7.

https://docs.nvidia.com/cuda/cuda-programming-guide (lazy loading). Older versions take 0.4 to 0.6 GB
(https://vram.asmirnov.xyz).
"""
CPU_SHARE = 0.95
"""What the operating system leaves of the system memory. An assumption."""

PACKED_HALF_ARCHITECTURES = ("Pascal GP100", "Vega", "RDNA 1", "RDNA 2", "Xe-HPG", "Xe-LP", "Gen9")
"""Without tensor cores, but with two half-precision operations in the place of one in single precision."""
PACKED_HALF_RATIO = 2.0

Facts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Identity:
    """The columns of an accelerator's row, its support status joined."""

    slug: str
    name: str
    vendor: str
    kind: str
    segment: str
    architecture: str
    memory_type: str
    unified_memory: bool
    interconnect: str
    compute_capability: str | None
    software_stack: str
    launch: str
    confidence: str
    source_url: str
    support: str
    support_note: str


def accelerator(identity: Identity, facts: Facts) -> Accelerator:
    """One device of the catalogue, in base units."""
    memory_bytes = facts.get("memory", float("nan")) * GIB
    launch_year = int(identity.launch[:4]) if identity.launch[:4].isdigit() else None
    return Accelerator(
        slug=identity.slug,
        name=identity.name,
        vendor=identity.vendor,
        kind=identity.kind,
        segment=identity.segment,
        architecture=identity.architecture,
        peak=peak_rates(identity, facts),
        memory_bytes=memory_bytes,
        usable_memory_bytes=usable_memory_bytes(identity, facts),
        memory_bandwidth_bytes_per_s=facts.get("memory_bandwidth", float("nan")) * GB,
        tdp_w=facts.get("tdp"),
        launch_year=launch_year,
        compute_units=facts.get("compute_units"),
        boost_hz=_scaled(facts.get("boost_clock"), MHZ),
        interconnect=identity.interconnect,
        interconnect_bytes_per_s=_scaled(facts.get("interconnect_bandwidth"), GB),
        rack_devices=facts.get("rack_devices", 1.0),
        pcie_bytes_per_s=pcie_bytes_per_s(facts),
        slots=facts.get("slots"),
        compute_capability=identity.compute_capability,
        software_stack=identity.software_stack,
        support=identity.support,
        support_note=identity.support_note,
        confidence=identity.confidence,
        unified_memory=identity.unified_memory,
        trains_too=bool(facts.get("trains", 0.0)),
        source_url=identity.source_url,
    )


def peak_rates(identity: Identity, facts: Facts) -> PeakRates:
    """Dense rates. [FLOP/s] Where a device has no fast half precision, fp16 runs at the fp32 rate."""

    def rate(field: str) -> float | None:
        return _scaled(facts.get(field), TERA)

    fp16 = rate("fp16")
    if fp16 is None and identity.kind in {"gpu", "apple_soc"}:
        packed = identity.architecture.startswith(PACKED_HALF_ARCHITECTURES)
        fp16 = _scaled(rate("fp32"), PACKED_HALF_RATIO if packed else 1.0)
    bf16 = rate("bf16")
    if bf16 is None and identity.kind == "apple_soc":
        bf16 = fp16
    return PeakRates(
        fp32=rate("fp32"),
        tf32=rate("tf32"),
        fp16=fp16,
        bf16=bf16,
        fp16_accumulate_fp16=rate("fp16_accumulate_fp16"),
        fp8=rate("fp8"),
        fp4=rate("fp4"),
        int8=rate("int8"),
    )


def usable_memory_bytes(identity: Identity, facts: Facts) -> float:
    """What programs can allocate: visible memory where it was read, else the usual share of the nominal. [bytes]

    On a card of its own memory the driver's context is taken off; shares of a common memory leave room for it.
    """
    visible = facts.get("visible_memory")
    memory = visible if visible is not None else facts.get("memory", float("nan")) * usable_share(identity)
    return memory * GIB - (DRIVER_CONTEXT_BYTES if identity.kind == "gpu" and not identity.unified_memory else 0.0)


def usable_share(identity: Identity) -> float:
    """Share of the nominal memory that programs can allocate. [-]"""
    if identity.kind == "cpu":
        return CPU_SHARE
    if identity.kind == "apple_soc":
        return MACOS_GPU_SHARE
    if identity.unified_memory:
        return _unified_share(identity)
    if identity.memory_type.startswith("HBM"):
        return HBM_SHARE
    if identity.segment == "datacenter" and identity.memory_type.startswith("GDDR"):
        return ECC_GDDR_SHARE
    return DISPLAY_CARD_SHARE if identity.kind == "gpu" else 1.0


def _unified_share(identity: Identity) -> float:
    if identity.segment == "edge":
        return JETSON_GPU_SHARE
    if identity.vendor == "NVIDIA":
        return GB10_GPU_SHARE
    if identity.slug.startswith("ryzen-ai-max"):
        return STRIX_HALO_GPU_SHARE
    return 1.0 if identity.memory_type.startswith("HBM") else INTEGRATED_GPU_SHARE


def pcie_bytes_per_s(facts: Facts) -> float | None:
    """Bandwidth of the card's slot, one direction. [bytes/s]"""
    generation, lanes = facts.get("pcie_generation"), facts.get("pcie_lanes")
    if generation is None or lanes is None:
        return None
    return PCIE_BYTES_PER_S_PER_LANE[int(generation)] * lanes


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
