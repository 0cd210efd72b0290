"""Counts of one sample of a network: as published and scaled, or by stated rules where nobody published them."""

import math
from dataclasses import dataclass

from app.engine.coefficients_networks import NETWORKS
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.network_copies import takes_squares
from app.engine.network_structure import CLIP, HEAD_WIDTH, WEIGHTS_PER_SQUARED_WIDTH, is_transformer

SPATIAL = frozenset({"cnn", "vit", "detector", "segmenter", "unet", "gan"})
"""Architectures whose operations grow with the picture."""
ONCE_PER_SAMPLE = frozenset({"mlp", "gnn"})
"""Architectures in which a sample passes every weight once."""
BLOCKS_OF_TRANSFORMER = 12
"""Blocks of ViT-Base, from which depth is scaled. Dosovitskiy et al., arXiv:2010.11929, table 1."""
PARAMETERS_OF_VIT_BASE = 86.6e6
"""Parameters of ViT-B/16. Same table."""
PATCH_PIXELS = 256.0
"""Pixels of one 16 x 16 patch. Same paper."""
USUAL_PIXELS = 224.0 * 224.0
"""ImageNet evaluation size, taken where nobody names one."""
JOINED_MAPS = frozenset({"detector", "segmenter"})
"""Architectures whose depth follows from counted activations as that of joined maps does."""

POSITIONS_IN_SCORES = frozenset({"sam", "vitdet"})
"""Families whose blocks add learnt positions to the scores of all pairs of tokens (arXiv:2304.02643, 2203.16527)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Forward counts of one sample at the size asked for."""

    macs: float | None
    activations: float | None
    inferred: tuple[str, ...]
    """What nobody counted: ``operations``, ``activations``."""
    beyond: float = 1.0
    """Time and layers against what the operations tell; see :func:`beyond_counts`. [-]"""

    @property
    def counted_activations(self) -> float | None:
        """Activations that somebody counted. [elements]"""
        return None if "activations" in self.inferred else self.activations


def counts_of(job: Job, spec: NetworkSpec, *, size: tuple[int, ...], pixels: float) -> Counts:
    """Multiply-adds and activations of one sample at this size. [MAC], [elements]"""
    factor = size_factor(spec.reference_size, size)
    macs = None if spec.macs_per_sample is None else spec.macs_per_sample * factor
    inferred = []
    if macs is None:
        macs = macs_from_parameters(
            architecture=spec.architecture, parameters=spec.parameters, pixels=pixels, seq_len=job.seq_len
        )
        inferred += ["operations"] if macs is not None else []
    if spec.activations_per_sample is not None:
        return Counts(macs, spec.activations_per_sample * factor, tuple(inferred))
    usual = inferred_activations(spec, macs=macs, pixels=pixels, size=size)
    beyond = beyond_counts(job, spec, macs=macs or 0.0, size=size)
    if usual is None:
        return Counts(macs, None, tuple(inferred), beyond)
    return Counts(macs, usual * beyond, (*inferred, "activations"), beyond)


def size_factor(reference: tuple[int, ...], size: tuple[int, ...]) -> float:
    """How counts grow from the size they hold at to the size asked for: with the area, or with the volume. [-]

    Examples
    --------
    >>> size_factor((224, 224), (448, 448))
    4.0
    >>> size_factor((128, 128, 128), (64, 64, 64))
    0.125
    """
    if len(reference) < len(size) or not reference:
        return 1.0
    return float(math.prod(size)) / float(math.prod(reference[-len(size) :]))


def macs_from_parameters(*, architecture: str, parameters: float, pixels: float, seq_len: float) -> float | None:
    """Multiply-adds of one sample where only the parameter count is known; None where that says nothing. [MAC]

    A vision transformer passes its weights once per patch of 16 x 16 pixels, a convolutional net about once per 300
    pixels (ResNet-50: 160 times at 224 x 224), a dense or graph network once per sample, a recurrent one once per
    time step.

    Examples
    --------
    ViT-B/16 at 224 x 224 is published with 17.6 GMAC:

    >>> round(macs_from_parameters(architecture="vit", parameters=86.6e6, pixels=224 * 224, seq_len=1) / 1e9, 1)
    17.0
    """
    if architecture == "vit":
        return parameters * pixels / PATCH_PIXELS
    if architecture in {"segmenter", "unet"}:
        return parameters * pixels * NETWORKS.value("weight_reuse_per_pixel_dense_output")
    if architecture in SPATIAL:
        return parameters * pixels * NETWORKS.value("weight_reuse_per_pixel")
    if architecture in ONCE_PER_SAMPLE:
        return parameters
    return parameters * seq_len if architecture == "rnn" else None


def reduced(pixels: float) -> float:
    """Pixels of the picture that a classifier of usual strides would see so many places of. [pixels]

    Networks for small pictures start without strides: those for CIFAR see as many places of 32 x 32 pixels as others of
    64 to 128.

    >>> reduced(32 * 32), reduced(224 * 224)
    (6400.0, 50176)
    """
    return max(pixels, NETWORKS.value("pixels_seen_with_strides"))


def activations_from_macs(
    *, macs: float, parameters: float, architecture: str, pixels: float = USUAL_PIXELS, clip: bool = False
) -> float:
    """Activations of one sample where only multiply-adds are known. [elements]

    Multiply-adds per activation grow with the width of a network, and so with the root of its parameters: 0.16 to 0.17
    times the root for the YOLOv8 family, 0.11 for Faster R-CNN, 0.06 to 0.10 for ResNet and ViT classifiers. Those
    that use each weight at few places hold depthwise layers, and few products per activation; not so networks of
    clips, whose layers soon stride over frames.

    Examples
    --------
    ResNet-50 has 11.1 million activations at 4.11 GMAC:

    >>> round(activations_from_macs(macs=4.11e9, parameters=25.6e6, architecture="cnn") / 1e6)
    11
    """
    dense = architecture in {"detector", "segmenter", "unet"}
    per_root = NETWORKS.value("intensity_per_root_parameter_dense_output" if dense else "intensity_per_root_parameter")
    seen = architecture == "cnn" and not clip
    reuse = macs / (parameters * reduced(pixels) * NETWORKS.value("weight_reuse_per_pixel")) if seen else 1.0
    held: float = reuse ** NETWORKS.value("intensity_reuse_power")
    return macs / (per_root * held * math.sqrt(parameters))


def generator_activations(pixels: float) -> float:
    """Activations of generator and discriminator: channels halve as sides double, so the side counts. [elements]

    Layers below 64 pixels are the same at all sizes. StyleGAN2, 1024 x 1024, keeps about 1.7 GB a picture:

    >>> round(generator_activations(1024 * 1024) / 1e6)
    374
    """
    low = NETWORKS.value("gan_activations_at_low_sides")
    return low + math.sqrt(pixels) * NETWORKS.value("gan_activations_per_side_pixel")


def usual_layers(
    *,
    architecture: str,
    parameters: float,
    macs: float | None,
    activations: float | None = None,
    pixels: float = USUAL_PIXELS,
) -> float:
    """Layers of a network whose depth is not known. [-]

    Attention blocks follow from the size. Convolutional classifiers are deep when they hold many parameters though
    each output takes few products (narrow or grouped layers), and when each parameter is used at many places (no wide
    dense layers at the end). Detectors and segmenters are deep for the first reason too, where activations are counted,
    but depthwise layers take few products however deep they lie; where not, segmenters are about as deep whatever they
    cost, and for the rest depth follows from the operations.

    Examples
    --------
    ViT-L has 24 blocks, ResNeXt-101 32x4d 105 layers and EfficientNet-B0 82:

    >>> round(usual_layers(architecture="vit", parameters=304e6, macs=None))
    22
    >>> round(usual_layers(architecture="cnn", parameters=44.2e6, macs=8.01e9, activations=21.2e6))
    108
    >>> round(usual_layers(architecture="cnn", parameters=5.29e6, macs=0.4e9, activations=6.75e6))
    92

    Faster R-CNN on ResNet-101 with a feature pyramid has 131:

    >>> round(usual_layers(architecture="detector", parameters=60.7e6, macs=295e9, activations=420e6))
    143
    """
    if architecture == "vit":
        return BLOCKS_OF_TRANSFORMER * max(1.0, math.sqrt(parameters / PARAMETERS_OF_VIT_BASE))
    if architecture in ONCE_PER_SAMPLE | {"recommender", "rnn"}:
        return NETWORKS.value("usual_layers_dense")
    if architecture == "cnn" and macs and activations:
        size: float = parameters ** NETWORKS.value("layers_parameters_power")
        narrow: float = (activations / macs) ** NETWORKS.value("layers_intensity_power")
        reuse: float = (macs / (parameters * pixels)) ** NETWORKS.value("layers_reuse_power")
        return NETWORKS.value("layers_of_classifiers") * size * narrow * reuse
    if architecture in JOINED_MAPS and macs and activations:
        size = parameters ** NETWORKS.value("layers_of_dense_nets_parameters_power")
        each = max(macs / activations, NETWORKS.value("layers_of_dense_nets_intensity_at_least"))
        narrow = each ** -NETWORKS.value("layers_of_dense_nets_intensity_power")
        return NETWORKS.value("layers_of_dense_nets") * size * narrow
    if architecture == "segmenter":
        return NETWORKS.value("usual_layers_segmenter")
    giga_macs = max(macs or 0.0, 1.0) / NETWORKS.value("usual_layers_reference_macs")
    growth: float = giga_macs ** NETWORKS.value("usual_layers_growth")
    return NETWORKS.value("usual_layers_convolutional") * growth


def known_layers(spec: NetworkSpec) -> float | None:
    """Layers of generators of styles with their critic, which scale each style, filter and add noise besides. [-]

    >>> known_layers(NetworkSpec("stylegan2-256", "gan", "stylegan", 59e6, None, None, (256, 256)))
    140.0
    >>> known_layers(NetworkSpec("dcgan-64", "gan", "dcgan", 6.34e6, None, None, (64, 64)))
    """
    styles = spec.architecture == "gan" and spec.family.lower() in {"", "stylegan"}
    return NETWORKS.value("layers_of_style_networks") if styles else None


def inferred_activations(
    spec: NetworkSpec, *, macs: float | None, pixels: float, size: tuple[int, ...]
) -> float | None:
    """Activations of one sample that nobody counted; None where nothing tells of them. [elements]"""
    if spec.architecture == "gan":
        return generator_activations(pixels)
    if macs is None:
        return None
    return activations_from_macs(
        macs=macs,
        parameters=spec.parameters,
        architecture=spec.architecture,
        pixels=pixels or USUAL_PIXELS,
        clip=len(size) == len(CLIP),
    )


def scores_of_a_block(spec: NetworkSpec, *, pixels: float) -> float:
    """Elements of one block's score matrices where positions are added to them, for one picture. [elements]

    Fused kernels take no learnt positions, so that such scores are written whole; other families never hold them.

    Examples
    --------
    SAM with ViT-B attends over 4,096 tokens with 12 heads, 201 million scores; its weights hold those of a neck too:

    >>> sam = NetworkSpec("sam-vit-b", "segmenter", "sam", 93.7e6, 487.9e9, None, (1024, 1024), tokens_meet="attention")
    >>> round(scores_of_a_block(sam, pixels=1024 * 1024) / 1e6)
    207
    """
    if spec.family.lower() not in POSITIONS_IN_SCORES:
        return 0.0
    blocks = usual_layers(architecture="vit", parameters=spec.parameters, macs=None)
    width = math.sqrt(spec.parameters / (WEIGHTS_PER_SQUARED_WIDTH * blocks))
    return width / HEAD_WIDTH * (pixels / PATCH_PIXELS) ** 2


def beyond_counts(job: Job, spec: NetworkSpec, *, macs: float, size: tuple[int, ...]) -> float:
    """Time, activations and layers of a large detector or segmenter of no known family, against its operations. [-]

    Large ones attend, dilate or sample where they choose, in kernels of no library: DETR with a dilated stage,
    deformable DETR, ViTDet, InternImage. Those that run on squares are of the YOLO kind more often, if few operations
    go to a pixel, and compilers make kernels of their own.
    """
    described = spec.architecture in JOINED_MAPS and not spec.family and spec.macs_per_sample is not None
    eager = job.framework == "pytorch" and not job.compiled
    quick = takes_squares(size) and macs < NETWORKS.value("yolo_macs_per_pixel_at_most") * math.prod(size)
    if not described or not eager or (quick and not job.training):
        return 1.0
    grown: float = (macs / NETWORKS.value("beyond_counts_from_macs")) ** NETWORKS.value("beyond_counts_power")
    return min(max(grown, 1.0), NETWORKS.value("beyond_counts_at_most"))


def layers_of(spec: NetworkSpec, *, macs: float | None, activations: float | None, pixels: float) -> float:
    """Layers of a network: as published, or as usual for its counts. [-]

    Small pictures take half as long again to train as told counts say, on cards of every generation: the depth that
    the rule gives for them, greater than theirs, stands for that.
    """
    if spec.depth:
        return spec.depth
    seen = pixels or USUAL_PIXELS
    layers = known_layers(spec) or usual_layers(
        architecture=spec.architecture,
        parameters=spec.parameters,
        macs=macs,
        activations=activations,
        pixels=reduced(seen) if spec.activations_per_sample is None else seen,
    )
    if is_transformer(spec) and spec.architecture in JOINED_MAPS:
        layers *= NETWORKS.value("kernels_per_layer") / NETWORKS.value("kernels_per_attention_block")
    return layers
