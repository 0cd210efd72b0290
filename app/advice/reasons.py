"""Reasons: facts that travel as data; :mod:`app.wording` turns them into sentences, once, for every door."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | float | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Reason:
    """A code that has one sentence in the wording files, and the values for its places."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caution:
    """A reason with a severity: problem, warning or note."""

    severity: str
    reason: Reason
