"""What a name leads to: one entry of the catalogue, several products that share it, or none."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """One entry."""

    slug: str
    name: str
    note: str = ""
    """Which other products share the name, when one of several was taken."""
    text: str = ""
    """The words it was found in."""
    count: int = 1
    """How many of it a free text speaks of."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The name of several different products."""

    slugs: tuple[str, ...]
    note: str = ""
    text: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Unknown:
    """No entry; the nearest ones, best first."""

    nearest: tuple[str, ...]
    names: tuple[str, ...] = ()
