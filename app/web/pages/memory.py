"""Does it fit? Bars of what each pick has and the work takes, with their table twin."""

from dataclasses import dataclass
from typing import Self

from app import formatting
from app.contract.answer import PickAnswer, RecommendationAnswer
from app.languages import say
from app.web.charts import Bar, bars
from app.web.labels import details, label


@dataclass(frozen=True, slots=True)
class FitRow:
    """One pick: what it has and what the work takes of it."""

    name: str
    css: str
    fit: str
    mark: str
    usable: str
    needed: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of the memory that the work takes."""

    name: str
    size: str
    gib: float
    formula: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class MemorySection:
    """Memory of the work."""

    summary: str
    expected_gib: float
    picks: tuple[FitRow, ...]
    parts: tuple[PartRow, ...]

    @classmethod
    def of(cls, answer: RecommendationAnswer) -> Self | None:
        """The section of an answer; None where the memory is unknown."""
        need = answer.need.memory_gib
        if need is None:
            return None
        about = formatting.gib_between(need.low, need.high)
        return cls(
            summary=say(
                "The work takes about {about} of memory, most likely {expected}.",
                about=about,
                expected=formatting.gib(need.expected),
            ),
            expected_gib=need.expected,
            picks=_picks(answer.picks),
            parts=_parts(answer),
        )


def _picks(picks: list[PickAnswer]) -> tuple[FitRow, ...]:
    known = [
        (pick, memory, pick.estimate.usable_memory_gib)
        for pick in picks
        if (memory := pick.estimate.memory_gib_per_device) and pick.estimate.usable_memory_gib
    ]
    drawn = bars([(usable, memory.expected, memory.low, memory.high) for _, memory, usable in known])
    return tuple(
        FitRow(
            name=pick.hardware.name + (say(" (each)") if pick.hardware.count > 1 else ""),
            css=pick.fit or "unknown",
            fit=details("fit", pick.fit or "unknown")[0],
            mark=details("fit", pick.fit or "unknown")[1],
            usable=formatting.gib(usable),
            needed=formatting.gib_between(memory.low, memory.high),
            bar=bar,
        )
        for (pick, memory, usable), bar in zip(known, drawn, strict=True)
    )


def _parts(answer: RecommendationAnswer) -> tuple[PartRow, ...]:
    parts = [part for part in answer.need.breakdown if part.gib > 0]
    drawn = bars([(0.0, part.gib, part.gib, part.gib) for part in parts])
    return tuple(
        PartRow(label("part", part.part), formatting.gib(part.gib), part.gib, formatting.formula(part.formula), bar)
        for part, bar in zip(parts, drawn, strict=True)
    )
