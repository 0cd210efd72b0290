"""Networks of styles and their critic, layer by layer: StyleGAN2 and both nets of StyleGAN3 at any size.

Their recipes fix all widths, so that operations, outputs and weights follow from the side of a picture.

References
----------
.. [1] T. Karras et al., StyleGAN2, arXiv:1912.04958; training/networks.py of
       https://github.com/NVlabs/stylegan2-ada-pytorch
.. [2] T. Karras et al., StyleGAN3, arXiv:2106.12423; training/networks_stylegan3.py of
       https://github.com/NVlabs/stylegan3
.. [3] T. Karras et al., StyleGAN, arXiv:1812.04948; training/networks_stylegan.py of https://github.com/NVlabs/stylegan
"""

import math
from dataclasses import dataclass

from app.engine.coefficients_networks import NETWORKS
from app.engine.job import Job
from app.engine.precision import bytes_per_element
from app.engine.units import COLOURS

WIDTH_TIMES_SIDE = 2**15
"""Channels of a layer times its side, above the largest width. [1]_, [2]_"""
WIDEST = 512
TAPS = 9.0
"""Products of a 3 x 3 convolution for one input and output channel."""
SMALLEST_SIDE = 4
HALVED_UP_TO = 256
"""Side up to which the recipe of StyleGAN2 halves all channels. [1]_, train.py"""
LAYERS_WITHOUT_ALIASES = 14
CRITICAL = 2
"""Last layers that keep the highest frequency. [2]_"""
LOWEST_CUTOFF, LOWEST_STOP = 2.0, 2.0**2.1
"""Frequencies up to which filters of the first layer pass, and from which they stop. [2]_"""
HIGHEST_STOP_SHARE = 2.0**0.3
"""Frequency from which those of the last layers stop, over the highest that they pass. [2]_"""
MARGIN = 10.0
"""Pixels around a map that filters spoil. [2]_"""
PARAMETERS = {"styles": 59.0e6, "narrow": 49.1e6, "shifted": 51.3e6, "rotated": 44.8e6}
"""Generator and critic: StyleGAN2; half its width, as in StyleGAN [3]_; StyleGAN3 for shifts (T), for rotations (R)."""
WITHOUT_ALIASES = frozenset({"shifted", "rotated"})
GENERATOR_PASSES, CRITIC_PASSES = 4.0, 9.0
"""Forward passes, a backward one as two: the generator runs twice and back once, its critic three times each way."""


@dataclass(frozen=True, slots=True)
class StyleCounts:
    """One picture through a generator of styles, and through its critic."""

    generator_macs: float
    critic_macs: float
    generator_outputs: float
    """Outputs of all layers and filters. [elements]"""
    critic_outputs: float
    generator_weights: float
    """Weights of convolutions, which every picture scales by its styles. [-]"""

    @property
    def macs(self) -> float:
        """Multiply-adds of both, forward. [MAC]"""
        return self.generator_macs + self.critic_macs

    @property
    def outputs(self) -> float:
        """Outputs of both. [elements]"""
        return self.generator_outputs + self.critic_outputs

    @property
    def passes(self) -> float:
        """Forward and backward passes of a step over one of each network. [-]"""
        trained = GENERATOR_PASSES * self.generator_macs + CRITIC_PASSES * self.critic_macs
        return trained / (3.0 * self.macs) * NETWORKS.value("style_regularisation")


def kind_of(parameters: float) -> str | None:
    """Which networks of styles have about as many parameters with their critic; None for all others.

    >>> kind_of(59e6), kind_of(49.3e6), kind_of(51e6), kind_of(45e6), kind_of(6.3e6)
    ('styles', 'narrow', 'shifted', 'rotated', None)
    """
    nearest, kind = min((abs(math.log(parameters / size)), kind) for kind, size in PARAMETERS.items())
    return kind if nearest < NETWORKS.value("same_styles_within") else None


def counts(kind: str, side: float) -> StyleCounts:
    """Operations, outputs and weights for pictures of this side.

    Examples
    --------
    The convolutions of StyleGAN2 at 1024 pixels hold 24 of the 30 million weights of its generator:

    >>> known = counts("styles", 1024)
    >>> round(known.generator_weights / 1e6), round(known.generator_macs / 1e9), round(known.critic_macs / 1e9)
    (24, 74, 77)

    Against aliases, maps are kept large from the start:

    >>> round(counts("shifted", 256).generator_macs / 1e9)
    231
    """
    halved = kind == "narrow" or (kind == "styles" and side <= HALVED_UP_TO)
    width_times_side = WIDTH_TIMES_SIDE / 2 if halved else WIDTH_TIMES_SIDE
    if kind in WITHOUT_ALIASES:
        macs, outputs, weights = _generator_without_aliases(side, rotated=kind == "rotated")
    else:
        macs, outputs, weights = _growing_generator(side, width_times_side)
    critic_macs, critic_outputs = _critic(side, width_times_side)
    return StyleCounts(macs, critic_macs, outputs, critic_outputs, weights)


def _width(side: float, width_times_side: float) -> float:
    return min(width_times_side / side, WIDEST)


def _sides(side: float) -> list[float]:
    return [float(SMALLEST_SIDE * 2**step) for step in range(max(int(math.log2(side / SMALLEST_SIDE)), 0) + 1)]


def _growing_generator(side: float, width_times_side: float) -> tuple[float, float, float]:
    """Multiply-adds, outputs and weights: sides double, with two convolutions and colours at each. [1]_"""
    macs = outputs = weights = 0.0
    for now in _sides(side):
        width, before = _width(now, width_times_side), _width(now / 2, width_times_side)
        if now > SMALLEST_SIDE:
            macs += TAPS * (now / 2) ** 2 * before * width
            outputs += now**2 * width
            weights += TAPS * before * width
        macs += now**2 * width * (TAPS * width + COLOURS)
        outputs += now**2 * (width + COLOURS)
        weights += TAPS * width**2
    return macs, outputs, weights


def _critic(side: float, width_times_side: float) -> tuple[float, float]:
    """Multiply-adds and outputs of residual blocks that halve the side. [1]_"""
    width = _width(side, width_times_side)
    macs, outputs = COLOURS * side**2 * width, side**2 * width
    for now in _sides(side)[1:]:
        width, after = _width(now, width_times_side), _width(now / 2, width_times_side)
        macs += TAPS * now**2 * width**2 + (TAPS + 1) * (now / 2) ** 2 * width * after
        outputs += now**2 * width + 2 * (now / 2) ** 2 * after
    return macs + TAPS * SMALLEST_SIDE**2 * WIDEST**2, outputs


def _generator_without_aliases(side: float, *, rotated: bool) -> tuple[float, float, float]:
    """Multiply-adds, outputs and weights; frequencies grow by one factor from layer to layer. [2]_

    Rotations take twice the channels, and products of single pixels.
    """
    taps, reach = (1.0, 0.0) if rotated else (TAPS, 2.0)
    doubled = 2.0 if rotated else 1.0
    highest, stop_at = side / 2, side / 2 * HIGHEST_STOP_SHARE
    rates, widths = [], []
    for layer in range(LAYERS_WITHOUT_ALIASES):
        share = min(layer / (LAYERS_WITHOUT_ALIASES - CRITICAL), 1.0)
        cutoff = LOWEST_CUTOFF * (highest / LOWEST_CUTOFF) ** share
        stop = LOWEST_STOP * (stop_at / LOWEST_STOP) ** share
        rates.append(2.0 ** math.ceil(math.log2(min(2 * stop, side))))
        widths.append(doubled * min(WIDTH_TIMES_SIDE / 2 / cutoff, WIDEST))
    sizes = [rate + 2 * MARGIN for rate in rates[:-1]] + [side]
    macs = outputs = weights = 0.0
    for layer, (size, width) in enumerate(zip(sizes, widths, strict=True)):
        before = max(layer - 1, 0)
        convolved = sizes[before] + reach
        macs += taps * convolved**2 * widths[before] * width
        outputs += (convolved**2 + size**2) * width
        weights += taps * widths[before] * width
    return macs + side**2 * widths[-1] * COLOURS, outputs, weights


def training_bytes(job: Job, known: StyleCounts) -> float:
    """What a step keeps of its pictures at the worst moment: of both networks, or of the critic's penalty. [bytes]

    The penalty differentiates the critic's gradient, so that its outputs are kept several times. Each picture's own
    weights are kept besides, as styles scale them.
    """
    element = bytes_per_element(job.precision)
    both = known.outputs * element * NETWORKS.value("style_copies")
    penalty = known.critic_outputs * element * NETWORKS.value("style_penalty_copies")
    scaled = known.generator_weights * element * NETWORKS.value("style_weight_copies")
    return job.micro_batch_size * (max(both, penalty) + scaled)
