"""Tell the generation of a card that the catalogue does not hold from its name, where today's software ended for it."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "generations.toml"


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of cards whose software has ended, or whose new versions have."""

    name: str
    software: str
    support: str
    """unsupported or legacy, as in the catalogue."""
    names: re.Pattern[str]


def generation_of(text: str) -> Generation | None:
    """The ended generation that a product's name tells of; None for all that are not known to have ended.

    >>> generation_of("Quadro K5000").name
    'Kepler'
    >>> generation_of("Quadro RTX 5000") is None
    True
    """
    return next((each for each in _generations() if each.names.search(text)), None)


@cache
def _generations() -> tuple[Generation, ...]:
    return tuple(
        Generation(
            name=entry["name"],
            software=entry["software"],
            support=entry["support"],
            names=re.compile("|".join(entry["names"]), re.IGNORECASE),
        )
        for entry in tomllib.loads(DATA.read_text("utf-8"))["generations"]
    )
