"""What a learn page is made of: words with places for numbers, from ``lessons/``, and the numbers worked out."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

LESSONS = Path(__file__).parent / "lessons"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    paragraphs: tuple[str, ...]
    listed: bool = False
    """Whether the paragraphs are points of a list."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from; some are books and have no address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A dated event, or a claim, with what is to be said of it."""

    when: str
    what: str
    source: str
    url: str


@dataclass(frozen=True, slots=True)
class Use:
    """Where the idea shows in an answer."""

    text: str
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """The words of one page. Every text may hold places such as ``{hours}`` for the numbers."""

    slug: str
    title: str
    idea: str
    """The one idea in one or two sentences."""
    sections: tuple[Section, ...]
    caption: str
    told: str
    """The picture in words."""
    after: tuple[Section, ...]
    moments: tuple[Moment, ...]
    sources: tuple[Source, ...]
    use: Use

    @classmethod
    def of(cls, slug: str, entry: Mapping[str, Any]) -> Self:
        """A page from its file."""
        return cls(
            slug=slug,
            title=entry["title"],
            idea=entry["idea"],
            sections=tuple(_section(each) for each in entry["section"]),
            caption=entry["picture"]["caption"],
            told=entry["picture"]["told"],
            after=tuple(_section(each) for each in entry.get("after", ())),
            moments=tuple(Moment(**each) for each in entry.get("moment", ())),
            sources=tuple(_source(each) for each in entry["source"]),
            use=Use(**entry["use"]),
        )


def _source(entry: Mapping[str, str]) -> Source:
    """A source: the title of a paper, which stays as it is, or our words for a page."""
    return Source(entry.get("paper") or entry["text"], entry.get("url", ""))


def _section(entry: Mapping[str, Any]) -> Section:
    return Section(entry["heading"], tuple(entry["text"]), listed=entry.get("list", False))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture, in any unit that all bars share; several parts are stacked."""

    name: str
    parts: tuple[float, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Table:
    """The picture as a table; the first column names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """The numbers of one page, computed from the catalogue by the engine."""

    numbers: Mapping[str, str]
    bars: tuple[Bar, ...]
    table: Table
    legend: tuple[str, ...] = ()
    """Names of the stacked parts, in order."""
    product: tuple[Matrix, Matrix, Matrix] | None = None
    """Two matrices and their product, to be drawn."""


@cache
def lessons() -> tuple[Lesson, ...]:
    """All pages in the order in which they are best read."""
    files = sorted(LESSONS.glob("*.toml"))
    return tuple(Lesson.of(file.stem.partition("-")[2], tomllib.loads(file.read_text("utf-8"))) for file in files)


def lesson(slug: str) -> Lesson | None:
    """The page of this name.

    >>> lesson("vgg16").title
    'VGG16 by the numbers'
    """
    return next((each for each in lessons() if each.slug == slug), None)
