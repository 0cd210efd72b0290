"""A page to try conditions and rules in, without an entry to edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.admin import reviewing, schemas, trial_forms
from app.admin.access import Editor
from app.admin.accounts import Caller
from app.admin.forms import Entered, ErrorLine, FormField, Frame, told
from app.admin.trial_forms import TrialView
from app.advice.facts import VARIABLES
from app.advice.policy import Rule
from app.db import reading
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
EDITED = "this condition"
"""Stands for the rule whose condition is tried."""


@dataclass(frozen=True, slots=True)
class TryPage:
    """A condition that is tried out."""

    template: ClassVar[str] = "admin/try.html"

    title: str
    frame: Frame
    condition: FormField
    outcome: str
    errors: tuple[ErrorLine, ...]
    trial: TrialView
    variables: tuple[tuple[str, str, str], ...]


@router.get("/rules/trial")
def show_trial(caller: Editor, session: SessionDep) -> Response:
    """A box to try a condition and the rules in."""
    return render(_page(caller, "", trial=trial_forms.blank(session)))


@router.post("/rules/trial")
def try_condition(request: Request, caller: Editor, form: Entered) -> Response:
    """Check a condition, say for which of the saved questions it holds, and try all rules on one question."""
    condition = form.get("condition", "").strip()
    problem = schemas.condition_problem(condition) if condition else None
    asked = bool(form.get("try_question") or form.get("try_text", "").strip())
    with reading(request.app.state.engine) as session:
        trial = _trial(session, request, form, condition="" if problem else condition, asked=asked)
    if problem is not None:
        return render(_page(caller, condition, trial=trial, error=told(problem)), status=UNPROCESSABLE)
    if not condition:
        status = UNPROCESSABLE if trial.problem else 200
        error = "" if asked else "Enter a condition, or choose or paste a question"
        return render(_page(caller, "", trial=trial, error=error), status=status if asked else UNPROCESSABLE)
    held = reviewing.questions_where(request.app.state.engine, condition)
    outcome = f"It holds for {len(held)} of the saved questions{': ' + '; '.join(held) if held else ''}."
    return render(_page(caller, condition, trial=trial, outcome=outcome))


def _trial(session: Session, request: Request, form: Mapping[str, str], *, condition: str, asked: bool) -> TrialView:
    if not asked:
        return trial_forms.blank(session)
    today = datetime.now(UTC).date()
    edited = Rule(EDITED, "scenario", 10**6, condition, "holds", "", today, today, "") if condition else None
    return trial_forms.tried(session, request.app.state.catalogue.current(), form=form, edited=edited)


def _page(caller: Caller, condition: str, *, trial: TrialView, outcome: str = "", error: str = "") -> TryPage:
    box = FormField(
        "condition", "Condition", "long", condition, hint="May be left empty to try the rules as they are.", error=error
    )
    variables = tuple((each.name, each.kind, each.meaning) for each in VARIABLES.values())
    wrong = (("condition", error), ("try_text", trial.problem))
    errors = tuple(ErrorLine(name, text) for name, text in wrong if text)
    return TryPage("Try rules", Frame.of(caller), box, outcome, errors, trial, variables)
