"""What the work needs of any machine: memory, compute and hours. The numbers that rules decide by and answers show.

Everything comes from three estimates: one over every single device of the catalogue, one over boxes and clusters of a
named data-centre card, and none by hand. What nobody can know is None.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from app.advice.constraints import Constraints
from app.advice.hardware_words import Described, described
from app.advice.reference_cards import (
    DEVICES_IN_A_BOX,
    NOTEBOOK_GPUS,
    box_row,
    current_gpus,
    first_row,
    ordinary_cpu_row,
)
from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients import FITS_WITHIN_FRACTION
from app.engine.data_amounts import BYTES_PER_TABLE_VALUE
from app.engine.estimate import estimate
from app.engine.hardware import Accelerator, Devices, systems_of
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, TransformerSpec
from app.engine.parallelism import default_plan
from app.engine.result import Estimates, Interval
from app.engine.run_length import run_units
from app.engine.units import GIB, HOURS_PER_MONTH, SECONDS_PER_HOUR

CLUSTER_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
CONSUMER_MEMORY_GIB = 32.5
"""Largest memory of a card sold for ordinary desktops (32 GB), with room for rounding."""
LAPTOP_MEMORY_GIB = 24.5
"""Largest memory of a laptop graphics card (24 GB), with room for rounding."""
BOX_FILL_FRACTION = 0.9
"""Share of each card that is planned for when a job is too large for any count that was estimated."""
DEFAULT_RUNS_PER_MONTH = 4.0
"""When nobody says how often: a few days a month, as the questionnaire takes for "I don't know"."""
PRETRAINING_RUNS_PER_MONTH = 1.0 / 12
"""When nobody says how often a model is trained from nothing: once a year."""
SERVICE_REQUESTS = 8
"""From so many requests at the same time on it is a service, as the rules have it."""
DEFAULT_INFERENCE_HOURS_PER_MONTH = 30.0
"""When nobody says how often a ready-made model is used: an hour a day."""


@dataclass(frozen=True, slots=True)
class Range:
    """An 80 % interval around the expected value, of one system."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True, slots=True)
class NeedPart:
    """One part of the memory need. [bytes]"""

    part: str
    bytes: float
    formula: str


@dataclass(frozen=True, slots=True)
class Need:
    """What the work needs. None means unknown; hours are wall-clock hours of one run."""

    memory: Range | None
    """On the smallest device on which it fits; of tables, in system memory. [bytes]"""
    memory_parts: tuple[NeedPart, ...]
    memory_device: str | None
    """Slug of the device that ``memory`` was worked out for."""
    flops_total: float | None
    evidence: str
    cpu: str | None
    cpu_hours: float | None
    cpu_memory_bytes: float | None
    cpu_tokens_per_s: float | None
    """Output tokens a second of a language model on the ordinary processor."""
    cpu_samples_per_s: float | None
    """Pictures, recordings, rows or texts a second on the ordinary processor."""
    desktop_samples_per_s: float | None
    """The same on the fastest card of an ordinary desktop, whether it holds the work or not."""
    single_gpu_fits: bool
    smallest_single_gpu_gib: float | None
    """Nominal memory of the smallest supported card on which the work fits. [GiB]"""
    smallest_single_gpu: str | None
    smallest_sure_gpu_gib: float | None
    """The same for a card that holds the upper end of the range with the usual reserve. [GiB]"""
    best_single_gpu: str | None
    best_single_gpu_hours: float | None
    consumer_gpu_fits: bool
    """Fits a graphics card of an ordinary desktop (up to 32 GB)."""
    consumer_gpu_hours: float | None
    laptop_fits: bool
    unified_fits: bool
    """Fits a computer whose processor and graphics share memory."""
    notebook_fits: bool
    notebook_hours: float | None
    """On the card that free notebooks lend."""
    box_device: str | None
    devices_80gb: float | None
    """How many 80 GB cards it takes."""
    box_fits: bool
    box_hours: float | None
    """On eight of the reference data-centre cards."""
    run_hours: float | None
    """One run on the hardware that the work asks for: a consumer card, the best single one, or a box."""
    monthly_hours: float | None
    monthly_basis: str
    """stated, runs (runs a month times the hours of one), service (on all the time) or assumed."""
    tokens: float | None
    """Tokens of the whole run, all epochs."""
    samples: float | None
    rows: float | None
    columns: float | None
    data_bytes: float | None
    asked_for: tuple[Described, ...] = ()
    """What the person owns or considers in their own words, read but not yet looked up."""

    @property
    def memory_bytes(self) -> Range | None:
        """Same as ``memory``."""
        return self.memory

    @property
    def hours_are_assumed(self) -> bool:
        """Whether nobody said how many hours a month it works, nor how many runs."""
        return self.monthly_basis in {"service", "assumed"}

    @property
    def memory_gib(self) -> float | None:
        """Expected memory. [GiB]"""
        return None if self.memory is None else self.memory.expected / GIB


def table_gib(job: Job) -> float | None:
    """Size of the table, where the work is on one. [GiB]"""
    if job.data_bytes is not None:
        return job.data_bytes / GIB
    if job.rows is None or job.columns is None:
        return None
    return job.rows * job.columns * BYTES_PER_TABLE_VALUE / GIB


def value_at(values: FloatArray | None, row: int | None) -> float | None:
    """One entry of a column as a plain number; None where it is unknown."""
    if values is None or row is None:
        return None
    value = float(values[row])
    return value if math.isfinite(value) else None


def range_at(interval: Interval | None, row: int | None) -> Range | None:
    """One entry of an interval; None where any part of it is unknown."""
    if interval is None or row is None:
        return None
    ends = [float(values[row]) for values in (interval.low, interval.expected, interval.high)]
    return Range(*ends) if all(math.isfinite(end) for end in ends) else None


def hours_at(interval: Interval | None, row: int | None) -> float | None:
    """Expected hours of a duration in seconds."""
    found = range_at(interval, row)
    return None if found is None else found.expected / SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class _Singles:
    """Every device on its own."""

    devices: Devices
    estimates: Estimates
    gpus: BoolArray
    fitting: BoolArray

    def smallest(self) -> int | None:
        """Row of the smallest card on which the work fits; of equals the one with the fastest memory."""
        rows = np.flatnonzero(self.fitting & self.gpus)
        if not len(rows):
            return None
        bandwidth = np.nan_to_num(self.devices.memory_bandwidth_bytes_per_s[rows])
        order = np.lexsort((-bandwidth, np.round(self.devices.memory_bytes[rows] / GIB)))
        return int(rows[order[0]])

    def smallest_sure_gib(self) -> float | None:
        """Nominal memory of the smallest card that holds the upper end of the range with the usual reserve. [GiB]"""
        sizes = self.devices.memory_bytes[self.fitting & self.gpus & (self.estimates.fits >= 1.0)]
        return float(round(sizes.min() / GIB)) if len(sizes) else None

    def fastest(self, mask: BoolArray) -> int | None:
        """Row of the card of ``mask`` that fits and finishes first (or puts out most)."""
        rows = np.flatnonzero(self.fitting & mask)
        if not len(rows):
            return None
        if self.estimates.duration_s is not None:
            pace = -np.nan_to_num(self.estimates.duration_s.expected[rows], nan=np.inf)
        elif self.estimates.throughput_per_s is not None:
            pace = np.nan_to_num(self.estimates.throughput_per_s.expected[rows], nan=-np.inf)
        else:
            pace = np.nan_to_num(self.devices.memory_bandwidth_bytes_per_s[rows])
        return int(rows[int(np.argmax(pace))])

    def desktop_samples_per_s(self) -> float | None:
        """The most that a card of an ordinary desktop puts out, as if it held the work."""
        if self.estimates.throughput_per_s is None:
            return None
        known = self.estimates.throughput_per_s.expected[self.up_to(CONSUMER_MEMORY_GIB, "desktop")]
        known = known[np.isfinite(known)]
        return float(known.max()) if len(known) else None

    def up_to(self, gib: float, *segments: str) -> BoolArray:
        """Mask of cards of these segments with at most this memory."""
        return self.gpus & (self.devices.memory_bytes / GIB <= gib) & self.devices.where(segment=segments)


def need_of(job: Job, constraints: Constraints, *, devices: Devices) -> Need:
    """What the job needs, from one estimate over every single device and one over boxes of the reference card."""
    singles = _singles(job, devices)
    smallest = singles.smallest()
    consumer = singles.fastest(singles.up_to(CONSUMER_MEMORY_GIB, "desktop", "laptop"))
    best = singles.fastest(singles.gpus)
    cpu, notebook = ordinary_cpu_row(devices), first_row(devices, NOTEBOOK_GPUS)
    duration = singles.estimates.duration_s
    reference = _memory_row(job, singles, smallest=smallest, cpu=cpu)
    box = _box(job, devices)
    memory, parts = _for_all_requests(job, singles.estimates, reference)
    consumer_hours, best_hours = hours_at(duration, consumer), hours_at(duration, best)
    run_hours = next((h for h in (consumer_hours, best_hours, box.hours) if h is not None), None)
    monthly, basis = _monthly_hours(job, run_hours)
    return Need(
        memory=memory,
        memory_parts=parts,
        memory_device=_slug(devices, reference),
        flops_total=_flops_total(job, singles.estimates, reference),
        evidence=singles.estimates.evidence,
        cpu=_slug(devices, cpu),
        cpu_hours=hours_at(duration, cpu),
        cpu_memory_bytes=_expected(singles.estimates.memory_bytes, cpu),
        cpu_tokens_per_s=_expected(singles.estimates.decode_tokens_per_s, cpu),
        cpu_samples_per_s=_samples_per_s(job, singles.estimates, cpu),
        desktop_samples_per_s=singles.desktop_samples_per_s(),
        single_gpu_fits=smallest is not None,
        smallest_single_gpu_gib=None if smallest is None else float(round(devices.memory_bytes[smallest] / GIB)),
        smallest_single_gpu=_slug(devices, smallest),
        smallest_sure_gpu_gib=singles.smallest_sure_gib(),
        best_single_gpu=_slug(devices, best),
        best_single_gpu_hours=best_hours,
        consumer_gpu_fits=consumer is not None,
        consumer_gpu_hours=consumer_hours,
        laptop_fits=bool(np.any(singles.fitting & singles.up_to(LAPTOP_MEMORY_GIB, "laptop"))),
        unified_fits=_any_unified(singles),
        notebook_fits=notebook is not None and bool(singles.fitting[notebook]),
        notebook_hours=hours_at(duration, notebook),
        box_device=box.device,
        devices_80gb=box.devices,
        box_fits=box.fits,
        box_hours=box.hours,
        run_hours=run_hours,
        monthly_hours=monthly,
        monthly_basis=basis,
        tokens=None if job.tokens is None else job.tokens * job.epochs,
        samples=job.samples,
        rows=job.rows,
        columns=job.columns,
        data_bytes=job.data_bytes,
        asked_for=_asked_for(constraints, devices),
    )


def used_otherwise(need: Need, job: Job) -> Need:
    """The need of the same work, run more or less often."""
    monthly, basis = _monthly_hours(job, need.run_hours)
    return replace(need, monthly_hours=monthly, monthly_basis=basis)


def _singles(job: Job, devices: Devices) -> _Singles:
    estimates = estimate(job, systems_of(devices, count=np.ones(len(devices))))
    fitting = _holds(job, estimates)
    return _Singles(devices, estimates, gpus=current_gpus(devices, training=job.training), fitting=fitting)


def _holds(job: Job, estimates: Estimates) -> BoolArray:
    """Mask of the systems that hold the work, with every request that was asked for at the same time.

    The expected need has to leave the usual reserve; of the upper end it is enough that it goes on at all, for which
    whoever is unlucky takes a smaller batch.
    """
    fitting = np.asarray(estimates.fits >= 1.0, dtype=np.bool_)
    if estimates.memory_bytes is not None:
        reserved = estimates.memory_bytes.expected <= FITS_WITHIN_FRACTION * estimates.usable_memory_bytes
        fitting |= reserved & (estimates.memory_bytes.high <= estimates.usable_memory_bytes)
    served = estimates.pace.concurrent_requests if estimates.pace is not None else None
    if served is None or job.concurrent_requests is None:
        return fitting
    return fitting & np.asarray(served >= job.concurrent_requests, dtype=np.bool_)


def _for_all_requests(job: Job, estimates: Estimates, row: int | None) -> tuple[Range | None, tuple[NeedPart, ...]]:
    """Memory and its parts with every request asked for; a server that queues holds only as many as it has room for."""
    memory, parts = range_at(estimates.memory_bytes, row), _parts_at(estimates, row)
    served = value_at(estimates.pace.concurrent_requests, row) if estimates.pace is not None else None
    if memory is None or not served or job.concurrent_requests is None or served >= job.concurrent_requests:
        return memory, parts
    times = job.concurrent_requests / served
    grown = tuple(replace(part, bytes=part.bytes * times) if part.part == "kv_cache" else part for part in parts)
    factor = sum(part.bytes for part in grown) / sum(part.bytes for part in parts)
    return Range(memory.low * factor, memory.expected * factor, memory.high * factor), grown


def _memory_row(job: Job, singles: _Singles, *, smallest: int | None, cpu: int | None) -> int | None:
    """The device that the shown memory is worked out for."""
    if isinstance(job.model, AlgorithmSpec):
        return cpu
    if smallest is not None:
        return smallest
    known = (
        singles.gpus
        if singles.estimates.memory_bytes is None
        else singles.gpus & np.isfinite(singles.estimates.memory_bytes.expected)
    )
    rows = np.flatnonzero(known)
    return int(rows[int(np.argmax(singles.devices.memory_bytes[rows]))]) if len(rows) else cpu


def _any_unified(singles: _Singles) -> bool:
    unified = np.array(
        [a.unified_memory and a.support == "supported" for a in singles.devices.accelerators], dtype=np.bool_
    )
    return bool(np.any(unified & singles.fitting))


@dataclass(frozen=True, slots=True)
class _Box:
    device: str | None
    devices: float | None
    hours: float | None
    fits: bool = False


def _box(job: Job, devices: Devices) -> _Box:
    """The reference card in growing numbers: how many it takes, and how long a box of eight works."""
    row = box_row(devices)
    if row is None:
        return _Box(None, None, None)
    counts = np.array(CLUSTER_COUNTS, dtype=np.float64)
    nodes = np.ceil(counts / DEVICES_IN_A_BOX)
    cards = devices.take([row] * len(counts))
    plan = default_plan(job, cards, count=counts, nodes=nodes)
    estimates = estimate(job, systems_of(cards, count=counts, nodes=nodes, plan=plan))
    fitting = np.flatnonzero(_holds(job, estimates))
    box = CLUSTER_COUNTS.index(DEVICES_IN_A_BOX)
    held = len(fitting) > 0 and bool(fitting[0] <= box)
    enough = float(counts[fitting[0]]) if held else _split_evenly(job, cards)
    hours = hours_at(estimates.duration_s, box) if held else None
    if not held and len(fitting):
        enough = min(float(counts[fitting[0]]), enough or math.inf)
        larger = hours_at(estimates.duration_s, int(fitting[0]))
        hours = None if larger is None else larger * float(counts[fitting[0]]) / DEVICES_IN_A_BOX
    slug = devices.accelerators[row].slug
    if held:
        return _Box(slug, enough, hours, fits=True)
    fits, larger_hours = _larger_box(job, devices, reference=row)
    known = (hours, larger_hours, hours_at(estimates.duration_s, box))  # the last as if it held the work
    return _Box(slug, enough, next((each for each in known if each is not None), None), fits=fits)


def _split_evenly(job: Job, cards: Devices) -> float | None:
    """Cards among which the whole memory could be split, as tensor and context parallelism do; then a power of two."""
    one = cards.take([0])
    estimates = estimate(job, systems_of(one, count=np.ones(1)))
    whole, _ = _for_all_requests(job, estimates, 0)
    if whole is None:
        return None
    cards_needed = math.ceil(whole.high / (BOX_FILL_FRACTION * one.usable_memory_bytes[0]))
    if cards_needed > CLUSTER_COUNTS[-1]:
        return float(cards_needed)
    return float(next(count for count in CLUSTER_COUNTS if count >= cards_needed))


def _larger_box(job: Job, devices: Devices, *, reference: int) -> tuple[bool, float | None]:
    """Whether a box of eight cards that hold more than the reference does the work, and for how long. [h]

    Such cards are of the reference's kind: programmed alike, linked alike and no slower.
    """
    alike = np.array([_boxed_like(device, devices.accelerators[reference]) for device in devices.accelerators])
    linked = devices.interconnect_bytes_per_s >= devices.interconnect_bytes_per_s[reference]
    rows = np.flatnonzero(alike & linked & (devices.memory_bytes > devices.memory_bytes[reference]))
    if not len(rows):
        return False, None
    cards = devices.take(rows)
    count, nodes = np.full(len(rows), float(DEVICES_IN_A_BOX)), np.ones(len(rows))
    plan = default_plan(job, cards, count=count, nodes=nodes)
    estimates = estimate(job, systems_of(cards, count=count, nodes=nodes, plan=plan))
    holding = np.flatnonzero(_holds(job, estimates))
    known = [hours for hours in (hours_at(estimates.duration_s, int(row)) for row in holding) if hours is not None]
    return bool(len(holding)), min(known, default=None)


def _boxed_like(device: Accelerator, reference: Accelerator) -> bool:
    """Whether a device is on sale and shares the reference's segment, software and kind of link."""
    told = (device.support, device.segment, device.software_stack, device.interconnect)
    return told == ("supported", reference.segment, reference.software_stack, reference.interconnect)


def _monthly_hours(job: Job, run_hours: float | None) -> tuple[float | None, str]:
    """Hours of use a month and how they are known."""
    workload = job.workload
    if workload.hours_per_month is not None:
        return workload.hours_per_month, "stated"
    if workload.runs_per_month is not None and run_hours is not None:
        return workload.runs_per_month * run_hours, "runs"
    if workload.works_through_data and run_hours is not None:
        return run_hours, "assumed"
    if workload.task == "inference":
        return (HOURS_PER_MONTH, "service") if _serves_many(job) else (DEFAULT_INFERENCE_HOURS_PER_MONTH, "assumed")
    runs = PRETRAINING_RUNS_PER_MONTH if workload.task == "pretrain" else DEFAULT_RUNS_PER_MONTH
    return (None, "assumed") if run_hours is None else (runs * run_hours, "assumed")


def _serves_many(job: Job) -> bool:
    """Whether people may ask at any time, so that the machine is on all the time."""
    together = job.workload.concurrent_requests
    return together == "max" or (isinstance(together, int) and together >= SERVICE_REQUESTS)


def _parts_at(estimates: Estimates, row: int | None) -> tuple[NeedPart, ...]:
    if row is None:
        return ()
    shape = estimates.usable_memory_bytes.shape
    sizes = [(part, value_at(np.broadcast_to(part.bytes, shape), row)) for part in estimates.memory_parts]
    return tuple(NeedPart(part.part, size, part.words(row)) for part, size in sizes if size is not None)


def _flops_total(job: Job, estimates: Estimates, row: int | None) -> float | None:
    pace = estimates.pace
    units_of_run = None if pace is None else pace.run_units if pace.run_units is not None else run_units(job, pace)
    if pace is None or units_of_run is None or row is None:
        return None
    shape = estimates.usable_memory_bytes.shape
    flops, units, run = (
        value_at(np.broadcast_to(values, shape), row)
        for values in (pace.model_flops_per_step, pace.units_per_step, units_of_run)
    )
    return None if flops is None or not units or run is None else flops * run / units


def _expected(interval: Interval | None, row: int | None) -> float | None:
    return None if interval is None else value_at(interval.expected, row)


def _samples_per_s(job: Job, estimates: Estimates, row: int | None) -> float | None:
    """What one device works through in a second; of texts that are read, whole ones."""
    found = _expected(estimates.throughput_per_s, row)
    reads = isinstance(job.model, TransformerSpec) and job.model.architecture == "encoder"
    return found / job.seq_len if found is not None and reads and estimates.unit == "tokens/s" else found


def _slug(devices: Devices, row: int | None) -> str | None:
    return None if row is None else devices.accelerators[row].slug


def _asked_for(constraints: Constraints, devices: Devices) -> tuple[Described, ...]:
    """Hardware that is owned or considered, in a form that rules can look at."""
    by_slug: dict[str, Accelerator] = {a.slug: a for a in devices.accelerators}
    found = []
    for entry in (*(constraints.existing_hardware or ()), *(constraints.considering or ())):
        known = by_slug.get(entry.accelerator or "")
        text = known.name if known else entry.accelerator or entry.description or ""
        found.append(
            described(text, count=entry.count, kind=known.kind if known else None, counted=not entry.accelerator)
        )
    return tuple(found)
