"""The same work in other ways, and with other models: bars against the memory of usual cards, and a small map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from app import formatting
from app.advice.policy import Tier
from app.advice.variants import Cell, Variants, Way
from app.engine.units import GIB
from app.languages import say
from app.web.charts import Tick
from app.web.labels import label

CARD_SIZES = (8, 12, 16, 24, 32, 48, 80, 96, 141, 192)
"""Memory of usual cards, where lines are drawn. [GiB]"""
BESIDE_GIB = 1.35
"""How much further than the longest bar the scale reaches, so that the next card is seen."""
LEFT, RIGHT, TOP, ROW, THICK = 8.0, 12.0, 30.0, 44.0, 20.0
SIZES = (("wide", 640), ("narrow", 340))
NEAREST_LABELS = 34.0
"""Labels of lines that stand closer than this are left out. In drawing units."""
PATTERNS = 4
"""Parts that have a look of their own; smaller ones are drawn together."""
LETTERS = "ABCDEFGH"
ROOM = 0.9
"""Part of a card's memory that may be filled, as where verdicts say "fits"."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One part of a bar. In drawing units."""

    css: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class WayBar:
    """One way, drawn."""

    name: str
    told: str
    y: float
    parts: tuple[Stretch, ...]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WaysChart:
    """The drawing for one width."""

    css: str
    width: int
    height: float
    lines: tuple[Tick, ...]
    bars: tuple[WayBar, ...]


@dataclass(frozen=True, slots=True)
class WayRow:
    """One way in the table twin."""

    name: str
    memory: str
    card: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """Every way of doing the work."""

    charts: tuple[WaysChart, ...]
    legend: tuple[tuple[str, str], ...]
    rows: tuple[WayRow, ...]
    summary: str

    @classmethod
    def of(cls, variants: Variants) -> Self | None:
        """The bars; None where there is only one way."""
        ways = variants.ways
        if len(ways) < 2:
            return None
        names = _largest_parts(ways)
        rows = tuple(_way_row(way) for way in ways)
        return cls(
            charts=tuple(_ways_chart(ways, names, css=css, width=width) for css, width in SIZES),
            legend=tuple((f"part-{n}", text) for n, text in enumerate(_named(names), start=1)),
            rows=rows,
            summary=" ".join(f"{row.name}: {row.memory}." for row in rows),
        )


def _largest_parts(ways: Sequence[Way]) -> list[str]:
    """Parts with a look of their own, the largest first."""
    total: dict[str, float] = {}
    for way in ways:
        for part in way.parts:
            total[part.part] = total.get(part.part, 0.0) + part.bytes
    return sorted(total, key=lambda name: -total[name])[: PATTERNS - 1]


def _named(names: Sequence[str]) -> list[str]:
    return [*(label("part", name) for name in names), say("Everything else")]


def _way_name(way: Way) -> str:
    topic = "option_method" if way.name in {"full", "lora", "qlora"} else "option_precision"
    return label(topic, way.name)


def _way_row(way: Way) -> WayRow:
    low, high = way.memory.low / GIB, way.memory.high / GIB
    return WayRow(_way_name(way), formatting.gib_between(low, high), _smallest_card(high), way.asked)


def _smallest_card(gib: float) -> str:
    size = next((size for size in CARD_SIZES if gib <= size * ROOM), None)
    return say("{size} GB", size=size) if size else say("several cards")


def _ways_chart(ways: Sequence[Way], names: Sequence[str], *, css: str, width: int) -> WaysChart:
    most = max(way.memory.high for way in ways) / GIB * 1.04
    nearest = next((size for size in CARD_SIZES if size >= most / BESIDE_GIB), 0)
    most = max(most, float(nearest) * 1.04)

    def x(gib: float) -> float:
        return round(LEFT + (width - LEFT - RIGHT) * gib / most, 1)

    lines: list[Tick] = []
    for size in CARD_SIZES:
        if size < most and (not lines or x(size) - lines[-1].at >= NEAREST_LABELS):
            lines.append(Tick(x(size), str(size)))
    bars = tuple(_way_bar(way, names, y=TOP + n * ROW, x=x) for n, way in enumerate(ways))
    return WaysChart(css, width, TOP + len(ways) * ROW + 4, tuple(lines), bars)


def _way_bar(way: Way, names: Sequence[str], *, y: float, x: Callable[[float], float]) -> WayBar:
    sizes = {part.part: part.bytes / GIB for part in way.parts}
    values = [*(sizes.get(name, 0.0) for name in names), sum(v for n, v in sizes.items() if n not in names)]
    ends = list(accumulate(values))
    stretches = tuple(
        Stretch(f"part-{n}", x(end - value), round(max(x(end) - x(end - value) - 1, 0.5), 1))
        for n, (value, end) in enumerate(zip(values, ends, strict=True), start=1)
        if value > 0
    )
    low, high = way.memory.low / GIB, way.memory.high / GIB
    told = f"{_way_name(way)}: {formatting.gib_between(low, high)}"
    return WayBar(_way_name(way), told, y, stretches, x(low), x(high))


@dataclass(frozen=True, slots=True)
class MapCell:
    """One size and length: which class of hardware holds it."""

    letter: str
    css: str
    memory: str
    length: str


@dataclass(frozen=True, slots=True)
class MapRow:
    """One size of model."""

    size: str
    cells: tuple[MapCell, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Class of hardware by size of the model and length of the texts."""

    lengths: tuple[str, ...]
    rows: tuple[MapRow, ...]
    legend: tuple[tuple[str, str, str], ...]
    """Letter, class of the look, and title of each class of hardware."""

    @classmethod
    def of(cls, variants: Variants, tiers: Sequence[Tier]) -> Self | None:
        """The map; None where sizes and lengths mean nothing."""
        if not variants.cells:
            return None
        classes = [tier for tier in sorted(tiers, key=lambda tier: tier.position) if tier.memory_gib_max]
        lengths = list(dict.fromkeys(cell.sequence_length for cell in variants.cells))
        sizes = list(dict.fromkeys(cell.parameters for cell in variants.cells))
        rows = tuple(
            MapRow(
                formatting.large(size),
                tuple(_map_cell(cell, classes) for cell in variants.cells if cell.parameters == size),
            )
            for size in sizes
        )
        legend = [(LETTERS[n], f"heat-{n + 1}", say(tier.title)) for n, tier in enumerate(classes)]
        legend.append((LETTERS[len(classes)], f"heat-{len(classes) + 1}", say("Several cards or a server")))
        return cls(tuple(_length(n) for n in lengths), rows, tuple(legend))


def _map_cell(cell: Cell, classes: Sequence[Tier]) -> MapCell:
    high = cell.memory.high / GIB
    place = next((n for n, tier in enumerate(classes) if high <= (tier.memory_gib_max or 0) * ROOM), len(classes))
    memory = formatting.gib_between(cell.memory.low / GIB, high)
    return MapCell(LETTERS[place], f"heat-{place + 1}", memory, _length(cell.sequence_length))


def _length(tokens: int) -> str:
    return say("{count} tokens", count=formatting.exact(tokens))
