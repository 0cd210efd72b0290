"""What a person's list of hardware is made of: catalogue devices, or words that no product is known for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from app.advice.constraints import OwnedHardware
from app.advice.hardware_words import Described, described
from app.engine.hardware import Accelerator
from app.engine.job import Job
from app.engine.software import has_back_end
from app.engine.units import GIB


class Names(Protocol):
    """The catalogue's index of hardware names, as far as judging needs it."""

    def resolve(self, text: str) -> object:
        """A match (with ``slug``), an ambiguous name (with ``slugs``) or an unknown one (with ``nearest``)."""
        ...

    def find_in_text(self, text: str) -> Sequence[object]:
        """Matches and ambiguous names inside a free text."""
        ...


@dataclass(frozen=True)
class Item:
    """One thing to judge: a device, or words about one."""

    entry: OwnedHardware
    considering: bool
    words: Described
    device: Accelerator | None = None
    count: int = 1
    alternatives: tuple[Accelerator, ...] = ()


def items_of(entry: OwnedHardware, *, by_slug: dict[str, Accelerator], names: Names, considering: bool) -> list[Item]:
    """The devices that an entry names; one item without a device, where it names none."""
    text = entry.accelerator or entry.description or ""
    words = described(text, count=entry.count, counted=entry.accelerator is None)
    found = (
        [by_slug[text]] if text in by_slug else [names.resolve(text)] if entry.accelerator else names.find_in_text(text)
    )
    if words.no_gpu or words.integrated:
        found = [each for each in found if getattr(by_slug.get(getattr(each, "slug", "")), "kind", "gpu") == "cpu"]
    several = {slug for each in found for slug in getattr(each, "slugs", ())}
    found = [each for each in found if not _is_only_a_kind(each, by_slug) and getattr(each, "slug", "") not in several]
    items = []
    for each in found:
        count = max(
            entry.count, int(getattr(each, "count", 1)), words.count if len(found) == 1 or entry.count > 1 else 1
        )
        slugs = tuple(slug for slug in getattr(each, "slugs", ()) if slug in by_slug)
        slug = getattr(each, "slug", None)
        if slug in by_slug:
            device = as_told(by_slug[slug], words) if len(found) == 1 else by_slug[slug]
            items.append(Item(entry, considering, words, device, count))
        elif slugs:
            items.append(Item(entry, considering, words, by_slug[slugs[0]], count, tuple(by_slug[s] for s in slugs)))
    cards_found = any(item.device is not None and item.device.kind != "cpu" for item in items)
    only_words = words.no_gpu or words.integrated or (words.fpga and not cards_found)
    if not items or (only_words and not cards_found):
        items.append(Item(entry, considering, words, None, words.count))
    return items


def as_told(device: Accelerator, words: Described) -> Accelerator:
    """A computer with shared memory, with as much of it as its owner says: the catalogue holds the largest of each."""
    told_bytes = None if words.memory_gib is None else words.memory_gib * GIB
    if device.kind != "apple_soc" or told_bytes is None or told_bytes >= device.memory_bytes:
        return device
    usable_bytes = device.usable_memory_bytes * told_bytes / device.memory_bytes
    return replace(device, memory_bytes=told_bytes, usable_memory_bytes=usable_bytes)


def _is_only_a_kind(match: object, by_slug: dict[str, Accelerator]) -> bool:
    """Words such as "laptop" or "Core Ultra" that stand for a typical processor: they name no product."""
    device = by_slug.get(getattr(match, "slug", ""))
    words = str(getattr(match, "text", ""))
    return device is not None and device.kind == "cpu" and bool(words) and not any(sign.isdigit() for sign in words)


def fit_word(device: Accelerator, job: Job, *, value: float) -> str:
    """Whether a device does a job, in a word; ``value`` is the estimates' 1 (fits), 0.5 (tight), 0 or NaN."""
    if device.support in {"unsupported", "announced"} or (job.training and not device.trains) or device.kind == "fpga":
        return "unsupported"
    if not has_back_end(job, device):
        return "unsupported"
    if np.isnan(value):
        return "unknown"
    return "fits" if value >= 1.0 else "tight" if value > 0 else "does_not_fit"
