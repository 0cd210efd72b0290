"""Inference of encoders: one pass over a batch of whole sequences."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.coefficients_networks import NETWORKS
from app.engine.flops import attention_layers, forward_flops_per_token
from app.engine.hardware import Devices, Systems
from app.engine.hardware_family import COMPILING_KINDS, families
from app.engine.job import Job
from app.engine.memory import stored_weight_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.network_mode import compiled_ahead, execution_mode
from app.engine.network_speed import REFERENCE_YEAR, host_speed, thread_share
from app.engine.precision import bytes_per_element, comparable_rate, sustained_flops_per_s, width_share
from app.engine.result import Pace
from app.engine.roofline import StepTime, saturation
from app.engine.serving_rates import fed_tiles_flops_per_s
from app.engine.units import FULL_BYTES

EIGHT_BIT = frozenset({"int8", "fp8"})
WRITING_SCORES = frozenset({"onnxruntime"})
"""Runtimes that write the scores of attention and multiply with the library that frameworks call; in others scores
never leave the chip, and a layer is a few kernels."""
OVERLAPPING_BANDS = 3.0
"""Windows that a band of scores is padded to where products of whole blocks stand for it: Longformer, arXiv:2004.05150,
appendix A."""
LAUNCHES_TIMED_IN = 2020
"""Year of the hosts beside the A100, on which eager launches were timed."""
EAGER = frozenset({"pytorch", "other"})
POWER_SHARPNESS = 16.0
"""How sharply the board power bounds plain arithmetic: between half and half (1) and the smaller alone (infinity)."""


def _fed_to_tiles(job: Job, systems: Systems) -> FloatArray:
    """What programs feed to the matrix tiles of a processor; those compiled for it feed them whole. [FLOP/s]

    Others multiply 8 bits no faster than vectors do, four times as fast as fp32.
    """
    if compiled_ahead(job):
        return np.full(len(systems), np.inf)
    return fed_tiles_flops_per_s("bf16", systems=systems)


def _rate_fed(job: Job, systems: Systems, *, integers: bool) -> FloatArray:
    """Arithmetic rate that the board power feeds; small boards print fp32 peaks that they cannot hold. [FLOP/s]"""
    rate = np.minimum(
        sustained_flops_per_s(job.precision, systems.devices, integers=integers), _fed_to_tiles(job, systems)
    )
    if job.precision != "fp32":
        return rate
    fed = systems.devices.tdp_w * TRANSFORMERS.column("vector_flops_per_joule", families(systems.devices))
    both = (rate**-POWER_SHARPNESS + np.nan_to_num(fed**-POWER_SHARPNESS)) ** (-1 / POWER_SHARPNESS)
    return np.asarray(both, dtype=np.float64)


def fuses_layers(job: Job) -> bool:
    """Whether a runtime joins norms, biases and activations into one kernel.

    Such runtimes multiply 8-bit numbers where asked to; all others store 8 bits and multiply in 16.
    """
    return execution_mode(job) == "runtime"


def fuses_attention(job: Job) -> bool:
    """Whether a runtime keeps the scores of attention on the chip, and tries which products are fastest there."""
    return fuses_layers(job) and job.framework not in WRITING_SCORES


def _fraction_name(job: Job, *, narrow: bool) -> str:
    if narrow:
        return "encoder_math_fraction_8_bit"
    if job.precision == "fp32":
        return "encoder_math_fraction_fp32"
    return "encoder_math_fraction_runtime" if fuses_attention(job) else "encoder_math_fraction"


def _layer_name(job: Job, *, eager: bool) -> str:
    if fuses_attention(job):
        return "encoder_layer_runtime_s"
    if fuses_layers(job):
        return "encoder_layer_fused_s"
    return "encoder_layer_eager_s" if eager else "encoder_layer_s"


def attends_in_bands(job: Job, spec: TransformerSpec) -> bool:
    """Whether every layer sees a window of the text, so that bands of scores stand for all of them."""
    return attention_layers(spec)[0] == 0.0 and (spec.sliding_window or job.seq_len) < job.seq_len


def _written_bytes_per_token_and_layer(job: Job, spec: TransformerSpec, *, eager: bool) -> float:
    """What norms, activations and scores move; kernels called one by one take as long in 16 bits as in 32. [bytes]"""
    fused = "encoder_traffic_runtime" if fuses_layers(job) else "encoder_traffic_fused"
    elements = TRANSFORMERS.value("encoder_traffic_eager" if eager else fused) * spec.hidden_size
    band = spec.sliding_window or job.seq_len
    banded = attends_in_bands(job, spec)
    if (banded or not fuses_attention(job)) and job.workload.attention != "flash":
        seen = min(job.seq_len, OVERLAPPING_BANDS * band) if banded else job.seq_len
        copies = TRANSFORMERS.value("banded_score_copies") if banded else 1.0
        elements += TRANSFORMERS.value("encoder_traffic_scores") * spec.num_attention_heads * seen * copies
    return elements * (FULL_BYTES if eager else bytes_per_element(job.precision))


def _moved_bytes_per_token_and_layer(job: Job, systems: Systems, *, spec: TransformerSpec, eager: bool) -> FloatArray:
    """What leaves a chip: all that is written, or no scores and little else where tensors are placed on it. [bytes]"""
    elements = TRANSFORMERS.value("encoder_traffic_placed") * spec.hidden_size
    placed = elements * bytes_per_element(job.precision)
    written = _written_bytes_per_token_and_layer(job, spec, eager=eager)
    return np.where(systems.devices.where(kind=COMPILING_KINDS), placed, written)


def _layer_s(job: Job, systems: Systems, *, spec: TransformerSpec, eager: bool) -> FloatArray:
    """Time to start the kernels of one layer; programs compiled whole have no kernels to start one by one. [s]"""
    groups = families(systems.devices)
    layer = TRANSFORMERS.column(_layer_name(job, eager=eager), groups)
    if eager:
        layer = layer * host_slowness(systems.devices)
        if attends_in_bands(job, spec):
            layer = layer * TRANSFORMERS.value("banded_attention_launches")
        if job.workload.attention == "eager":
            layer = layer * TRANSFORMERS.value("eager_attention_launches")
    compiled = TRANSFORMERS.column("encoder_layer_s", groups)
    return np.where(systems.devices.where(kind=COMPILING_KINDS), compiled, layer)


def host_slowness(devices: Devices) -> FloatArray:
    """Time of a launch from Python against the hosts that launches were timed on: older cards have older hosts. [-]"""
    timed = (1.0 + NETWORKS.value("core_speed_per_year")) ** (LAUNCHES_TIMED_IN - REFERENCE_YEAR)
    return timed / host_speed(devices)


def encoder_pace(job: Job, systems: Systems) -> Pace:
    """Tokens per second of one encoder pass over a batch: sequences per second times their length. [tokens/s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    plan, groups = systems.plan, families(systems.devices)
    tokens = job.micro_batch_size * job.seq_len
    flops = tokens * forward_flops_per_token(spec, job.seq_len)
    narrow = fuses_layers(job) and job.precision in EIGHT_BIT
    peak = _rate_fed(job, systems, integers=narrow)
    fraction = TRANSFORMERS.column(_fraction_name(job, narrow=narrow), groups) * saturation(
        tokens, TRANSFORMERS.column("encoder_half_tokens", groups)
    )
    fraction = fraction * width_share(spec.hidden_size, systems)
    if job.framework == "tensorflow" and job.precision not in {"fp32", "tf32"}:
        fraction = fraction * TRANSFORMERS.value("encoder_math_share_tensorflow")
    threads = thread_share(systems)
    math = flops / plan.tensor_parallel / (peak * fraction * threads)
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    bandwidth = bandwidth * np.sqrt(threads)
    eager = job.framework in EAGER and not job.compiled
    moved = _moved_bytes_per_token_and_layer(job, systems, spec=spec, eager=eager) * tokens * spec.num_hidden_layers
    memory = (moved + stored_weight_bytes(spec, job.precision)) / plan.tensor_parallel / bandwidth
    ahead = eager or (fuses_layers(job) and not fuses_attention(job))  # the queue runs ahead of the device
    hidden = math + memory if ahead else 0.0 * math
    launched = _layer_s(job, systems, spec=spec, eager=eager) * spec.num_hidden_layers
    overhead = np.maximum(launched - hidden, 0.0)
    time = StepTime(math, memory, 0.0 * math, overhead)
    units = tokens * plan.data_parallel
    return Pace(
        unit="tokens/s",
        step_s=time.total_s,
        units_per_step=units,
        model_flops_per_step=flops * plan.data_parallel,
        bound_by=time.bound_by,
        communication_share=np.zeros(len(systems)),
        bubble_fraction=np.zeros(len(systems)),
        comparable_peak=comparable_rate(job.precision),
    )
