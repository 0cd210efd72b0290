"""How far estimates are from measurements, for any group of cases.

The error of one case is ``|expected / measured - 1|``. A case without an answer counts against ``answered`` and nowhere
else: it is never counted as right.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from app.accuracy.outcomes import Outcome

FEWEST_CASES = 10
"""Classes with fewer cases stay out of the mean over classes."""
UPPER_SHARE = 0.8
"""The upper error is the one that four of five cases stay under."""


class Score(BaseModel):
    """Statistics of a group of cases; None where nothing can be said."""

    model_config = ConfigDict(frozen=True)

    cases: int
    answered: float | None
    """Share of cases with an estimate."""
    median_error: float | None
    upper_error: float | None
    """80 % of the cases are closer than this."""
    bias: float | None
    """1.1: the estimates lie 10 % above the measurements, in the middle."""
    coverage: float | None
    """Share of measurements inside the 80 % interval."""
    width: float | None
    """High over low of the interval, in the middle."""


class Means(BaseModel):
    """Plain means over the classes with enough cases: every class weighs the same."""

    model_config = ConfigDict(frozen=True)

    classes: int
    answered: float | None
    median_error: float | None
    upper_error: float | None
    coverage: float | None
    width: float | None


def score(outcomes: Sequence[Outcome]) -> Score:
    """The statistics of these outcomes."""
    pairs = [(o.case.value, o.guess) for o in outcomes if o.guess is not None and o.case.value is not None]
    errors = [abs(guess.expected / value - 1) for value, guess in pairs]
    bounded = [(v, g.low, g.high) for v, g in pairs if g.low is not None and g.high is not None]
    logs = [math.log(guess.expected / value) for value, guess in pairs]
    return Score(
        cases=len(outcomes),
        answered=len(pairs) / len(outcomes) if outcomes else None,
        median_error=statistics.median(errors) if errors else None,
        upper_error=upper(errors),
        bias=math.exp(statistics.median(logs)) if logs else None,
        coverage=sum(low <= v <= high for v, low, high in bounded) / len(bounded) if bounded else None,
        width=statistics.median(high / low for _, low, high in bounded) if bounded else None,
    )


def upper(errors: Sequence[float], share: float = UPPER_SHARE) -> float | None:
    """The smallest error that this share of the errors does not exceed.

    >>> upper([0.1, 0.2, 0.3, 0.4, 0.5])
    0.4
    """
    ordered = sorted(errors)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def means(scores: Iterable[Score]) -> Means:
    """The mean over the groups with at least :data:`FEWEST_CASES` cases."""
    large = [one for one in scores if one.cases >= FEWEST_CASES]
    return Means(
        classes=len(large),
        **{name: mean(getattr(one, name) for one in large) for name in Means.model_fields if name != "classes"},
    )


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the known values."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def grouped(outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """Outcomes by a name, names in order."""
    found: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[key(outcome)].append(outcome)
    return dict(sorted(found.items()))
