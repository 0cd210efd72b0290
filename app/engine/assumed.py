"""Values taken where nobody said any: the table of typical values, and the ledger that makes each one visible."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from app.engine.job import Assumption

T = TypeVar("T")


@cache
def typical() -> dict[str, Any]:
    """The table of typical values, from ``data/defaults.toml``."""
    return tomllib.loads(resources.files("app.engine").joinpath("data/defaults.toml").read_text("utf-8"))


@dataclass
class Ledger:
    """Collects the assumptions while values are chosen."""

    entries: list[Assumption] = field(default_factory=list)

    def take(self, name: str, given: T | None, *, typical_value: T, why: str) -> T:
        """The given value; else the typical one, which is written down with the reason for it."""
        if given is not None:
            return given
        self.entries.append(Assumption(name, _shown(typical_value), why))
        return typical_value


def _shown(value: object) -> str | float | bool:
    """A value as an answer shows it: whole numbers without a point, sizes as height x width."""
    if isinstance(value, tuple):
        return " x ".join(str(side) for side in value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float | bool) else str(value)
