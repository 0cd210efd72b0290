"""The draft: what differs from the published catalogue, which answers change, and the button that publishes."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from app.admin import drafts, reviewing
from app.admin.access import Approver, Viewer
from app.admin.accounts import Caller
from app.admin.bench import Compared
from app.admin.bench_pages import Answers, differing
from app.admin.differences import Difference
from app.admin.entities import entity_named
from app.admin.forms import Entered, ErrorLine, FormField, Frame, moment
from app.db import reading
from app.errors import Conflict
from app.http.redirecting import see_other
from app.http.templating import render
from app.tables import User

router = APIRouter(prefix="/admin", include_in_schema=False)

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One entry of the draft."""

    name: str
    words: str
    """What it is about, where its key is a number."""
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
    url: str
    result_url: str
    blocks: bool
    wrong: str
    was_wrong: bool
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
    refused: bool = False
    """Whether it was to be published just now, and was not."""
    told: str = ""
    """Which of the changes are shown, where they do not fit on one page."""
    before_url: str = ""
    after_url: str = ""
    approval: str = ""
    """With two-person approval: why this caller may not publish."""
    approvers: tuple[str, ...] = ()
    """Who may instead."""
    ask_url: str = ""
    """Where the saved questions are asked, which takes a while; empty where that is done."""


@router.get("/draft")
def show_draft(
    request: Request, caller: Viewer, page: Annotated[int, Query(ge=1, le=100_000)] = 1, answers: Answers = ""
) -> Response:
    """The draft, the answers that change, and what forbids publishing."""
    return render(_draft_page(request, caller, page=page, ask=answers == "all"))


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
    except reviewing.Stopped as stopped:
        return render(_draft_page(request, caller, stopped=stopped.blocks), status=stopped.status)
    except Conflict as error:
        return render(_draft_page(request, caller, error=error.detail.rstrip(".")), status=error.status)
    return see_other(f"/admin/audit?revision={revision}")


def _draft_page(
    request: Request,
    caller: Caller,
    *,
    error: str = "",
    stopped: tuple[str, ...] = (),
    page: int = 1,
    ask: bool = False,
) -> DraftPage:
    """``stopped``: what has just kept the draft from being published."""
    engine, most = request.app.state.engine, reviewing.SHOWN_AT_ONCE
    first = (page - 1) * most
    changed, total = reviewing.changed_entries(engine, first=first, most=most)
    seen, untried = reviewing.Glance("", [], None), ""
    if changed:
        try:
            if ask:
                reviewing.review(engine)
            seen = reviewing.glance(engine)
        except Conflict as conflict:
            untried = conflict.detail
    review = seen.review
    blocks = [untried] if untried else review.blocks if review else reviewing.forbidding(seen.findings)
    own, approvers = _approval(request, caller)
    return DraftPage(
        title="Draft",
        frame=Frame.of(caller),
        changes=tuple(_change_view(each) for each in changed),
        answers=tuple(_answer_view(each) for each in review.compared if each.changed) if review else (),
        questions=len(review.compared) if review else 0,
        findings=tuple(f"{f.severity}: {f.entry}, {f.field}: {f.message}" for f in seen.findings),
        blocks=stopped or tuple(blocks),
        fingerprint=seen.fingerprint,
        ask_url=f"/admin/draft?page={page}&answers=all#answers" if not review and not untried else "",
        why=FormField("why", "Why", "text", "", hint="One sentence for the audit trail.", error=error),
        errors=(ErrorLine("why", error),) if error else (),
        refused=bool(stopped),
        told=f"{first + 1:,} to {first + len(changed):,} of {total:,} changes" if total > most else "",
        before_url=f"/admin/draft?page={page - 1}" if page > 1 else "",
        after_url=f"/admin/draft?page={page + 1}" if first + most < total else "",
        approval=own,
        approvers=approvers,
    )


def _approval(request: Request, caller: Caller) -> tuple[str, tuple[str, ...]]:
    """With two-person approval, the caller's own edits, and the approvers that have none in the draft."""
    if not request.app.state.settings.two_person_approval:
        return "", ()
    with reading(request.app.state.engine) as session:
        own = drafts.touched_by(session, caller.email, most=MOST_NAMED)
        people = session.scalars(select(User.email).where(User.role == "approver", User.disabled.is_(False)))
        free = tuple(each for each in people if not drafts.touched_by(session, each, most=1))
    return ", ".join(own), free


def _change_view(changed: reviewing.Changed) -> ChangeView:
    change = changed.change
    url = f"/admin/entries/{change.entity}/{change.key}"
    who = f"{change.changed_by}, {moment(change.changed_at)}"
    name = f"{change.entity}/{change.key}"
    words = entity_named(change.entity).words(change.values)
    return ChangeView(name, words, url, f"{url}/discard", change.action, who, change.why, changed.differences)


def _answer_view(compared: Compared) -> AnswerView:
    question = compared.question
    return AnswerView(
        question.text,
        f"/admin/entries/questions/{question.slug}",
        f"/result?{question.query}",
        compared.blocks,
        compared.wrong,
        compared.was_wrong,
        differing(compared),
    )
