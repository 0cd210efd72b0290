"""Precision: bytes per element of what is stored, and which peak rate of a device its arithmetic runs at."""

from dataclasses import dataclass

import numpy as np

from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Devices, Systems
from app.engine.hardware_family import families, stand_ins
from app.engine.roofline import saturation
from app.engine.units import BITS_PER_BYTE

BITS_PER_WEIGHT = {
    "fp32": 32.0, "tf32": 32.0, "amp": 32.0, "fp16": 16.0, "bf16": 16.0, "f16": 16.0005, "bf16_gguf": 16.0005,
    "fp8": 8.0, "int8": 8.0, "int4": 4.156, "nf4": 4.127, "fp4": 4.5, "nvfp4": 4.5, "mxfp4": 4.25,
    "iq1_s": 2.0042, "iq1_m": 2.1460, "iq2_xxs": 2.3824, "iq2_xs": 2.5882, "iq2_s": 2.7403, "iq2_m": 2.9294,
    "q2_k": 3.1593, "iq3_xxs": 3.2548, "iq3_xs": 3.4977, "q3_k_s": 3.6429, "iq3_s": 3.6606, "iq3_m": 3.7628,
    "q3_k_m": 4.00, "q3_k_l": 4.2979, "iq4_xs": 4.4597, "q4_k_s": 4.6672, "iq4_nl": 4.6818, "q4_k_m": 4.8944,
    "q4_0": 4.5, "q4_1": 5.0, "q5_0": 5.5, "q5_1": 6.0, "q5_k_s": 5.5704, "q5_k_m": 5.7036, "q6_k": 6.5633,
    "q8_0": 8.5008, "tq1_0": 1.6875, "tq2_0": 2.0625,
}  # fmt: skip
"""Bits per weight. GGUF mixes: counted on Llama-3.1-8B (llama.cpp, tools/quantize/README.md); Q4_0 to Q5_1 and TQ:
the pure block formats of ggml; NF4 with double quantisation: QLoRA, arXiv:2305.14314 section 3; int4: AWQ or GPTQ with
groups of 128; MXFP4: OCP Microscaling Formats; NVFP4: 16-element blocks with an fp8 scale."""

WHOLE_MODEL = frozenset({"fp32", "tf32", "amp", "fp16", "bf16", "f16", "bf16_gguf"})
"""Precisions in which every tensor is stored."""
MATRICES_ONLY = frozenset({"int8", "int4", "nf4", "fp8", "fp4", "nvfp4", "mxfp4"})
"""Formats that leave embeddings and the LM head in 16 bits."""
FOUR_BIT_FLOATS = frozenset({"fp4", "nvfp4"})
"""Four-bit formats that matrix units multiply where they can."""
NARROW_FLOATS = FOUR_BIT_FLOATS | {"fp8"}
"""Formats in which both sides of a product are: its inputs are converted to them."""
UNPACKED_FOUR_BITS = frozenset({"int4", "nf4"})
"""Four-bit formats that nothing multiplies: weights are unpacked to 16 bits first."""

RATE_CHAINS = {
    "fp32": ("fp32",),
    "tf32": ("tf32", "fp32"),
    "fp16": ("fp16", "bf16", "fp32"),
    "bf16": ("bf16", "fp16", "fp32"),
    "fp8": ("fp8", "bf16", "fp16", "fp32"),
    "fp4": ("fp4", "fp8", "bf16", "fp16", "fp32"),
    "int8": ("int8", "fp16", "bf16", "fp32"),
    "fp16_accumulate_fp16": ("fp16_accumulate_fp16", "fp16", "bf16", "fp32"),
}
"""What arithmetic falls back to where the hardware lacks it, first to last."""
RATE_OF = {"fp32": "fp32", "tf32": "tf32", "fp8": "fp8", "fp4": "fp4", "nvfp4": "fp4", "fp16": "fp16", "amp": "fp16"}
"""Which rate a precision computes at; formats not named here are unpacked to 16 bits first."""
OPERATIONS_PER_JOULE = {"tf32": 0.5, "fp8": 2.0, "int8": 2.4, "fp4": 4.0}
"""How many operations of another format a joule buys, against 16 bits; BERT in int8 runs 1.14 to 1.18 times as fast as
in fp8 on H100, GH200 and L4 (https://github.com/mlcommons/inference_results_v4.0, offline)."""
FP32_PASSES_OF_MATRIX_UNIT = 6.0
"""bf16 passes that give one fp32 product where there is no fp32 rate, as on a TPU (jax.lax.Precision.HIGHEST)."""


@dataclass(frozen=True, slots=True)
class TrainingBytes:
    """Bytes per parameter that training holds besides activations."""

    weights: float
    gradients: float
    optimizer: float
    cast_copy: float = 0.0
    """16-bit copies that autocast keeps during a step."""

    @property
    def total(self) -> float:
        """All of it. [bytes]"""
        return self.weights + self.gradients + self.optimizer


def is_gguf(precision: str) -> bool:
    """Whether a precision is a llama.cpp file format."""
    return (precision in BITS_PER_WEIGHT and precision not in (WHOLE_MODEL | MATRICES_ONLY)) or precision in {
        "f16",
        "bf16_gguf",
    }


def bytes_per_parameter(precision: str) -> float:
    """Bytes that one stored weight takes. [bytes]

    >>> bytes_per_parameter("bf16")
    2.0
    >>> round(bytes_per_parameter("nf4"), 4)
    0.5159
    """
    return BITS_PER_WEIGHT[precision] / BITS_PER_BYTE


def block_overhead_bits(
    *, block: int, scale_bits: float, second_block: int | None = None, second_scale_bits: float = 0.0
) -> float:
    """Bits per weight that the scales of a block format cost; double quantisation quantises the scales again. [bits]

    >>> round(block_overhead_bits(block=64, scale_bits=8, second_block=256, second_scale_bits=32), 3)
    0.127

    References
    ----------
    .. [1] T. Dettmers et al., "QLoRA," 2023, arXiv:2305.14314, section 3.
    """
    second = second_scale_bits / (block * second_block) if second_block else 0.0
    return scale_bits / block + second


def bytes_per_element(precision: str) -> float:
    """Bytes of one element of activations or cache in a precision; quantised weights compute in 16 bits. [bytes]

    >>> bytes_per_element("fp8"), bytes_per_element("q4_k_m"), bytes_per_element("amp")
    (1.0, 2.0, 2.0)
    """
    return {"fp32": 4.0, "tf32": 4.0, "fp8": 1.0, "int8": 1.0}.get(precision, 2.0)


def cache_bytes_per_element(precision: str) -> float:
    """Bytes of one element of a KV cache. [bytes]

    >>> cache_bytes_per_element("q8_0")
    1.0626
    """
    if precision in {"amp", "tf32"}:
        return 2.0
    return BITS_PER_WEIGHT[precision] / BITS_PER_BYTE


def first_known(columns: list[FloatArray]) -> FloatArray:
    """Elementwise the first value that is known."""
    best = columns[0]
    for column in columns[1:]:
        best = np.where(np.isnan(best), column, best)
    return best


def peak_flops_per_s(
    precision: str, devices: Devices, *, accumulate_fp16: bool = False, integers: bool = False
) -> FloatArray:
    """Dense peak rate that arithmetic in a precision runs at, with fallbacks where hardware lacks it. [FLOP/s]

    bf16 falls back to fp16 on Volta and Turing and to fp32 on Pascal; fp8 to bf16 on Ampere; automatic mixed
    precision takes the 16-bit tensor rate; weight-only formats (int4, nf4, GGUF) are unpacked and multiply in 16 bits,
    and so does int8 unless the program multiplies ``integers``.
    """
    rate = rate_of(precision, integers=integers)
    if accumulate_fp16 and rate in {"fp16", "bf16"}:
        rate = "fp16_accumulate_fp16"
    known = first_known([devices.peak_flops_per_s(name) for name in RATE_CHAINS[rate]])
    emulated = (
        first_known([devices.peak_flops_per_s(name) for name in RATE_CHAINS["bf16"]]) / FP32_PASSES_OF_MATRIX_UNIT
    )
    return np.where(np.isnan(known), emulated, known)


def rate_of(precision: str, *, integers: bool = False) -> str:
    """Name of the rate that a precision computes at.

    >>> rate_of("amp"), rate_of("int8"), rate_of("int8", integers=True)
    ('fp16', 'bf16', 'int8')
    """
    return "int8" if integers and precision == "int8" else RATE_OF.get(precision, "bf16")


def comparable_rate(precision: str) -> str:
    """Name of the rate that utilisation is counted against: of 16 bits, or of the fewer bits that are multiplied.

    >>> comparable_rate("fp32"), comparable_rate("nf4"), comparable_rate("nvfp4")
    ('bf16', 'bf16', 'fp4')
    """
    rate = rate_of(precision)
    return rate if rate in {"fp8", "fp4"} else "bf16"


def operations_per_joule(rate_name: str, devices: Devices) -> FloatArray:
    """Operations that a joule buys, against 16 bits, in the format that is multiplied: the next wider one known. [-]"""
    bought = [
        np.where(np.isnan(devices.peak_flops_per_s(name)), np.nan, OPERATIONS_PER_JOULE.get(name, 1.0))
        for name in RATE_CHAINS[rate_name]
    ]
    return np.nan_to_num(first_known(bought), nan=1.0)


def fed_flops_per_s(peak: FloatArray, devices: Devices, *, rate_name: str) -> FloatArray:
    """Products that the board power feeds; a generation nobody measured gets a like share of its peak. [FLOP/s]"""
    per_joule = TRANSFORMERS.column("matrix_flops_per_joule", families(devices))
    fed = devices.tdp_w * per_joule * operations_per_joule(rate_name, devices)
    later = TRANSFORMERS.value("fed_share_unmeasured") * peak
    return np.where(stand_ins(devices), np.fmax(fed, later), fed)


def half_rate_width(devices: Devices) -> FloatArray:
    """Width of a layer at which its products reach half their rate. [hidden units]

    Filling and emptying a tile takes as long however many products a unit does in that time: units that sustain twice
    the rate need layers twice as wide.
    """
    per_unit = sustained_flops_per_s("bf16", devices) / devices.compute_units
    faster = np.where(devices.where(kind="gpu"), per_unit / TRANSFORMERS.value("unit_flops_per_s_of_half_width"), 1.0)
    return TRANSFORMERS.column("training_half_width", families(devices)) * np.fmax(faster, 1.0)


def width_share(hidden_size: int, systems: Systems) -> FloatArray:
    """Share of their rate that products of layers so wide reach, cut by tensor parallelism. [-]"""
    share = saturation(hidden_size / systems.plan.tensor_parallel, half_rate_width(systems.devices))
    return np.asarray(share, dtype=np.float64)


def sums_at_half_rate(devices: Devices) -> BoolArray:
    """Whether matrix units add in fp32 more slowly than in fp16, as those of cards for desktops do."""
    return devices.peak_flops_per_s("fp16_accumulate_fp16") > devices.peak_flops_per_s("fp16")


def sustained_flops_per_s(
    precision: str, devices: Devices, *, integers: bool = False, supplied: Floats = 1.0
) -> FloatArray:
    r"""What matrix units sustain: the peak rate, slowed by the energy that products take at the board power. [FLOP/s]

    .. math:: (P^{-n} + (W j)^{-n})^{-1/n}

    Workstation and PCIe cards print the peak of a clock that they cannot hold under their power limit, while a GeForce
    card of half the peak runs above the clock of its data sheet: an RTX 4090 (450 W) trains as fast as an RTX 6000 Ada
    (300 W) of twice its peak. ``supplied`` is the share of the peak that operands arrive for.
    """
    peak = peak_flops_per_s(precision, devices, integers=integers) * supplied
    rate = rate_of(precision, integers=integers)
    if rate == "fp32":
        return peak
    desktop = devices.where(kind="gpu", vendor="NVIDIA", segment="desktop")
    peak = peak * np.where(desktop, TRANSFORMERS.value("desktop_clock_headroom"), 1.0)
    power_rate = fed_flops_per_s(peak, devices, rate_name=rate)
    sharp = TRANSFORMERS.value("power_sharpness")
    both = (peak**-sharp + np.nan_to_num(power_rate**-sharp)) ** (-1 / sharp)
    return np.asarray(both, dtype=np.float64)
