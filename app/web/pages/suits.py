"""What a device is good for: typical jobs, sorted into what fits, what is tight and what does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from app import formatting
from app.advisor import Suit
from app.languages import say
from app.web.labels import details
from app.worded import worded

SPEEDS = {"fast": worded("Fast"), "usable": worded("Usable"), "slow": worded("Slow"), "impractical": worded("Too slow")}


@dataclass(frozen=True, slots=True)
class SuitRow:
    """One job on the device."""

    title: str
    fit: str
    css: str
    mark: str
    memory: str
    speed: str


@dataclass(frozen=True, slots=True)
class SuitGroup:
    """Jobs of one kind."""

    title: str
    rows: tuple[SuitRow, ...]

    @classmethod
    def all_of(cls, suits: Sequence[Suit]) -> tuple[Self, ...]:
        """The jobs by kind, in their order."""
        groups = groupby(suits, key=lambda suit: suit.job.group)
        return tuple(cls(say(title), tuple(_row(each) for each in found)) for title, found in groups)


def _row(suit: Suit) -> SuitRow:
    fit, mark = details("fit", suit.fit)
    told = formatting.gib(suit.memory_gib) if suit.memory_gib else ""
    return SuitRow(say(suit.job.title), fit, suit.fit, mark, told, _speed(suit))


def _speed(suit: Suit) -> str:
    if suit.speed is None:
        return ""
    value, word = suit.speed.value, say(SPEEDS[suit.speed.speed_class])
    if suit.speed.kind == "hours":
        return f"{word}, {formatting.duration_between(value.low, value.high)}"
    return f"{word}, {formatting.between(value.low, value.high, unit=suit.speed.unit)}"
