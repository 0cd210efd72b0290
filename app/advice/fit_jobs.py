"""The typical jobs that hardware is judged by, and what speed is pleasant for each: ``data/fit_jobs.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

DATA = Path(__file__).parent / "data" / "fit_jobs.toml"

SpeedKind = Literal["tokens", "samples", "each", "hours"]
SpeedClass = Literal["fast", "usable", "slow", "impractical"]
SpeedLimit = Literal["usable", "slow"]
LESS_IS_BETTER = frozenset({"each", "hours"})
"""Kinds of speed that are times."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The limits of a kind of speed, in its unit."""

    unit: str
    fast: float
    usable: float
    slow: float
    why: str

    def speed_class(self, value: float, *, less_is_better: bool) -> SpeedClass:
        """The word for a speed.

        >>> Scale("tokens/s", 30, 8, 2, "").speed_class(12, less_is_better=False)
        'usable'
        """
        for name in ("fast", "usable", "slow"):
            limit = getattr(self, name)
            if value <= limit if less_is_better else value >= limit:
                return name
        return "impractical"


@dataclass(frozen=True, slots=True)
class FitJob:
    """One typical job: a workload in contract form."""

    slug: str
    group: str
    title: str
    speed: SpeedKind
    workload: dict[str, Any]
    judged_as: str = ""
    """The scale that its speed is judged by, where it is not that of the kind."""

    @property
    def scale(self) -> Scale:
        """The limits of its speed."""
        return scales()[self.judged_as or self.speed]


@cache
def fit_jobs() -> tuple[FitJob, ...]:
    """All typical jobs, in the order of the table."""
    return tuple(FitJob(**entry) for entry in _data()["job"])


@cache
def scales() -> dict[str, Scale]:
    """The limits of each kind of speed."""
    return {name: Scale(**entry) for name, entry in _data()["speed"].items()}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(DATA.read_text("utf-8"))
