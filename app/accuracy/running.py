"""Estimate every case of a file, and keep what was said."""

from collections.abc import Callable, Iterable

from pydantic import ValidationError

from app.accuracy.cases import Case
from app.accuracy.outcomes import Outcome, outcome_of
from app.contract.answer import EstimateAnswer
from app.contract.requests import EstimateRequest
from app.errors import AppError

Ask = Callable[[EstimateRequest], EstimateAnswer]


def outcomes_of(cases: Iterable[Case], ask: Ask) -> list[Outcome]:
    """The outcome of each case; a request that is refused is a case without an answer."""
    return [outcome_of(case, _answer(case, ask)) for case in cases]


def _answer(case: Case, ask: Ask) -> EstimateAnswer | str:
    try:
        return ask(EstimateRequest.model_validate(dict(case.request)))
    except (AppError, ValidationError):
        return "refused request"
