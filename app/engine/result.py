"""What an estimate is made of. Columns have one entry per candidate system; NaN means unknown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import FITS_WITHIN_FRACTION


@dataclass(frozen=True, slots=True)
class Interval:
    """Low, expected and high: an 80 % interval around the expected value."""

    low: FloatArray
    expected: FloatArray
    high: FloatArray

    def scaled(self, factor: FloatArray | float) -> "Interval":
        """The same interval in another unit."""
        return Interval(self.low * factor, self.expected * factor, self.high * factor)

    def inverted(self, numerator: FloatArray | float) -> "Interval":
        """``numerator`` divided by the interval: a rate turned into a time; low and high change places."""
        return Interval(numerator / self.high, numerator / self.expected, numerator / self.low)


@dataclass(frozen=True, slots=True)
class MemoryPart:
    """One part of the peak memory of one device. [bytes]"""

    part: str
    """weights, gradients, optimizer, activations, logits, kv_cache, workspace, context, ..."""
    bytes: FloatArray
    formula: str | Callable[[int], str]
    """The formula in words and numbers, such as "8.03e9 parameters x 2 bytes (bf16)"; by row where rows differ."""
    share: FloatArray | None = None
    """What one device holds of the part, where devices share it; None means all of it. [-]"""

    def words(self, row: int) -> str:
        """The formula for one system, with the devices that share the part.

        >>> MemoryPart("weights", np.ones(1), "8e9 parameters x 2 bytes", np.array([0.125])).words(0)
        '8e9 parameters x 2 bytes ÷ 8 devices'
        """
        formula = self.formula if isinstance(self.formula, str) else self.formula(row)
        if self.share is None or self.share[row] == 1:
            return formula
        return f"{formula} ÷ {1 / self.share[row]:.4g} devices"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Peak memory of one device: the parts that are alive together at the worst moment."""

    parts: tuple[MemoryPart, ...]

    @property
    def total_bytes(self) -> FloatArray:
        """The sum of the parts. [bytes]"""
        return reduce(np.add, [part.bytes for part in self.parts])

    def share_of(self, part: str) -> FloatArray:
        """What one part takes of the whole. [-]"""
        held = reduce(np.add, [each.bytes for each in self.parts if each.part == part], np.zeros(1))
        return np.asarray(held / self.total_bytes)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the job goes.

    ``step_s`` is the time of one step (one optimizer micro-step over all devices, one batch, one generated
    batch, or the whole fit for classical work); ``units_per_step`` are samples or tokens of that step over all devices.
    """

    unit: str
    """samples/s or tokens/s."""
    step_s: FloatArray
    units_per_step: FloatArray
    model_flops_per_step: FloatArray
    """FLOPs the model needs for the step over all devices, recompute not counted. [FLOP]"""
    bound_by: tuple[str, ...]
    """Per system: compute, memory, communication, overhead, data."""
    run_units: FloatArray | None = None
    """Samples or tokens of one whole run; None when the amount of data is unknown."""
    prefill_tokens_per_s: FloatArray | None = None
    decode_tokens_per_s: FloatArray | None = None
    ttft_s: FloatArray | None = None
    tpot_s: FloatArray | None = None
    concurrent_requests: FloatArray | None = None
    communication_share: FloatArray | None = None
    bubble_fraction: FloatArray | None = None
    unfed_step_s: FloatArray | None = None
    """Time of a step with its data at hand; None where nothing is read and decoded. [s]"""
    comparable_peak: str = "bf16"
    """Field of PeakRates that utilisation is counted against."""
    devices: FloatArray | None = None
    """Devices that take the step together, where what a run repeats depends on them. [-]"""


@dataclass(frozen=True, slots=True)
class Physics:
    """What one model of the physics (training, serving, networks, diffusion, classical) says of a job."""

    footprint: Footprint | None
    pace: Pace | None
    warnings: tuple[str, ...] = ()
    notes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimates:
    """A job on many systems, columns; the contract's answer is one row of it."""

    memory_bytes: Interval | None
    memory_parts: tuple[MemoryPart, ...]
    usable_memory_bytes: FloatArray
    throughput_per_s: Interval | None
    unit: str
    prefill_tokens_per_s: Interval | None
    decode_tokens_per_s: Interval | None
    model_flops_utilization: FloatArray | None
    bound_by: tuple[str, ...]
    step_s: Interval | None
    duration_s: Interval | None
    device_s: Interval | None
    energy_kwh: Interval | None
    pace: Pace | None
    evidence: str
    """calculated, estimated or assumed; measured is for published measurements."""
    warnings: tuple[str, ...]

    @cached_property
    def fits(self) -> FloatArray:
        """1 fits (high estimate within 90 % of usable memory), 0.5 tight, 0 does not fit, NaN unknown."""
        if self.memory_bytes is None:
            return np.full_like(self.usable_memory_bytes, np.nan)
        fits = self.memory_bytes.high <= FITS_WITHIN_FRACTION * self.usable_memory_bytes
        refused = self.memory_bytes.low > self.usable_memory_bytes
        told = np.where(fits, 1.0, np.where(refused, 0.0, 0.5))
        return np.where(np.isnan(self.memory_bytes.expected + self.usable_memory_bytes), np.nan, told)
