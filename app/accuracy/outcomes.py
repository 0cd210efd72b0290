"""A case and what the estimate said of it."""

import math
from dataclasses import dataclass

from app.accuracy.cases import Case, positive
from app.contract.answer import EstimateAnswer, RangeAnswer


@dataclass(frozen=True, slots=True)
class Guess:
    """An estimate of a measured quantity."""

    expected: float
    low: float | None
    high: float | None
    doubt: float = 1.0
    """How often the logarithm of the usual spread is taken; see :mod:`app.engine.memory_doubt`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, the estimate of the quantity that was measured, and the word for whether it fits."""

    case: Case
    guess: Guess | None
    why_not: str = ""
    """Why there is no guess."""
    said: str | None = None
    """fits, tight or does_not_fit, where the estimate knows."""

    @property
    def off_by(self) -> float:
        """Factor between guess and measurement, always 1 or more; 1 where there is nothing to compare."""
        if self.guess is None or self.case.value is None:
            return 1.0
        return math.exp(abs(math.log(self.guess.expected / self.case.value)))


def outcome_of(case: Case, answer: EstimateAnswer | str) -> Outcome:
    """Hold an answer, or the reason why there is none, against a case."""
    if isinstance(answer, str):
        return Outcome(case, None, answer)
    said = answer.fit
    found, why_not = _measured_quantity(case, answer)
    expected = positive(found.expected) if found else None
    if found is None or expected is None:
        return Outcome(case, None, why_not or "unknown quantity", said)
    return Outcome(case, Guess(expected, positive(found.low), positive(found.high)), said=said)


def _measured_quantity(case: Case, answer: EstimateAnswer) -> tuple[RangeAnswer | None, str]:
    speed = answer.throughput
    if case.metric == "throughput_total":
        if speed is not None and speed.unit != case.unit:
            return None, f"{speed.unit} for {case.unit}"
        return (speed.total if speed else None), ""
    if case.metric in {"prefill_tokens_per_s", "decode_tokens_per_s"}:
        return (getattr(speed, case.metric) if speed else None), ""
    return getattr(answer, case.metric), ""
