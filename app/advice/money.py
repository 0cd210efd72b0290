"""The constants of the money questions, each with its unit, reason, source and date, from ``data/money.toml``."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DATA = Path(__file__).parent / "data" / "money.toml"


@dataclass(frozen=True, slots=True)
class Constant:
    """One number that somebody may disagree with. ``source`` is an address, or "assumption" where none was found."""

    name: str
    value: float
    unit: str
    why: str
    source: str
    as_of: date


def constants() -> dict[str, Constant]:
    """All constants by name."""
    tables = tomllib.loads(DATA.read_text("utf-8"))
    return {name: Constant(name, **{**entry, "value": float(entry["value"])}) for name, entry in tables.items()}


MONEY = constants()


def money(name: str) -> float:
    """The value of one constant. [its unit]

    >>> money("horizon_months")
    36.0
    """
    return MONEY[name].value
