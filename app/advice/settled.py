"""What we assumed gives way: no value of ours may ask for a larger class of card where a smaller one costs nothing.

Somebody who trains picks the batch by the card, and lets a generator decode in tiles; both cost hardly any time. So
where the usual value, which nobody asked for, needs the next class of cards, the smaller one is taken and told.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.advice.constraints import Constraints
from app.advice.need import Need, need_of
from app.advice.policy import Tier
from app.advice.sensitivity import Rejob
from app.engine.assumed import typical
from app.engine.defaults import domain_of
from app.engine.hardware import Devices
from app.engine.job import Assumption, Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, TransformerSpec

COMFORTABLE_GIB = 16.0
"""Nobody works with smaller batches only to buy a card with less memory than this. [GiB]"""
ADAPTERS = frozenset({"lora", "qlora"})
"""Methods that people choose for the memory they save: they cut their texts to the card before they change it."""
HALF_BATCH = "half the usual batch: the usual one would ask for a larger class of card, and gains little"
QUARTER_BATCH = "a quarter of the usual batch: the usual one would ask for a larger class of card, and gains little"
FEWEST_OF_MANY = "as many as fit are asked for: hardware is chosen that holds at least so many"
SHORT_TEXTS = (
    "half the usual length: most instructions are shorter, and the usual one would ask for a larger class of card"
)
SMALL_CLIPS = "generators are adapted with small, short clips; whole ones would ask for a larger class of card"
IN_TILES = "pictures are decoded piece by piece where memory is short, which costs hardly any time"


@dataclass(frozen=True, slots=True)
class Settled:
    """A job as an experienced person would run it, and what it needs."""

    job: Job
    need: Need
    ease: Callable[[Job], Job | None] | None = None
    """The change that was made to the job; None where the usual values stay."""

    def alike(self, rejob: Rejob) -> Rejob:
        """Neighbouring questions with the same change, so that answers differ by nothing else."""
        return rejob if self.ease is None else _alike(rejob, self.ease)


def planned_for_many(job: Job, rejob: Rejob) -> tuple[Job, Rejob]:
    """Where as many requests are asked for as fit, the job of the fewest that hardware is chosen for."""
    planned = _fewest_of_many(job)
    return (job, rejob) if planned is None else (planned, _alike(rejob, _fewest_of_many))


def _alike(rejob: Rejob, ease: Callable[[Job], Job | None]) -> Rejob:
    """Neighbouring questions with a change where it applies to them."""

    def eased(changes: Mapping[str, Any]) -> Job | None:
        other = rejob(changes)
        return None if other is None else ease(other) or other

    return eased


def _fewest_of_many(job: Job) -> Job | None:
    if job.concurrent_requests is not None or isinstance(job.model, AlgorithmSpec):
        return None
    if job.workload.concurrent_requests != "max":
        return None
    many = int(typical()["arrivals"]["most_together"])
    told = _told(job, Assumption("concurrent_requests", many, FEWEST_OF_MANY))
    return replace(job, concurrent_requests=many, assumptions=told)


def settled(job: Job, need: Need, *, constraints: Constraints, devices: Devices, tiers: tuple[Tier, ...]) -> Settled:
    """The job with the usual values, or with the smaller ones where those lower the class of card that it asks for."""
    bounds = [most for tier in tiers if (most := tier.memory_gib_max or 0.0) >= COMFORTABLE_GIB]
    if _classes(need, bounds) == (0, 0):
        return Settled(job, need)
    for ease in _easings(job):
        easier = ease(job)
        if easier is None:
            continue
        eased = need_of(easier, constraints, devices=devices)
        if _classes(eased, bounds) < _classes(need, bounds) or _generates_in_less(job, need, eased):
            return Settled(easier, eased, ease)
    return Settled(job, need)


def _classes(need: Need, bounds: list[float]) -> tuple[int, int]:
    """How many classes of cards are likely too small, and how many may be."""
    sizes = (need.smallest_single_gpu_gib, need.smallest_sure_gpu_gib)
    likely, sure = (sum(size is None or size > bound for bound in bounds) for size in sizes)
    return likely, sure


def _generates_in_less(job: Job, need: Need, eased: Need) -> bool:
    """Whether a generator that no desktop card holds gains by it, on the way to keeping parts in system memory."""
    before, after = need.memory_gib, eased.memory_gib
    gains = before is not None and after is not None and after < before
    return gains and not job.training and not need.consumer_gpu_fits


def _easings(job: Job) -> tuple[Callable[[Job], Job | None], ...]:
    """Changes that cost hardly any time, the smallest first."""
    if isinstance(job.model, AlgorithmSpec):
        return ()
    if job.workload.task == "finetune" and isinstance(job.model, DiffusionSpec) and job.model.default_frames > 1:
        return (small_clips,)
    if job.training and job.method in ADAPTERS and isinstance(job.model, TransformerSpec):
        return half_batch, quarter_batch, short_texts
    if job.training or job.workload.works_through_data:
        return half_batch, quarter_batch
    return (in_tiles,) if isinstance(job.model, DiffusionSpec) else ()


def half_batch(job: Job) -> Job | None:
    """The job with half of a batch that nobody asked for; None where they did, or where it is one example."""
    return _smaller_batch(job, 2, HALF_BATCH)


def quarter_batch(job: Job) -> Job | None:
    """The same with a quarter of it."""
    return _smaller_batch(job, 4, QUARTER_BATCH)


def _smaller_batch(job: Job, times: int, why: str) -> Job | None:
    if job.workload.batch_size is not None or job.micro_batch_size < times:
        return None
    batch = job.micro_batch_size // times
    # requests of a pile of data are its usual batch under another name
    rest = tuple(each for each in job.assumptions if each.field != "concurrent_requests")
    told = _told(replace(job, assumptions=rest), Assumption("batch_size", batch, why))
    return _with_its_steps(replace(job, micro_batch_size=batch, assumptions=told), job.micro_batch_size / batch)


def _with_its_steps(job: Job, times: float) -> Job:
    """The job whose batch became so many times smaller, with as many optimizer steps as somebody asked for.

    A step that was supposed to take many sequences gathers them in more parts; any other sees less data.
    """
    if job.workload.steps is None or domain_of(job.workload) == "rl":  # whose steps are those of the environment
        return job
    gathered = next((each for each in job.assumptions if each.field == "gradient_accumulation"), None)
    if gathered is None:
        return replace(job, samples=None if job.samples is None else job.samples / times)
    parts = round(job.gradient_accumulation_steps * times)
    return replace(job, gradient_accumulation_steps=parts, assumptions=_told(job, replace(gathered, value=parts)))


def short_texts(job: Job) -> Job | None:
    """The job of adapters with texts of half the usual length; None where somebody said how long theirs are."""
    given = job.workload.dataset
    assumed = any(each.field == "sequence_length" for each in job.assumptions)
    if not assumed or job.seq_len < 2 or (given is not None and given.tokens):
        return None
    length = job.seq_len // 2
    told = _told(job, Assumption("sequence_length", length, SHORT_TEXTS))
    tokens = None if job.tokens is None else job.tokens * length / job.seq_len
    return replace(job, seq_len=length, tokens=tokens, assumptions=told)


def small_clips(job: Job) -> Job | None:
    """The job of adapting a video generator with clips as trainers use them; None where both measures were asked for.

    The generator keeps its size for making clips; what it learns from may be smaller; a still picture is one too.
    """
    clip, asked = typical()["adapting_clip"], job.workload
    height, width = clip["image_size"]
    changed = job
    if asked.image_size is None and job.image_size is not None and math.prod(job.image_size) > height * width:
        told = _told(changed, Assumption("image_size", f"{height} x {width}", SMALL_CLIPS))
        changed = replace(changed, image_size=(height, width), assumptions=told)
    if asked.frames is None and job.frames > clip["frames"]:
        told = _told(changed, Assumption("frames", clip["frames"], SMALL_CLIPS))
        changed = replace(changed, frames=clip["frames"], assumptions=told)
    return None if changed is job else changed


def in_tiles(job: Job) -> Job | None:
    """The job of a generator whose autoencoder works piece by piece; None where it does already."""
    if job.decodes_in_tiles:
        return None
    return replace(job, decodes_in_tiles=True, assumptions=_told(job, Assumption("decoding", "tiled", IN_TILES)))


def _told(job: Job, instead: Assumption) -> tuple[Assumption, ...]:
    kept = tuple(each for each in job.assumptions if each.field != instead.field)
    return (*kept, instead)
