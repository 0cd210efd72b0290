"""What a diffusion model computes: denoiser operations at the size asked for, and its latent tokens."""

import math
from dataclasses import dataclass

from app.engine.coefficients_networks import NETWORKS
from app.engine.job import Job
from app.engine.model_spec import DiffusionSpec
from app.engine.units import FLOPS_PER_MAC

PATCH = 2
"""Latent pixels along one side of a transformer token. DiT, arXiv:2212.09748."""
LARGEST_SHARE_BY_SHAPE = 0.5
"""Bound of a share of attention that rests on a usual depth and width alone."""
LARGEST_UNCODED_SIDE = 64
"""Side of pictures that diffusion models make pixel by pixel."""
CAUSAL_FIRST_FRAME = 1
"""Video autoencoders code the first frame on its own. Wan, arXiv:2503.20314."""


@dataclass(frozen=True, slots=True)
class DenoiserWork:
    """One forward pass of the denoiser on one sample."""

    linear_flops: float
    """Convolutions and linear layers: grow with the tokens. [FLOP]"""
    attention_flops: float
    """Attention products: grow with their square. [FLOP]"""
    tokens: float
    """Latent tokens, or latent pixels of a U-Net. [-]"""
    inferred: bool
    """Operations were inferred from the parameter count."""

    @property
    def flops(self) -> float:
        """All of it. [FLOP]"""
        return self.linear_flops + self.attention_flops


def coding_factor(spec: DiffusionSpec, *, size: tuple[int, int]) -> int:
    """Pixels along a side that an autoencoder makes one; U-Nets of no known name make small pictures as they are. [-]

    Pictures of 64 pixels and less: ADM (arXiv:2105.05233), EDM (arXiv:2206.00364), the first stages of cascades.

    >>> own = DiffusionSpec("", "diffusion_unet", "", 56e6, 0, 0, None, (512, 512), 1, None, 50, False)
    >>> coding_factor(own, size=(64, 64)), coding_factor(own, size=(512, 512))
    (1, 8)
    """
    unknown = spec.architecture == "diffusion_unet" and spec.flops_per_forward is None
    return 1 if unknown and max(size) <= LARGEST_UNCODED_SIDE else spec.vae_spatial_factor


def latent_pixels(spec: DiffusionSpec, *, size: tuple[int, int], frames: int) -> float:
    """Latent positions of one picture or clip. [-]

    >>> sd = DiffusionSpec(
    ...     "sd", "diffusion_unet", "text-to-image", 8.6e8, 1.2e8, 8e7, 8e11, (512, 512), 1, 4096, 50, True)
    >>> latent_pixels(sd, size=(512, 512), frames=1)
    4096.0
    """
    spatial = math.prod(size) / coding_factor(spec, size=size) ** 2
    coded = (frames - CAUSAL_FIRST_FRAME) // spec.vae_temporal_factor + CAUSAL_FIRST_FRAME
    return spatial * max(coded, 1)


def tokens_at(spec: DiffusionSpec, *, size: tuple[int, int], frames: int) -> float:
    """Tokens the denoiser sees, scaled from the published count where there is one. [-]"""
    asked = latent_pixels(spec, size=size, frames=frames)
    if spec.tokens:
        return spec.tokens * asked / latent_pixels(spec, size=spec.default_size, frames=max(spec.default_frames, 1))
    return asked if spec.architecture == "diffusion_unet" else asked / PATCH**2


def attention_share(spec: DiffusionSpec, *, tokens: float, flops: float) -> float:
    """Share of attention in a published operation count. [-]

    A diffusion transformer multiplies every token with every parameter once, so what is left over is attention. Where
    parts of the parameters see a part of the tokens (modulation, two streams) nothing is left over, and attention is
    counted from a usual depth and width. In a U-Net, whose layers work at several resolutions, the share is a
    coefficient per 4,096 latent pixels.

    Examples
    --------
    Wan 2.1 14B at 720p spends two thirds of its operations on attention:

    >>> wan = DiffusionSpec(
    ...     "wan", "diffusion_transformer", "text-to-video", 14.29e9, 5.7e9, 1.3e8, 6.523e15,
    ...     (720, 1280), 81, 75600, 50, True)
    >>> round(attention_share(wan, tokens=75600, flops=6.523e15), 2)
    0.67
    """
    if spec.architecture == "diffusion_unet":
        ratio = NETWORKS.value("unet_attention_per_4096_pixels") * tokens / 4096
        return min(ratio / (1 + ratio), NETWORKS.value("unet_attention_share_at_most"))
    left_over = 1 - FLOPS_PER_MAC * spec.denoiser_parameters * tokens / flops
    if left_over > NETWORKS.value("transformer_attention_share_counted_from"):
        return left_over
    layers, width = transformer_shape(spec.denoiser_parameters)
    return min(2 * FLOPS_PER_MAC * layers * width * tokens**2 / flops, LARGEST_SHARE_BY_SHAPE)


def denoiser_work(job: Job, spec: DiffusionSpec) -> DenoiserWork:
    """One denoiser pass at the size and length asked for.

    Without a published count, a transformer multiplies each token with most parameters and attends from every token to
    every other, and a U-Net reuses its parameters as Stable Diffusion's does.
    """
    size = job.image_size or spec.default_size
    tokens = tokens_at(spec, size=size, frames=max(job.frames, 1))
    inferred = spec.flops_per_forward is None
    if inferred and spec.architecture == "diffusion_transformer":
        met = spec.denoiser_parameters * NETWORKS.value("denoiser_parameters_per_token")
        layers, width = transformer_shape(met)
        linear = FLOPS_PER_MAC * met * tokens
        return DenoiserWork(linear, 2 * FLOPS_PER_MAC * layers * width * tokens**2, tokens, inferred)
    base_frames = max(spec.default_frames, 1)
    base_tokens = tokens_at(spec, size=spec.default_size, frames=base_frames)
    reuse = NETWORKS.value("unet_weight_reuse_per_latent_pixel")
    flops = spec.flops_per_forward or FLOPS_PER_MAC * spec.denoiser_parameters * base_tokens * reuse
    growth = tokens / base_tokens
    share = attention_share(spec, tokens=base_tokens, flops=flops)
    return DenoiserWork(flops * (1 - share) * growth, flops * share * growth**2, tokens, inferred)


def transformer_shape(parameters: float) -> tuple[float, float]:
    """Depth and width of a diffusion transformer of a given size: DiT-XL has 28 layers, FLUX.1 57, Wan 14B 40. [-]"""
    layers = NETWORKS.value("denoiser_layers_at_1e9") * (parameters / 1e9) ** (1 / 3)
    return layers, math.sqrt(parameters / (12 * layers))
