"""What one sample costs a network at the size asked for; counts that nobody published follow stated rules."""

import math
from dataclasses import dataclass, replace

from app.engine.coefficients_networks import NETWORKS
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.network_structure import (
    CLIP,
    clip_scores,
    dense_square_share,
    depthwise_share,
    how_tokens_meet,
    is_transformer,
    score_elements,
)
from app.engine.style_networks import StyleCounts, counts, kind_of
from app.engine.units import FLOPS_PER_MAC

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
COPIES_BY_FAMILY = {
    "vgg": "plain",
    "alexnet": "plain",
    "squeezenet": "plain",
    "lenet": "plain",
    "densenet": "dense",
}
"""Families without normalisation, or with normalisation over everything before."""
COPIES_BY_ARCHITECTURE = {"detector": "detector", "recommender": "recommender", "mlp": "plain"}
"""Detectors freeze their normalisation; dense layers have none."""
JOINED_MAPS = frozenset({"detector", "segmenter"})
"""Architectures whose depth follows from counted activations as that of joined maps does."""
ADDED_MAPS = frozenset({"retinanet", "fcos", "ssd", "fasterrcnn", "maskrcnn", "keypointrcnn"})
"""Families whose pyramids add maps to resized ones, or take them as they are: convolutions fuse that."""
CROPPING = frozenset({"fasterrcnn", "maskrcnn", "keypointrcnn"})
"""Families of two stages: the second looks at regions that the first proposes."""
SMOOTH_DETECTORS = "yolo"
"""Name start of detectors with smooth activations, which keep their input; others clip it in place."""
TOO_FEW_TO_NORMALISE = 2
"""Pictures on a device up to which recipes freeze normalisation. Y. Wu and K. He, arXiv:1803.08494, section 1."""
FROZEN_RECIPE_SIDE = 800
"""Shorter side of pictures in the recipes that start from a frozen classifier (Detectron2, MLPerf)."""


@dataclass(frozen=True, slots=True)
class NetworkWork:
    """One sample through one network. Counts that nobody published are inferred and named in ``inferred``."""

    macs: float | None
    """Forward multiply-adds. [MAC]"""
    activations: float | None
    """Outputs of all layers, forward. [elements]"""
    layers: float
    """Layers that run one after another, or blocks of a transformer. [-]"""
    parameters: float
    transformer: bool
    """Built of attention blocks: matrix products instead of convolutions."""
    time_steps: float
    """Steps that a recurrent layer takes one after another, in one call of its library; 1 for all others. [-]"""
    pixels: float
    """Pixels (or voxels) of one sample; 0 where there is no picture."""
    copies: float | None = None
    """Bytes kept per byte of activations, of families whose layers are known to differ from a residual net."""
    inferred: tuple[str, ...] = ()
    branched: bool = False
    """Layers are joined by concatenations and resizing that nothing fuses, as in detectors and segmenters."""
    crops: bool = False
    """Regions are cropped out of maps, as many as are found."""
    adds_maps: bool = False
    """Branches are added, which fuses, and not concatenated."""
    selects: bool = False
    """Boxes are chosen among many, class by class, for each picture. Tables of detectors of squares leave it out."""
    dense_square_share: float = 0.0
    """Share of the multiply-adds in dense 3 x 3 convolutions, where Winograd's method saves products."""
    depthwise_share: float = 0.0
    """How far a classifier is built of depthwise layers."""
    scores: float = 0.0
    """Activations that are attention scores, which fused attention never writes. [elements]"""
    windowed: bool = False
    """Attends within windows, or over pooled keys, in stages of narrow widths."""
    mixes_tokens: bool = False
    """Mixes tokens by dense layers instead of attention."""
    joined: bool = False
    """Joins, shuffles or scales maps in extra passes."""
    dense_pointwise: bool = False
    """Convolutional, with most products in dense layers."""
    beyond_counts: float = 1.0
    """Time of the products against what their count tells. [-]"""
    styles: StyleCounts | None = None
    """Layers of a generator of styles and its critic."""

    @property
    def forward_flops(self) -> float | None:
        """Operations of one forward pass of one sample. [FLOP]"""
        return None if self.macs is None else FLOPS_PER_MAC * self.macs

    @property
    def intensity(self) -> float:
        """Multiply-adds per activation: low for depthwise nets, high for wide ones. [MAC/element]"""
        if not self.macs or not self.activations:
            return math.inf
        return self.macs / self.activations


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


def sample_size(job: Job, spec: NetworkSpec) -> tuple[int, ...]:
    """Height and width, with depth or frames in front for volumes and clips; () without pictures. [pixels]"""
    if job.image_size is None:
        return ()
    depth = job.depth if job.depth is not None else job.frames if job.frames > 1 else None
    volumetric = len(spec.reference_size) > len(job.image_size) or (not spec.reference_size and depth is not None)
    return (depth, *job.image_size) if volumetric and depth is not None else job.image_size


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
    reuse = macs / (parameters * pixels * NETWORKS.value("weight_reuse_per_pixel")) if seen else 1.0
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
    dense layers at the end). Detectors and segmenters are deep for the first reason too, where activations are counted;
    where not, segmenters are about as deep whatever they cost, and for the rest depth follows from the operations.

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
        narrow = (activations / macs) ** NETWORKS.value("layers_of_dense_nets_intensity_power")
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


def known_styles(job: Job, spec: NetworkSpec, *, pixels: float) -> StyleCounts | None:
    """Layers of a generator of styles with its critic in training, recognised by their parameters; None for others."""
    named = spec.family.lower() == "stylegan" or not (spec.family or spec.macs_per_sample)
    if spec.architecture != "gan" or not named or not job.training:
        return None
    kind = kind_of(spec.parameters)
    return None if kind is None else counts(kind, math.sqrt(pixels))


def takes_squares(size: tuple[int, ...]) -> bool:
    """Whether pictures are square, as detectors of the YOLO kind take them; others take them as they come."""
    return len(size) > 1 and size[-1] == size[-2] != FROZEN_RECIPE_SIDE


def kept_as(spec: NetworkSpec) -> str:
    """Family whose layers a network keeps: a plain net is a residual one in this once it is normalised.

    >>> kept_as(NetworkSpec("vgg16-bn", "cnn", "vgg", 138.4e6, 15.5e9, 13.56e6, (224, 224)))
    ''
    """
    return "" if spec.name.lower().endswith("bn") else spec.family


def known_copies(
    family: str, architecture: str, *, size: tuple[int, ...] = (), training: bool = True, transformer: bool = False
) -> float | None:
    """Bytes kept per byte of activations where layers differ from a residual net's; None for all others. [-]

    Detectors that take square pictures train their normalisation, and fold it away for running; YOLO keeps input and
    output of smooth activations besides.

    >>> known_copies("VGG", "cnn"), known_copies("", "detector", size=(800, 1333))
    (1.35, 1.1)
    >>> known_copies("yolo", "detector", size=(640, 640)), known_copies("", "detector", size=(640, 640))
    (3.0, 2.0)
    >>> known_copies("yolo", "detector", size=(640, 640), training=False)
    """
    kind = next((kind for start, kind in COPIES_BY_FAMILY.items() if family.lower().startswith(start)), None)
    kind = COPIES_BY_ARCHITECTURE.get(architecture, kind)
    if kind == "detector" and takes_squares(size) and not transformer:
        trained = "trained_detector" if family.lower().startswith(SMOOTH_DETECTORS) else "trained_detector_moved"
        kind = trained if training else None
    return NETWORKS.value(f"retained_{kind}") if kind else None


def copies_of(job: Job, spec: NetworkSpec, *, size: tuple[int, ...], beyond: float) -> float | None:
    """Bytes kept per byte of activations in this job; None where a residual net's hold. [-]

    Detectors that train on one or two pictures at a time leave their normalisation as it is, whatever their form: two
    pictures tell too little of a mean and a variance. Those that attend normalise each token, and keep it.
    """
    few = job.training and job.micro_batch_size <= TOO_FEW_TO_NORMALISE and beyond == 1.0
    seen = () if few else size
    return known_copies(
        kept_as(spec), spec.architecture, size=seen, training=job.training, transformer=is_transformer(spec)
    )


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


def beyond_counts(job: Job, spec: NetworkSpec, *, macs: float, size: tuple[int, ...]) -> float:
    """Time, activations and layers of a large detector of no known family, against what its operations tell. [-]

    Large ones attend, dilate or sample where they choose, in kernels of no library: DETR with a dilated stage,
    deformable DETR, ViTDet, InternImage. Those that run on squares are of the YOLO kind more often, if few operations
    go to a pixel, and compilers make kernels of their own.
    """
    described = spec.architecture == "detector" and not spec.family and spec.macs_per_sample is not None
    eager = job.framework == "pytorch" and not job.compiled
    quick = takes_squares(size) and macs < NETWORKS.value("yolo_macs_per_pixel_at_most") * math.prod(size)
    if not described or not eager or (quick and not job.training):
        return 1.0
    grown: float = (macs / NETWORKS.value("beyond_counts_from_macs")) ** NETWORKS.value("beyond_counts_power")
    return min(max(grown, 1.0), NETWORKS.value("beyond_counts_at_most"))


def layers_of(spec: NetworkSpec, *, macs: float | None, activations: float | None, pixels: float) -> float:
    """Layers of a network: as published, or as usual for its counts. [-]"""
    if spec.depth:
        return spec.depth
    layers = known_layers(spec) or usual_layers(
        architecture=spec.architecture,
        parameters=spec.parameters,
        macs=macs,
        activations=activations,
        pixels=pixels or USUAL_PIXELS,
    )
    if is_transformer(spec) and spec.architecture in JOINED_MAPS:
        layers *= NETWORKS.value("kernels_per_layer") / NETWORKS.value("kernels_per_attention_block")
    return layers


def network_work(job: Job, spec: NetworkSpec) -> NetworkWork:
    """What one sample of this job costs, counts scaled to the size asked for."""
    size = sample_size(job, spec)
    factor = size_factor(spec.reference_size, size)
    pixels = float(math.prod(size)) if size else USUAL_PIXELS if spec.architecture in SPATIAL else 0.0
    styles = known_styles(job, spec, pixels=pixels)
    inferred = ["operations", "activations"] if styles and not spec.family else []
    if styles is not None:
        spec, factor = replace(spec, macs_per_sample=styles.macs, activations_per_sample=styles.outputs), 1.0
    macs = None if spec.macs_per_sample is None else spec.macs_per_sample * factor
    if macs is None:
        macs = macs_from_parameters(
            architecture=spec.architecture, parameters=spec.parameters, pixels=pixels, seq_len=job.seq_len
        )
        inferred += ["operations"] if macs is not None else []
    activations = None if spec.activations_per_sample is None else spec.activations_per_sample * factor
    beyond = 1.0
    if activations is None:
        beyond = beyond_counts(job, spec, macs=macs or 0.0, size=size)
        usual = inferred_activations(spec, macs=macs, pixels=pixels, size=size)
        activations = None if usual is None else usual * beyond
        inferred += ["activations"] if activations is not None else []
    counted = "activations" not in inferred or spec.architecture not in JOINED_MAPS
    layers = layers_of(spec, macs=macs, activations=activations if counted else None, pixels=pixels)
    met = how_tokens_meet(
        spec, macs=macs, activations=None if "activations" in inferred else activations, layers=layers, size=size
    )
    scores = 0.0
    if met == "equal_blocks" and macs and activations:
        scores = score_elements(macs=macs, activations=activations, parameters=spec.parameters, layers=layers)
    if spec.architecture == "vit" and len(size) == len(CLIP) and "activations" in inferred and macs and activations:
        scores = 0.0 if job.attention == "flash" else clip_scores(spec, macs=macs, layers=layers)
        activations += scores
    return NetworkWork(
        macs=macs,
        activations=activations,
        layers=layers * beyond,
        time_steps=max(job.seq_len, 1) if spec.architecture == "rnn" else 1,
        parameters=spec.parameters,
        transformer=is_transformer(spec),
        pixels=pixels,
        copies=NETWORKS.value("style_touches") if styles else copies_of(job, spec, size=size, beyond=beyond),
        inferred=tuple(inferred),
        branched=spec.architecture in JOINED_MAPS,
        crops=spec.family.lower() in CROPPING,
        adds_maps=spec.family.lower() in ADDED_MAPS,
        selects=spec.architecture == "detector" and not is_transformer(spec) and not takes_squares(size),
        dense_square_share=dense_square_share(spec, size=size),
        depthwise_share=depthwise_share(spec.architecture, macs=macs, activations=activations),
        scores=scores,
        windowed=met == "windows",
        mixes_tokens=met == "mixed",
        joined=spec.joins_maps,
        dense_pointwise=spec.dense_1x1,
        beyond_counts=beyond,
        styles=styles,
    )
