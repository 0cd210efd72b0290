"""Whether the estimates lead to the right choice: which of two devices is faster, and whether the work fits."""

import itertools
import math
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from app.accuracy.outcomes import Outcome
from app.accuracy.scoring import grouped, mean

CARD_SIZES_GIB = (8, 12, 16, 24, 32, 40, 48, 80)
NEAR = 2.0
"""Card sizes within this factor of the need are the ones where a decision is hard."""
TIE = 0.05
"""Measured values this close are a tie: no order to get right."""


class Ranking(BaseModel):
    """Pairs of devices on the same work: was the faster one named?"""

    model_config = ConfigDict(frozen=True)

    sets: int
    pairs: int
    right: float | None
    mean_right: float | None
    """The mean over the sets."""
    unanswered: float | None


class FitDecisions(BaseModel):
    """Whether the work fits a card, asked for card sizes within a factor of two of the measured need."""

    model_config = ConfigDict(frozen=True)

    decisions: int
    false_fit: float | None
    """Said to fit, of those that do not."""
    false_refusal: float | None
    """Said not to fit, of those that do."""
    known: int
    """Runs of which only "fitted" or "ran out of memory" is known."""
    contradicted: int
    """How many of them the answer's word contradicts."""


def ranking(outcomes: Iterable[Outcome]) -> Ranking:
    """Every pair of different devices within every set; pairs without an answer are not right."""
    sets = grouped((o for o in outcomes if o.case.rank_set and o.case.value), lambda o: str(o.case.rank_set))
    verdicts = [found for members in sets.values() if (found := _pairs(members))]
    every = [verdict for found in verdicts for verdict in found]
    return Ranking(
        sets=len(verdicts),
        pairs=len(every),
        right=mean(float(verdict is True) for verdict in every),
        mean_right=mean(mean(float(verdict is True) for verdict in found) for found in verdicts),
        unanswered=mean(float(verdict is None) for verdict in every),
    )


def _pairs(members: Sequence[Outcome]) -> list[bool | None]:
    """For each pair whether the order is right; None without an answer."""
    found: list[bool | None] = []
    for one, two in itertools.combinations(members, 2):
        first, second = one.case.value, two.case.value
        if not first or not second or one.case.accelerator == two.case.accelerator:
            continue
        if abs(math.log(first / second)) <= math.log1p(TIE):
            continue
        if one.guess is None or two.guess is None:
            found.append(None)
        else:
            said = math.log(one.guess.expected / two.guess.expected)
            found.append(said * math.log(first / second) > 0)
    return found


def fit_decisions(outcomes: Iterable[Outcome]) -> FitDecisions:
    """Decisions near the need, from runs with measured memory; contradictions, from runs with only a bound."""
    memory = [o for o in outcomes if o.case.kind == "memory"]
    should: list[tuple[bool, bool]] = []
    should_not: list[tuple[bool, bool]] = []
    for outcome in memory:
        need = outcome.case.value
        for size in CARD_SIZES_GIB if need else ():
            if need and size / NEAR <= need <= size * NEAR:
                said = outcome.guess is not None and outcome.guess.expected <= size
                (should if need <= size else should_not).append((said, outcome.guess is not None))
    bounds = [o for o in memory if o.case.bound]
    wrong = [o for o in bounds if (o.said, o.case.bound) in {("fits", "oom"), ("does_not_fit", "fits")}]
    return FitDecisions(
        decisions=len(should) + len(should_not),
        false_fit=mean(float(said) for said, _ in should_not),
        false_refusal=mean(float(known and not said) for said, known in should),
        known=len(bounds),
        contradicted=len(wrong),
    )
