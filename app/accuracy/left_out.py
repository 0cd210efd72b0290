"""How well do the estimates do on a source, or on a generation of devices, that they have not seen?

For every class with several sources, each source in turn is held against the interval that the others alone would give.
The outcomes may hold estimates of coefficients that were fitted without it (``bench/leave_out.py``); otherwise this
judges the intervals alone. The rule by which residuals become an interval is the one of the shipped intervals.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from app.accuracy.outcomes import Outcome
from app.accuracy.scoring import grouped

LOW, HIGH = 0.1, 0.9
FEWEST_RUNS = 30
"""A class of fewer other runs takes the spread of its whole metric, as the estimates do."""
NOISY_WEIGHT = 0.5
STANDARD_DEVIATIONS_OF_80_PERCENT = 1.2816
UNSEEN_SOURCE_SD = {
    "memory_gib_per_device": 0.15, "throughput_total": 0.18, "prefill_tokens_per_s": 0.16,
    "decode_tokens_per_s": 0.10, "duration_hours": 0.40, "classical_seconds": 0.45,
}  # fmt: skip
"""How much sources differ in the middle, of the natural logarithm, as those of bench/measurements do: programs differ
in what they keep, in recipes and in age, which a request cannot say. [-]"""
USUAL_SOURCE_SD = 0.20
ALIKE_IN_A_SOURCE = {"duration_hours": 0.7}
"""Share of the variance of errors that lies between sources: whole runs of one publisher differ little, those of
different ones by what evaluation, loading and waiting take. The middles of 118 sources of 6 classes spread by 0.40,
runs of a source about its middle by 0.26 (natural logarithms): 0.4² of 0.4² and 0.26². [-]"""

NameOf = Callable[[Outcome], str]


class Residual(NamedTuple):
    """Measured over expected of one run, its source, and its weight."""

    source: str
    ratio: float
    weight: float


class SourceLeftOut(BaseModel):
    """One source (or generation), held against what the others say."""

    model_config = ConfigDict(frozen=True)

    source: str
    cases: int
    median_error: float
    coverage: float
    width: float


class LeftOut(BaseModel):
    """One class of one metric. Errors and coverage weigh every case the same, widths every source."""

    model_config = ConfigDict(frozen=True)

    metric: str
    work_class: str
    cases: int
    median_error: float
    coverage: float
    width: float
    sources: list[SourceLeftOut]
    """Worst first."""


def metric_of(outcome: Outcome) -> str:
    """What intervals are kept by: the measured quantity, with classical seconds on their own."""
    if outcome.case.kind == "classical":
        return "classical_seconds"
    return "duration_hours" if outcome.case.metric == "device_hours" else outcome.case.metric


def left_out(outcomes: Iterable[Outcome], *, name_of: NameOf = lambda o: o.case.source) -> list[LeftOut]:
    """Every class of every metric that has several of what is left out, the worst first."""
    known = [o for o in outcomes if o.guess is not None and o.case.value is not None]
    found = []
    for metric, members in grouped(known, metric_of).items():
        for work_class, runs in grouped(members, lambda o: o.case.work_class).items():
            parts = grouped(runs, name_of)
            if len(parts) > 1:
                pools = (runs, members, known)
                judged = [_judged(name, own, pools=pools, name_of=name_of) for name, own in parts.items()]
                found.append(_class(metric, work_class, judged=judged, error=_median_error(runs)))
    return sorted(found, key=lambda one: -one.median_error)


def residual(outcome: Outcome) -> Residual:
    """Measured over expected, as it would be of work of doubt 1."""
    assert outcome.guess is not None
    assert outcome.case.value is not None
    weight = NOISY_WEIGHT if outcome.case.quality == "noisy" else 1.0
    ratio = outcome.case.value / outcome.guess.expected
    return Residual(outcome.case.source, ratio ** (1 / outcome.guess.doubt), weight)


def spread_of(residuals: Sequence[Residual], metric: str, *, sources: int | None = None) -> tuple[float, float]:
    """The 80 % interval of measured over expected, widened because the next source differs again. [-]

    Few runs say little of a spread: theirs is widened as Student's t is wider than the normal distribution.
    """
    told = sources or len({one.source for one in residuals})
    deviation = UNSEEN_SOURCE_SD.get(metric, USUAL_SOURCE_SD) / math.sqrt(told)
    unseen = STANDARD_DEVIATIONS_OF_80_PERCENT * deviation
    alike = ALIKE_IN_A_SOURCE.get(metric)
    low = math.hypot(min(0.0, math.log(weighted_quantile(residuals, LOW, alike=alike))), unseen)
    high = math.hypot(max(0.0, math.log(weighted_quantile(residuals, HIGH, alike=alike))), unseen)
    few = few_runs_growth(len(residuals)) if len(residuals) < FEWEST_RUNS else 1.0
    return math.exp(-low * few), math.exp(high * few)


def few_runs_growth(runs: int) -> float:
    """Ends of an 80 % interval for the next run, in standard deviations that so many runs told, over the true ones. [-]

    The first term of the expansion of Student's t (R. Fisher and E. Cornish, Technometrics 2, 1960), and the error of
    the mean.

    >>> round(few_runs_growth(6), 2), round(few_runs_growth(15), 2)
    (1.22, 1.08)
    """
    squared = STANDARD_DEVIATIONS_OF_80_PERCENT**2
    return (1 + (squared + 1) / (4 * max(runs - 1, 1))) * math.sqrt(1 + 1 / max(runs, 1))


def weight_of_a_source(runs: float, *, alike: float | None = None) -> float:
    """What the runs of a source tell, in single runs: beyond :data:`FEWEST_RUNS` the root of their number only.

    Where runs of a source are known to be ``alike``, as many as there would be of other sources that tell as much: the
    effective size of a sample in clusters (L. Kish, Survey Sampling, 1965, section 5.4).

    >>> weight_of_a_source(20), weight_of_a_source(120), round(weight_of_a_source(20, alike=0.7), 2)
    (20, 60.0, 1.4)
    """
    if alike is not None:
        return runs / (1 + max(runs - 1, 0.0) * alike)
    return min(runs, math.sqrt(FEWEST_RUNS * runs))


def weighted_quantile(residuals: Sequence[Residual], share: float, *, alike: float | None = None) -> float:
    """The smallest residual below or at which this share of the weight of all sources lies."""
    totals: dict[str, float] = {}
    for source, _, weight in residuals:
        totals[source] = totals.get(source, 0.0) + weight
    counted = {source: weight_of_a_source(total, alike=alike) / total for source, total in totals.items()}
    ordered = sorted((ratio, weight * counted[source]) for source, ratio, weight in residuals)
    reached, wanted = 0.0, share * sum(weight for _, weight in ordered)
    for ratio, weight in ordered:
        reached += weight
        if reached >= wanted - 1e-9:
            return ratio
    return ordered[-1][0]


def _others(name: str, pools: Sequence[Sequence[Outcome]], *, name_of: NameOf) -> list[Outcome]:
    """The runs of others in the first pool that has enough of them: class, metric, everything."""
    without = [[o for o in pool if name_of(o) != name] for pool in pools]
    return next((pool for pool in without if len(pool) >= FEWEST_RUNS), without[-1])


def _judged(name: str, own: Sequence[Outcome], *, pools: Sequence[Sequence[Outcome]], name_of: NameOf) -> SourceLeftOut:
    others = [residual(o) for o in _others(name, pools, name_of=name_of)]
    low, high = spread_of(others, metric_of(own[0]))
    ratios = [residual(o).ratio for o in own]
    return SourceLeftOut(
        source=name,
        cases=len(own),
        median_error=_digits(_median_error(own)),
        coverage=_digits(sum(low <= ratio <= high for ratio in ratios) / len(ratios)),
        width=_digits(statistics.median((high / low) ** o.guess.doubt for o in own if o.guess is not None)),
    )


def _median_error(runs: Sequence[Outcome]) -> float:
    """Half of the estimates are closer to what was measured than this, as a share of it. [-]"""
    pairs = [(o.guess.expected, o.case.value) for o in runs if o.guess is not None and o.case.value is not None]
    return statistics.median(abs(expected / value - 1) for expected, value in pairs)


def _class(metric: str, work_class: str, *, judged: list[SourceLeftOut], error: float) -> LeftOut:
    cases = sum(one.cases for one in judged)
    return LeftOut(
        metric=metric,
        work_class=work_class,
        cases=cases,
        median_error=_digits(error),
        coverage=_digits(sum(one.coverage * one.cases for one in judged) / cases),
        width=_digits(math.exp(statistics.fmean(math.log(one.width) for one in judged))),
        sources=sorted(judged, key=lambda one: -one.median_error),
    )


def _digits(value: float) -> float:
    return float(f"{value:.4g}")
