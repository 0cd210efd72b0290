"""How well would the estimates do on a source they have not seen?

For every class with several sources, each source in turn is held against an interval that is made from the residuals of
the others alone. What the physics was fitted on is not undone: this judges the intervals, and shows how far one source
lies from the rest.
"""

import math
import statistics
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from app.accuracy.outcomes import Outcome
from app.accuracy.scoring import grouped

LOW, HIGH = 0.1, 0.9
FEWEST_RUNS = 30
"""A class of fewer other runs takes the spread of its whole metric, as the estimates do."""


class SourceLeftOut(BaseModel):
    """One source, held against what the others say."""

    model_config = ConfigDict(frozen=True)

    source: str
    cases: int
    median_error: float
    coverage: float
    width: float


class LeftOut(BaseModel):
    """One class of one metric; figures of the class weigh every source the same."""

    model_config = ConfigDict(frozen=True)

    metric: str
    work_class: str
    cases: int
    median_error: float
    coverage: float
    width: float
    sources: list[SourceLeftOut]


def metric_of(outcome: Outcome) -> str:
    """What intervals are kept by: the measured quantity, with classical seconds on their own."""
    if outcome.case.kind == "classical":
        return "classical_seconds"
    return "duration_hours" if outcome.case.metric == "device_hours" else outcome.case.metric


def left_out(outcomes: Iterable[Outcome]) -> list[LeftOut]:
    """Every class of every metric that has several sources."""
    known = [o for o in outcomes if o.guess is not None and o.case.value is not None]
    found = []
    for metric, members in grouped(known, metric_of).items():
        for work_class, runs in grouped(members, lambda o: o.case.work_class).items():
            sources = grouped(runs, lambda o: o.case.source)
            if len(sources) > 1:
                pools = (runs, members, known)
                judged = [_judged(source, own, pools=pools) for source, own in sources.items()]
                found.append(_class(metric, work_class, judged=judged))
    return found


def _others(source: str, pools: Sequence[Sequence[Outcome]]) -> list[Outcome]:
    """The runs of other sources in the first pool that has enough of them: class, metric, everything."""
    without = [[o for o in pool if o.case.source != source] for pool in pools]
    return next((pool for pool in without if len(pool) >= FEWEST_RUNS), without[-1])


def _judged(source: str, own: Sequence[Outcome], *, pools: Sequence[Sequence[Outcome]]) -> SourceLeftOut:
    others = _others(source, pools)
    low, high = (weighted_quantile(others, share) for share in (LOW, HIGH))
    ratios = [residual(o) for o in own]
    return SourceLeftOut(
        source=source,
        cases=len(own),
        median_error=_digits(statistics.median(abs(1 / ratio - 1) for ratio in ratios)),
        coverage=_digits(sum(low <= ratio <= high for ratio in ratios) / len(ratios)),
        width=_digits(high / low),
    )


def _class(metric: str, work_class: str, *, judged: list[SourceLeftOut]) -> LeftOut:
    return LeftOut(
        metric=metric,
        work_class=work_class,
        cases=sum(one.cases for one in judged),
        median_error=_digits(statistics.fmean(one.median_error for one in judged)),
        coverage=_digits(statistics.fmean(one.coverage for one in judged)),
        width=_digits(math.exp(statistics.fmean(math.log(one.width) for one in judged))),
        sources=sorted(judged, key=lambda one: -one.median_error),
    )


def residual(outcome: Outcome) -> float:
    """Measured over expected."""
    assert outcome.guess is not None
    assert outcome.case.value is not None
    return outcome.case.value / outcome.guess.expected


def weighted_quantile(outcomes: Sequence[Outcome], share: float) -> float:
    """The smallest residual below or at which this share lies, every source weighing the same."""
    sources = grouped(outcomes, lambda o: o.case.source)
    ordered = sorted((residual(o), 1 / len(sources[o.case.source])) for o in outcomes)
    reached, wanted = 0.0, share * len(sources)
    for ratio, weight in ordered:
        reached += weight
        if reached >= wanted - 1e-9:
            return ratio
    return ordered[-1][0]


def _digits(value: float) -> float:
    return float(f"{value:.4g}")
