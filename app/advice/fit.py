"""What can this hardware run, adapt and train? Every typical job on the devices that do it best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.advice.fit_jobs import LESS_IS_BETTER, FitJob, SpeedClass, SpeedKind, SpeedLimit
from app.advice.limits import LONGEST_HOURS
from app.advice.need import Range, range_at, value_at
from app.advice.pieces import fit_word
from app.advice.reasons import Reason, Value
from app.advice.recipes import cheaper_recipes
from app.advice.rigs import Rig, roomy_systems, works_by_layers
from app.advice.upgrades import Shop, Upgrade
from app.engine.estimate import estimate
from app.engine.hardware import Devices, Systems
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec
from app.engine.result import Estimates
from app.engine.software import has_back_end
from app.engine.units import GIB, SECONDS_PER_HOUR

FitWord = Literal["fits", "tight", "fits_with_changes", "does_not_fit", "not_supported", "unknown"]
ORDER: tuple[FitWord, ...] = ("fits", "tight", "fits_with_changes", "does_not_fit", "unknown", "not_supported")
"""Best first."""
WORKING = frozenset({"fits", "tight", "fits_with_changes"})
EASED = frozenset({"tight", "does_not_fit"})
"""Words that a cheaper recipe is looked for."""
PLEASANT = frozenset({"fast", "usable"})


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a job goes, in the unit of its kind, and the word for it."""

    kind: SpeedKind
    value: Range
    unit: str
    speed_class: SpeedClass


@dataclass(frozen=True, slots=True)
class Judged:
    """One typical job and the verdict on it."""

    job: FitJob
    fit: FitWord
    rig: Rig | None
    memory: Range | None
    """As it would run: with the change, where one is needed. [bytes]"""
    usable_bytes: float | None
    speed: Speed | None
    bottleneck: str | None
    """memory, software, or what bounds the speed; None where nothing hinders."""
    reasons: tuple[Reason, ...]
    change: Reason | None
    upgrade: Upgrade | None


@dataclass(frozen=True, slots=True)
class _Option:
    """A job on one rig, as asked or with the smallest change that makes it fit."""

    rig: Rig
    fit: FitWord
    asked: Estimates
    changed: Estimates
    row: int
    change: str | None
    eased: Estimates
    """With the change; what a tight job would gain by it."""
    eased_job: Job
    step: int
    """How far down the list of recipes the change stands."""


def judge_jobs(jobs: Sequence[tuple[FitJob, Job]], rigs: Sequence[Rig], *, shop: Shop) -> tuple[Judged, ...]:
    """Every job on the rig that does it best."""
    return tuple(_judged(fit_job, job, rigs=rigs, shop=shop) for fit_job, job in jobs)


def _judged(fit_job: FitJob, job: Job, *, rigs: Sequence[Rig], shop: Shop) -> Judged:
    classical = isinstance(job.model, AlgorithmSpec)
    options = _options(job, [rig for rig in rigs if not rig.by_layers or works_by_layers(job)])
    named = [option for option in options if classical or not option.rig.assumed]
    if any(option.fit != "not_supported" for option in named):
        options = named
    if not options:
        return Judged(fit_job, "unknown", None, None, None, None, None, (Reason("fit_unknown"),), None, None)
    best = min(options, key=lambda option: _rank(option, fit_job, classical=classical))
    speed = speed_of(fit_job, best.changed, row=best.row, count=best.rig.count) if best.fit in WORKING else None
    bottleneck = _bottleneck(best, speed)
    facts = _facts(best)
    change = None if best.change is None else _change(best, facts)
    pleasant = speed is not None and speed.speed_class in PLEASANT  # an upgrade must not spoil what runs well
    limit: SpeedLimit = "slow" if bottleneck in {"memory", "software"} and not pleasant else "usable"
    upgrade = shop.upgrade(fit_job, job, rig=best.rig, limit=limit) if bottleneck else None
    missing = bool(bottleneck) and upgrade is None and not (pleasant and best.fit in WORKING)
    out_of_reach = [_beyond(fit_job, job, rig=best.rig, shop=shop, limit=limit)] if missing else []
    return Judged(
        job=fit_job,
        fit=best.fit,
        rig=best.rig,
        memory=range_at(best.changed.memory_bytes, best.row),
        usable_bytes=value_at(best.changed.usable_memory_bytes, best.row),
        speed=speed,
        bottleneck=bottleneck,
        reasons=(*_reasons(best, job, facts=facts, speed=speed), *out_of_reach),
        change=change,
        upgrade=upgrade,
    )


def _beyond(fit_job: FitJob, job: Job, *, rig: Rig, shop: Shop, limit: SpeedLimit) -> Reason:
    """Why nothing is proposed: what holds the job takes long, or no single machine holds it at all."""
    quickest = shop.quickest_hours(fit_job, job, rig=rig)
    if limit == "usable" or quickest is None or quickest[1] > LONGEST_HOURS:
        return Reason("fit_cluster" if limit == "slow" else "fit_no_faster")
    return Reason(f"fit_long_{fit_job.speed}", {"name": quickest[0], "hours": quickest[1]})


def _options(job: Job, rigs: Sequence[Rig]) -> list[_Option]:
    """The job on every rig; recipes are only worked out where no card does the job as it is."""
    if not rigs:
        return []
    asked = estimate(job, _systems(job, rigs))
    words = [fit_word(rig.device, job, value=float(asked.fits[row])) for row, rig in enumerate(rigs)]
    settled = any(word == "fits" and rig.device.kind != "cpu" for rig, word in zip(rigs, words, strict=True))
    recipes = cheaper_recipes(job) if EASED & set(words) and not settled else ()
    tried = [(recipe, estimate(recipe.job, _systems(recipe.job, rigs))) for recipe in recipes]
    options = []
    for row, (rig, word) in enumerate(zip(rigs, words, strict=True)):
        helping = ((step, r, e) for step, (r, e) in enumerate(tried, 1) if float(e.fits[row]) >= 1.0)
        step, recipe, eased = next(helping, (0, None, asked)) if word in EASED else (0, None, asked)
        changes = word == "does_not_fit" and recipe is not None
        options.append(
            _Option(
                rig=rig,
                fit="fits_with_changes" if changes else _WORDS[word],
                asked=asked,
                changed=eased if changes else asked,
                row=row,
                change=recipe.code if recipe else None,
                eased=eased,
                eased_job=recipe.job if recipe else job,
                step=step,
            )
        )
    return options


_WORDS: dict[str, FitWord] = {
    "fits": "fits", "tight": "tight", "does_not_fit": "does_not_fit", "unsupported": "not_supported",
    "unknown": "unknown",
}  # fmt: skip


def _systems(job: Job, rigs: Sequence[Rig]) -> Systems:
    return roomy_systems(job, Devices(tuple(rig.device for rig in rigs)), counts=[rig.count for rig in rigs])


def _rank(option: _Option, fit_job: FitJob, *, classical: bool) -> tuple[bool, bool, int, int, float, int]:
    """What works comes first, cards before the processor except for tables, then the better word, then the faster."""
    speed = speed_of(fit_job, option.changed, row=option.row, count=option.rig.count)
    pace = np.inf if speed is None else speed.value.expected
    slowness = pace if fit_job.speed in LESS_IS_BETTER else -pace if np.isfinite(pace) else 0.0
    processor = option.rig.device.kind == "cpu" and not classical
    word = 0 if classical and option.fit in WORKING else ORDER.index(option.fit)
    step = option.step if option.fit == "fits_with_changes" else 0
    cards = option.rig.count if option.fit in WORKING else -option.rig.count
    return (option.fit not in WORKING, processor, word, step, slowness, cards)


def speed_of(fit_job: FitJob, estimates: Estimates, *, row: int, count: int) -> Speed | None:
    """The speed of a job on one system in the unit of its kind; None where nobody knows.

    One picture or clip is made by one device, however many there are.
    """
    scale, less = fit_job.scale, fit_job.speed in LESS_IS_BETTER
    if fit_job.speed == "hours":
        found = range_at(estimates.duration_s, row)
        value = None if found is None else _scaled(found, 1 / SECONDS_PER_HOUR)
    else:
        pace = range_at(estimates.decode_tokens_per_s or estimates.throughput_per_s, row)
        value = (
            None if pace is None or pace.low <= 0 else _seconds_each(pace, count) if fit_job.speed == "each" else pace
        )
    if value is None:
        return None
    return Speed(fit_job.speed, value, scale.unit, scale.speed_class(value.expected, less_is_better=less))


def _scaled(value: Range, factor: float) -> Range:
    return Range(value.low * factor, value.expected * factor, value.high * factor)


def _seconds_each(pace: Range, count: int) -> Range:
    return Range(count / pace.high, count / pace.expected, count / pace.low)


def _bottleneck(option: _Option, speed: Speed | None) -> str | None:
    if option.fit == "not_supported":
        return "software"
    if option.fit in {"tight", "does_not_fit", "fits_with_changes"}:
        return "memory"
    if option.fit == "fits" and speed is not None and speed.speed_class not in PLEASANT:
        bound = option.changed.bound_by[option.row] if option.changed.bound_by else "compute"
        return "memory_bandwidth" if bound == "memory" else bound
    return None


def _change(option: _Option, facts: dict[str, Value]) -> Reason:
    """The smallest change that makes it fit, with what it then takes."""
    job, memory = option.eased_job, range_at(option.eased.memory_bytes, option.row)
    pixels = min(job.image_size) if job.image_size else None
    gib = None if memory is None else memory.expected / GIB
    return Reason(f"change_{option.change}", facts | {"changed_gib": gib, "seq_len": job.seq_len, "pixels": pixels})


def _facts(option: _Option) -> dict[str, Value]:
    asked, memory = (range_at(e.memory_bytes, option.row) for e in (option.asked, option.changed))
    device = option.rig.device
    return {
        "name": option.rig.name,
        "one": device.name,
        "count": option.rig.count,
        "usable_gib": device.usable_memory_bytes / GIB,
        "device_gib": device.memory_bytes / GIB,
        "asked_gib": None if asked is None else asked.expected / GIB,
        "memory_gib": None if memory is None else memory.expected / GIB,
        "memory_high_gib": None if memory is None else memory.high / GIB,
        "support_note": device.support_note.rstrip("."),
    }


def _reasons(option: _Option, job: Job, *, facts: dict[str, Value], speed: Speed | None) -> list[Reason]:
    """The verdict, how fast it goes, and how the cards share it."""
    if option.fit == "not_supported":
        return [Reason(_unsupported_code(option, job), facts)]
    reasons = [Reason(f"fit_{option.fit}", facts)]
    if speed is not None:
        hours = speed.value.expected if speed.kind == "hours" else speed.value.expected / SECONDS_PER_HOUR
        reasons.append(Reason(f"fit_speed_{speed.kind}", {"speed": speed.value.expected, "hours": hours}))
    if option.rig.mixed:
        reasons.append(Reason("fit_layers" if option.rig.by_layers else "fit_mixed", facts))
    elif option.rig.count > 1 and not isinstance(job.model, AlgorithmSpec):
        reasons.append(Reason("fit_several", facts))
    if option.rig.device.support == "legacy":
        reasons.append(Reason("owned_legacy", facts))
    return reasons


def _unsupported_code(option: _Option, job: Job) -> str:
    device = option.rig.device
    if device.kind == "fpga":
        return "owned_fpga_training" if job.training else "owned_fpga"
    if device.support == "supported" and not has_back_end(job, device):
        return "owned_without_back_end"
    return "owned_cannot_train" if device.support == "supported" else f"owned_{device.support}"
