"""VGG16 layer by layer: what each weighs, computes and puts out, counted from its shape."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.formatting import local
from app.languages import say
from app.worded import worded

KERNEL = 3
"""Rows and columns of each filter. Simonyan and Zisserman, arXiv:1409.1556, table 1, column D; so are all shapes."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer with weights. A fully connected layer looks at everything once, as if its picture had one pixel."""

    name: str
    inputs: int
    width: int
    side: int
    """Rows and columns of what comes out. [pixels]"""
    convolution: bool = True

    @property
    def name_said(self) -> str:
        """Its name in the language that is spoken."""
        kind, _, number = self.name.rpartition(" ")
        return f"{say(kind)} {number}"

    @property
    def shape(self) -> str:
        """What comes out, in words."""
        return f"{self.side} × {self.side} × {self.width}" if self.convolution else local(f"{self.width:,}")

    @property
    def parameters(self) -> int:
        """Weights and biases. [-]"""
        return (self.inputs * self._taps + 1) * self.width

    @property
    def macs(self) -> int:
        """Multiply-adds of one picture; biases are only added. [MAC]"""
        return self.inputs * self._taps * self.outputs

    @property
    def outputs(self) -> int:
        """Values that come out. [elements]"""
        return self.width * self.side**2

    @property
    def _taps(self) -> int:
        return KERNEL**2 if self.convolution else 1


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over layers."""

    parameters: int
    macs: int
    outputs: int


CONVOLUTION, DENSE = worded("Convolution"), worded("Fully connected")
LAYERS = (
    Layer(f"{CONVOLUTION} 1.1", 3, 64, side=224),
    Layer(f"{CONVOLUTION} 1.2", 64, 64, side=224),
    Layer(f"{CONVOLUTION} 2.1", 64, 128, side=112),
    Layer(f"{CONVOLUTION} 2.2", 128, 128, side=112),
    Layer(f"{CONVOLUTION} 3.1", 128, 256, side=56),
    Layer(f"{CONVOLUTION} 3.2", 256, 256, side=56),
    Layer(f"{CONVOLUTION} 3.3", 256, 256, side=56),
    Layer(f"{CONVOLUTION} 4.1", 256, 512, side=28),
    Layer(f"{CONVOLUTION} 4.2", 512, 512, side=28),
    Layer(f"{CONVOLUTION} 4.3", 512, 512, side=28),
    Layer(f"{CONVOLUTION} 5.1", 512, 512, side=14),
    Layer(f"{CONVOLUTION} 5.2", 512, 512, side=14),
    Layer(f"{CONVOLUTION} 5.3", 512, 512, side=14),
    Layer(f"{DENSE} 6", 512 * 7 * 7, 4096, side=1, convolution=False),
    Layer(f"{DENSE} 7", 4096, 4096, side=1, convolution=False),
    Layer(f"{DENSE} 8", 4096, 1000, side=1, convolution=False),
)


def total(layers: Sequence[Layer] = LAYERS) -> Total:
    """Everything together.

    >>> total().parameters, round(total().macs / 1e9, 2), round(total().outputs / 1e6, 2)
    (138357544, 15.47, 13.56)
    """
    return Total(
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
        outputs=sum(layer.outputs for layer in layers),
    )
