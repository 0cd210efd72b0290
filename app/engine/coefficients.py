"""Named coefficients: every efficiency and overhead of the engine, with range, unit and source, kept as data beside it.

A formula holds no literal factor; it asks a :class:`Coefficients` for one by name. A coefficient has either one
value or one per hardware family (see :mod:`app.engine.hardware_family`), with ``default`` for the rest.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.arrays import FloatArray

DATA = Path(__file__).parent / "data"
DEFAULT = "default"
NEAR_FAMILIES = {"amd_cdna4": "amd_cdna", "npu_neuron": "npu"}
"""Families that share the values of another wherever they have none of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Coefficient:
    """One named factor: its values by hardware family, the physical range they must lie in, unit and source."""

    name: str
    values: Mapping[str, float]
    low: float
    high: float
    unit: str
    source: str

    @property
    def value(self) -> float:
        """The value where the hardware does not matter."""
        return self.values[DEFAULT]

    def of(self, family: str) -> float:
        """The value for one hardware family."""
        for known in (family, NEAR_FAMILIES.get(family, DEFAULT)):
            if known in self.values:
                return self.values[known]
        return self.value


@lru_cache(maxsize=2048)
def _column(entry: Coefficient, families: tuple[str, ...]) -> FloatArray:
    """Made once for the same devices; nobody may write into it."""
    column = np.array([entry.of(family) for family in families], dtype=np.float64)
    column.setflags(write=False)
    return column


class Coefficients(Mapping[str, Coefficient]):
    """Coefficients of one data file, by name.

    >>> book = load("transformers.toml")
    >>> 0 < book.value("allocator_growth") < 2
    True
    """

    def __init__(self, entries: Mapping[str, Coefficient]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Coefficient:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def value(self, name: str) -> float:
        """One number that holds for all hardware. [see the coefficient's unit]"""
        return self._entries[name].value

    def column(self, name: str, families: Sequence[str]) -> FloatArray:
        """One number per system, by its hardware family. [see the coefficient's unit]"""
        return _column(self._entries[name], tuple(families))


def coefficient(name: str, entry: Mapping[str, Any]) -> Coefficient:
    """One table of a coefficient file, checked: default present, all values inside the stated range."""
    given = entry["value"]
    values = given if isinstance(given, dict) else {DEFAULT: given}
    numbers = {family: float(value) for family, value in values.items()}
    low, high = float(entry["low"]), float(entry["high"])
    if DEFAULT not in numbers:
        message = f"coefficient {name}: a default value is missing"
        raise ValueError(message)
    outside = [family for family, value in numbers.items() if not low <= value <= high]
    if outside:
        message = f"coefficient {name}: {', '.join(outside)} outside {low:g} to {high:g}"
        raise ValueError(message)
    return Coefficient(name, numbers, low, high, str(entry["unit"]), str(entry["source"]))


@cache
def load(filename: str) -> Coefficients:
    """The coefficients of a TOML file in ``app/engine/data``; read once."""
    with (DATA / filename).open("rb") as file:
        tables = tomllib.load(file)
    return Coefficients({name: coefficient(name, entry) for name, entry in tables.items()})


TRANSFORMERS = load("transformers.toml")
FITS_WITHIN_FRACTION = TRANSFORMERS.value("fits_within_fraction")
"""Work fits when its high estimate is at most this share of usable memory; the rest is for what is no tensor."""
