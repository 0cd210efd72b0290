"""Everything that could be recommended: the whole catalogue in sensible numbers, estimated in one go, with prices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.advice.constraints import Constraints
from app.advice.decide import Decision
from app.advice.market import Market
from app.advice.money import money
from app.advice.need import Need
from app.advice.prices import PriceBook, Tag, sold_whole
from app.advice.reference_cards import DEVICES_IN_A_BOX
from app.engine.arrays import BoolArray, FloatArray, column
from app.engine.data_amounts import AUDIO_WINDOW_S
from app.engine.estimate import estimate
from app.engine.hardware import Accelerator, Devices, Systems, systems_of
from app.engine.job import Job
from app.engine.parallelism import SPEECH, default_plan
from app.engine.result import Estimates
from app.engine.units import GIB, HOURS_PER_DAY, HOURS_PER_MONTH, SECONDS_PER_HOUR

SHARDED_WEIGHTS = 3.0
"""ZeRO stage from which the weights are split over the devices."""
BOX_COUNTS = (1, 2, 4, 8)
MOST_DEVICES = 65_536
"""Largest cluster that is looked at; the largest described in public are a little above."""
PLEASANT_RATIO = 2.0
"""A model that nobody named writes at least so many times as fast as people read: otherwise a smaller one is meant."""


@dataclass(frozen=True)
class Candidates:
    """Systems as rows, with their estimates and prices. Row i of every column belongs to system i."""

    job: Job
    systems: Systems
    estimates: Estimates
    tags: tuple[Tag | None, ...]
    """Price of the whole row; None where none is known."""
    within_hours: float | FloatArray = np.inf
    """How long one run may take. [h]"""

    def __len__(self) -> int:
        return len(self.systems)

    def device(self, row: int) -> Accelerator:
        """What the system of a row is made of."""
        return self.systems.devices.accelerators[row]

    def count(self, row: int) -> int:
        """How many devices the system of a row has."""
        return int(self.systems.count[row])

    @cached_property
    def memory_for_one_job_bytes(self) -> FloatArray:
        """What one job can use: of replicas the memory of one device, of a split job that of all. [bytes]"""
        plan = self.systems.plan
        split = (plan.zero_stage >= SHARDED_WEIGHTS) | (plan.tensor_parallel * plan.pipeline_parallel > 1)
        return self.systems.devices.usable_memory_bytes * np.where(split, self.systems.count, 1.0)

    @cached_property
    def row_of(self) -> dict[tuple[str, int], int]:
        """Row by slug and count."""
        return {(self.device(row).slug, self.count(row)): row for row in range(len(self))}

    @cached_property
    def kinds(self) -> tuple[tuple[Accelerator, ...], NDArray[np.intp]]:
        """The different devices among the systems, and for each row which of them it is."""
        place: dict[int, int] = {}
        rows = [place.setdefault(id(device), len(place)) for device in self.systems.devices.accelerators]
        by_id = {id(device): device for device in self.systems.devices.accelerators}
        return tuple(by_id[each] for each in place), np.array(rows, dtype=np.intp)

    @cached_property
    def fits(self) -> FloatArray:
        """1 fits, 0.5 tight, 0 does not, NaN unknown."""
        return self.estimates.fits

    @cached_property
    def overfull(self) -> BoolArray:
        """Whether the expected memory is more than there is, though the low estimate would still fit."""
        memory = self.estimates.memory_bytes
        if memory is None:
            return np.zeros(len(self), dtype=np.bool_)
        return np.asarray((self.fits == 0.5) & (memory.expected > self.estimates.usable_memory_bytes), dtype=np.bool_)

    @cached_property
    def usd(self) -> FloatArray:
        """Price of the row; NaN where none is known. [USD]"""
        return column([None if tag is None else tag.usd for tag in self.tags])

    @cached_property
    def fresh(self) -> BoolArray:
        """Whether the price is young enough to rank."""
        return np.array([tag is not None and tag.fresh for tag in self.tags], dtype=np.bool_)

    @cached_property
    def host_usd(self) -> FloatArray:
        """What the computer around the devices costs; 0 where the price buys a whole machine. [USD]"""
        return np.array([self.host_usd_at(row) for row in range(len(self))], dtype=np.float64)

    def host_usd_at(self, row: int) -> float:
        """What the computer around the devices of one row costs. [USD]"""
        tag = self.tags[row]
        if (tag is not None and tag.machine is not None) or sold_whole(self.device(row)):
            return 0.0
        return money("host_usd") + (self.count(row) - 1) * money("host_usd_per_further_device")

    @cached_property
    def hours(self) -> FloatArray:
        """Expected hours of one run; NaN where nobody knows. [h]"""
        duration = self.estimates.duration_s
        return np.full(len(self), np.nan) if duration is None else duration.expected / SECONDS_PER_HOUR

    @cached_property
    def lateness(self) -> FloatArray:
        """Doublings by which a run takes longer than it may, or answers come more slowly than they are needed. [-]"""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.hours / self.within_hours
            if self.wanted_per_s is not None:
                ratio = self.wanted_per_s / self.pace_per_s
            return np.ceil(np.log2(np.maximum(np.nan_to_num(ratio, nan=1.0), 1.0)))

    @cached_property
    def wanted_per_s(self) -> float | None:
        """Pictures or tokens a second that running the model has to put out at least, where that can be said."""
        if self.job.training or self.job.workload.task != "inference":
            return None
        if self.job.workload.frames_per_second is not None:
            return self.job.workload.frames_per_second
        asked = self.job.workload.concurrent_requests
        if self.speaks:  # people who talk at the same time, each of them as fast as they talk
            return asked / AUDIO_WINDOW_S if isinstance(asked, int) else None
        if self.estimates.decode_tokens_per_s is None or isinstance(asked, str):
            return None
        unnamed = PLEASANT_RATIO if self.job.workload.model is None else 1.0
        return (self.job.concurrent_requests or 1) * unnamed * money("slowest_tokens_per_s")

    @property
    def speaks(self) -> bool:
        """Whether recordings of speech are worked through, window by window."""
        return self.job.work_class == SPEECH

    @cached_property
    def pace_per_s(self) -> FloatArray:
        """What a system puts out, in the unit of ``wanted_per_s``."""
        tokens = self.estimates.decode_tokens_per_s
        framed = self.job.workload.frames_per_second is not None
        return self.speed if tokens is None or framed or self.speaks else tokens.expected

    @cached_property
    def speed(self) -> FloatArray:
        """Samples or tokens a second; where that is unknown for all, memory bandwidth stands in for it."""
        pace = self.estimates.throughput_per_s
        if pace is not None and self.knows_speed:
            return pace.expected
        return self.systems.devices.memory_bandwidth_bytes_per_s  # of one: how well several share it is unknown too

    @cached_property
    def knows_speed(self) -> bool:
        """Whether the speed of any system can be said."""
        pace = self.estimates.throughput_per_s
        return pace is not None and bool(np.any(np.isfinite(pace.expected)))

    @cached_property
    def memory_gib(self) -> FloatArray:
        """Nominal memory of one device, as the box says it. [GiB]"""
        return np.round(self.systems.devices.memory_bytes / GIB)


def target_hours(constraints: Constraints, *, scenario: int, runs_per_month: float | None = None) -> float:
    """Within how many hours a run should end: the deadline, the next run, or what one can wait for. [h]"""
    if constraints.deadline_hours is not None:
        return constraints.deadline_hours
    patience = money("cluster_days") * HOURS_PER_DAY if scenario == 4 else money("patience_hours")
    return min(patience, HOURS_PER_MONTH / runs_per_month) if runs_per_month else patience


def candidates_for(
    job: Job,
    need: Need,
    *,
    decision: Decision,
    constraints: Constraints,
    devices: Devices,
    market: Market,
    today: date,
) -> Candidates:
    """The catalogue times the counts that this scenario is about, estimated as columns and priced."""
    scenario = decision.scenario.number
    counts = tuple(_counts(need, constraints, scenario=scenario))
    rows = [(row, n) for row, device in enumerate(devices.accelerators) for n in counts if _sensible(device, n)]
    chosen = devices.take([row for row, _ in rows])
    count = np.array([n for _, n in rows], dtype=np.float64)
    nodes = np.ceil(count / DEVICES_IN_A_BOX)
    plan = default_plan(job, chosen, count=count, nodes=nodes)
    systems = systems_of(chosen, count=count, nodes=nodes, plan=plan)
    estimates = estimate(job, systems)
    book = PriceBook.of(market, today)
    needed = None if estimates.memory_bytes is None else estimates.memory_bytes.high
    tags = tuple(
        book.tag(
            chosen.accelerators[i],
            count=n,
            used_ok=bool(constraints.used_ok),
            memory_bytes=None if needed is None else float(needed[i]),
            portable=bool(constraints.portable),
        )
        for i, (_, n) in enumerate(rows)
    )
    within = target_hours(constraints, scenario=scenario, runs_per_month=job.workload.runs_per_month)
    in_one_machine = (count <= DEVICES_IN_A_BOX) & (scenario == 4)  # what takes long there is why it is a cluster
    patience = np.where(in_one_machine, min(within, money("machine_days") * HOURS_PER_DAY), within)
    return Candidates(job, systems, estimates, tags, patience)


def _counts(need: Need, constraints: Constraints, *, scenario: int) -> Iterator[int]:
    """One device; powers of two in a box; for a cluster on to twice what the memory or the time asks for."""
    if scenario <= 2 and need.single_gpu_fits:
        yield 1
        return
    yield from BOX_COUNTS
    if scenario < 4:
        return
    asked = max(need.devices_80gb or 1.0, devices_for_time(need, constraints))
    count = DEVICES_IN_A_BOX * 2
    while count <= min(MOST_DEVICES, max(64.0, 4.0 * asked)):
        yield count
        count *= 2


def devices_for_time(need: Need, constraints: Constraints) -> float:
    """Reference devices that end a run in the target time, if twice as many are twice as fast."""
    if need.box_hours is None or not math.isfinite(need.box_hours):
        return 1.0
    return need.box_hours * DEVICES_IN_A_BOX / target_hours(constraints, scenario=4)


def _sensible(device: Accelerator, count: int) -> bool:
    """Whether anybody would put so many of these together."""
    if count == 1:
        return True
    alone = device.kind in {"cpu", "fpga"} or device.support != "supported" or sold_whole(device)
    if alone:
        return False
    most = {"desktop": 4, "workstation": 8}.get(device.segment, MOST_DEVICES)
    return count <= most
