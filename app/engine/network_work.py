"""What one sample costs a network at the size asked for, and what its layers are like."""

import math
from dataclasses import dataclass

from app.engine import style_networks
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.network_copies import copies_of, takes_squares
from app.engine.network_counts import (
    JOINED_MAPS,
    SPATIAL,
    USUAL_PIXELS,
    Counts,
    counts_of,
    layers_of,
    scores_of_a_block,
)
from app.engine.network_structure import (
    CLIP,
    clip_scores,
    dense_square_share,
    depthwise_share,
    how_tokens_meet,
    is_transformer,
    score_elements,
)
from app.engine.units import FLOPS_PER_MAC

ADDED_MAPS = frozenset({"retinanet", "fcos", "ssd", "fasterrcnn", "maskrcnn", "keypointrcnn"})
"""Families whose pyramids add maps to resized ones, or take them as they are: convolutions fuse that."""
CROPPING = frozenset({"fasterrcnn", "maskrcnn", "keypointrcnn"})
"""Families of two stages: the second looks at regions that the first proposes."""
COPIES_OF_STYLES = "style_touches"
"""Coefficient of what networks of styles move; what they keep is counted from their layers."""


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
    copies: str | None = None
    """Coefficient of the bytes kept per byte of activations, where layers are known to differ from a residual net's."""
    inferred: tuple[str, ...] = ()
    branched: bool = False
    """Layers are joined by concatenations and resizing that nothing fuses, as in detectors and segmenters."""
    crops: bool = False
    """Regions are cropped out of maps, as many as are found."""
    adds_maps: bool = False
    """Branches are added, which fuses, and not concatenated."""
    finds_boxes: bool = False
    """A convolutional detector: boxes are proposed around every place of its maps."""
    selects: bool = False
    """Boxes are chosen among many, class by class, for each picture. Tables of detectors of squares leave it out."""
    dense_square_share: float = 0.0
    """Share of the multiply-adds in dense 3 x 3 convolutions, where Winograd's method saves products."""
    depthwise_share: float = 0.0
    """How far a classifier is built of depthwise layers."""
    scores: float = 0.0
    """Activations that are attention scores, which fused attention never writes. [elements]"""
    held_scores: float = 0.0
    """Scores of one block that no fused kernel can take, alive at once. [elements]"""
    windowed: bool = False
    """Attends within windows, or over pooled keys, in stages of narrow widths."""
    mixes_tokens: bool = False
    """Mixes tokens by dense layers instead of attention."""
    joins: float = 0.0
    """How far maps are joined, shuffled or scaled in extra passes, against what is usual of nets as thin. [-]"""
    dense_pointwise: bool = False
    """Convolutional, with most products in dense layers."""
    beyond_counts: float = 1.0
    """Time of the products against what their count tells. [-]"""
    styles: style_networks.StyleCounts | None = None
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


def sample_size(job: Job, spec: NetworkSpec) -> tuple[int, ...]:
    """Height and width, with depth or frames in front for volumes and clips; () without pictures. [pixels]"""
    if job.image_size is None:
        return ()
    depth = job.depth if job.depth is not None else job.frames if job.frames > 1 else None
    volumetric = len(spec.reference_size) > len(job.image_size) or (not spec.reference_size and depth is not None)
    return (depth, *job.image_size) if volumetric and depth is not None else job.image_size


def known_styles(job: Job, spec: NetworkSpec, *, pixels: float) -> style_networks.StyleCounts | None:
    """Layers of a generator of styles with its critic in training, recognised by their parameters; None for others."""
    named = spec.family.lower() == "stylegan" or not (spec.family or spec.macs_per_sample)
    if spec.architecture != "gan" or not named or not job.training:
        return None
    kind = style_networks.kind_of(spec.parameters)
    return None if kind is None else style_networks.counts(kind, math.sqrt(pixels))


def joins_beyond_usual(spec: NetworkSpec, *, thin: float) -> float:
    """How far maps are joined in extra passes, against what is usual of classifiers that thin. [-]

    Touches of thin nets hold the scaling of maps that is usual of them. Whether one does scale them is known where its
    layers are counted.
    """
    counted = spec.architecture == "cnn" and bool(spec.depth)
    return float(spec.joins_maps) - (thin if counted else 0.0)


def network_work(job: Job, spec: NetworkSpec) -> NetworkWork:
    """What one sample of this job costs, counts scaled to the size asked for."""
    size = sample_size(job, spec)
    pixels = float(math.prod(size)) if size else USUAL_PIXELS if spec.architecture in SPATIAL else 0.0
    styles = known_styles(job, spec, pixels=pixels)
    counts = counts_of(job, spec, size=size, pixels=pixels)
    if styles is not None:
        counts = Counts(styles.macs, styles.outputs, () if spec.family else ("operations", "activations"))
    macs, activations, counted = counts.macs, counts.activations, counts.counted_activations
    tells_depth = counted if spec.architecture in JOINED_MAPS else activations
    layers = layers_of(spec, macs=macs, activations=tells_depth, pixels=pixels)
    met = how_tokens_meet(spec, macs=macs, activations=counted, layers=layers, size=size)
    scores = 0.0
    if spec.architecture == "vit" and len(size) == len(CLIP) and counted is None and macs and activations:
        scores = 0.0 if job.attention == "flash" else clip_scores(spec, macs=macs, layers=layers)
        activations += scores
    elif met == "equal_blocks" and macs and activations:
        scores = score_elements(macs=macs, activations=activations, parameters=spec.parameters, layers=layers)
    transformer, squares = is_transformer(spec), takes_squares(size)
    thin = depthwise_share(spec.architecture, macs=macs, activations=activations)
    finds_boxes = spec.architecture == "detector" and not transformer
    return NetworkWork(
        macs=macs,
        activations=activations,
        layers=layers * counts.beyond,
        time_steps=max(job.seq_len, 1) if spec.architecture == "rnn" else 1,
        parameters=spec.parameters,
        transformer=transformer,
        pixels=pixels,
        copies=COPIES_OF_STYLES if styles else copies_of(job, spec, size=size, beyond=counts.beyond),
        inferred=counts.inferred,
        branched=spec.architecture in JOINED_MAPS,
        crops=spec.family.lower() in CROPPING,
        adds_maps=spec.family.lower() in ADDED_MAPS,
        finds_boxes=finds_boxes,
        selects=finds_boxes and not squares,
        dense_square_share=dense_square_share(spec, size=size),
        depthwise_share=thin,
        scores=scores,
        held_scores=scores_of_a_block(spec, pixels=pixels),
        windowed=met == "windows",
        mixes_tokens=met == "mixed",
        joins=joins_beyond_usual(spec, thin=thin),
        dense_pointwise=spec.dense_1x1,
        beyond_counts=counts.beyond,
        styles=styles,
    )
