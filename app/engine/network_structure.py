"""What family and counts tell of layers: dense 3 x 3 and depthwise convolutions, windows, score matrices."""

import math

from app.engine.coefficients_networks import NETWORKS
from app.engine.model_spec import NetworkSpec

DENSE_SQUARE_SHARE = {
    "vgg": 1.0, "repvgg": 1.0, "resnet": 0.45, "seresnet": 0.45, "ecaresnet": 0.45, "resnetrs": 0.45,
    "cspresnet": 0.45, "cspdarknet": 0.6, "dla": 0.6, "densenet": 0.35, "inception": 0.15, "squeezenet": 0.5,
    "googlenet": 0.5, "alexnet": 0.3,
}  # fmt: skip
"""Share of the multiply-adds in convolutions over 3 x 3 neighbours that join all channels, from published layer tables.

Winograd's method saves products in these, and in no others: A. Lavin and S. Gray, arXiv:1509.09308.
"""
BASIC_BLOCKS_BELOW = 50
"""Residual nets with fewer layers have two 3 x 3 convolutions a block: K. He et al., arXiv:1512.03385, table 1."""
BASIC_BLOCK_SHARE = 0.95
"""Their share; the rest is the stem, the shortcuts and the classifier."""
JOINED = ("inception", "googlenet", "squeezenet", "shufflenet", "seresnet", "resnetrs", "resnest", "convnextv2")
"""Families, or models, that join branches, shuffle channels or scale maps by what they hold in all: extra passes."""
UNET_SHARE = 0.9
"""U-Nets of pictures are 3 x 3 convolutions but for the steps up and the last layer: arXiv:1505.04597, figure 1."""
WINDOWED = (
    "swin", "hiera", "pvt", "segformer", "mvit", "twins", "nest", "gcvit", "focalnet", "davit", "crossvit", "xcit",
    "cait",
)  # fmt: skip
"""Families that attend within windows or over pooled keys, in stages of narrow widths."""
DENSE_POINTWISE = ("convnext", "metaformer", "caformer", "convformer")
"""Families of convolutional stages whose 1 x 1 products are dense layers, which frameworks keep in fp32 when asked."""
TOKEN_MIXING = ("mixer", "resmlp", "gmlp")
"""Families that mix tokens by products over the transposed tokens."""
PLAIN = ("vit", "deit", "beit", "eva", "dinov2", "siglip")
"""Families of equal blocks in which every token attends to every other."""
WIDTHS_PER_TOKEN = 10.0
"""Outputs of a block's products per token and width: three projections, two of attention, five of the feed-forward."""
WEIGHTS_PER_SQUARED_WIDTH = 12.0
"""Of one block: four by the width squared in attention, eight in the feed-forward. arXiv:2010.11929."""
ATTENTION_PRODUCTS = 2.0
"""Products over all pairs of tokens: queries with keys, probabilities with values."""
DETECTING_TRANSFORMERS = frozenset({"detr", "yolos"})
"""Families of detectors whose products are mostly those of attention blocks."""
PLANE = ("height", "width")
CLIP = ("frames", *PLANE)
HEAD_WIDTH = 64.0
"""Width of one attention head. arXiv:2010.11929, table 1."""
PATCH_SIDES = (8, 14, 16, 32)
"""Sides of the patches that vision transformers cut pictures into. [pixels]"""
SCORES_AT_MOST = 0.7
"""Counts that leave less for the other products are not those of equal blocks."""


def dense_square_share(spec: NetworkSpec) -> float:
    """Share of a classifier's or a U-Net's multiply-adds in dense 3 x 3 convolutions. [-]

    >>> dense_square_share(NetworkSpec("vgg16", "cnn", "vgg", 138e6, 15.5e9, 13.6e6, (224, 224), 16))
    1.0
    """
    if spec.architecture == "unet" and len(spec.reference_size) == len(PLANE):
        return UNET_SHARE
    family = spec.family.lower()
    if spec.architecture == "detector" and family not in DETECTING_TRANSFORMERS:
        return NETWORKS.value("detector_dense_square_share")
    if spec.architecture != "cnn":
        return 0.0
    if not family:
        return NETWORKS.value("usual_dense_square_share")
    if family == "resnet" and spec.depth is not None and spec.depth < BASIC_BLOCKS_BELOW:
        return BASIC_BLOCK_SHARE
    return DENSE_SQUARE_SHARE.get(family, 0.0)


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


def equal_blocks(spec: NetworkSpec, *, macs: float | None, layers: float, size: tuple[int, ...]) -> bool:
    """Whether a vision transformer is one of equal blocks over a grid of patches: by name, else by its counts.

    Stages that merge patches pass each weight at fewer places than a grid of 8, 14, 16 or 32 pixels has patches.

    >>> plain = NetworkSpec("", "vit", "", 22.05e6, 4.61e9, 11.95e6, (224, 224))
    >>> equal_blocks(plain, macs=4.61e9, layers=12, size=(224, 224))
    True
    >>> staged = NetworkSpec("", "vit", "", 49.6e6, 8.77e9, 27.5e6, (224, 224))
    >>> equal_blocks(staged, macs=8.77e9, layers=12, size=(224, 224))
    False
    """
    if spec.architecture != "vit":
        return False
    if spec.family or not macs or len(size) != len(PLANE):
        return spec.family.lower().startswith(PLAIN)
    tokens, _ = tokens_and_width(macs=macs, parameters=spec.parameters, layers=layers)
    grids = [math.prod(size) / side**2 for side in PATCH_SIDES]
    return any(abs(tokens / grid - 1) < NETWORKS.value("patch_grid_tolerance") for grid in grids)


def windowed(spec: NetworkSpec, *, equal: bool) -> bool:
    """Whether tokens attend within windows, or over pooled keys."""
    return spec.family.lower().startswith(WINDOWED) or (spec.architecture == "vit" and not spec.family and not equal)


def joined(spec: NetworkSpec) -> bool:
    """Whether maps are joined, shuffled or scaled in extra passes.

    >>> joined(NetworkSpec("convnextv2-tiny", "cnn", "convnext", 28.6e6, 4.5e9, 13.4e6, (224, 224)))
    True
    """
    return spec.architecture == "cnn" and (spec.family.lower().startswith(JOINED) or spec.name.startswith(JOINED))


def dense_pointwise(family: str) -> bool:
    """Whether most products of a convolutional net are dense layers."""
    return family.lower().startswith(DENSE_POINTWISE)


def mixes_tokens(family: str) -> bool:
    """Whether tokens are mixed by dense layers instead of attention."""
    return family.lower().startswith(TOKEN_MIXING)


def score_elements(*, macs: float, activations: float, parameters: float, layers: float) -> float:
    """Elements of all score matrices of a plain vision transformer; fused attention never writes them. [elements]

    Tokens follow from the multiply-adds, the width from the weights; what is left of the activations are scores.

    Examples
    --------
    ViT-B/8 attends over 785 tokens with 12 heads in 12 layers, 89 million scores:

    >>> round(score_elements(macs=78.2e9, activations=161.7e6, parameters=86.6e6, layers=12) / 1e6)
    90
    """
    tokens, width = tokens_and_width(macs=macs, parameters=parameters, layers=layers)
    scores = activations - WIDTHS_PER_TOKEN * tokens * width * layers
    return min(max(scores, 0.0), SCORES_AT_MOST * activations)


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
    if spec.family.lower().startswith(WINDOWED):
        return 0.0
    tokens, width = tokens_and_width(macs=macs, parameters=spec.parameters, layers=layers)
    return width / HEAD_WIDTH * tokens**2 * layers
