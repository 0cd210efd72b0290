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


@cache
def terms() -> tuple[Term, ...]:
    """All terms by name."""
    entries = tomllib.loads(_FILE.read_text("utf-8"))["term"]
    return tuple(sorted((Term(**entry) for entry in entries), key=lambda term: term.name.lower()))
