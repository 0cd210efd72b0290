"""The draft: what differs from the published catalogue, which answers change, and the button that publishes."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.admin import reviewing, schemas
from app.admin.access import Approver, Editor, Viewer
from app.admin.account_pages import moment
from app.admin.accounts import Caller
from app.admin.bench import Answered, Compared
from app.admin.differences import Difference
from app.admin.forms import Entered, ErrorLine, FormField, Frame, told
from app.advice.facts import VARIABLES
from app.errors import Conflict
from app.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

SEE_OTHER = 303
PART_NAMES = {
    "scenario": "Kind of answer",
    "tier": "Tier",
    "best": "Best pick",
    "price": "Its price",
    "rent": "To rent",
}


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One entry of the draft."""

    name: str
    url: str
    discard_url: str
    action: str
    who: str
    why: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One question whose answer changes."""

    question: str
    blocks: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class DraftPage:
    """The draft against the published catalogue."""

    template: ClassVar[str] = "admin/draft.html"

    title: str
    frame: Frame
    changes: tuple[ChangeView, ...]
    answers: tuple[AnswerView, ...]
    questions: int
    findings: tuple[str, ...]
    blocks: tuple[str, ...]
    fingerprint: str
    why: FormField
    errors: tuple[ErrorLine, ...] = ()


@dataclass(frozen=True, slots=True)
class TryPage:
    """A condition that is tried out."""

    template: ClassVar[str] = "admin/try.html"

    title: str
    frame: Frame
    condition: FormField
    outcome: str
    errors: tuple[ErrorLine, ...]
    variables: tuple[tuple[str, str, str], ...]


@router.get("/draft")
def show_draft(request: Request, caller: Viewer) -> Response:
    """The draft, the answers that change, and what forbids publishing."""
    return render(_draft_page(request, caller))


@router.post("/draft/publication")
def publish_draft(request: Request, caller: Approver, form: Entered) -> Response:
    """Publish the draft as it was looked at."""
    state = request.app.state
    why = form.get("why", "").strip()
    if not why:
        page = _draft_page(request, caller, error="Enter in one sentence why, for the audit trail")
        return render(page, status=422)
    try:
        revision = reviewing.publish_reviewed(
            state.engine,
            state.catalogue,
            caller=caller,
            why=why,
            two_person=state.settings.two_person_approval,
            fingerprint=form.get("fingerprint", ""),
        )
    except Conflict as error:
        return render(_draft_page(request, caller, error=error.detail.rstrip(".")), status=error.status)
    return RedirectResponse(f"/admin/audit?revision={revision}", SEE_OTHER)


@router.get("/rules/trial")
def show_trial(caller: Editor) -> Response:
    """A box to try a condition in."""
    return render(_try_page(caller, "", outcome="", error=""))


@router.post("/rules/trial")
def try_condition(request: Request, caller: Editor, form: Entered) -> Response:
    """Check a condition, and say for which of the saved questions it holds."""
    condition = form.get("condition", "")
    problem = schemas.condition_problem(condition)
    if problem is not None:
        return render(_try_page(caller, condition, outcome="", error=told(problem)), status=422)
    held = reviewing.questions_where(request.app.state.engine, condition)
    outcome = f"It holds for {len(held)} of the saved questions{': ' + '; '.join(held) if held else ''}."
    return render(_try_page(caller, condition, outcome=outcome, error=""))


def _draft_page(request: Request, caller: Caller, *, error: str = "") -> DraftPage:
    engine = request.app.state.engine
    changed = reviewing.changed_entries(engine)
    review, stopped = None, ""
    if changed:
        try:
            review = reviewing.review(engine)
        except Conflict as conflict:
            stopped = conflict.detail
    blocks = [*([stopped] if stopped else []), *(review.blocks if review else [])]
    return DraftPage(
        title="Draft",
        frame=Frame.of(caller),
        changes=tuple(_change_view(each) for each in changed),
        answers=tuple(_answer_view(each) for each in review.compared if each.changed) if review else (),
        questions=len(review.compared) if review else 0,
        findings=tuple(f"{f.severity}: {f.entry}, {f.field}: {f.message}" for f in review.findings) if review else (),
        blocks=tuple(blocks),
        fingerprint=review.fingerprint if review else "",
        why=FormField("why", "Why", "text", "", hint="One sentence for the audit trail.", error=error),
        errors=(ErrorLine("why", error),) if error else (),
    )


def _change_view(changed: reviewing.Changed) -> ChangeView:
    change = changed.change
    url = f"/admin/entries/{change.entity}/{change.key}"
    who = f"{change.changed_by}, {moment(change.changed_at)}"
    name = f"{change.entity}/{change.key}"
    return ChangeView(name, url, f"{url}/discard", change.action, who, change.why, changed.differences)


def _answer_view(compared: Compared) -> AnswerView:
    differences = tuple(
        Difference(PART_NAMES[name], _part(compared.before, name), _part(compared.after, name))
        for name in compared.changed
    )
    return AnswerView(compared.question.text, compared.blocks, differences)


def _part(answered: Answered, name: str) -> str:
    return str(getattr(answered, name)) or "none"


def _try_page(caller: Caller, condition: str, *, outcome: str, error: str) -> TryPage:
    box = FormField("condition", "Condition", "long", condition, error=error)
    variables = tuple((each.name, each.kind, each.meaning) for each in VARIABLES.values())
    errors = (ErrorLine("condition", error),) if error else ()
    return TryPage("Try a condition", Frame.of(caller), box, outcome, errors, variables)
