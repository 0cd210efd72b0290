"""Diffusion and flow models: pictures or clips per second, training samples per second, and peak memory."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.comms import all_gather_bytes, bus_bytes_per_s
from app.engine.diffusion_memory import attends_coarsely, attention_score_traffic_bytes, footprint, guidance_batch
from app.engine.diffusion_work import DenoiserWork, denoiser_work, transformer_shape
from app.engine.gradient_exchange import exchange_s, exposed_s
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import DiffusionSpec
from app.engine.network_math import multiplies_bytes, uses_matrix_units
from app.engine.network_mode import AUTOTUNED
from app.engine.network_speed import OVERLAP_POWER, host_speed
from app.engine.precision import (
    MATRICES_ONLY,
    bytes_per_parameter,
    comparable_rate,
    peak_flops_per_s,
    sustained_flops_per_s,
)
from app.engine.result import Pace, Physics
from app.engine.roofline import longest_part
from app.engine.sharded_state import exchanged_bytes
from app.engine.units import FLOPS_PER_MAC, HALF_BYTES

FORWARD_AND_BACKWARD = 3.0
"""One forward pass and two products per layer on the way back."""
FORWARD_AND_HALF_BACKWARD = 2.0
"""With a frozen base, weight gradients are left out. LoRA, arXiv:2106.09685."""
RATE_ON_FRAMES = "Each sample is one clip of {frames} frames."
INFERRED = "The operations of this denoiser were inferred from its size, so the speed is rough."
SUMMING_AT_FULL_RATE = ("workstation", "datacenter")
"""Segments of cards whose matrix units sum in 32 bits as fast as in 16."""
WITHOUT_STACKED_MEMORY = frozenset({"cuda_turing", "cuda_ampere", "cuda_ada", "cuda_blackwell"})
"""Families of cards with plain graphics memory."""
STATE_BYTES = 16.0
"""fp32 weight, gradient and two Adam states of one trained parameter."""
UNPACKED = MATRICES_ONLY - {"fp8"}
"""Formats of weights that are always unpacked before they are multiplied."""
WRITTEN_AND_READ = 2.0
"""Times that a weight moves once it is unpacked."""
SENT_BYTES = 2.0
"""Gradients travel in 16 bits."""
EXCHANGES_PER_LAYER = 4
"""Queries, keys, values and results change places once a layer. DeepSpeed Ulysses, arXiv:2309.14509."""
TEXT_TOKENS = 77
"""Tokens of a CLIP prompt; longer prompts hardly matter beside the denoiser."""


def physics(job: Job, systems: Systems) -> Physics:
    """Memory [bytes] and speed [samples/s] of generating with or training a diffusion model.

    One sample is one picture, or one clip. Operations of one sample are steps x guidance x denoiser + autoencoder
    + text encoder; training takes one step per sample, forward and backward, with latents encoded beforehand.
    """
    spec = job.model
    if not isinstance(spec, DiffusionSpec):
        raise TypeError(f"diffusion.physics needs a DiffusionSpec, not {type(spec).__name__}")
    work = denoiser_work(job, spec)
    warnings = [INFERRED] if work.inferred else []
    if job.frames > 1:
        warnings.append(RATE_ON_FRAMES.format(frames=job.frames))
    memory = footprint(job, systems, spec=spec, work=work)
    pace = _training_pace(job, systems, spec, work) if job.training else _generating_pace(job, systems, spec, work)
    return Physics(memory, pace, tuple(warnings), {"inferred_counts": 1.0} if work.inferred else {})


def flops_per_sample(job: Job, spec: DiffusionSpec, *, work: DenoiserWork) -> float:
    """Operations of one picture or clip: steps x (2 with guidance) x denoiser + autoencoder + text encoder. [FLOP]"""
    passes = (job.steps or spec.default_steps) * guidance_batch(job, spec) / job.micro_batch_size
    return passes * work.flops + decoder_flops(job, spec) + FLOPS_PER_MAC * spec.text_encoder_parameters * TEXT_TOKENS


def decoder_flops(job: Job, spec: DiffusionSpec) -> float:
    """Operations to decode one picture or clip. [FLOP]"""
    height, width = job.image_size or spec.default_size
    if spec.vae_parameters == 0.0:
        return 0.0
    return height * width * max(job.frames, 1) * NETWORKS.value("decoder_flops_per_pixel")


def math_efficiency(job: Job, systems: Systems, *, spec: DiffusionSpec, peak: FloatArray) -> FloatArray:
    """Share of the rate that the board power allows that a denoiser reaches. [-]"""
    groups = families(systems.devices)
    kind = "unet" if spec.architecture == "diffusion_unet" else "transformer"
    matrix = NETWORKS.column(f"denoiser_efficiency_{kind}", groups)
    vector = NETWORKS.column("denoiser_vector_efficiency", groups)
    if kind == "transformer":
        fed = peak / systems.devices.memory_bandwidth_bytes_per_s < NETWORKS.value("well_fed_below_flops_per_byte")
        fed &= systems.devices.where(kind="gpu", vendor="NVIDIA")
        matrix = np.where(fed, NETWORKS.value("denoiser_efficiency_transformer_well_fed"), matrix)
    if attends_coarsely(spec) and not job.training:
        matrix = matrix * NETWORKS.value("denoiser_gain_unet_coarse")
    reached = np.where(uses_matrix_units(peak, systems.devices), matrix, vector)
    if job.training:
        reached = reached * NETWORKS.value("denoiser_training_efficiency")
    return reached * (NETWORKS.value(f"denoiser_compiled_gain_{kind}") if built_ahead(job) else 1.0)


def operand_supply(systems: Systems, *, spec: DiffusionSpec) -> FloatArray:
    """Share of the peak of matrix units that convolutions of a U-Net can feed. [-]

    Cards for workstations and small ones for servers sum in 32 bits at the rate of 16, twice that of a GeForce of the
    same chip, from the same memory.
    """
    devices = systems.devices
    full_rate = devices.where(kind="gpu", vendor="NVIDIA", segment=SUMMING_AT_FULL_RATE)
    plain_memory = np.array([family in WITHOUT_STACKED_MEMORY for family in families(devices)])
    convolves = spec.architecture == "diffusion_unet"
    return np.where(full_rate & plain_memory & convolves, NETWORKS.value("denoiser_supply_unet_full_rate"), 1.0)


def built_ahead(job: Job) -> bool:
    """Whether kernels are joined and launched together: compiled, or in a runtime that always does so."""
    return job.compiled or job.framework in AUTOTUNED


def launch_s(job: Job, systems: Systems, *, spec: DiffusionSpec) -> FloatArray:
    """Host time to launch one denoiser pass. [s]"""
    layers, _ = transformer_shape(spec.denoiser_parameters)
    transformer = spec.architecture == "diffusion_transformer"
    kernels = (
        layers * NETWORKS.value("kernels_per_denoiser_block") if transformer else NETWORKS.value("kernels_per_unet")
    )
    mode = "compiled" if built_ahead(job) else "eager"
    return kernels * NETWORKS.column(f"launch_s_{mode}", families(systems.devices)) / _core_speed(systems)


def _core_speed(systems: Systems) -> FloatArray:
    """Speed of one core of the host; servers have more and slower cores than desktops. [-]"""
    slower = np.where(systems.devices.where(segment="datacenter"), NETWORKS.value("server_core_speed"), 1.0)
    return host_speed(systems.devices) * slower


def multiplied_in(job: Job) -> str:
    """Precision of the products: weights of few bits are unpacked to 16.

    Eight-bit floats are multiplied by kernels that something has built; plain PyTorch only keeps weights in them. So
    are eight-bit integers by runtimes that calibrate a model.
    """
    kept_only = job.precision == "fp8" and job.framework == "pytorch" and not built_ahead(job)
    unpacked = job.precision in UNPACKED and not multiplies_bytes(job)
    return "fp16" if kept_only or unpacked else job.precision


def four_bit_share(job: Job) -> float:
    """What PyTorch's kernels for four-bit integers reach of the rate in 16 bits; training unpacks weights instead. [-]

    Weights that adapters are trained beside are unpacked for every product: QLoRA, arXiv:2305.14314, section 3.
    """
    alone = job.precision == "int4" and job.framework == "pytorch" and not job.training
    return NETWORKS.value("int4_kernel_share") if alone else 1.0


def _rates(job: Job, systems: Systems, spec: DiffusionSpec) -> tuple[FloatArray, FloatArray, str]:
    precision = multiplied_in(job)
    integers = precision == "int8"
    peak = peak_flops_per_s(precision, systems.devices, integers=integers)
    supply = np.where(uses_matrix_units(peak, systems.devices), operand_supply(systems, spec=spec), 1.0)
    held = sustained_flops_per_s(precision, systems.devices, integers=integers, supplied=supply) * four_bit_share(job)
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s
    reached = NETWORKS.column("bandwidth_efficiency", families(systems.devices)) * bandwidth
    return (
        held * math_efficiency(job, systems, spec=spec, peak=peak),
        reached,
        "fp32" if precision == "fp32" else comparable_rate(precision),
    )


def attention_flops_per_s(job: Job, systems: Systems, *, spec: DiffusionSpec, others: FloatArray) -> FloatArray:
    """Rate of attention over all tokens of a picture or clip: one kernel, in 16 bits whatever the weights. [FLOP/s]

    ``others`` is the rate of all other layers, which are multiplied, normalised and modulated kernel by kernel unless
    they are compiled; eager attention and that of U-Nets reach no more. No runtime multiplies scores in integers, but
    those that build U-Nets in eight-bit floats keep attention in them too.
    """
    devices = systems.devices
    if multiplied_in(job) == "int8":
        narrow = peak_flops_per_s("int8", devices, integers=True)
        others = others * np.fmin(peak_flops_per_s("fp16", devices) / narrow, 1.0)
    fused = NETWORKS.column("denoiser_attention_efficiency", families(devices)) * sustained_flops_per_s("fp16", devices)
    alone = spec.architecture == "diffusion_transformer" and job.attention != "eager" and job.precision != "fp32"
    return np.where(alone & uses_matrix_units(peak_flops_per_s("fp16", devices), devices), fused, others)


def weight_traffic_bytes(job: Job) -> float:
    """What one weight moves in a pass: read, and where it is unpacked first, written and read in 16 bits. [bytes]

    Compiled kernels unpack weights on the chip.
    """
    held = bytes_per_parameter(job.precision if job.precision != "amp" else "fp16")
    unpacked = job.precision in MATRICES_ONLY and multiplied_in(job) == "fp16" and not built_ahead(job)
    return held + unpacked * WRITTEN_AND_READ * HALF_BYTES


def sequence_exchange_s(job: Job, systems: Systems, *, spec: DiffusionSpec, work: DenoiserWork) -> FloatArray:
    """Messages of one denoiser pass whose tokens are spread over devices; 0 where each device makes its own. [s]"""
    ranks = ranks_of_one_sample(systems)
    layers, width = transformer_shape(spec.denoiser_parameters)
    payload = guidance_batch(job, spec) * work.tokens * width * SENT_BYTES / ranks
    each = all_gather_bytes(payload, ranks) / bus_bytes_per_s(systems, group=ranks)
    messages = EXCHANGES_PER_LAYER * layers * (NETWORKS.value("sequence_exchange_start_s") + each)
    return np.where(ranks > 1, messages, 0.0)


def ranks_of_one_sample(systems: Systems) -> FloatArray:
    """Devices that work on one picture or clip together. [-]"""
    return systems.plan.context_parallel * systems.plan.tensor_parallel


def _generating_pace(job: Job, systems: Systems, spec: DiffusionSpec, work: DenoiserWork) -> Pace:
    flops_per_s, bytes_per_s, peak_name = _rates(job, systems, spec)
    steps = job.steps or spec.default_steps
    batch = guidance_batch(job, spec)
    ranks = ranks_of_one_sample(systems)
    attending = attention_flops_per_s(job, systems, spec=spec, others=flops_per_s)
    math_s = (work.linear_flops / flops_per_s + work.attention_flops / attending) * batch / ranks
    weights = spec.denoiser_parameters * weight_traffic_bytes(job)
    scores = attention_score_traffic_bytes(job, spec, work=work)
    moved_s = (weights + scores / ranks) / bytes_per_s
    messages_s = sequence_exchange_s(job, systems, spec=spec, work=work)
    host_s = launch_s(job, systems, spec=spec)
    pass_s = ((math_s + moved_s) ** OVERLAP_POWER + host_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    around = decoder_flops(job, spec) + FLOPS_PER_MAC * spec.text_encoder_parameters * TEXT_TOKENS
    start_s = NETWORKS.value("denoiser_step_start_s") / _core_speed(systems)
    step_s = steps * (pass_s + messages_s + start_s) + around * job.micro_batch_size / flops_per_s
    samples = job.micro_batch_size * systems.count / ranks
    return Pace(
        unit="samples/s",
        step_s=step_s,
        units_per_step=samples,
        model_flops_per_step=flops_per_sample(job, spec, work=work) * samples,
        bound_by=longest_part(compute=math_s, memory=moved_s, overhead=host_s + start_s, communication=messages_s),
        communication_share=steps * messages_s / step_s,
        comparable_peak=peak_name,
    )


def _training_pace(job: Job, systems: Systems, spec: DiffusionSpec, work: DenoiserWork) -> Pace:
    flops_per_s, bytes_per_s, peak_name = _rates(job, systems, spec)
    adapters = job.method in {"lora", "qlora"}
    passes = FORWARD_AND_HALF_BACKWARD if adapters else FORWARD_AND_BACKWARD
    repeated = 1.0 if job.gradient_checkpointing else 0.0
    forward = work.flops * job.micro_batch_size
    math_s = forward * (passes + repeated) / flops_per_s
    trained = spec.denoiser_parameters * (NETWORKS.value("adapter_fraction") if adapters else 1.0)
    update_s = (
        trained * STATE_BYTES * NETWORKS.value("optimizer_passes") / bytes_per_s / job.gradient_accumulation_steps
    )
    scores = attention_score_traffic_bytes(job, spec, work=work) * passes
    moved_s = update_s + scores / bytes_per_s
    host_s = launch_s(job, systems, spec=spec) * (passes + repeated)
    pass_s = ((math_s + moved_s) ** OVERLAP_POWER + host_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    sent = exchanged_bytes(
        systems, gradient_bytes=trained * SENT_BYTES, weight_bytes=spec.denoiser_parameters * SENT_BYTES
    )
    exchange = exchange_s(systems, payload_bytes=sent) / job.gradient_accumulation_steps
    waiting = exposed_s(exchange=exchange, step=pass_s, count=systems.count)
    step_s = pass_s + waiting
    samples = job.micro_batch_size * systems.count
    return Pace(
        unit="samples/s",
        step_s=step_s,
        units_per_step=samples,
        model_flops_per_step=forward * passes * systems.count,
        bound_by=longest_part(compute=math_s, memory=moved_s, overhead=host_s, communication=waiting),
        communication_share=waiting / step_s,
        comparable_peak=peak_name,
    )
