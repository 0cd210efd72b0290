"""Which arithmetic units a network's layers run on, and what share of their peak they reach."""

from dataclasses import dataclass

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Devices
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.network_mode import AUTOTUNED, compiled_ahead, times_kernels, tunes_kernels
from app.engine.network_work import NetworkWork
from app.engine.precision import (
    RATE_CHAINS,
    bytes_per_element,
    fed_flops_per_s,
    first_known,
    peak_flops_per_s,
    rate_of,
)

TF32_BY_DEFAULT = frozenset({"pytorch", "tensorflow", "jax", "tensorrt", "other"})
"""Frameworks in which convolutions of fp32 tensors run in TF32 unless told otherwise (PyTorch since 1.7, TensorRT)."""
WEIGHT_ONLY = frozenset({"int4", "nf4", "fp4", "nvfp4", "mxfp4"})
"""Formats that networks other than transformers hardly use; counted as 16 bits."""
QUANTISING = AUTOTUNED | {"onnxruntime", "other"}
"""Runtimes that calibrate a network and run its layers in 8 bits; OpenVINO and TFLite have no name of their own."""
CLASSIFIES = frozenset({"vision_infer", "vision_train"})
"""Classes of work whose layers are about as wide as they are counted to be in the middle."""
POWER_LIMIT_SHARPNESS = 4.0
"""How sharply the lower of two limits holds."""
BLOCKED_LAYOUTS = frozenset({"tensorflow", "onnxruntime", "mxnet"})
"""Frameworks that keep tensors blocked for the caches of CPUs from layer to layer; the rest takes them as they come."""
MARGIN = 1.05
"""A rate this much above the fp32 rate comes from matrix units."""
BYTES_PER_WORD = 4.0
"""8-bit numbers that vector units of CPUs multiply in the place of one of fp32 (VPDPBUSD of VNNI)."""


@dataclass(frozen=True, slots=True)
class MathRate:
    """How fast and how wide a job computes on each device."""

    peak_flops_per_s: FloatArray
    efficiency_fraction: FloatArray
    """Share of the peak that large layers reach."""
    bytes_per_element: FloatArray
    peak_name: str

    @property
    def flops_per_s(self) -> FloatArray:
        """What large layers reach. [FLOP/s]"""
        return self.peak_flops_per_s * self.efficiency_fraction


def arithmetic_precision(job: Job, *, transformer: bool) -> str:
    """The precision of the products; fp32 convolutions use TF32 where the framework does so by default."""
    if job.precision == "fp32" and not transformer and job.framework in TF32_BY_DEFAULT:
        return "tf32"
    if job.precision in WEIGHT_ONLY or (job.training and job.precision == "int8"):
        return "fp16"
    return job.precision


def blocks_tensors(job: Job) -> bool:
    """Whether tensors stay blocked for the caches of a CPU."""
    return job.framework in BLOCKED_LAYOUTS or compiled_ahead(job)


def uses_matrix_units(peak: FloatArray, devices: Devices) -> BoolArray:
    """Whether a rate is above that of the vector units; true without any fp32 rate (TPUs)."""
    fp32 = devices.peak_flops_per_s("fp32")
    packed = np.where(devices.where(kind="cpu"), BYTES_PER_WORD, 1.0)
    return np.isnan(fp32) | (peak > MARGIN * packed * fp32)


def multiplies_bytes(job: Job) -> bool:
    """Whether layers are quantised once and multiply 8-bit numbers as runtimes do; others only store them."""
    quantises = job.framework in QUANTISING or compiled_ahead(job)
    return job.precision == "int8" and not job.training and quantises


def quantised_peak(devices: Devices) -> FloatArray:
    """Peak of 8-bit products, or the next wider rate of devices without one. [operations/s]"""
    return first_known([devices.peak_flops_per_s(name) for name in RATE_CHAINS["int8"]])


def operand_supply(peak: FloatArray, devices: Devices) -> FloatArray:
    """How well convolutions feed matrix units, against units of the reference width. [-]

    The faster matrix units are against the rest of their processor, the less of their peak convolutions reach: a
    GeForce of twice the vector rate nearly all, a V100 or T4 of eight times the half, a B200 of thirty times a quarter.
    """
    ratio = peak / devices.peak_flops_per_s("fp32")
    power = NETWORKS.column("matrix_width_power", families(devices))
    width = np.where(np.isnan(ratio), NETWORKS.value("matrix_rate_reference"), ratio)
    return (NETWORKS.value("matrix_rate_reference") / width) ** power


def power_share(rate: FloatArray, devices: Devices, *, rate_name: str, on_matrix_units: BoolArray) -> FloatArray:
    """Share of a rate that is left under the board power: small inference cards print clocks they cannot hold. [-]"""
    groups = families(devices)
    vector = devices.tdp_w * NETWORKS.column("vector_flops_per_joule", groups)
    limit = np.where(on_matrix_units, fed_flops_per_s(rate, devices, rate_name=rate_name), vector)
    share = (1.0 + (rate / limit) ** POWER_LIMIT_SHARPNESS) ** (-1 / POWER_LIMIT_SHARPNESS)
    return np.asarray(np.where(np.isnan(share), 1.0, share), dtype=np.float64)


def layer_shape(work: NetworkWork) -> float:
    """What products of transposed tokens reach on matrix units, against those of equal blocks. [-]

    Vector units work on rows, however narrow the products of a classifier are.
    """
    return NETWORKS.value("token_mixing_efficiency") if work.mixes_tokens else 1.0


def saved_products(work: NetworkWork, devices: Devices) -> FloatArray:
    """Gain of Winograd's method on vector units: it saves products of dense 3 x 3 convolutions. [-]"""
    saved = NETWORKS.column("winograd_saved_share", families(devices))
    return 1.0 / (1.0 - work.dense_square_share * saved)


def units_at_work(job: Job, devices: Devices, *, work: NetworkWork, on_matrix_units: BoolArray) -> FloatArray:
    """Share of the processors of a device, or of the cores of a CPU, that the outputs of one layer keep at work. [-]

    A picture leaves most of a large card idle: its layers have too few outputs to go round. Vector units take smaller
    tiles of them than matrix units. Nets for detection and segmentation work at all sizes of a picture at once, and
    keep theirs at work.
    """
    if job.work_class not in CLASSIFIES or not work.activations:
        return np.ones(len(devices))
    products = work.layers * (NETWORKS.value("products_per_attention_block") if work.transformer else 1.0)
    outputs = work.activations * job.micro_batch_size / products
    matrix, vector = (
        NETWORKS.column(f"outputs_at_half_work_{name}", families(devices)) for name in ("matrix", "vector")
    )
    half = np.where(on_matrix_units, matrix, vector) * devices.compute_units
    return np.nan_to_num(1.0 / (1.0 + half / outputs), nan=1.0)


def library_gain(job: Job, devices: Devices) -> FloatArray:
    """What convolutions of libraries that block tensors for caches reach on CPUs, against those of PyTorch. [-]"""
    blocked = devices.where(kind="cpu") & blocks_tensors(job)
    return np.where(blocked, NETWORKS.value("blocked_convolutions_gain"), 1.0)


def sustained_share(devices: Devices) -> FloatArray:
    """What a processor's cores do together against its stated peak. [-]

    Data sheets of servers print their base clock, and more is held; the small caches of boards feed less.
    """
    servers = devices.where(kind="cpu", segment="datacenter")
    boards = devices.where(kind="cpu", segment="edge")
    above_base = np.where(servers, NETWORKS.value("server_clock_over_base"), 1.0)
    return np.where(boards, NETWORKS.value("board_processor_share"), above_base)


def tuned_share(work: NetworkWork) -> float:
    """What layers joined by concatenations reach in tuned kernels, against those of a classifier. [-]"""
    return NETWORKS.value("autotuned_branched_share") if work.branched and not work.adds_maps else 1.0


def reached_when_fed(
    devices: Devices, *, peak: FloatArray, precision: str, equal_blocks: bool, tuned: BoolArray
) -> FloatArray:
    """What large layers reach of the peak of matrix units: products within windows as little as convolutions. [-]"""
    groups = families(devices)
    rate = "tf32" if precision == "tf32" else "matrix"
    if equal_blocks:
        return NETWORKS.column(f"gemm_{rate}_efficiency", groups)
    supplied = NETWORKS.column(f"conv_{rate}_efficiency", groups) * operand_supply(peak, devices)
    plain = np.minimum(supplied, NETWORKS.value("matrix_efficiency_at_most"))
    return np.where(tuned, NETWORKS.column("autotuned_convolution_efficiency", groups), plain)


def math_rate(job: Job, devices: Devices, *, work: NetworkWork) -> MathRate:
    """Peak and reached share for a job on every device; thin layers (few products per activation) reach less."""
    transformer = work.transformer
    precision = arithmetic_precision(job, transformer=transformer or work.dense_pointwise)
    peak = quantised_peak(devices) if multiplies_bytes(job) else peak_flops_per_s(precision, devices)
    groups = families(devices)
    tuned = tunes_kernels(job, devices) & (not transformer)
    on_matrix_units = uses_matrix_units(peak, devices)
    if precision == "tf32":  # tuned kernels find matrix units also where those are no faster, as on a GeForce
        on_matrix_units = on_matrix_units | (tuned & ~np.isnan(devices.peak_flops_per_s("tf32")))
    equal_blocks = transformer and not work.windowed
    timed = tuned | (times_kernels(job, devices, crops=work.crops) & (not transformer))
    fed = reached_when_fed(devices, peak=peak, precision=precision, equal_blocks=equal_blocks, tuned=timed)
    vector = NETWORKS.column("gemm_vector_efficiency" if transformer else "conv_vector_efficiency", groups)
    large = np.where(on_matrix_units, fed, vector) * np.where(tuned, tuned_share(work), 1.0)
    large = large * units_at_work(job, devices, work=work, on_matrix_units=on_matrix_units)
    large = large if transformer else large * library_gain(job, devices)
    large = large * sustained_share(devices)
    rate_name = rate_of(precision, integers=multiplies_bytes(job))
    large = large * power_share(peak * large, devices, rate_name=rate_name, on_matrix_units=on_matrix_units)
    large = large * np.where(on_matrix_units, 1.0, saved_products(work, devices))
    half = NETWORKS.column("intensity_at_half_efficiency", groups)
    tiled = on_matrix_units | work.branched  # vector units of a classifier work on rows, however narrow
    filled = np.where(tiled, layer_shape(work), 1.0) / (1.0 + half / work.intensity)
    carried = carried_precision(job, transformer=transformer, multiplied=precision)
    wide = np.where(peak > 0, bytes_per_element(carried), np.nan)
    return MathRate(peak, large * filled, wide, _peak_name(precision))


def carried_precision(job: Job, *, transformer: bool, multiplied: str) -> str:
    """The precision of values on their way from layer to layer, which may be wider than that of the products.

    TF32 is read from fp32; transformers in 8 bits carry 16 between their products, whose norms and softmax need them.
    """
    if multiplies_bytes(job) and transformer:
        return "fp16"
    return "fp32" if multiplied == "tf32" else job.precision


def _peak_name(precision: str) -> str:
    return {"fp32": "fp32", "tf32": "tf32", "fp8": "fp8", "int8": "int8"}.get(precision, "fp16")
