"""Peak memory of a diffusion model: the largest of its phases, denoising, decoding or training."""

import math
from dataclasses import replace

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.diffusion_work import DenoiserWork, coding_factor, transformer_shape
from app.engine.hardware import Systems
from app.engine.job import Job
from app.engine.model_spec import DiffusionSpec
from app.engine.network_memory import STATES, overhead_parts
from app.engine.precision import WHOLE_MODEL, bytes_per_element, bytes_per_parameter
from app.engine.result import Footprint, MemoryPart
from app.engine.sharded_state import shared_parts

FROZEN_BYTES = 2.0
"""Text encoders, autoencoder and a frozen denoiser are kept in 16 bits."""
ADAPTER_BYTES = 16.0
"""fp32 weight, gradient and two Adam states of one adapter parameter; half of that in pure 16 bits."""
FROM_NOTHING = frozenset({"train", "pretrain"})
"""Denoisers made from nothing are averaged over steps, in a copy of all weights: J. Ho et al., arXiv:2006.11239."""
PATCHES_BEYOND = 8.0
"""Compression along a side up to which an autoencoder of clips works on single pixels."""
COARSER = 4.0
"""Tokens of the highest resolution for each of the next."""
ADAPTED_WIDTHS = 8.0
"""Inputs and outputs of the four matrices of attention, in widths. LoRA in diffusers, https://github.com/huggingface/peft."""


def guidance_batch(job: Job, spec: DiffusionSpec) -> int:
    """Samples that the denoiser works on for each step: guidance runs each prompt with and without text. [-]"""
    return job.micro_batch_size * (2 if spec.guidance_doubles_batch and not job.training else 1)


def samples_at_once(job: Job, spec: DiffusionSpec) -> int:
    """Samples in memory in one denoiser pass; of clips the two runs of guidance follow each other. [-]"""
    return job.micro_batch_size if "video" in spec.modality else guidance_batch(job, spec)


def attention_score_bytes(job: Job, spec: DiffusionSpec, *, work: DenoiserWork) -> float:
    """Attention matrices that eager attention writes out; flash attention keeps none. [bytes]

    Examples
    --------
    Quadratic in the tokens: doubling the side of a picture takes sixteen times the memory.
    """
    if job.attention != "eager":
        return 0.0
    return attention_scores(job, spec, work=work) * NETWORKS.value("eager_score_bytes")


def attention_scores(job: Job, spec: DiffusionSpec, *, work: DenoiserWork) -> float:
    """Scores of the layer with the most tokens, over all heads. [-]

    Large U-Nets attend at half the resolution, and so do those that work on single pixels.
    """
    if spec.architecture == "diffusion_unet":
        heads = NETWORKS.value("attention_heads_unet")
    else:
        _, width = transformer_shape(spec.denoiser_parameters)
        heads = width / NETWORKS.value("attention_head_width_transformer")
    on_pixels = coding_factor(spec, size=job.image_size or spec.default_size) == 1
    tokens = work.tokens / (COARSER if attends_coarsely(spec) or on_pixels else 1.0)
    return samples_at_once(job, spec) * heads * tokens**2


def attends_coarsely(spec: DiffusionSpec) -> bool:
    """Whether a U-Net leaves attention out at its highest resolution, as SDXL does."""
    from_size = NETWORKS.value("unet_attends_coarsely_from_parameters")
    return spec.architecture == "diffusion_unet" and spec.denoiser_parameters >= from_size


def attention_score_traffic_bytes(job: Job, spec: DiffusionSpec, *, work: DenoiserWork) -> float:
    """What eager attention writes and reads of its scores in one pass of the denoiser. [bytes]"""
    if job.attention != "eager":
        return 0.0
    layers, _ = transformer_shape(spec.denoiser_parameters)
    if spec.architecture == "diffusion_unet":
        layers = NETWORKS.value("unet_attention_layers") * (2 if attends_coarsely(spec) else 1)
    passes = NETWORKS.value("eager_score_passes") * bytes_per_element(job.precision)
    return attention_scores(job, spec, work=work) * layers * passes


def denoising_bytes(job: Job, spec: DiffusionSpec, *, work: DenoiserWork) -> float:
    """Activations of one denoiser pass without gradients, in 16 bits where weights take fewer. [bytes]"""
    batch = samples_at_once(job, spec)
    element = max(bytes_per_element(job.precision), FROZEN_BYTES)
    if spec.architecture == "diffusion_unet":
        live = work.tokens * NETWORKS.value("unet_live_values_per_latent_pixel")
    else:
        _, width = transformer_shape(spec.denoiser_parameters)
        live = work.tokens * width * NETWORKS.value("transformer_live_widths")
    return batch * live * element + attention_score_bytes(job, spec, work=work)


def decoding_bytes(job: Job, spec: DiffusionSpec) -> float:
    """Activations of the autoencoder while it decodes; clips are decoded a few latent frames at a time. [bytes]

    What it holds does not halve with the precision: programs decode in 32 bits where 16 overflow. Autoencoders of clips
    that compress more than eightfold along a side write patches, so that their last layers work on fewer positions.

    References
    ----------
    .. [1] Y. HaCohen et al., "LTX-Video," 2025, arXiv:2501.00103.
    """
    if spec.vae_parameters == 0.0:
        return 0.0
    most = NETWORKS.value("decoder_tile_pixels") if job.decodes_in_tiles else math.inf
    height, width = (min(side, most) for side in job.image_size or spec.default_size)
    together = min(max(job.frames, 1), NETWORKS.value("frames_decoded_together") * spec.vae_temporal_factor)
    live = NETWORKS.value("decoder_live_bytes_per_pixel")
    if spec.vae_temporal_factor > 1:
        patch_side = max(spec.vae_spatial_factor / PATCHES_BEYOND, 1.0)
        live *= NETWORKS.value("clip_decoder_growth") / patch_side**2
    samples = job.micro_batch_size if job.frames <= 1 else 1
    return samples * height * width * together * live


def backward_bytes(job: Job, spec: DiffusionSpec, *, work: DenoiserWork) -> float:
    """Activations kept for the backward pass. [bytes]"""
    element = bytes_per_element("fp32" if job.precision in {"fp32", "tf32"} else "bf16")
    if spec.architecture == "diffusion_unet":
        narrower = min(NETWORKS.value("unet_kept_reference_parameters") / spec.denoiser_parameters, 1.0)
        kept = work.flops * NETWORKS.value("unet_kept_values_per_flop") * narrower
    else:
        layers, width = transformer_shape(spec.denoiser_parameters)
        kept = work.tokens * width * layers * NETWORKS.value("transformer_kept_widths_per_layer")
    if job.gradient_checkpointing:
        kept *= NETWORKS.value("checkpointed_denoiser_fraction")
    scores = attention_score_bytes(job, spec, work=work)
    return job.micro_batch_size * kept * element + scores


def footprint(job: Job, systems: Systems, *, spec: DiffusionSpec, work: DenoiserWork) -> Footprint:
    """Parts alive at the peak of the worst phase. [bytes]"""
    parts = _training_parts(job, systems, spec, work) if job.training else _inference_parts(job, systems, spec, work)
    return Footprint((*parts, *overhead_parts(systems, job.precision)))


def encoders_step_aside(spec: DiffusionSpec) -> bool:
    """Whether the text encoders are so large that programs run them first and move them out of device memory."""
    return spec.text_encoder_parameters >= NETWORKS.value("encoders_step_aside_from_parameters")


def _inference_parts(job: Job, systems: Systems, spec: DiffusionSpec, work: DenoiserWork) -> list[MemoryPart]:
    held = bytes_per_parameter(job.precision if job.precision != "amp" else "fp16")
    others = max(held, FROZEN_BYTES)
    large_encoders = others + NETWORKS.value("encoders_quantised_share") * (held - others)
    aside = encoders_step_aside(spec)
    beside = spec.vae_parameters + (0.0 if aside else spec.text_encoder_parameters)
    split = systems.plan.tensor_parallel
    denoising = denoising_bytes(job, spec, work=work) / (split * systems.plan.context_parallel)
    decoding = decoding_bytes(job, spec)
    worst = "denoising" if bool(np.all(denoising >= decoding)) else "decoding"
    live = np.maximum(denoising, decoding)
    generating = spec.denoiser_parameters * held / split + beside * others + live
    encoding = spec.text_encoder_parameters * large_encoders
    stays = _encoder_bytes_beside(job, systems, generating=generating, encoding=encoding) if aside else 0.0
    first = aside & (encoding > generating + stays)  # then the encoders alone are the peak
    words = "; the text encoders run first and step aside" if aside else ""
    parts = [
        MemoryPart(
            "weights",
            np.where(first, 0.0, spec.denoiser_parameters * held / split),
            f"denoiser {spec.denoiser_parameters:.4g} parameters x {held:.3g} bytes",
        ),
        MemoryPart(
            "autoencoder" if aside else "text_encoder_and_vae",
            np.where(first, 0.0, beside * others) * np.ones(len(systems)),
            f"{beside:.4g} parameters x {others:g} bytes{words}",
        ),
        MemoryPart(
            "activations",
            np.where(first, 0.0, live),
            f"{worst}, the larger of denoising and decoding",
        ),
    ]
    encoders = np.where(first, encoding, stays) * np.ones(len(systems))
    if not bool(np.any(encoders > 0)):
        return parts
    where = ", run before the denoiser is loaded" if bool(np.all(first)) else ", as much as stays where there is room"
    shown = f"{spec.text_encoder_parameters:.4g} parameters x {large_encoders:.3g} bytes{where}"
    kept = [MemoryPart("text_encoder", encoders, shown), *parts]
    return [part for part in kept if bool(np.any(part.bytes > 0))]


def _encoder_bytes_beside(job: Job, systems: Systems, *, generating: FloatArray, encoding: float) -> FloatArray:
    """Text encoders that a PyTorch program leaves on the device because there is room for them. [bytes]

    Libraries put every part of a model on the device unless they are told to save memory, which is what people do where
    it is short. Nobody needs more than that for having a larger device.
    """
    if job.workload.framework != "pytorch":
        return np.zeros(len(systems))
    room = NETWORKS.value("room_for_encoders_fraction") * systems.devices.usable_memory_bytes - generating
    return np.clip(np.nan_to_num(room), 0.0, encoding)


def adapter_parameters(job: Job, spec: DiffusionSpec) -> float:
    """Parameters of the adapters, ``8 r L w``: four matrices of attention in every layer of a transformer. [-]

    CogVideoX-5B at rank 128 trains 132 million. In a U-Net, whose layers differ, adapters are a share of the whole.
    """
    if spec.architecture == "diffusion_unet":
        share = NETWORKS.value("adapter_fraction") * job.lora_rank / NETWORKS.value("adapter_fraction_rank")
        return spec.denoiser_parameters * share
    layers, width = transformer_shape(spec.denoiser_parameters)
    return ADAPTED_WIDTHS * job.lora_rank * layers * width


def _worse_phase(job: Job, parts: list[MemoryPart], *, kept: float) -> tuple[list[MemoryPart], FloatArray]:
    """The parts at the peak, and the activations then: when the backward pass begins, or when the optimizer steps.

    Gradients are made while activations are given back, so that both are never there in full; they are where they are
    summed over several micro-steps.
    """
    held = {part.part: part for part in parts}
    whole = held["gradients"].bytes
    carried = whole if job.gradient_accumulation_steps > 1 else 0.0 * whole
    plain = job.framework == "pytorch" and not job.compiled and job.optimizer != "adamw8bit"
    copies = held["weights"].bytes * (NETWORKS.value("denoiser_step_copy") if plain else 0.0)
    steps = whole + copies > carried + kept
    parts = [part for part in parts if part.part not in {"gradients", "optimizer"}]
    parts += [
        replace(held["gradients"], bytes=np.where(steps, whole, carried)),
        replace(held["optimizer"], bytes=held["optimizer"].bytes + np.where(steps, copies, 0.0)),
    ]
    return parts, np.where(steps, 0.0, kept)


def _adapted_parts(job: Job, systems: Systems, spec: DiffusionSpec, *, unit: float) -> list[MemoryPart]:
    """A frozen denoiser in at most 16 bits, and its adapters."""
    base = _frozen_bytes(job)
    trained = adapter_parameters(job, spec)
    adapter_bytes = ADAPTER_BYTES / (2 if unit == FROZEN_BYTES else 1)
    shown = f"denoiser {spec.denoiser_parameters:.4g} parameters x {base:.3g} bytes, frozen"
    return [
        _part("weights", spec.denoiser_parameters * base, systems, shown),
        _part(
            "adapters", trained * adapter_bytes, systems, f"{trained:.4g} adapter parameters x {adapter_bytes:g} bytes"
        ),
    ]


def _frozen_bytes(job: Job) -> float:
    """Bytes of one parameter of a frozen denoiser. [bytes]"""
    four_bits = job.method == "qlora" and job.precision in WHOLE_MODEL
    return min(bytes_per_parameter("nf4" if four_bits else job.precision), FROZEN_BYTES)


def _trained_parts(job: Job, systems: Systems, spec: DiffusionSpec, *, unit: float) -> list[MemoryPart]:
    """A denoiser of which every parameter learns."""
    averaged = job.workload.task in FROM_NOTHING
    states = STATES[job.optimizer] + averaged
    words = f"{job.optimizer}, moving average" if averaged else job.optimizer
    trained = spec.denoiser_parameters
    shown = f"{trained:.4g} parameters x {unit:g} bytes"
    return [
        _part("weights", trained * unit, systems, shown),
        _part("gradients", trained * unit, systems, shown),
        _part("optimizer", trained * unit * states, systems, f"{shown} x {states:g} states ({words})"),
    ]


def _training_parts(job: Job, systems: Systems, spec: DiffusionSpec, work: DenoiserWork) -> list[MemoryPart]:
    # Pictures and captions are encoded once, before training, where the encoders are large.
    frozen = 0.0 if encoders_step_aside(spec) else spec.text_encoder_parameters + spec.vae_parameters
    unit = 2.0 if job.precision in {"fp16", "bf16"} else 4.0
    adapters = job.method in {"lora", "qlora"}
    learned = (_adapted_parts if adapters else _trained_parts)(job, systems, spec, unit=unit)
    kept = backward_bytes(job, spec, work=work)
    layers, _ = transformer_shape(spec.denoiser_parameters)
    layer_bytes = spec.denoiser_parameters * (_frozen_bytes(job) if adapters else unit) / layers
    shared, live = shared_parts(learned, systems, unit_bytes=layer_bytes), np.full(len(systems), kept)
    if not adapters:
        shared, live = _worse_phase(job, shared, kept=kept)
    encoded = frozen * FROZEN_BYTES
    shown = f"batch {job.micro_batch_size}, {work.tokens:.4g} latent positions, kept for the backward pass"
    return [
        *shared,
        _part("text_encoder_and_vae", encoded, systems, f"{frozen:.4g} parameters x {FROZEN_BYTES:g} bytes, frozen"),
        MemoryPart("activations", live, shown),
    ]


def _part(name: str, value: float, systems: Systems, formula: str) -> MemoryPart:
    return MemoryPart(name, np.full(len(systems), value), formula)
