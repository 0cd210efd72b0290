"""Roofline: how long a piece of work takes, from operations, bytes, messages and kernel launches."""

from dataclasses import dataclass

import numpy as np

from app.engine.arrays import FloatArray, Floats


def ridge_flops_per_byte(*, peak_flops_per_s: Floats, bandwidth_bytes_per_s: Floats) -> Floats:
    """Arithmetic intensity above which a device is bound by arithmetic. [FLOP/byte]

    >>> round(ridge_flops_per_byte(peak_flops_per_s=312e12, bandwidth_bytes_per_s=2039e9))
    153

    References
    ----------
    .. [1] S. Williams et al., "Roofline," 2009, doi:10.1145/1498765.1498785.
    """
    return peak_flops_per_s / bandwidth_bytes_per_s


def gemm_intensity(m: float, n: float, *, k: float, bytes_per_element: float) -> float:
    """Arithmetic intensity of a matrix product m×k by k×n. [FLOP/byte]

    >>> gemm_intensity(4096, 4096, k=4096, bytes_per_element=2)
    1365.3333333333333
    """
    return 2 * m * n * k / (bytes_per_element * (m * k + k * n + m * n))


def saturation(amount: Floats, half: Floats) -> Floats:
    """Share of full efficiency that a limited amount of parallel work reaches, one half at ``half``. [-]

    >>> saturation(512.0, 512.0)
    0.5
    """
    return amount / (amount + half)


def longest_part(**parts: FloatArray) -> tuple[str, ...]:
    """Name of the part that takes longest, per system: the first of equals; one that nobody knows takes no time.

    >>> longest_part(compute=np.array([2.0, 1.0]), memory=np.array([np.nan, 3.0]))
    ('compute', 'memory')
    """
    names = tuple(parts)
    stacked = np.nan_to_num(np.stack(np.broadcast_arrays(*parts.values())), nan=0.0)
    return tuple(names[row] for row in np.argmax(stacked, axis=0))


@dataclass(frozen=True, slots=True)
class StepTime:
    """Where the time of one step goes. Columns. [s]"""

    math_s: FloatArray
    memory_s: FloatArray
    comms_s: FloatArray
    overhead_s: FloatArray

    @property
    def total_s(self) -> FloatArray:
        """Their sum: each term is what is left visible after overlap."""
        return self.math_s + self.memory_s + self.comms_s + self.overhead_s

    @property
    def bound_by(self) -> tuple[str, ...]:
        """The largest term of each system."""
        return longest_part(
            compute=self.math_s, memory=self.memory_s, communication=self.comms_s, overhead=self.overhead_s
        )
