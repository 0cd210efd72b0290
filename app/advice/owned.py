"""Judge hardware that a person has or considers: does it do the work as it is, with a change, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.advice.constraints import Constraints
from app.advice.generations import generation_of
from app.advice.hardware_words import Described
from app.advice.need import Need, hours_at, range_at, table_gib
from app.advice.owned_fit import OwnedFit
from app.advice.picks import SLOW_PER_S
from app.advice.pieces import Item, Names, fit_word, items_of
from app.advice.reasons import Reason, Value
from app.advice.recipes import cheaper_recipes
from app.engine.coefficients import FITS_WITHIN_FRACTION
from app.engine.estimate import estimate
from app.engine.hardware import Accelerator, Devices, systems_of
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec
from app.engine.parallelism import default_plan
from app.engine.result import Estimates
from app.engine.software import has_back_end
from app.engine.units import GIB, SECONDS_PER_HOUR

USABLE_FRACTION = 0.94
"""Share of a card's nominal memory that programs get, for cards of which only the memory is known: 23.5 of 25.8 GB for
24 GiB cards after the driver's reserve (nvidia-smi of a GeForce RTX 3090: 24,576 MiB, about 24,100 free)."""
WORTH_A_CARD_FRACTION = 0.5
"""A card is of use for classical work when it takes at most this share of the processor's time."""
PATIENCE_HOURS = 48.0
"""Longest run on a processor that is worth waiting for: a weekend."""
SMALL_GIB = 4.5
"""Cards with up to so much memory run small projects only; with room for rounding. [GiB]"""
UNSUPPORTED_SMALL_GIB = 8.5
"""The same of cards that today's software no longer supports. [GiB]"""
TOLD_AS_THEIRS = {
    "owned_fits", "owned_fits_hours", "owned_fits_speed", "owned_tight", "owned_does_not_fit", "owned_not_needed",
    "owned_unsupported", "owned_too_slow", "owned_too_long", "owned_too_slow_a_camera", "owned_old_generation",
}  # fmt: skip
"""Verdicts that speak of a person's own hardware; there is another wording for what they only consider."""
CARDS_OF_A_DESKTOP = 2
"""So many cards go into an ordinary desktop and share a model; more are a machine of another kind."""
LONGEST_WAIT_HOURS = 672.0
"""Longest run on their own card that people who name no deadline wait for: four weeks."""
MOST_NAMED = 4
"""Most products of one ambiguous name that a sentence lists."""


@dataclass(frozen=True)
class Owned:
    """One piece of hardware and the verdict on it."""

    text: str
    slug: str | None
    name: str
    count: int
    fit: str
    """fits, tight, does_not_fit, unsupported or unknown."""
    reasons: tuple[Reason, ...]
    change_needed: Reason | None
    considering: bool
    device: Accelerator | None = None
    words: Described | None = None
    late: bool = False
    """It holds the work, but one run takes longer than anybody waits."""
    shared: bool = False
    """It takes several of these cards together: one alone is too small."""

    @property
    def verdict(self) -> Reason:
        """The first reason; an answer shows all of them."""
        return self.reasons[0]

    @property
    def usable(self) -> bool:
        """Whether current software supports it, and no run takes longer than anybody waits."""
        return (self.device is None or self.device.support == "supported") and not self.late


def judge(job: Job, need: Need, *, constraints: Constraints, devices: Devices, names: Names) -> tuple[Owned, ...]:
    """Judge everything that is owned or considered, in the order it was given."""
    by_slug = {a.slug: a for a in devices.accelerators}
    items = [
        item
        for considering, entries in ((False, constraints.existing_hardware), (True, constraints.considering))
        for entry in entries or ()
        for item in items_of(entry, by_slug=by_slug, names=names, considering=considering)
    ]
    items = _alike_together(items)
    items = [_with_memory_of_its_own(item, constraints.system_memory_gb) for item in items]
    known = [item for item in items if item.device is not None]
    trials = _Trials.of(job, known) if known else None
    judged = []
    for item in items:
        if item.device is None or trials is None:
            judged.append(_judge_words(item, job, need))
        else:
            late_after = constraints.deadline_hours
            judged.append(
                _judge_device(item, item.device, job, need, trials=trials, row=known.index(item), deadline=late_after)
            )
    return tuple(judged)


def _alike_together(items: list[Item]) -> list[Item]:
    """Cards of one kind that somebody has and named one by one are several of the same."""
    found: list[Item] = []
    for item in items:
        place = next((i for i, each in enumerate(found) if _is_same_card(each, item)), None)
        if place is None:
            found.append(item)
        else:
            found[place] = replace(found[place], count=found[place].count + item.count)
    return found


def _is_same_card(one: Item, other: Item) -> bool:
    owned = not one.considering and not other.considering
    return owned and one.device is not None and one.device.kind == "gpu" and one.device == other.device


def _with_memory_of_its_own(item: Item, system_memory_gb: float | None) -> Item:
    """A computer whose memory is shared, with as much of it as the person has; the catalogue knows one size of it."""
    device = item.device
    if device is None or system_memory_gb is None or item.considering or device.kind != "apple_soc":
        return item
    share = system_memory_gb * GIB / device.memory_bytes
    usable_bytes = device.usable_memory_bytes * share
    return replace(
        item, device=replace(device, memory_bytes=device.memory_bytes * share, usable_memory_bytes=usable_bytes)
    )


def owned_fit(owned: Sequence[Owned]) -> OwnedFit:
    """What the decision needs to know of it."""
    mine = [each for each in owned if not each.considering]
    cards = [each for each in mine if _is_card(each)]
    fitting = [(each, each.device) for each in cards if each.fit == "fits" and not each.late and each.device]
    supported = [(each, device) for each, device in fitting if device.support == "supported"]
    in_one_pc = [device for each, device in supported if not each.shared or each.count <= CARDS_OF_A_DESKTOP]
    discrete = [device for device in in_one_pc if device.kind == "gpu" and not device.unified_memory]
    largest = max(discrete, key=lambda device: device.memory_bytes, default=None)
    graphics = [each for each in mine if _is_graphics(each)]
    return OwnedFit(
        gpus=sum(each.count for each in cards),
        fits=bool(supported),
        works=bool(fitting),
        card_gib=None if largest is None else float(round(largest.memory_bytes / GIB)),
        card_segment="" if largest is None else largest.segment,
        small=bool(graphics) and all(_is_small(each) for each in graphics),
    )


def _is_graphics(owned: Owned) -> bool:
    """Whether it is a card, or something that a picture comes out of: built-in graphics, a laptop."""
    return _is_card(owned) or (owned.words is not None and (owned.words.integrated or owned.words.laptop))


def _is_small(owned: Owned) -> bool:
    """Whether only small projects run on it: a laptop's or built-in graphics, little memory, or old software."""
    if owned.device is None:
        words = owned.words
        small = words is not None and (words.integrated or words.laptop or (words.memory_gib or np.inf) <= SMALL_GIB)
        return small or owned.fit == "unsupported"
    gib = owned.device.memory_bytes / GIB
    return owned.device.kind == "gpu" and (
        gib <= SMALL_GIB or (gib <= UNSUPPORTED_SMALL_GIB and owned.device.support == "unsupported")
    )


def _is_card(owned: Owned) -> bool:
    if owned.device is not None:
        return owned.device.kind in {"gpu", "apple_soc"}
    return owned.words is not None and owned.words.gpu and not owned.words.cpu and not owned.words.fpga


@dataclass(frozen=True)
class _Trials:
    """Estimates of the job on every known device: alone, all its cards together, and with each cheaper recipe."""

    alone: Estimates
    together: Estimates
    recipes: tuple[tuple[str, Estimates, Job], ...]

    @classmethod
    def of(cls, job: Job, items: Sequence[Item]) -> "_Trials":
        devices = Devices(tuple(item.device for item in items if item.device is not None))
        counts = np.array([float(item.count) for item in items])
        alone = estimate(job, systems_of(devices, count=np.ones(len(devices))))
        plan = default_plan(job, devices, count=counts, nodes=np.ones_like(counts))
        together = estimate(job, systems_of(devices, count=counts, plan=plan))
        recipes = tuple(
            (recipe.code, estimate(recipe.job, systems_of(devices, count=np.ones(len(devices)))), recipe.job)
            for recipe in cheaper_recipes(job)
        )
        return cls(alone, together, recipes)


def _judge_device(
    item: Item, device: Accelerator, job: Job, need: Need, *, trials: _Trials, row: int, deadline: float | None
) -> Owned:
    several = item.count > 1 and device.kind != "cpu"
    alone, together = float(trials.alone.fits[row]), float(trials.together.fits[row])
    shared = several and alone < 1.0 and together > alone
    estimates = trials.together if shared else trials.alone
    fit = fit_word(device, job, value=together if shared else alone)
    facts = _facts(item, device, estimates, row=row)
    code = _verdict_code(fit, job, device, facts)
    late = fit == "fits" and _is_late(job, facts, deadline=deadline)
    if late and not job.training:
        code = "owned_too_slow_a_camera"
    elif late:
        code = "owned_too_slow" if deadline is not None else "owned_too_long"
    if _not_needed(job, need, device, facts) and fit in {"fits", "tight", "does_not_fit", "unknown"}:
        code = "owned_not_needed"
    if fit == "fits" and device.support == "legacy" and not item.considering and code.startswith("owned_fits"):
        code += "_old"
    told = f"considered_{code.removeprefix('owned_')}" if item.considering and code in TOLD_AS_THEIRS else code
    reasons = [Reason(told, facts | _wishes(job, need, deadline=deadline))]
    if item.alternatives:
        listed = ", ".join(each.name for each in item.alternatives[:MOST_NAMED])
        reasons.append(Reason("owned_ambiguous", facts | {"names": listed}))
    if several and not isinstance(job.model, AlgorithmSpec):
        reasons.append(Reason("owned_shared_memory" if shared else "owned_memory_not_added", facts))
    reasons.extend(_support_reasons(device, fit, facts))
    change = None
    if fit in {"tight", "does_not_fit"} and code != "owned_not_needed":
        change = _change(trials, row=row, facts=facts)
    return Owned(
        text=item.words.text,
        slug=device.slug,
        name=device.name,
        count=item.count,
        fit=fit,
        reasons=tuple(reasons),
        change_needed=change,
        considering=item.considering,
        device=device,
        words=item.words,
        late=late,
        shared=shared,
    )


def _wishes(job: Job, need: Need, *, deadline: float | None) -> dict[str, Value]:
    return {"cpu_hours": need.cpu_hours, "deadline_hours": deadline, "wanted": job.workload.frames_per_second}


def _is_late(job: Job, facts: dict[str, Value], *, deadline: float | None) -> bool:
    """Whether one run of training takes longer than is allowed, or than anybody waits where nothing was said."""
    hours, speed, wanted = facts["hours"], facts["speed"], job.workload.frames_per_second
    if not job.training and wanted is not None:
        return isinstance(speed, float) and speed < wanted
    limit = LONGEST_WAIT_HOURS if deadline is None else deadline
    return job.training and isinstance(hours, float) and hours > limit


def _facts(item: Item, device: Accelerator, estimates: Estimates, *, row: int) -> dict[str, Value]:
    memory = range_at(estimates.memory_bytes, row)
    speed = range_at(estimates.decode_tokens_per_s or estimates.throughput_per_s, row)
    slow = speed is not None and 0 < speed.expected < SLOW_PER_S
    each = 1 / (speed.expected * SECONDS_PER_HOUR) if slow and speed is not None else None
    return {
        "name": device.name if item.count == 1 else f"{item.count} x {device.name}",
        "one": device.name,
        "count": item.count,
        "device_gib": device.memory_bytes / GIB,
        "usable_gib": device.usable_memory_bytes / GIB,
        "memory_gib": None if memory is None else memory.expected / GIB,
        "memory_high_gib": None if memory is None else memory.high / GIB,
        "hours": hours if (hours := hours_at(estimates.duration_s, row)) is not None else each,
        "speed": None if speed is None else speed.expected,
        "unit": "tokens" if estimates.decode_tokens_per_s is not None else estimates.unit.removesuffix("/s"),
        "support_note": device.support_note.rstrip("."),
    }


def _not_needed(job: Job, need: Need, device: Accelerator, facts: dict[str, Value]) -> bool:
    """Whether a processor does this about as fast as the card: classical work on small tables."""
    if not isinstance(job.model, AlgorithmSpec) or device.kind == "cpu" or need.cpu_hours is None:
        return False
    hours = facts["hours"]
    return not isinstance(hours, float) or hours > WORTH_A_CARD_FRACTION * need.cpu_hours


def _verdict_code(fit: str, job: Job, device: Accelerator, facts: dict[str, Value]) -> str:
    if device.kind == "fpga":
        return "owned_fpga_training" if job.training else "owned_fpga"
    if fit == "unsupported":
        if device.support == "supported" and not has_back_end(job, device):
            return "owned_without_back_end"
        return "owned_cannot_train" if device.support == "supported" else f"owned_{device.support}"
    if device.kind == "cpu" and facts["hours"] is not None:
        return "owned_processor_hours"
    if device.kind == "cpu":
        return "owned_processor"
    if fit == "fits":
        return (
            "owned_fits_hours" if facts["hours"] is not None else "owned_fits_speed" if facts["speed"] else "owned_fits"
        )
    return f"owned_{fit}"


def _support_reasons(device: Accelerator, fit: str, facts: dict[str, Value]) -> list[Reason]:
    reasons = []
    if device.support == "legacy":
        reasons.append(Reason("owned_legacy", facts))
    elif device.vendor == "AMD" and device.kind == "gpu" and device.support == "supported":
        reasons.append(Reason("owned_rocm_note" if device.support_note else "owned_rocm", facts))
    elif device.kind == "apple_soc":
        reasons.append(Reason("owned_metal", facts))
    elif device.vendor == "Intel" and device.kind == "gpu" and device.support == "supported":
        reasons.append(Reason("owned_intel", facts))
    if device.segment == "laptop" and device.kind == "gpu" and fit != "unsupported":
        reasons.append(Reason("owned_laptop", facts))
    if device.unified_memory and device.kind != "cpu":
        reasons.append(Reason("owned_unified", facts))
    if device.kind == "tpu":
        reasons.append(Reason("owned_tpu", facts))
    return reasons


def _change(trials: _Trials, *, row: int, facts: dict[str, Value]) -> Reason:
    """The first cheaper recipe that fits one card; else what comes closest."""
    for code, estimates, job in trials.recipes:
        memory = range_at(estimates.memory_bytes, row)
        if float(estimates.fits[row]) >= 1.0 and memory is not None:
            values = facts | {"changed_gib": memory.expected / GIB, "seq_len": job.seq_len}
            return Reason(f"change_{code}", values | {"pixels": min(job.image_size) if job.image_size else None})
    return Reason("change_larger_card", facts)


def _judge_words(item: Item, job: Job, need: Need) -> Owned:
    """What can be said from a person's words alone."""
    words, generation = item.words, generation_of(item.words.text)
    fit, code = _words_verdict(words, job, need)
    values: dict[str, Value] = {
        "text": words.text,
        "generation": None if generation is None else generation.name,
        "software": None if generation is None else generation.software,
        "count": item.count,
        "device_gib": words.memory_gib,
        "memory_gib": need.memory_gib,
        "table_gib": table_gib(job),
        "cpu_hours": need.cpu_hours,
        "cpu_tokens_per_s": need.cpu_tokens_per_s,
        "notebook_hours": need.notebook_hours,
    }
    reasons = [Reason(f"considered_{code.removeprefix('owned_')}" if _told_as_considered(item, code) else code, values)]
    if item.count > 1 and not words.no_gpu:
        reasons.append(Reason("owned_memory_not_added", values))
    if generation is not None and code != "owned_old_generation" and _may_be_a_card(words):
        reasons.append(Reason("owned_ageing_generation", values))
    if words.vendor == "AMD":
        reasons.append(Reason("owned_unknown_radeon", values))
    return Owned(
        text=words.text,
        slug=None,
        name=words.text,
        count=item.count,
        fit=fit,
        reasons=tuple(reasons),
        change_needed=None,
        considering=item.considering,
        words=words,
    )


def _told_as_considered(item: Item, code: str) -> bool:
    """Whether a verdict from words alone has a wording of its own for what a person only considers."""
    return item.considering and code in TOLD_AS_THEIRS


def _may_be_a_card(words: Described) -> bool:
    """Whether the words may be a product's name, and not that there is no card."""
    return not (words.no_gpu or words.integrated or words.fpga)


def _words_verdict(words: Described, job: Job, need: Need) -> tuple[str, str]:
    if words.fpga:
        return ("unsupported", "owned_fpga_training") if job.training else ("unknown", "owned_fpga")
    if words.edge and not words.gpu:
        return "unsupported" if job.training else "unknown", "owned_edge"
    if words.lent and not isinstance(job.model, AlgorithmSpec):
        return _lent_verdict(need)
    if words.integrated:
        return "unsupported", "owned_integrated"
    if words.no_gpu:
        return _processor_verdict(need)
    generation = generation_of(words.text)
    if generation is not None and generation.support == "unsupported":
        return "unsupported", "owned_old_generation"
    if words.memory_gib is not None and isinstance(job.model, AlgorithmSpec):
        table = table_gib(job)
        too_large = table is not None and table > USABLE_FRACTION * words.memory_gib
        return ("does_not_fit", "owned_table_too_large") if too_large else ("unknown", "owned_unknown")
    if words.memory_gib is not None and need.memory is not None:
        usable = words.memory_gib * GIB * USABLE_FRACTION
        if need.memory.high <= FITS_WITHIN_FRACTION * usable:
            return "fits", "owned_memory_fits"
        return (
            ("does_not_fit", "owned_memory_too_small") if need.memory.low > usable else ("tight", "owned_memory_tight")
        )
    return "unknown", "owned_unknown_laptop" if words.laptop and not words.gpu else "owned_unknown"


def _lent_verdict(need: Need) -> tuple[str, str]:
    """The card of a notebook service: whether it holds the work, and how long it takes there."""
    if not need.notebook_fits:
        return "does_not_fit", "owned_notebook_too_small"
    return "fits", "owned_notebook" if need.notebook_hours is None else "owned_notebook_hours"


def _processor_verdict(need: Need) -> tuple[str, str]:
    """No card: the processor's own time decides, and is told."""
    if need.cpu_tokens_per_s is not None:
        return "fits", "owned_no_card_tokens"
    if need.cpu_hours is not None:
        quick = need.cpu_hours <= PATIENCE_HOURS
        return ("fits", "owned_no_card_hours") if quick else ("does_not_fit", "owned_no_card_slow")
    return "unknown", "owned_no_card"
