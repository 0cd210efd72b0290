"""Terms of this site in plain words, from ``glossary.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.languages import say, speaking, spoken

ENDINGS = ("s", "es", "n", "en", "e")
"""What a term may end with beside its name: plurals, in the languages of the site."""

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
    language = spoken().code
    for found in _words(language).finditer(text):
        term = _by_word(language)[_singular(found.group(), language)]
        if term.name in known:
            continue
        known.add(term.name)
        runs += [Run(text[end : found.start()]), Run(found.group(), term)]
        end = found.end()
    return tuple(run for run in [*runs, Run(text[end:])] if run.text)


def _singular(word: str, language: str) -> str:
    lower = word.lower()
    shorter = (lower, *(lower.removesuffix(ending) for ending in ENDINGS))
    return next(each for each in shorter if each in _by_word(language))


@cache
def _by_word(language: str) -> dict[str, Term]:
    with speaking(language):
        said = terms()
    return {
        word.strip().lower(): term for term in said for word in f"{term.name}, {term.also}".split(",") if word.strip()
    }


@cache
def _words(language: str) -> re.Pattern[str]:
    """Any term as a whole word, the longest first; plurals too."""
    longest_first = sorted(_by_word(language), key=len, reverse=True)
    endings = "|".join(ENDINGS)
    words = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])(?:{words})(?:{endings})?(?![\w-])", re.IGNORECASE)


def terms() -> tuple[Term, ...]:
    """All terms by name, in the language that is spoken."""
    said = (Term(say(each.name), say(each.text), say(each.also)) for each in _written())
    return tuple(sorted(said, key=lambda term: term.name.lower()))


@cache
def _written() -> tuple[Term, ...]:
    return tuple(Term(**entry) for entry in tomllib.loads(_FILE.read_text("utf-8"))["term"])
