"""Published measurements as cases: a request in contract form, and what somebody measured."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.contract.json_text import parse
from app.errors import AppError, Unprocessable
from app.field_problems import FieldProblem

METRICS = (
    "memory_gib_per_device", "throughput_total", "prefill_tokens_per_s", "decode_tokens_per_s", "duration_hours",
    "device_hours", "step_ms", "energy_kwh",
)  # fmt: skip
"""What a case may have measured, by the names of the estimate's fields."""
OUTLIER = "outlier"
"""Quality of a case that is kept for the record and never scored."""


@dataclass(frozen=True, slots=True)
class Case:
    """One measured run, or a run of which only "fitted" or "ran out of memory" is known."""

    id: str
    kind: str
    """memory, throughput, duration or classical."""
    work_class: str
    source: str
    origin: str
    """Where it was published, as the case file writes it."""
    quality: str
    metric: str
    unit: str
    value: float | None
    bound: str | None
    """fits or oom, where no number is known."""
    capacity_gib: float | None
    rank_set: str | None
    """Cases of one set are the same work on different hardware."""
    request: Mapping[str, Any]

    @property
    def accelerator(self) -> str:
        """The device it ran on."""
        return str(_part(self.request, "hardware").get("accelerator", ""))


def read_cases(lines: Iterable[str]) -> list[Case]:
    """The cases of a JSON Lines file; outliers and blank lines are left out."""
    cases = [_case(line, number=number) for number, line in enumerate(lines, 1) if line.strip()]
    return [case for case in cases if case.quality != OUTLIER]


def _case(line: str, *, number: int) -> Case:
    try:
        given = parse(line)
    except AppError as error:
        raise _wrong(number, error.detail) from error
    measured = _part(given, "measured")
    if not isinstance(given, dict) or not measured or not _part(given, "request"):
        raise _wrong(number, "Give an object with a request and what was measured")
    if measured.get("metric") not in METRICS:
        raise _wrong(number, f"measured.metric must be one of {', '.join(METRICS)}")
    value = measured.get("value")
    return Case(
        id=str(given.get("id", number)),
        kind=str(given.get("kind", "unknown")),
        work_class=str(given.get("class", "unknown")),
        source=str(given.get("group", "unknown")),
        origin=str(given.get("source", "")),
        quality=str(given.get("quality", "good")),
        metric=str(measured["metric"]),
        unit=str(measured.get("unit", "")),
        value=positive(value),
        bound=measured.get("bound"),
        capacity_gib=positive(measured.get("capacity_gib")),
        rank_set=given.get("rank_set"),
        request=given["request"],
    )


def positive(value: object) -> float | None:
    """A number above zero; None for everything else.

    >>> positive(3), positive(0), positive("3"), positive(float("nan")), positive(True)
    (3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def _part(given: object, name: str) -> Mapping[str, Any]:
    found = given.get(name) if isinstance(given, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _wrong(number: int, detail: str) -> Unprocessable:
    return Unprocessable([FieldProblem(f"/{number}", f"Line {number}: {detail}")])
