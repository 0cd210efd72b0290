"""Accelerators as value objects, and candidate systems as columns: one estimate is a row, the catalogue is a column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import BoolArray, FloatArray, column

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class PeakRates:
    """Dense peak rates of one device. [FLOP/s, or operations/s for int8] None means unknown or not supported.

    ``fp16`` and ``bf16`` accumulate in fp32, the rate that training uses; ``fp16_accumulate_fp16`` is the
    rate that GeForce data sheets print.
    """

    fp32: float | None = None
    tf32: float | None = None
    fp16: float | None = None
    bf16: float | None = None
    fp16_accumulate_fp16: float | None = None
    fp8: float | None = None
    fp4: float | None = None
    int8: float | None = None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One device of the catalogue, in base units. A CPU, a TPU chip and an FPGA are accelerators too."""

    slug: str
    name: str
    vendor: str
    """NVIDIA, AMD, Intel, Apple, Google, AWS."""
    kind: str
    """gpu, cpu, apple_soc, tpu, npu, fpga."""
    segment: str
    """desktop, laptop, workstation, datacenter, soc, edge."""
    architecture: str
    peak: PeakRates
    memory_bytes: float
    """Nominal device memory; of a CPU, the most system memory it supports."""
    usable_memory_bytes: float
    """What programs can allocate: visible memory, or the share of unified memory that the GPU may use."""
    memory_bandwidth_bytes_per_s: float
    tdp_w: float | None = None
    launch_year: int | None = None
    compute_units: float | None = None
    """Streaming multiprocessors, compute units or CPU cores."""
    boost_hz: float | None = None
    interconnect: str = "none"
    """nvlink, xgmi, ici, neuronlink, roce or none."""
    interconnect_bytes_per_s: float | None = None
    """Per device, both directions together, as data sheets print it."""
    rack_devices: float = 1.0
    """Devices of several machines that one switch of direct links joins, as in a rack."""
    pcie_bytes_per_s: float | None = None
    """One direction."""
    slots: float | None = None
    compute_capability: str | None = None
    software_stack: str = ""
    """cuda, rocm, mps, xla, neuron, oneapi, openvino, synapse, vitis."""
    support: str = "supported"
    """supported, legacy, unsupported or announced."""
    support_note: str = ""
    """One sentence: why, and since when."""
    confidence: str = "medium"
    unified_memory: bool = False
    trains_too: bool = False
    """Whether training software exists for a device of a kind that mostly has none."""
    source_url: str = ""

    def __hash__(self) -> int:
        """By slug: look-ups by device happen for every row of every estimate."""
        return hash(self.slug)

    @property
    def trains(self) -> bool:
        """Whether training software exists for this kind of device at all."""
        return self.kind in {"gpu", "cpu", "apple_soc", "tpu"} or self.trains_too


COLUMNS = (
    "memory_bytes", "usable_memory_bytes", "memory_bandwidth_bytes_per_s", "tdp_w", "compute_units", "boost_hz",
    "launch_year", "interconnect_bytes_per_s", "pcie_bytes_per_s", "linked", "switched", "rack",
)  # fmt: skip
"""Columns of :class:`Devices` that are kept once they are made."""


@dataclass(frozen=True)
class Devices:
    """Accelerators as columns. Row i of every column belongs to ``accelerators[i]``."""

    accelerators: tuple[Accelerator, ...]

    def __len__(self) -> int:
        return len(self.accelerators)

    @cached_property
    def memory_bytes(self) -> FloatArray:
        """Nominal memory. [bytes]"""
        return column([a.memory_bytes for a in self.accelerators])

    @cached_property
    def usable_memory_bytes(self) -> FloatArray:
        """Memory that programs can allocate. [bytes]"""
        return column([a.usable_memory_bytes for a in self.accelerators])

    @cached_property
    def memory_bandwidth_bytes_per_s(self) -> FloatArray:
        """Peak memory bandwidth. [bytes/s]"""
        return column([a.memory_bandwidth_bytes_per_s for a in self.accelerators])

    @cached_property
    def tdp_w(self) -> FloatArray:
        """Rated power. [W]"""
        return column([a.tdp_w for a in self.accelerators])

    @cached_property
    def compute_units(self) -> FloatArray:
        """Streaming multiprocessors, compute units or cores."""
        return column([a.compute_units for a in self.accelerators])

    @cached_property
    def boost_hz(self) -> FloatArray:
        """Boost clock. [Hz]"""
        return column([a.boost_hz for a in self.accelerators])

    @cached_property
    def launch_year(self) -> FloatArray:
        """Year of sale."""
        return column([a.launch_year for a in self.accelerators])

    def core_speed(self, *, growth_per_year: float, since: int) -> FloatArray:
        """Speed of one core against one of a year; devices of unknown age count as that old. [-]"""
        year = np.where(np.isnan(self.launch_year), since, self.launch_year)
        return np.asarray((1.0 + growth_per_year) ** (year - since))

    @cached_property
    def interconnect_bytes_per_s(self) -> FloatArray:
        """Direct link, both directions together. [bytes/s]"""
        return column([a.interconnect_bytes_per_s for a in self.accelerators])

    @cached_property
    def pcie_bytes_per_s(self) -> FloatArray:
        """Host link, one direction. [bytes/s]"""
        return column([a.pcie_bytes_per_s for a in self.accelerators])

    @cached_property
    def linked(self) -> BoolArray:
        """Whether devices of one machine have direct links (NVLink, xGMI, ICI) to each other.

        Cards for desks have them through bridges that join two and are bought apart: a request says nothing of them.
        """
        built_in = [a.segment == "datacenter" and a.interconnect != "none" for a in self.accelerators]
        return np.array(built_in, dtype=np.bool_)

    @cached_property
    def switched(self) -> BoolArray:
        """Whether the direct links go on across machines, as those of a TPU pod do."""
        return np.array([a.interconnect == "ici" for a in self.accelerators], dtype=np.bool_)

    @cached_property
    def rack(self) -> FloatArray:
        """Devices of several machines that one switch of direct links joins; 1 where there is none. [-]"""
        return column([a.rack_devices for a in self.accelerators])

    @cached_property
    def _facts(self) -> dict[Callable[[Accelerator], Any], tuple[Any, ...]]:
        return {}

    def each(self, fact: Callable[[Accelerator], Fact]) -> tuple[Fact, ...]:
        """What a function says of every row, worked out once: ``devices.each(family_of)``."""
        if fact not in self._facts:
            self._facts[fact] = tuple(fact(a) for a in self.accelerators)
        return self._facts[fact]

    @cached_property
    def _peaks(self) -> dict[str, FloatArray]:
        return {}

    def peak_flops_per_s(self, rate: str) -> FloatArray:
        """One peak rate, by its field name in :class:`PeakRates`; NaN where the device has none. [FLOP/s]"""
        if rate not in self._peaks:
            self._peaks[rate] = column([getattr(a.peak, rate) for a in self.accelerators])
            self._peaks[rate].setflags(write=False)
        return self._peaks[rate]

    def where(self, **traits: str | tuple[str, ...] | bool) -> BoolArray:
        """Mask of devices with one of these values in each field: ``where(kind="gpu", vendor=("AMD", "Intel"))``."""
        mask = np.ones(len(self), dtype=np.bool_)
        for name, wanted in traits.items():
            mask &= self._with(name, wanted if isinstance(wanted, tuple) else (wanted,))
        return mask

    @cached_property
    def _masks(self) -> dict[tuple[str, tuple[str | bool, ...]], BoolArray]:
        return {}

    def _with(self, name: str, values: tuple[str | bool, ...]) -> BoolArray:
        """Mask of devices with one of these values in one field, looked up once."""
        key = (name, values)
        if key not in self._masks:
            self._masks[key] = np.array([getattr(a, name) in values for a in self.accelerators], dtype=np.bool_)
        return self._masks[key]

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Devices":
        """The devices of these rows, in this order, repeats allowed."""
        taken = Devices(tuple(self.accelerators[row] for row in rows))
        places = np.asarray(rows, dtype=np.intp)
        for name in COLUMNS:  # columns that are known already are picked from, not made anew
            if name in self.__dict__:
                taken.__dict__[name] = self.__dict__[name][places]
        if "_facts" in self.__dict__:
            taken.__dict__["_facts"] = {fact: tuple(known[r] for r in rows) for fact, known in self._facts.items()}
        if "_peaks" in self.__dict__:
            taken.__dict__["_peaks"] = {rate: values[places] for rate, values in self._peaks.items()}
        if "_masks" in self.__dict__:
            taken.__dict__["_masks"] = {key: mask[places] for key, mask in self._masks.items()}
        return taken


UNSAID: FloatArray = np.array(np.nan)
UNSAID.setflags(write=False)


@dataclass(frozen=True)
class Plan:
    """How a job is spread over the devices of each system; one entry per system."""

    data_parallel: FloatArray
    tensor_parallel: FloatArray
    pipeline_parallel: FloatArray
    expert_parallel: FloatArray
    context_parallel: FloatArray
    zero_stage: FloatArray
    """0: replicas hold everything (none or ddp); 1, 2, 3: ZeRO stages; FSDP is 3."""
    micro_batch: FloatArray = field(default_factory=lambda: UNSAID)
    """Samples that one replica works on at a time; NaN: as the job says."""
    recompute: FloatArray = field(default_factory=lambda: UNSAID)
    """Forward work repeated to save memory: 0 none, 1 selective, to 2 some layers too, 2 all; NaN: as the job says."""


@dataclass(frozen=True)
class Systems:
    """Candidate systems as columns: ``count`` devices of one kind in ``nodes`` machines, with a plan."""

    devices: Devices
    """Row i: the device that system i is made of."""
    count: FloatArray
    nodes: FloatArray
    plan: Plan
    threads: FloatArray = field(default_factory=lambda: np.empty(0))
    """CPU threads in use per system; NaN means all. Empty means all everywhere."""

    def __len__(self) -> int:
        return len(self.devices)


def systems_of(
    devices: Devices,
    *,
    count: Sequence[float] | FloatArray,
    nodes: Sequence[float] | FloatArray | None = None,
    plan: Plan | None = None,
    threads: FloatArray | None = None,
) -> Systems:
    """Systems of these devices; without a plan, plain replicas (data parallel, nothing sharded)."""
    counts = np.asarray(count, dtype=np.float64)
    ones = np.ones_like(counts)
    return Systems(
        devices=devices,
        count=counts,
        nodes=ones if nodes is None else np.asarray(nodes, dtype=np.float64),
        plan=plan or Plan(counts, ones, ones, ones, ones, np.zeros_like(counts)),
        threads=np.full_like(counts, np.nan) if threads is None else threads,
    )
