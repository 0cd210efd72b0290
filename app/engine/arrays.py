"""The one array type of the engine: a column of floats, one entry per candidate system; NaN means unknown."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Floats = float | FloatArray
"""What every formula takes and returns: one number, or one per candidate system."""


def column(values: "list[float | None]") -> FloatArray:
    """A column of floats in which an unknown value is NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def entry(values: FloatArray | BoolArray, row: int) -> float:
    """One entry of a column; of a single value that holds for all rows, that value.

    >>> entry(np.array([1.0, 2.0]), 1), entry(np.array(3.0), 1)
    (2.0, 3.0)
    """
    return float(values[row] if np.ndim(values) else values)
