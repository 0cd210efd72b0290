"""The glossary."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Self

from app.languages import say
from app.learn.glossary import Term, terms
from app.web.pages.head import Head


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
    head: Head

    @classmethod
    def of(cls, *, base_url: str) -> Self:
        """The page of all terms."""
        about = say("Terms of machine learning and its hardware in plain words, from activations to ZeRO.")
        head = Head.of(say("Glossary"), about, url=f"{base_url}/learn/glossary")
        return cls(title=say("Glossary"), letters=by_letter(terms()), head=head)


def by_letter(sorted_terms: Sequence[Term]) -> tuple[Letter, ...]:
    """Terms under their first letters."""
    grouped = groupby(sorted_terms, key=lambda term: term.name[0].upper())
    return tuple(Letter(letter, tuple(group)) for letter, group in grouped)
