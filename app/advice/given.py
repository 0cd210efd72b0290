"""What somebody says they have, as devices: catalogue names, their own words, or what a tool printed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.advice.constraints import OwnedHardware
from app.advice.detected import UNREADABLE, Found, of_a_tool, read_pasted
from app.advice.hardware_words import described
from app.advice.pieces import Item, Names, as_told, items_of
from app.advice.reasons import Caution, Reason
from app.advice.rigs import device_of
from app.engine.hardware import Accelerator
from app.engine.units import GIB

LONGEST_WORDS = 2_000
"""Characters of a description that are looked at for names."""
MEMORY_TOLERANCE_FRACTION = 0.1
"""Tools report a little less memory than the box says: 81,559 MiB of an 80 GB card, 15,360 of a 16 GB one."""
MOST_NAMED = 4
LONGEST_SHOWN = 80
"""Characters of an unknown description that are repeated."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was given, and what is to be said about it."""

    items: tuple[Item, ...]
    cautions: tuple[Caution, ...]
    no_card: bool
    """It was said that there is no graphics card, or only one that does not count."""


def given_hardware(entries: Sequence[tuple[str, bool, int]], *, by_slug: dict[str, Accelerator], names: Names) -> Given:
    """The devices of entries: (text, whether it is a catalogue name, count)."""
    items: list[Item] = []
    for text, is_name, count in entries:
        found = [] if is_name else read_pasted(text)
        if found:
            counted = [replace(one, count=one.count * count) for one in found]
            items += [item_of(one, by_slug=by_slug, names=names) for one in counted]
        else:
            words = text if is_name else text[:LONGEST_WORDS]
            entry = OwnedHardware(
                accelerator=words if is_name else None, description=None if is_name else words, count=count
            )
            items += [_shortened(item) for item in items_of(entry, by_slug=by_slug, names=names, considering=False)]
    no_card = any(item.device is None and (_without_card(item) or _unknown_processor(item)) for item in items)
    return Given(tuple(items), tuple(caution for item in items if (caution := _caution(item))), no_card)


def item_of(found: Found, *, by_slug: dict[str, Accelerator], names: Names) -> Item:
    """The device that a tool reported; words where the catalogue does not know it."""
    memory = f" {round(found.memory_gib)}GB" if found.memory_gib else ""
    entry = OwnedHardware(description=f"{found.name}{memory.replace('GB', ' GB')}", count=found.count)
    words = described(entry.description or "", count=found.count, kind=found.kind, counted=False)
    if found.cut:
        fitting = _beginning_with(found, by_slug)
        if fitting:
            return Item(entry, False, words, fitting[0], found.count, fitting if len(fitting) > 1 else ())
    for text in (f"{found.name}{memory}", found.name):
        match = names.resolve(text)
        slug = getattr(match, "slug", None)
        slugs = tuple(each for each in getattr(match, "slugs", ()) if each in by_slug)
        if slug in by_slug:
            return Item(entry, False, words, as_told(by_slug[slug], words), found.count)
        if slugs:
            several = tuple(by_slug[each] for each in slugs)
            return Item(entry, False, words, several[0], found.count, several)
    return Item(entry, False, words, None, found.count)


def _beginning_with(found: Found, by_slug: dict[str, Accelerator]) -> tuple[Accelerator, ...]:
    """Devices whose names begin with a name that was cut off, and whose memory agrees."""
    start = _letters(found.name)
    fitting = [
        device for device in by_slug.values() if device.kind == "gpu" and _letters(device.name).startswith(start)
    ]
    if found.memory_gib is None:
        return tuple(fitting)
    reported = found.memory_gib * GIB
    return tuple(d for d in fitting if abs(d.memory_bytes / reported - 1) <= MEMORY_TOLERANCE_FRACTION)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().removeprefix("nvidia ").removeprefix("amd "))


def _shortened(item: Item) -> Item:
    """The item with the beginning of what was said of it: people paste whole pages."""
    told = " ".join(re.sub(r"[=+|-]{3,}", " ", item.words.text).split())
    short = told if len(told) <= LONGEST_SHOWN else f"{told[:LONGEST_SHOWN].rstrip()}…"
    return replace(item, words=replace(item.words, text=short or item.words.text[:LONGEST_SHOWN]))


def _without_card(item: Item) -> bool:
    return item.words.no_gpu or item.words.integrated


def _unknown_processor(item: Item) -> bool:
    """Words about a processor that the catalogue does not hold."""
    return item.device is None and item.words.cpu and not item.words.fpga


def _caution(item: Item) -> Caution | None:
    """What to tell of an item that is not plainly one product."""
    text = {"text": item.words.text}
    if item.alternatives and item.device is not None:
        listed = ", ".join(device.name for device in item.alternatives[:MOST_NAMED])
        return Caution("warning", Reason("fit_warning_ambiguous", {**text, "names": listed, "one": item.device.name}))
    if item.device is not None and item.device.support in {"unsupported", "announced"}:
        note = {"name": item.device.name, "support_note": item.device.support_note.rstrip(".")}
        return Caution("warning", Reason(f"owned_{item.device.support}", {**note}))
    if item.device is not None:
        return None
    if item.words.text.startswith(UNREADABLE):
        return Caution("warning", Reason("fit_warning_unreadable_card"))
    if _without_card(item):
        return Caution("note", Reason("fit_warning_no_card", {**text}))
    if _unknown_processor(item):
        return Caution("warning", Reason("fit_warning_unknown_processor", {**text}))
    code = "fit_warning_unknown" if device_of(item) is None else "fit_warning_memory_only"
    if code == "fit_warning_unknown" and of_a_tool(item.entry.description or ""):
        return Caution("warning", Reason("fit_warning_no_card_printed"))
    return Caution("warning", Reason(code, {**text}))
