"""The glossary."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Self

from app.learn.glossary import Term, terms


@dataclass(frozen=True, slots=True)
class Letter:
    """The terms that begin with one letter."""

    letter: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class GlossaryPage:
    """Every term, by first letter."""

    template: ClassVar[str] = "learn/glossary.html"

    title: str
    letters: tuple[Letter, ...]

    @classmethod
    def of(cls) -> Self:
        """The page of all terms."""
        return cls(title="Glossary", letters=by_letter(terms()))


def by_letter(sorted_terms: Sequence[Term]) -> tuple[Letter, ...]:
    """Terms under their first letters."""
    grouped = groupby(sorted_terms, key=lambda term: term.name[0].upper())
    return tuple(Letter(letter, tuple(group)) for letter, group in grouped)
