"""What the catalogue and counts tell of layers: dense 3 x 3 and depthwise convolutions, windows, score matrices."""

import math

from app.engine.coefficients_networks import NETWORKS
from app.engine.model_spec import NetworkSpec

UNET_SHARE = 0.9
"""U-Nets of pictures are 3 x 3 convolutions but for the steps up and the last layer: arXiv:1505.04597, figure 1."""
ATTENDING = frozenset({"attention", "equal_blocks", "windows"})
"""Uses of tokens by attention."""
WIDTHS_PER_TOKEN = 10.0
"""Outputs of a block's products per token and width: three projections, two of attention, five of the feed-forward."""
WEIGHTS_PER_SQUARED_WIDTH = 12.0
"""Of one block: four by the width squared in attention, eight in the feed-forward. arXiv:2010.11929."""
ATTENTION_PRODUCTS = 2.0
"""Products over all pairs of tokens: queries with keys, probabilities with values."""
PLANE = ("height", "width")
CLIP = ("frames", *PLANE)
HEAD_WIDTH = 64.0
"""Width of one attention head. arXiv:2010.11929, table 1."""
PATCH_SIDES = (8, 14, 16, 32)
"""Sides of the patches that vision transformers cut pictures into. [pixels]"""
CLOSER_ALONE = 2.0
"""How much closer tokens have to agree where no activations are counted that could agree as well."""
SCORES_AT_MOST = 0.7
"""Counts that leave less for the other products are not those of equal blocks."""


def dense_square_share(spec: NetworkSpec, *, size: tuple[int, ...] = ()) -> float:
    """Share of a network's multiply-adds in dense 3 x 3 convolutions. [-]

    Winograd's method saves products in these, and in no others: A. Lavin and S. Gray, arXiv:1509.09308.

    >>> dense_square_share(NetworkSpec("vgg16", "cnn", "vgg", 138e6, 15.5e9, 13.6e6, dense_3x3_share=1.0))
    1.0
    """
    if spec.architecture == "unet" and len(size or spec.reference_size) == len(PLANE):
        return UNET_SHARE
    if spec.architecture == "detector" and not is_transformer(spec):
        return NETWORKS.value("detector_dense_square_share")
    if spec.architecture != "cnn":
        return 0.0
    return NETWORKS.value("usual_dense_square_share") if spec.dense_3x3_share is None else spec.dense_3x3_share


def depthwise_share(architecture: str, *, macs: float | None, activations: float | None) -> float:
    """How far a classifier or a detector is built of depthwise layers, from its multiply-adds per activation. [-]

    >>> round(depthwise_share("cnn", macs=0.4e9, activations=6.75e6), 2)
    0.98
    """
    below = {"cnn": "depthwise_below_intensity", "detector": "depthwise_detectors_below"}.get(architecture)
    if below is None or not macs or not activations:
        return 0.0
    ratio = macs / activations / NETWORKS.value(below)
    return float(1.0 / (1.0 + ratio ** NETWORKS.value("depthwise_sharpness")))


def tokens_and_width(*, macs: float, parameters: float, layers: float) -> tuple[float, float]:
    """Tokens and width of a transformer of equal blocks with these counts. [-]

    Every token passes every weight, and meets every other token in each block.

    >>> tokens, width = tokens_and_width(macs=17.58e9, parameters=86.6e6, layers=12)
    >>> round(tokens), round(width)
    (195, 775)
    """
    width = math.sqrt(parameters / (WEIGHTS_PER_SQUARED_WIDTH * layers))
    pairs = ATTENTION_PRODUCTS * layers * width
    return (math.sqrt(parameters**2 + 4 * pairs * macs) - parameters) / (2 * pairs), width


def blocks_activations(*, macs: float, parameters: float, layers: float) -> tuple[float, float]:
    """Outputs of all products of equal blocks with these counts, and their score matrices. [elements]

    Examples
    --------
    ViT-B/16 has 23.9 million activations:

    >>> products, scores = blocks_activations(macs=17.58e9, parameters=86.6e6, layers=12)
    >>> round(products / 1e6, 1), round(scores / 1e6, 1)
    (18.1, 5.5)
    """
    tokens, width = tokens_and_width(macs=macs, parameters=parameters, layers=layers)
    return WIDTHS_PER_TOKEN * tokens * width * layers, width / HEAD_WIDTH * tokens**2 * layers


def how_tokens_meet(
    spec: NetworkSpec, *, macs: float | None, activations: float | None, layers: float, size: tuple[int, ...]
) -> str:
    """How the tokens of a vision transformer meet: as published, or by its three counts.

    Equal blocks over a grid of patches have the tokens of a grid of 8, 14, 16 or 32 pixels, and as many activations as
    those tokens and the width of their weights tell. Stages that merge patches pass each weight at fewer places, and
    branches, windows and heads that talk write more; networks that mix tokens by dense layers have no scores, and write
    less. Without counted activations the grid alone decides, and has to be met more closely.

    >>> plain = NetworkSpec("", "vit", "", 22.05e6, 4.61e9, 11.95e6, (224, 224))
    >>> how_tokens_meet(plain, macs=4.61e9, activations=11.95e6, layers=12, size=(224, 224))
    'equal_blocks'
    >>> staged = NetworkSpec("", "vit", "", 51.5e6, 10.16e9, 40.5e6, (224, 224))
    >>> how_tokens_meet(staged, macs=10.16e9, activations=40.5e6, layers=12, size=(224, 224))
    'windows'
    >>> mixer = NetworkSpec("", "vit", "", 59.9e6, 12.6e9, 14.5e6, (224, 224))
    >>> how_tokens_meet(mixer, macs=12.6e9, activations=14.5e6, layers=12, size=(224, 224))
    'mixed'
    """
    if spec.architecture != "vit" or spec.tokens_meet or not macs or len(size) != len(PLANE):
        return spec.tokens_meet or ("windows" if spec.architecture == "vit" else "")
    tolerance = NETWORKS.value("equal_blocks_tolerance")
    tokens, _ = tokens_and_width(macs=macs, parameters=spec.parameters, layers=layers)
    usual = sum(blocks_activations(macs=macs, parameters=spec.parameters, layers=layers))
    written = activations / usual if activations else 1.0
    near = tolerance if activations else tolerance / CLOSER_ALONE
    on_grid = any(abs(tokens / (math.prod(size) / side**2) - 1) < near for side in PATCH_SIDES)
    if abs(written - 1) < tolerance and on_grid:
        return "equal_blocks"
    return "mixed" if written <= 1 - tolerance else "windows"


def is_transformer(spec: NetworkSpec) -> bool:
    """Whether a network is built of blocks over tokens: a vision transformer, or one with a head for another task.

    >>> is_transformer(NetworkSpec("segformer-b0", "segmenter", "segformer", 3.8e6, 8.4e9, None, tokens_meet="windows"))
    True
    """
    return spec.architecture == "vit" or spec.tokens_meet in ATTENDING


def score_elements(*, macs: float, activations: float, parameters: float, layers: float) -> float:
    """Elements of all score matrices of a plain vision transformer; fused attention never writes them. [elements]

    Tokens follow from the multiply-adds, the width from the weights; what is left of the activations are scores.

    Examples
    --------
    ViT-B/8 attends over 785 tokens with 12 heads in 12 layers, 89 million scores:

    >>> round(score_elements(macs=78.2e9, activations=161.7e6, parameters=86.6e6, layers=12) / 1e6)
    90
    """
    products, _ = blocks_activations(macs=macs, parameters=parameters, layers=layers)
    return min(max(activations - products, 0.0), SCORES_AT_MOST * activations)


def clip_scores(spec: NetworkSpec, *, macs: float, layers: float) -> float:
    """Elements of the score matrices over a clip, which grow with pairs of tokens; 0 within windows. [elements]

    Joint attention over the patches of all frames writes more scores than everything else.

    Examples
    --------
    VideoMAE with ViT-B attends over 1,568 tokens with 12 heads in 12 layers, 354 million scores:

    >>> videomae = NetworkSpec("", "vit", "", 86.2e6, 180.3e9, None, (16, 224, 224))
    >>> round(clip_scores(videomae, macs=180.3e9, layers=12) / 1e6)
    355
    """
    if spec.tokens_meet == "windows":
        return 0.0
    return blocks_activations(macs=macs, parameters=spec.parameters, layers=layers)[1]
