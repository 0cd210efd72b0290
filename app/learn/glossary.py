"""Terms of this site in plain words, from ``glossary.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("glossary.toml")


@dataclass(frozen=True, slots=True)
class Term:
    """A term, what else it is called, and what it means."""

    name: str
    text: str
    also: str = ""

    @property
    def anchor(self) -> str:
        """Where on the page it stands.

        >>> Term("bf16, fp16", "").anchor
        'term-bf16-fp16'
        """
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a text, with the term it names; None for what lies between."""

    text: str
    term: Term | None = None


def marked(text: str, *, known: set[str]) -> tuple[Run, ...]:
    """A text with each term where it stands for the first time; ``known`` gains the terms that were met.

    >>> [(run.text, run.term and run.term.name) for run in marked("Two batches fit.", known=set())]
    [('Two ', None), ('batches', 'Batch'), (' fit.', None)]
    """
    runs: list[Run] = []
    end = 0
    for found in _words().finditer(text):
        term = _by_word()[_singular(found.group())]
        if term.name in known:
            continue
        known.add(term.name)
        runs += [Run(text[end : found.start()]), Run(found.group(), term)]
        end = found.end()
    return tuple(run for run in [*runs, Run(text[end:])] if run.text)


def _singular(word: str) -> str:
    lower = word.lower()
    return next(each for each in (lower, lower.removesuffix("s"), lower.removesuffix("es")) if each in _by_word())


@cache
def _by_word() -> dict[str, Term]:
    return {
        word.strip().lower(): term
        for term in terms()
        for word in f"{term.name}, {term.also}".split(",")
        if word.strip()
    }


@cache
def _words() -> re.Pattern[str]:
    """Any term as a whole word, the longest first; plurals too."""
    longest_first = sorted(_by_word(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?:e?s)?(?![\w-])", re.IGNORECASE)


@cache
def terms() -> tuple[Term, ...]:
    """All terms by name."""
    entries = tomllib.loads(_FILE.read_text("utf-8"))["term"]
    return tuple(sorted((Term(**entry) for entry in entries), key=lambda term: term.name.lower()))
