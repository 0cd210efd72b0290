"""The accuracy report: aggregates by class and by source, decisions, and the worst cases with their sources."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from app.accuracy.decisions import FitDecisions, Ranking, fit_decisions, ranking
from app.accuracy.left_out import LeftOut, left_out
from app.accuracy.origins import address_of, publisher_of
from app.accuracy.outcomes import Outcome
from app.accuracy.scoring import Means, Score, grouped, means, score

Figures = TypeVar("Figures", Score, Means, Ranking, FitDecisions)

KINDS = ("memory", "throughput", "duration", "classical")
WORST = 20
WORST_OF_A_SOURCE = 2
"""Most of the worst cases that one source may fill in one class, so that the list shows different faults."""
DIGITS = 4


class Part(BaseModel):
    """Base of the report's parts."""

    model_config = ConfigDict(frozen=True)


class Line(Part):
    """The score of one class or one source."""

    name: str
    title: str
    address: str | None
    """Where one of its measurements was published; None for a class."""
    sources: int
    classes: list[str]
    score: Score


class Kind(Part):
    """One kind of quantity: memory, throughput, duration, or seconds of classical work."""

    kind: str
    means: Means
    pooled: Score
    classes: list[Line]
    """Worst first."""
    sources: list[Line]
    """Worst first."""


class WorstCase(Part):
    """A case that the estimate missed by far."""

    kind: str
    work_class: str
    work: str
    accelerator: str
    count: int
    metric: str
    unit: str
    measured: float
    expected: float
    low: float | None
    high: float | None
    off_by: float
    publisher: str
    address: str | None


class Report(Part):
    """How well a version of the estimates agrees with published measurements."""

    version: str
    as_of: date
    cases: int
    sources: int
    kinds: list[Kind]
    left_out: list[LeftOut]
    """Each class with several sources, fitted and its intervals made without the source that they are held against."""
    generations: list[LeftOut] = []
    """The same with whole generations of devices left out."""
    ranking: Ranking
    fit: FitDecisions
    unanswered: dict[str, int]
    """Why cases have no estimate, and how many."""
    worst: list[WorstCase]


@dataclass(frozen=True, slots=True)
class Unseen:
    """The outcomes that an engine would have had which was fitted without each one's source, or device generation."""

    by_source: Sequence[Outcome]
    by_generation: Sequence[Outcome]
    generation_of: Mapping[str, str]
    """Generations by the cases' ids."""


def report_of(
    outcomes: Sequence[Outcome], *, version: str, as_of: date, worst: int = WORST, unseen: Unseen | None = None
) -> Report:
    """The report on these outcomes; runs without a number count in the fit decisions alone."""
    measured = [o for o in outcomes if o.case.value is not None]
    kinds = sorted({o.case.kind for o in measured}, key=lambda kind: (*KINDS, kind).index(kind))
    return Report(
        version=version,
        as_of=as_of,
        cases=len(outcomes),
        sources=len({o.case.source for o in outcomes}),
        kinds=[_kind(kind, [o for o in measured if o.case.kind == kind]) for kind in kinds],
        left_out=left_out(measured if unseen is None else unseen.by_source),
        generations=[]
        if unseen is None
        else left_out(unseen.by_generation, name_of=lambda o: unseen.generation_of[o.case.id]),
        ranking=_rounded(ranking(measured)),
        fit=_rounded(fit_decisions(outcomes)),
        unanswered=dict(Counter(o.why_not for o in outcomes if o.guess is None).most_common()),
        worst=_worst(measured, worst),
    )


@cache
def shipped() -> Report:
    """The report that comes with this version."""
    return Report.model_validate_json(resources.files("app.accuracy").joinpath("report.json").read_text("utf-8"))


def _kind(kind: str, outcomes: Sequence[Outcome]) -> Kind:
    classes = _lines(outcomes, lambda o: o.case.work_class)
    sources = _lines(outcomes, lambda o: o.case.source)
    return Kind(
        kind=kind,
        means=_rounded(means(line.score for line in classes)),
        pooled=_rounded(score(outcomes)),
        classes=classes,
        sources=[_published(line, outcomes) for line in sources],
    )


def _lines(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> list[Line]:
    lines = [
        Line(
            name=name,
            title=name,
            address=None,
            sources=len({o.case.source for o in found}),
            classes=sorted({o.case.work_class for o in found}),
            score=_rounded(score(found)),
        )
        for name, found in grouped(outcomes, key).items()
    ]
    return sorted(lines, key=lambda line: -(line.score.median_error or 0.0))


def _published(line: Line, outcomes: Sequence[Outcome]) -> Line:
    """A source's line, with who published it and where."""
    origin = next(o.case.origin for o in outcomes if o.case.source == line.name)
    return line.model_copy(update={"title": publisher_of(origin), "address": address_of(origin)})


def _worst(outcomes: Sequence[Outcome], most: int) -> list[WorstCase]:
    """The cases furthest off, few of each source and class."""
    taken: Counter[tuple[str, str]] = Counter()
    found: list[WorstCase] = []
    for outcome in sorted((o for o in outcomes if o.guess), key=lambda o: (-o.off_by, o.case.id)):
        key = (outcome.case.source, outcome.case.work_class)
        if len(found) < most and taken[key] < WORST_OF_A_SOURCE:
            taken[key] += 1
            found.append(_worst_case(outcome))
    return found


def _worst_case(outcome: Outcome) -> WorstCase:
    case, guess = outcome.case, outcome.guess
    assert guess is not None
    assert case.value is not None
    return WorstCase(
        kind=case.kind,
        work_class=case.work_class,
        work=work_in_words(case.request.get("workload", {})),
        accelerator=case.accelerator,
        count=int(case.request.get("hardware", {}).get("count", 1)),
        metric=case.metric,
        unit=case.unit,
        measured=_digits(case.value),
        expected=_digits(guess.expected),
        low=None if guess.low is None else _digits(guess.low),
        high=None if guess.high is None else _digits(guess.high),
        off_by=_digits(outcome.off_by),
        publisher=publisher_of(case.origin),
        address=address_of(case.origin),
    )


def work_in_words(workload: Mapping[str, Any]) -> str:
    """What a case did, in a few words.

    >>> work_in_words({"task": "train", "model": {"name": "resnet-50"}, "precision": "amp", "batch_size": 64})
    'train resnet-50, amp, batch 64'
    """
    model = workload.get("model") or {}
    named = model.get("name") or workload.get("algorithm")
    if not named and model.get("parameters"):
        named = f"{model.get('architecture', 'network')} of {model['parameters'] / 1e6:.3g} M parameters"
    words = [f"{workload.get('task', '')} {named or workload.get('domain', '')}".strip()]
    words += [str(workload[name]) for name in ("method", "precision", "framework") if workload.get(name)]
    numbers = {"batch_size": "batch", "sequence_length": "length", "image_size": "size"}
    words += [f"{word} {workload[name]}" for name, word in numbers.items() if workload.get(name)]
    return ", ".join(words)


def _digits(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _rounded(figures: Figures) -> Figures:
    """The same with four significant digits: a report that is kept should not change in the tenth."""
    values = {name: _digits(v) for name, v in figures.model_dump().items() if isinstance(v, float)}
    return figures.model_copy(update=values)
