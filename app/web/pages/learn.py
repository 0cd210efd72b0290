"""The list of learn pages, and one of them: words with numbers in place, a picture, and its table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import ClassVar, Self

from app.languages import say
from app.learn.glossary import Run, marked
from app.learn.lesson import Bar, Lesson, Matrix, Moment, Section, Source, Table, Use, Worked, lessons
from app.learn.tries import Try
from app.web.pages.head import PICTURE, Head

BAR_WIDTH = 100.0
"""Width of a bar's drawing, which is stretched to the room it has."""
GAP = 0.5
"""Room between stacked parts, so that they can be told apart without colour. In drawing units."""
CELL = 34
"""Side of one number of a matrix. In drawing units."""
SIGN = 30
"""Room for a sign between matrices. In drawing units."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the list."""

    number: int
    title: str
    idea: str
    url: str


@dataclass(frozen=True, slots=True)
class LearnPage:
    """Everything there is to read."""

    template: ClassVar[str] = "learn/list.html"

    title: str
    entries: tuple[Entry, ...]
    head: Head

    @classmethod
    def of(cls, found: Sequence[Lesson], *, base_url: str) -> Self:
        """The list in reading order."""
        about = say(
            "Why machine learning needs the hardware it needs: one idea on each page, with numbers and sources."
        )
        return cls(
            title=say("Learn"), entries=entries_of(found), head=Head.of(say("Learn"), about, url=f"{base_url}/learn")
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar. In drawing units."""

    css: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class BarView:
    """A bar with its words."""

    name: str
    told: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a matrix. In drawing units."""

    x: int
    y: int
    text: str
    css: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Two matrices and their product; one row, one column and what comes of them stand out."""

    width: int
    height: int
    cells: tuple[Cell, ...]
    signs: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading and what stands below it, with terms of the glossary marked."""

    heading: str
    paragraphs: tuple[tuple[Run, ...], ...]
    listed: bool


@dataclass(frozen=True, slots=True)
class LessonPage:
    """One idea."""

    template: ClassVar[str] = "learn/show.html"

    title: str
    idea: str
    sections: tuple[SectionView, ...]
    drawing: Drawing | None
    bars: tuple[BarView, ...]
    legend: tuple[tuple[str, str], ...]
    """Class of a part and its name."""
    caption: str
    told: str
    table: Table
    after: tuple[SectionView, ...]
    try_it: Try | None
    """A sum with the reader's own numbers."""
    moments: tuple[Moment, ...]
    sources: tuple[Source, ...]
    use: Use
    before_page: Entry | None
    next_page: Entry | None
    head: Head

    @classmethod
    def of(cls, found: Lesson, worked: Worked, *, tried: Try | None, base_url: str) -> Self:
        """The page of a lesson with its numbers."""
        numbers = worked.numbers
        entries = entries_of(lessons())
        place = next(entry.number for entry in entries if entry.url == url_of(found))
        return cls(
            title=say(found.title),
            idea=say(found.idea).format_map(numbers),
            sections=_filled(found.sections, numbers),
            drawing=None if worked.product is None else drawing(worked.product),
            bars=bar_views(worked.bars),
            legend=tuple((_css(n), name) for n, name in enumerate(worked.legend)),
            caption=say(found.caption).format_map(numbers),
            told=say(found.told).format_map(numbers),
            table=worked.table,
            after=_filled(found.after, numbers),
            try_it=tried,
            moments=tuple(replace(each, when=say(each.when), what=say(each.what)) for each in found.moments),
            sources=tuple(Source(say(each.text), each.url) for each in found.sources),
            use=replace(found.use, text=say(found.use.text), label=say(found.use.label)),
            before_page=entries[place - 2] if place > 1 else None,
            next_page=entries[place] if place < len(entries) else None,
            head=_head(found, idea=say(found.idea).format_map(numbers), base_url=base_url),
        )


def _head(found: Lesson, *, idea: str, base_url: str) -> Head:
    url = base_url + url_of(found)
    return Head.of(say(found.title), idea, url=url, image_url=url + PICTURE)


def entries_of(found: Sequence[Lesson]) -> tuple[Entry, ...]:
    """Pages in reading order."""
    return tuple(Entry(n, say(each.title), say(each.idea), url_of(each)) for n, each in enumerate(found, start=1))


def url_of(found: Lesson) -> str:
    """Where a lesson stands."""
    return f"/learn/{found.slug}"


def _filled(sections: Sequence[Section], numbers: Mapping[str, str]) -> tuple[SectionView, ...]:
    return tuple(_section(each, numbers) for each in sections)


def _section(section: Section, numbers: Mapping[str, str]) -> SectionView:
    known = set[str]()
    paragraphs = tuple(marked(say(text).format_map(numbers), known=known) for text in section.paragraphs)
    return SectionView(say(section.heading).format_map(numbers), paragraphs, section.listed)


def bar_views(bars: Sequence[Bar]) -> tuple[BarView, ...]:
    """Bars on one scale; the longest fills the width."""
    longest = max((sum(bar.parts) for bar in bars), default=0.0) or 1.0
    return tuple(BarView(bar.name, bar.told, _parts(bar.parts, longest)) for bar in bars)


def _parts(values: Sequence[float], longest: float) -> tuple[Part, ...]:
    ends = [BAR_WIDTH * value / longest for value in accumulate(values)]
    starts = [0.0, *ends[:-1]]
    stretches = enumerate(zip(starts, ends, strict=True))
    gap = GAP if len(values) > 1 else 0.0
    return tuple(
        Part(_css(n), round(start, 2), round(max(end - start - gap, gap), 2))
        for n, (start, end) in stretches
        if end > start
    )


def _css(n: int) -> str:
    return f"part-{n + 1}"


def drawing(product: tuple[Matrix, Matrix, Matrix]) -> Drawing:
    """Where each number of a matrix product is drawn."""
    left, right, result = product
    height = CELL * max(len(matrix) for matrix in product)
    first = CELL * len(left[0])
    second = first + SIGN + CELL * len(right[0])
    cells = [
        *_cells(left, 0, height=height, hot=lambda row, _: row == 0),
        *_cells(right, first + SIGN, height=height, hot=lambda _, column: column == 0),
        *_cells(result, second + SIGN, height=height, hot=lambda row, column: row == column == 0),
    ]
    signs = (
        Cell(first + SIGN // 2, height // 2, "×", "sign"),
        Cell(second + SIGN // 2, height // 2, "=", "sign"),
    )
    return Drawing(second + SIGN + CELL * len(result[0]), height, tuple(cells), signs)


def _cells(matrix: Matrix, left: int, *, height: int, hot: Callable[[int, int], bool]) -> list[Cell]:
    top = (height - CELL * len(matrix)) // 2
    return [
        Cell(left + CELL * x, top + CELL * y, str(value), "hot" if hot(y, x) else "cold")
        for y, row in enumerate(matrix)
        for x, value in enumerate(row)
    ]
