"""Small sums for readers on learn pages: type your own numbers, see what comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app import formatting
from app.catalogue.snapshot import Snapshot
from app.engine.units import GB, GIB
from app.languages import say
from app.learn.estimating import estimated
from app.learn.memory_pages import ROOMY
from app.questionnaire.amounts import amount
from app.worded import worded

LONGEST = 40
"""Characters of a number."""
LARGEST_MODEL = 2e12
LONGEST_TEXT = 1e6
MONTHS = 36.0
"""Over how long a bought machine is counted."""
BITS = {"bf16": worded("16 bits"), "int8": worded("8 bits"), "int4": worded("4 bits")}
WAYS = {
    "full": worded("Train everything"),
    "lora": worded("LoRA: small adapters only"),
    "qlora": worded("QLoRA: base held in 4 bits"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A number that readers may change."""

    id: str
    label: str
    default: str
    measure: str
    most: float
    least: float = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A number in its box, and what is wrong with it."""

    id: str
    label: str
    value: str
    error: str


@dataclass(frozen=True, slots=True)
class Try:
    """The sum of a page."""

    prompt: str
    entries: tuple[Entry, ...]
    lines: tuple[tuple[str, str], ...]
    """What comes out: names and values. Empty where a number could not be read."""


Sum = Callable[[Snapshot, Mapping[str, float]], list[tuple[str, str]]]


def _training(catalogue: Snapshot, given: Mapping[str, float]) -> list[tuple[str, str]]:
    job = {
        "task": "finetune",
        "domain": "text",
        "model": {"parameters": given["size"], "architecture": "decoder"},
        "batch_size": 1,
        "sequence_length": int(given["length"]),
    }
    return [(say(name), _memory(catalogue, job | {"method": way})) for way, name in WAYS.items()]


def _serving(catalogue: Snapshot, given: Mapping[str, float]) -> list[tuple[str, str]]:
    job = {
        "task": "inference",
        "domain": "text",
        "model": {"parameters": given["size"], "architecture": "decoder"},
        "sequence_length": int(given["length"]),
        "concurrent_requests": int(given["people"]),
    }
    return [(say(name), _memory(catalogue, job | {"precision": bits})) for bits, name in BITS.items()]


def _memory(catalogue: Snapshot, job: Mapping[str, object]) -> str:
    need = estimated(catalogue, job, device=ROOMY).memory_gib_per_device
    return formatting.gib_between(need.low, need.high) if need else formatting.unknown()


def _break_even(catalogue: Snapshot, given: Mapping[str, float]) -> list[tuple[str, str]]:
    del catalogue
    monthly = given["price"] * (1 - given["resale"] / 100) / MONTHS
    hours = monthly / given["rent"]
    return [
        (say("Owning costs a month, before electricity"), formatting.usd(monthly)),
        (say("Renting is cheaper below"), say("{hours} hours a month", hours=formatting.number(hours))),
    ]


def _reading(catalogue: Snapshot, given: Mapping[str, float]) -> list[tuple[str, str]]:
    del catalogue
    weights = given["size"] * given["bits"] / 8
    pace = given["bandwidth"] * GB / weights
    return [
        (say("The weights take"), formatting.gib(weights / GIB)),
        (say("Tokens a second for one reader, at most"), formatting.number(pace)),
    ]


_SIZE = Asked("size", worded("Parameters of the model"), "8B", "count", LARGEST_MODEL)
_LENGTH = Asked("length", worded("Length of a text in tokens"), "2048", "count", LONGEST_TEXT)
_TRIES: Mapping[str, tuple[str, tuple[Asked, ...], Sum]] = {
    "memory-of-training": (worded("Your own model: what training it takes"), (_SIZE, _LENGTH), _training),
    "memory-of-serving": (
        worded("Your own model: what running it takes"),
        (_SIZE, _LENGTH, Asked("people", worded("People at the same time"), "1", "count", 10_000)),
        _serving,
    ),
    "buy-or-rent": (
        worded("Your own prices: from how many hours buying pays"),
        (
            Asked("price", worded("Price of the machine in dollars"), "3000", "money", 1e8),
            Asked("resale", worded("Of that it brings again, in percent"), "30", "count", 99, least=0.0),
            Asked("rent", worded("Renting the same, dollars an hour"), "0.50", "money", 1e5, least=0.001),
        ),
        _break_even,
    ),
    "reading-a-spec-sheet": (
        worded("Your own card: how fast it can write at most"),
        (
            Asked("bandwidth", worded("Memory bandwidth in GB/s"), "936", "count", 1e6),
            _SIZE,
            Asked("bits", worded("Bits of a weight"), "4", "count", 64),
        ),
        _reading,
    ),
}


def try_it(slug: str, texts: Mapping[str, str], *, catalogue: Snapshot) -> Try | None:
    """The sum of a page with a reader's numbers; None where a page has none."""
    if slug not in _TRIES:
        return None
    prompt, fields, worked = _TRIES[slug]
    entries, given = [], {}
    for field in fields:
        text = texts.get(field.id, "").strip()[:LONGEST] or field.default
        found = amount(text, field.measure)
        sound = found is not None and field.least <= found.value <= field.most
        if found is not None and sound:
            given[field.id] = found.value
        error = "" if sound else say("Enter a number, like {example}.", example=field.default)
        entries.append(Entry(field.id, say(field.label), text, error))
    lines = worked(catalogue, given) if len(given) == len(fields) else []
    return Try(say(prompt), tuple(entries), tuple(lines))
