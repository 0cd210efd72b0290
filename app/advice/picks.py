"""What to buy: at most four systems with distinct roles, after a Pareto filter, in a stable order.

Memory decides whether, price decides which: within the class that was decided for, more memory never worsens a rank; a
higher price never improves one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.advice.candidates import Candidates, target_hours
from app.advice.constraints import Constraints
from app.advice.decide import Decision
from app.advice.host import supplies_for, supply_w
from app.advice.limits import FIRM, Limits, hardware_facts, portable
from app.advice.market import Machine
from app.advice.money import money
from app.advice.prices import PriceBook, Tag
from app.advice.reasons import Reason, Value
from app.engine.arrays import BoolArray, FloatArray
from app.engine.data_amounts import AUDIO_WINDOW_S
from app.engine.hardware import Accelerator
from app.engine.model_spec import DiffusionSpec, TransformerSpec
from app.engine.parallelism import SPEECH
from app.engine.units import GIB, SECONDS_PER_HOUR

ROLES = ("best_fit", "cheaper", "room_to_grow", "fastest")
CHEAPER_BELOW_FRACTION = 0.9
"""A cheaper pick costs at most this share of the best fit; smaller differences are within the noise of prices."""
MORE_MEMORY_RATIO = 1.25
"""A pick with room to grow has at least this much more memory than the best fit."""
FASTER_RATIO = 1.15
"""The fastest pick is at least this much faster than the best fit; smaller differences are within the estimate's."""
OWNED_MEMORY = "constraints.owned_card_gib"
"""A tier that a rule took from what people own says nothing about what others should buy."""
PEOPLE_PER_CARD = 2
"""So many people share a card and seldom wait for each other."""
FEW_SERVER_PARTS = 4.0
"""From so many on a server is bought anyway."""
SLOWEST_RATIO = 5.0
"""Nobody who looks at the best fit wants something that is slower by more than this, unless it is quick enough."""
SLOWER_RATIO = 1.3
"""From this ratio on it is told how much slower a cheaper pick is."""
MORE_CARDS_AT_MOST_RATIO = 4.0
"""Nobody who looks at the best fit wants to build a machine with more than this many times as many cards."""
DEARER_AT_MOST_RATIO = 4.0
"""Nobody who looks at the best fit wants to see something that costs more than this many times as much."""
SLOW_PER_S = 0.1
"""Work of which fewer are done in a second is told by the time of each. [1/s]"""
LIKELY_WITHIN_FRACTION = 0.9
"""A system holds work likely whose expected memory is at most this share of its usable memory."""
TIER_TOLERANCE_FRACTION = 0.95
"""A 24 GB card counts as 24 GB although some of it is taken by error correction."""
SOFTWARE_CLASS = {"cuda": 0.0, "rocm": 1.0, "mps": 1.0}
"""How well supported the software of a device is: the higher, the fewer programs run; unlisted ones count 2."""
RUNS_EVERYWHERE = {"llama.cpp": {"mps": 1.0}}
"""Frameworks that are at home on devices whose software is less usual elsewhere."""
USUAL_SOFTWARE_CLASS = 1.0
"""Devices whose software is less usual than this play no role beside the best fit."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One system to buy, with its role and the reasons for it."""

    role: str
    row: int
    """Row of the candidates."""
    device: Accelerator
    count: int
    nodes: int
    fit: str | None
    """fits, tight or does_not_fit; None when unknown."""
    price: Tag | None
    machine: Machine | None
    """A whole machine with this device."""
    good_for: Reason
    look_out_for: Reason
    why: Reason


@dataclass(frozen=True)
class Ranking:
    """The order of all candidates for the best fit, best first, and the columns that the roles look at."""

    candidates: Candidates
    limits: Limits
    order: tuple[int, ...]
    """Rows open to choice, best first."""
    fit_class: FloatArray
    """0 for systems that hold the work, as the decided class is meant to; more for the others."""
    second_choice: FloatArray
    """0 for systems that fit, have the tier's memory and finish in time; more for the others."""


def fit_word(fits: float) -> str | None:
    """The contract's word.

    >>> fit_word(1.0), fit_word(0.5), fit_word(0.0), fit_word(float("nan"))
    ('fits', 'tight', 'does_not_fit', None)
    """
    if np.isnan(fits):
        return None
    return "fits" if fits == 1.0 else "does_not_fit" if fits == 0.0 else "tight"


def ranking(candidates: Candidates, limits: Limits, *, decision: Decision, constraints: Constraints) -> Ranking:
    """All candidates that are open to choice, best first. Ties are settled by price and then by name."""
    keys = rank_keys(candidates, limits, decision=decision, constraints=constraints)
    _, fit_class, _, below_tier, late, *_ = keys
    slugs = np.array([device.slug for device in candidates.systems.devices.accelerators])
    order = np.lexsort((candidates.systems.count, slugs, *reversed(keys)))
    open_rows = limits.open_to_choice
    open_order = tuple(int(row) for row in order if open_rows[row])
    second_choice = 4 * fit_class + 2 * np.minimum(late, 1.0) + below_tier
    return Ranking(candidates, limits, open_order, fit_class=fit_class, second_choice=second_choice)


def rank_keys(
    candidates: Candidates, limits: Limits, *, decision: Decision, constraints: Constraints
) -> tuple[FloatArray, ...]:
    """The columns that order the best fit, most important first; smaller is better in each."""
    usd = _or_worst(candidates.usd)
    several = _not_as_many_as_wanted(candidates, constraints)
    value = value_per_usd(candidates, enough=enough_speed(candidates, decision, constraints=constraints))
    owned = OWNED_MEMORY in decision.tier_rule.condition
    tier_min = 0.0 if owned else decision.tier.memory_gib_min or 0.0
    budget = constraints.budget_usd
    over = np.zeros(len(candidates)) if budget is None else np.maximum(0.0, usd - budget)
    over = np.where(np.isfinite(over), over, FIRM)
    price_class = np.where(candidates.fresh, 0.0, np.where(np.isfinite(candidates.usd), 1.0, 2.0))
    form = np.zeros(len(candidates)) if constraints.portable else _unusual_form(candidates)
    return (
        limits.pain,
        _fit_class(np.where(_as_meant(candidates, limits, decision), 1.0, candidates.fits)),
        over,
        np.asarray(candidates.memory_gib < tier_min * TIER_TOLERANCE_FRACTION, dtype=np.float64),
        candidates.lateness,
        form,
        several,
        _single_server_part(candidates, scenario=decision.scenario.number),
        _software_class(candidates),
        price_class,
        -np.nan_to_num(value, nan=-np.inf, neginf=-np.inf),
        usd,
    )


def value_per_usd(candidates: Candidates, *, enough: float | None = None) -> FloatArray:
    """Speed per money spent on the devices and the computer around them; NaN where the price does not rank.

    Speed beyond ``enough`` counts for nothing: of systems that are quick enough, the one that costs least is best.
    """
    speed = candidates.speed if enough is None else np.minimum(candidates.speed, enough)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = speed / (candidates.usd + candidates.host_usd)
    return np.where(candidates.fresh, value, np.nan)


def enough_speed(candidates: Candidates, decision: Decision, *, constraints: Constraints) -> float | None:
    """The speed beyond which nothing is gained, in the candidates' unit; None when nobody knows.

    A run is quick enough when it just ends within the time for a cluster, on fewer devices within a coffee break;
    a model that answers one person, when it writes faster than people read; a camera, when no picture is missed.
    """
    if candidates.job.workload.task == "inference":
        return _enough_to_answer(candidates)
    work = candidates.speed * candidates.hours
    known = np.flatnonzero(np.isfinite(work))
    if not len(known):
        return None
    four = decision.scenario.number == 4
    hours = target_hours(constraints, scenario=4) if four else money("quick_run_hours")
    return float(work[known[0]]) / hours * _cards_for_people(constraints)


def _cards_for_people(constraints: Constraints) -> float:
    """Cards that keep people who train out of each other's way: one for two of them."""
    return float(max(1, -(-(constraints.people or 1) // PEOPLE_PER_CARD)))


def _not_as_many_as_wanted(candidates: Candidates, constraints: Constraints) -> FloatArray:
    """0 for as many devices as people want; one device is what a single person wants."""
    count, wanted = candidates.systems.count, _cards_for_people(constraints)
    if wanted == 1 or not candidates.job.training:
        return np.asarray(count > 1, dtype=np.float64)
    return np.asarray(np.abs(np.ceil(np.log2(wanted)) - np.log2(count)), dtype=np.float64)


def _enough_to_answer(candidates: Candidates) -> float | None:
    """Answers a second, in the candidates' unit, for a camera with room or for one person; None where many ask."""
    job = candidates.job
    if job.workload.frames_per_second is not None:
        return money("camera_reserve") * job.workload.frames_per_second
    if job.workload.latency_ms is not None or (job.workload.concurrent_requests or 1) != 1:
        return None
    if candidates.estimates.decode_tokens_per_s is not None and job.work_class != SPEECH:
        return money("quick_tokens_per_s")
    if job.work_class == SPEECH:
        return money("quick_speech_ratio") / AUDIO_WINDOW_S
    if isinstance(job.model, DiffusionSpec):
        return None if job.frames > 1 else money("quick_pictures_per_s")
    texts = job.seq_len if isinstance(job.model, TransformerSpec) else 1
    return money("quick_answers_per_s") * texts


def _or_worst(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.inf)


def _fit_class(fits: FloatArray) -> FloatArray:
    """0 fits, 1 tight, 2 unknown, 3 does not."""
    return np.where(np.isnan(fits), 2.0, np.where(fits == 1.0, 0.0, np.where(fits == 0.5, 1.0, 3.0)))


def _as_meant(candidates: Candidates, limits: Limits, decision: Decision) -> BoolArray:
    """Systems of the class that was decided for, where it holds the work only tightly, that likely hold it."""
    most, memory = decision.tier.memory_gib_max, candidates.estimates.memory_bytes
    if most is None or memory is None:
        return np.zeros(len(candidates), dtype=np.bool_)
    inside = (candidates.memory_gib <= most) & limits.open_to_choice
    if bool(np.any(inside & (candidates.fits == 1.0))):
        return np.zeros(len(candidates), dtype=np.bool_)
    likely = memory.expected <= LIKELY_WITHIN_FRACTION * candidates.estimates.usable_memory_bytes
    return np.asarray(inside & (candidates.fits == 0.5) & likely, dtype=np.bool_)


def _unusual_form(candidates: Candidates) -> FloatArray:
    """1 for laptops and the like, and for memory shared with the processor where compute decides the speed."""
    devices, job = candidates.systems.devices.accelerators, candidates.job
    shared = np.array([device.unified_memory for device in devices], dtype=np.bool_)
    computes = job.training or not isinstance(job.model, TransformerSpec)
    return np.asarray(portable(candidates) | (shared & computes), dtype=np.float64)


def _single_server_part(candidates: Candidates, *, scenario: int) -> FloatArray:
    """1 for a few server cards, which want a server around them: people who buy so few want a workstation."""
    if scenario == 4:
        return np.zeros(len(candidates))
    server = np.array([d.segment == "datacenter" for d in candidates.systems.devices.accelerators], dtype=np.bool_)
    return np.asarray(server & (candidates.systems.count < FEW_SERVER_PARTS), dtype=np.float64)


def _software_class(candidates: Candidates) -> FloatArray:
    devices = candidates.systems.devices.accelerators
    classes = SOFTWARE_CLASS | RUNS_EVERYWHERE.get(candidates.job.framework, {})
    return np.array([classes.get(device.software_stack, 2.0) for device in devices], dtype=np.float64)


def dominated(candidates: Candidates, rows: tuple[int, ...]) -> BoolArray:
    """Which of these rows another one beats or equals in price, memory and speed (and beats in one of them)."""
    columns = np.stack(
        [
            _or_worst(candidates.usd[list(rows)]),
            -candidates.memory_for_one_job_bytes[list(rows)],
            -np.nan_to_num(candidates.speed[list(rows)], nan=0.0),
            _software_class(candidates)[list(rows)],
            (~candidates.fresh[list(rows)]).astype(np.float64),
        ]
    )
    no_worse = np.all(columns[:, :, None] <= columns[:, None, :], axis=0)
    better = np.any(columns[:, :, None] < columns[:, None, :], axis=0)
    return np.asarray(np.any(no_worse & better, axis=0), dtype=np.bool_)


def picks_for(
    candidates: Candidates, limits: Limits, *, decision: Decision, constraints: Constraints, book: PriceBook
) -> tuple[Pick, ...]:
    """Up to four systems to buy; none in scenario 1, never none in the others."""
    if decision.scenario.number == 1:
        return ()
    ranked = ranking(candidates, limits, decision=decision, constraints=constraints)
    if not ranked.order:
        return ()
    enough = enough_speed(candidates, decision, constraints=constraints)
    teller = _Teller(candidates, limits, decision, constraints, best=ranked.order[0], enough=enough)
    return tuple(teller.pick(role, row, book=book) for role, row in roles(ranked, enough=enough))


def roles(ranked: Ranking, *, enough: float | None = None) -> Iterator[tuple[str, int]]:
    """Who plays which role. A device plays one role only, and no system is shown that another one beats outright.

    Nor is one that is much slower than the best fit and not quick ``enough`` either.
    """
    best = ranked.order[0]
    yield "best_fit", best
    taken = {ranked.candidates.device(best).slug}
    beaten = dominated(ranked.candidates, ranked.order)
    software = _software_class(ranked.candidates)
    usual = software <= max(USUAL_SOFTWARE_CLASS, float(software[best]))
    usual &= ~_much_slower(ranked.candidates, best, enough=enough)
    usual &= ranked.fit_class <= ranked.fit_class[best]
    rest = [row for row, is_beaten in zip(ranked.order, beaten, strict=True) if usual[row] and not is_beaten]
    for role, choose in (("cheaper", _cheaper), ("room_to_grow", _room_to_grow), ("fastest", _fastest)):
        row = choose(ranked, best, [row for row in rest if ranked.candidates.device(row).slug not in taken])
        if row is not None:
            taken.add(ranked.candidates.device(row).slug)
            yield role, row


def _much_slower(candidates: Candidates, best: int, *, enough: float | None) -> BoolArray:
    """Systems that are slower than the best fit by more than a buyer would take."""
    speed = np.nan_to_num(candidates.speed, nan=0.0)
    limit = speed[best] / SLOWEST_RATIO if enough is None else min(speed[best] / SLOWEST_RATIO, enough)
    later = candidates.lateness > max(candidates.lateness[best], 1.0)
    return np.asarray((speed < limit) | later, dtype=np.bool_)


def _cheaper(ranked: Ranking, best: int, rows: list[int]) -> int | None:
    """The system that costs least, of those that do the job as well and whose software is as usual as possible."""
    few = [
        row for row in rows if ranked.candidates.count(row) <= MORE_CARDS_AT_MOST_RATIO * ranked.candidates.count(best)
    ]
    cheap = _affordable(ranked, best, few, below=CHEAPER_BELOW_FRACTION)
    second, software = ranked.second_choice, _software_class(ranked.candidates)
    in_time = [row for row in cheap if second[row] < max(2.0, second[best] + 1)]
    return min(in_time, key=lambda row: (second[row], software[row], ranked.candidates.usd[row]), default=None)


def _room_to_grow(ranked: Ranking, best: int, rows: list[int]) -> int | None:
    """The best in rank of those with clearly more memory, and no less on each device: some work does not share."""
    memory, each = ranked.candidates.memory_for_one_job_bytes, ranked.candidates.memory_gib
    roomy = [row for row in rows if memory[row] >= MORE_MEMORY_RATIO * memory[best] and each[row] >= each[best]]
    return next(iter(_affordable(ranked, best, roomy, below=DEARER_AT_MOST_RATIO)), None)


def _fastest(ranked: Ranking, best: int, rows: list[int]) -> int | None:
    """The fastest of those that a buyer of the best fit would still look at."""
    speed = np.nan_to_num(ranked.candidates.speed, nan=0.0)
    fast = [row for row in rows if speed[row] >= FASTER_RATIO * speed[best]]
    near = _affordable(ranked, best, fast, below=DEARER_AT_MOST_RATIO)
    return max(near, key=lambda row: speed[row], default=None)


def _affordable(ranked: Ranking, best: int, rows: list[int], *, below: float) -> list[int]:
    """Rows that cost at most so many times the best fit; where that price is unknown or old, all of them."""
    total = ranked.candidates.usd + ranked.candidates.host_usd
    if not np.isfinite(total[best]):
        return rows
    known = [row for row in rows if np.isfinite(total[row]) and total[row] <= below * total[best]]
    fresh = [row for row in known if ranked.candidates.fresh[row]]
    return fresh or ([] if ranked.candidates.fresh[best] else known)


@dataclass(frozen=True)
class _Teller:
    """Gives a pick its reasons, from computed numbers."""

    candidates: Candidates
    limits: Limits
    decision: Decision
    constraints: Constraints
    best: int
    enough: float | None = None
    """Speed beyond which nothing is gained."""

    def pick(self, role: str, row: int, *, book: PriceBook) -> Pick:
        tag = self.candidates.tags[row]
        device, count = self.candidates.device(row), self.candidates.count(row)
        machine = tag.machine if tag and tag.machine else book.alternative(device, count)
        return Pick(
            role=role,
            row=row,
            device=device,
            count=count,
            nodes=int(self.candidates.systems.nodes[row]),
            fit=fit_word(float(self.candidates.fits[row])),
            price=tag,
            machine=machine,
            good_for=self._good_for(row),
            look_out_for=self._look_out_for(row),
            why=self._why(role, row),
        )

    def _why(self, role: str, row: int) -> Reason:
        values = self._facts(row) | self._against_best(row)
        ranks = bool(self.candidates.fresh[row]) and bool(self.candidates.fresh[self.best])
        if role == "best_fit" and (self.candidates.fits[row] == 0 or self.candidates.overfull[row]):
            return Reason("pick_best_fit_near", values)
        if role == "best_fit" and ranks and self.enough is not None and self.candidates.speed[row] >= self.enough:
            return Reason("pick_best_fit_quick_enough", values)
        if role == "best_fit" and ranks and self._several_give_more(row):
            return Reason("pick_best_fit_simple", values)
        slower, saves = values["times_slower"], values["saves_usd"]
        if role == "cheaper" and (ranks or (isinstance(saves, float) and saves > 0.0)):
            takes_longer = isinstance(slower, float) and slower >= SLOWER_RATIO
            host = self.candidates.host_usd_at
            whole = "_whole" if host(row) != host(self.best) else ""
            return Reason(f"pick_cheaper{'_slower' if takes_longer else ''}{whole}", values)
        unpriced = "_unpriced" if role in {"best_fit", "cheaper"} and not ranks else ""
        return Reason(f"pick_{role}{unpriced}", values)

    def _several_give_more(self, row: int) -> bool:
        """Whether more cards that hold the work and are open to choice give more speed for the money."""
        value, count = np.nan_to_num(value_per_usd(self.candidates, enough=self.enough)), self.candidates.systems.count
        rivals = self.limits.open_to_choice & (self.candidates.fits == 1.0) & (count > count[row])
        return bool(np.any(value[rivals] > value[row]))

    def _facts(self, row: int) -> dict[str, Value]:
        values = hardware_facts(self.candidates, row)
        memory = self.candidates.estimates.memory_bytes
        usable = float(self.candidates.estimates.usable_memory_bytes[row])
        speed = _finite(self.candidates.speed[row]) if self.candidates.knows_speed else None
        left = None if memory is None else (usable - float(memory.expected[row])) / GIB
        return values | {
            "left_gib": left if left is not None and np.isfinite(left) else None,
            "speed": speed,
            "unit": self.candidates.estimates.unit,
            "hours_each": None if not speed else 1 / (speed * SECONDS_PER_HOUR),
            "tier": self.decision.tier.title,
        }

    def _against_best(self, row: int) -> dict[str, Value]:
        speed, usd = self.candidates.speed, self.candidates.usd + self.candidates.host_usd
        memory = self.candidates.memory_for_one_job_bytes / GIB
        best_usd, row_usd = _finite(usd[self.best]), _finite(usd[row])  # with the computers around them
        return {
            "best_name": self.candidates.device(self.best).name,
            "times_faster": _finite(speed[row] / speed[self.best]) if speed[self.best] else None,
            "times_slower": _finite(speed[self.best] / speed[row]) if speed[row] else None,
            "saves_usd": best_usd - row_usd if best_usd is not None and row_usd is not None else None,
            "more_gib": float(memory[row] - memory[self.best]),
        }

    def _good_for(self, row: int) -> Reason:
        facts = self._facts(row)
        fits = float(self.candidates.fits[row])
        pace = self.candidates.estimates.throughput_per_s is not None and facts["speed"] is not None
        kind = "fits" if fits == 1.0 else "tight" if fits == 0.5 else "unknown"
        if fits == 0.0 or self.candidates.overfull[row]:
            return Reason("good_for_part", facts)
        slow = pace and 0 < float(self.candidates.speed[row]) < SLOW_PER_S
        timed = "_hours" if facts["hours"] is not None else "_each" if slow else "_speed" if pace else ""
        return Reason(f"good_for_{kind}{timed}", facts)

    def _look_out_for(self, row: int) -> Reason:
        """The most important thing to know before paying, one of them."""
        device, tag = self.candidates.device(row), self.candidates.tags[row]
        facts = self._facts(row) | _tag_facts(tag) | {"note": device.support_note}
        broken = self.limits.broken_by(row)
        if broken:
            return broken[0].reason(row)
        if self.candidates.fits[row] == 0.5:
            return Reason(f"look_out_tight{self._what_gives_way()}", facts)
        if device.support == "legacy" or device.software_stack not in {"cuda", "mps", "rocm"}:
            return Reason("look_out_software", facts)
        if tag is None:
            return Reason("look_out_no_price", facts)
        if not tag.fresh:
            return Reason("look_out_old_price", facts)
        if tag.condition == "used":
            return Reason("look_out_used", facts)
        return self._look_out_by_kind(row, facts)

    def _what_gives_way(self) -> str:
        """Of which a tight job takes less: examples at a time, bits and words, or parts kept on the device."""
        job = self.candidates.job
        if job.training:
            return ""
        writes = isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder"
        return "_text" if writes else "_parts"

    def _look_out_by_kind(self, row: int, facts: dict[str, Value]) -> Reason:
        device, count = self.candidates.device(row), self.candidates.count(row)
        if device.unified_memory:
            usable = device.usable_memory_bytes / GIB
            return Reason("look_out_unified", facts | {"usable_gib": usable})
        if device.software_stack == "rocm":
            return Reason("look_out_rocm", facts)
        if device.segment == "laptop":
            return Reason("look_out_laptop", facts)
        if device.segment == "datacenter":
            return Reason("look_out_server", facts | {"power_w": _finite(device.tdp_w)})
        needed = (None, None) if device.tdp_w is None else supplies_for(supply_w(tdp_w=device.tdp_w, count=count))
        host = self.candidates.host_usd_at(row)
        code = "look_out_power_several" if count > 1 else "look_out_power" if device.slots else "look_out_power_width"
        return Reason(
            code, facts | {"supplies": needed[0], "needs_w": needed[1], "slots": device.slots, "host_usd": host}
        )


def _tag_facts(tag: Tag | None) -> dict[str, Value]:
    if tag is None:
        return {"as_of": None, "condition": None}
    return {"as_of": tag.as_of.isoformat(), "condition": tag.condition}


def _finite(value: object) -> float | None:
    number = float(value) if isinstance(value, int | float | np.floating) else np.nan
    return number if np.isfinite(number) else None
