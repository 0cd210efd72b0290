"""Hard limits as masks over the candidates. Every rejection keeps its reason; the least painful limit goes first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.advice.candidates import Candidates
from app.advice.constraints import Constraints
from app.advice.decide import Decision
from app.advice.host import supply_w
from app.advice.money import money
from app.advice.prices import is_module, is_rented_only, sold_whole
from app.advice.reasons import Caution, Reason, Value
from app.advice.reference_cards import DEVICES_IN_A_BOX
from app.engine.arrays import BoolArray, FloatArray
from app.engine.hardware import Accelerator
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.software import has_back_end
from app.engine.units import GIB

FIRM = 1e9
"""Pain of breaking a limit that nobody can lift: such a system is never picked."""
PAIN = {
    "quiet": 1.0,
    "power_supply": 2.0,
    "os": 4.0,
    "old_software": 8.0,
    "server_part": 8.0,
    "max_devices": 16.0,
    "vendor": 32.0,
    "likely_too_small": 40.0,
    "too_slow": 44.0,
    "deadline": 48.0,
    "budget": 64.0,
    "portable": 128.0,
    "no_price": 256.0,
    "takes_years": 384.0,
    "sold_elsewhere": 512.0,
    "fit": 1024.0,
}
"""How unwelcome it is to break a limit that a person (or the job) sets: what is relaxed, when nothing meets them all,
is the set of limits with the smallest sum. Doubling means that one limit further down outweighs all those above it."""
EXPORT_MODEL, HOME_OF_EXPORT_MODELS = "(China)", "CN"
"""Words in the name of a device that is made for one country, and that country."""
FIELD_OF = {"budget": "budget_usd", "deadline": "deadline_hours"}
"""The field of the constraints that a limit comes from, where the names differ."""
MS_PER_S = 1000.0
SLOT_W = 75.0
"""What a slot of the board feeds without a plug: such a card runs in any office computer. PCI Express. [W]"""
LONGEST_HOURS = 8760.0
"""A run of more than a year is no answer, however little the hardware costs. [h]"""
SOLD_ON_BOARDS_OF = (4.0, 8.0)
"""Modules are soldered to boards of this many; a cluster is made of boards of eight."""


@dataclass(frozen=True)
class Limit:
    """One limit: which systems break it, and how to say so."""

    name: str
    broken: BoolArray
    pain: float
    reason: Callable[[int], Reason]


@dataclass(frozen=True)
class Limits:
    """All limits that apply to a question."""

    candidates: Candidates
    limits: tuple[Limit, ...]

    @cached_property
    def pain(self) -> FloatArray:
        """Sum of the pain of all broken limits per system; 0 means that it meets every one."""
        total = np.zeros(len(self.candidates))
        for limit in self.limits:
            total += limit.pain * limit.broken
        return total

    @cached_property
    def meets_all(self) -> BoolArray:
        """Systems that break no limit."""
        return np.asarray(self.pain == 0, dtype=np.bool_)

    @cached_property
    def open_to_choice(self) -> BoolArray:
        """Systems to pick from: those that meet every limit, or else those that break the least."""
        if not len(self.candidates):
            return self.meets_all
        least = float(self.pain.min())
        if least >= FIRM:
            return np.zeros(len(self.candidates), dtype=np.bool_)
        return np.asarray(self.pain == least, dtype=np.bool_)

    def broken_by(self, row: int) -> tuple[Limit, ...]:
        """The limits that one system breaks."""
        return tuple(limit for limit in self.limits if limit.broken[row])

    def cautions(self, rows: tuple[int, ...]) -> tuple[Caution, ...]:
        """One warning for each limit that had to be relaxed for these systems."""
        relaxed: dict[str, int] = {}
        for row in rows:
            for limit in self.broken_by(row):
                relaxed.setdefault(limit.name, row)
        by_name = {limit.name: limit for limit in self.limits}
        return tuple(_relaxed(name, by_name[name].reason(row).values) for name, row in relaxed.items())


def _relaxed(name: str, values: Mapping[str, Value]) -> Caution:
    if name == "budget" and values["budget_usd"] == 0:
        return Caution("note", Reason("relaxed_budget_zero", values))
    return Caution("problem" if name == "fit" else "warning", Reason(f"relaxed_{name}", values))


def hardware_name(device: Accelerator, count: float) -> str:
    """A device and how many of it, as people say it."""
    return device.name if count == 1 else f"{count:,.10g} x {device.name}"


def hardware_facts(candidates: Candidates, row: int) -> dict[str, Value]:
    """The values that sentences about a system may use."""
    device, tag = candidates.device(row), candidates.tags[row]
    hours = float(candidates.hours[row])
    return {
        "name": device.name,
        "hardware": hardware_name(device, candidates.count(row)),
        "count": candidates.count(row),
        "memory_gib": float(candidates.memory_gib[row]),
        "price_usd": None if tag is None else tag.usd,
        "hours": hours if np.isfinite(hours) else None,
    }


def limits_for(job: Job, decision: Decision, *, constraints: Constraints, candidates: Candidates) -> Limits:
    """Every limit that applies: what physics, software and shops allow, then what the person asked for."""
    described = _Describer(candidates, constraints)
    masks = (
        *_software_masks(job, candidates),
        *_speed_masks(job, candidates),
        *_shop_masks(candidates, scenario=decision.scenario.number, country=(constraints.country or "").upper()),
        *_personal_masks(constraints, candidates),
    )
    limits = (Limit(name, mask, PAIN.get(name, FIRM), described.reason_for(name)) for name, mask in masks)
    return Limits(candidates, tuple(limit for limit in limits if bool(np.any(limit.broken))))


@dataclass(frozen=True)
class _Describer:
    candidates: Candidates
    constraints: Constraints

    def reason_for(self, name: str) -> Callable[[int], Reason]:
        return lambda row: Reason(f"rejected_{name}", self._values(name, row))

    def _values(self, name: str, row: int) -> dict[str, Value]:
        values = hardware_facts(self.candidates, row)
        match name:
            case "fit" | "likely_too_small":
                memory = self.candidates.estimates.memory_bytes
                usable = float(self.candidates.estimates.usable_memory_bytes[row])
                return values | {
                    "needs_gib": None if memory is None else float(memory.expected[row]) / GIB,
                    "usable_gib": usable / GIB,
                }
            case "too_slow":
                return values | self._pace(row)
            case "budget" | "deadline" | "max_devices" | "os":
                field = FIELD_OF.get(name, name)
                return values | {field: getattr(self.constraints, field)}
            case "power_supply":
                needs_w = float(supplies_w(self.candidates)[row])
                return values | {"psu_w": self.constraints.psu_watts, "needs_w": needs_w}
            case "software" | "old_software":
                return values | {"note": self.candidates.device(row).support_note}
            case "quiet":
                return values | {"power_w": float(self.candidates.systems.devices.tdp_w[row])}
            case "vendor":
                return values | {
                    "vendor": self.candidates.device(row).vendor,
                    "wanted": ", ".join(self.constraints.vendors or ()),
                }
            case _:
                return values

    def _pace(self, row: int) -> dict[str, Value]:
        """What a system puts out and what was asked for."""
        latency_ms = self.candidates.job.workload.latency_ms
        wanted = self.candidates.wanted_per_s or (None if latency_ms is None else MS_PER_S / latency_ms)
        tokens = self.candidates.estimates.decode_tokens_per_s is not None
        speed = float(self.candidates.pace_per_s[row])
        known = speed if np.isfinite(speed) else None
        return {"speed": known, "wanted": wanted, "unit": "tokens" if tokens else "pictures"}


Mask = tuple[str, BoolArray]


def _mask(candidates: Candidates, broken: Callable[[Accelerator], bool]) -> BoolArray:
    """A property of the device as a mask over the systems; asked once per device."""
    kinds, kind_of_row = candidates.kinds
    return np.array([broken(device) for device in kinds], dtype=np.bool_)[kind_of_row]


def _software_masks(job: Job, candidates: Candidates) -> Iterator[Mask]:
    yield "software", _mask(candidates, lambda d: d.support == "unsupported")
    yield "announced", _mask(candidates, lambda d: d.support == "announced")
    yield "old_software", _mask(candidates, lambda d: d.support == "legacy")
    yield "no_back_end", _mask(candidates, lambda d: not has_back_end(job, d))
    yield "processor", _mask(candidates, lambda d: d.kind == "cpu")
    if job.training:
        yield "cannot_train", _mask(candidates, lambda d: not d.trains)
    if not (job.workload.latency_ms or job.workload.frames_per_second):
        yield "edge_only", _mask(candidates, lambda d: d.kind == "fpga" or d.segment == "edge")
    elif not job.workload.latency_ms:
        yield "edge_only", _mask(candidates, lambda d: d.kind == "fpga")
    yield "fit", np.asarray(candidates.fits == 0, dtype=np.bool_)
    yield "likely_too_small", candidates.overfull


def _speed_masks(job: Job, candidates: Candidates) -> Iterator[Mask]:
    """What answers more slowly than was asked for; systems of unknown speed are left in."""
    asked = job.workload
    yield "takes_years", np.asarray(candidates.hours > LONGEST_HOURS, dtype=np.bool_)
    if asked.task != "inference":
        return
    several = (job.concurrent_requests or 1) > 1
    if asked.frames_per_second is not None or (several and candidates.wanted_per_s is not None):
        framed = asked.frames_per_second is not None
        unknown = np.isnan(candidates.pace_per_s) if framed or candidates.speaks else False
        yield "too_slow", np.asarray((candidates.lateness > 0) | unknown, dtype=np.bool_)
    elif asked.latency_ms is not None and isinstance(job.model, NetworkSpec):
        yield "too_slow", np.asarray(candidates.speed < MS_PER_S / asked.latency_ms, dtype=np.bool_)


def _shop_masks(candidates: Candidates, *, scenario: int, country: str) -> Iterator[Mask]:
    rented = _mask(candidates, is_rented_only)
    module = _mask(candidates, is_module)
    count = candidates.systems.count
    on_board = np.isin(count, SOLD_ON_BOARDS_OF) | (count % 8 == 0)
    yield "rented_only", rented
    yield "board_only", module & ~on_board & ~rented
    yield "no_price", ~np.isfinite(candidates.usd) & ~rented
    if country != HOME_OF_EXPORT_MODELS:
        yield "sold_elsewhere", _mask(candidates, lambda d: EXPORT_MODEL in d.name)
    if scenario <= 2:
        yield "server_part", _mask(candidates, lambda d: d.segment == "datacenter")
    if scenario == 4:
        linked = _mask(candidates, lambda d: d.segment == "datacenter" and d.interconnect != "none")
        yield "no_link", ~linked & (count > DEVICES_IN_A_BOX)


def _personal_masks(constraints: Constraints, candidates: Candidates) -> Iterator[Mask]:
    if constraints.vendors:
        wanted = {vendor.strip().lower() for vendor in constraints.vendors}
        yield "vendor", _mask(candidates, lambda d: d.vendor.lower() not in wanted)
    if constraints.portable:
        yield "portable", ~portable(candidates)
    if constraints.os:
        system = constraints.os.strip().lower()
        yield "os", _mask(candidates, lambda d: not runs_on(d, system))
    if constraints.quiet:
        watts = candidates.systems.devices.tdp_w * candidates.systems.count
        loud = _mask(candidates, lambda d: d.segment == "datacenter")
        yield "quiet", np.asarray(np.nan_to_num(watts) > money("quiet_w"), dtype=np.bool_) | loud
    if constraints.max_devices is not None:
        yield "max_devices", np.asarray(candidates.systems.count > constraints.max_devices, dtype=np.bool_)
    if constraints.psu_watts is not None:
        yield "power_supply", np.asarray(np.nan_to_num(supplies_w(candidates)) > constraints.psu_watts, dtype=np.bool_)
    if constraints.deadline_hours is not None:
        yield "deadline", np.asarray(candidates.hours > constraints.deadline_hours, dtype=np.bool_)
    if constraints.budget_usd is not None:
        yield "budget", np.asarray(candidates.usd > constraints.budget_usd, dtype=np.bool_)


def portable(candidates: Candidates) -> BoolArray:
    """Laptops, and the Apple chips that MacBooks have (all but the Ultra)."""
    return _mask(
        candidates, lambda d: d.segment == "laptop" or (d.kind == "apple_soc" and "ultra" not in d.slug.lower())
    )


def runs_on(device: Accelerator, system: str) -> bool:
    """Whether machine-learning software for the device runs on this operating system.

    Macs are the only computers with macOS, and today they hold Apple chips; ROCm for training is at home on Linux.
    """
    mac = system.startswith(("mac", "osx", "os x"))
    if device.kind == "apple_soc":
        return mac
    if mac:
        return False
    return not (system.startswith("win") and device.software_stack == "rocm")


def supplies_w(candidates: Candidates) -> FloatArray:
    """Power supply that a computer with these cards should have; NaN for whole machines and what its slot feeds. [W]"""
    systems = candidates.systems
    return np.array(
        [
            np.nan
            if sold_whole(device) or device.tdp_w is None or (count == 1 and device.tdp_w <= SLOT_W)
            else supply_w(tdp_w=device.tdp_w, count=float(count))
            for device, count in zip(systems.devices.accelerators, systems.count, strict=True)
        ],
        dtype=np.float64,
    )
