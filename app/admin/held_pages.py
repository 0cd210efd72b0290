"""Changes that a refresh held, as pages: look at them beside what is published, accept or reject them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.admin import price_work
from app.admin.access import Approver, Viewer
from app.admin.accounts import Caller
from app.admin.forms import Entered, ErrorLine, FormField, Frame, Option, error_lines, moment, options
from app.admin.price_work import DECISIONS, KINDS, Waiting
from app.errors import Unprocessable
from app.field_problems import FieldProblem
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
PER_PAGE = 50
Page = Annotated[int, Query(ge=1, le=100_000)]
MARKED = "change."


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One change that waits, or waited."""

    field: str
    url: str
    number: int
    source: str
    why: str
    detail: str
    decided: str


@dataclass(frozen=True, slots=True)
class HeldListPage:
    """Changes that wait."""

    template: ClassVar[str] = "admin/held_changes.html"

    title: str
    frame: Frame
    states: tuple[Option, ...]
    lines: tuple[HeldLine, ...]
    told: str
    can_decide: bool
    reason: FormField
    before_url: str
    after_url: str
    errors: tuple[ErrorLine, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldPage:
    """One change that waits, beside what is published."""

    template: ClassVar[str] = "admin/held_change.html"

    title: str
    frame: Frame
    line: HeldLine
    facts: tuple[tuple[str, str, str], ...]
    """Name, published, and as the source has it."""
    offer_url: str
    can_decide: bool
    fields: tuple[FormField, ...]
    errors: tuple[ErrorLine, ...] = ()


@router.get("/held-changes")
def list_held_changes(
    caller: Viewer,
    session: SessionDep,
    *,
    state: Literal["waiting", "accepted", "dismissed", "withdrawn"] = "waiting",
    page: Page = 1,
) -> Response:
    """Changes that a person decides about."""
    return render(_held_list(session, caller, state=state, page=page))


@router.post("/held-changes")
def decide_several(request: Request, caller: Approver, session: SessionDep, form: Entered) -> Response:
    """Accept or reject every change that is ticked, all or none."""
    numbers = [name.removeprefix(MARKED) for name, value in form.items() if name.startswith(MARKED) and value]
    wanted = [int(number) for number in numbers if number.isdecimal() and len(number) < 10]
    problems: list[FieldProblem] = []
    if not wanted:
        problems.append(FieldProblem("/changes", "Tick at least one change"))
    try:
        with session.begin_nested():
            for number in wanted:
                _decide(request.app.state.engine, session, number=number, caller=caller, form=form)
    except Unprocessable as error:
        problems += error.problems
    if problems:
        page = _held_list(session, caller, state="waiting", page=1, problems=problems, reason=form.get("reason", ""))
        return render(page, status=UNPROCESSABLE)
    return see_other("/admin/held-changes")


@router.get("/held-changes/{number}")
def show_held_change(number: int, caller: Viewer, session: SessionDep) -> Response:
    """One change beside what is published."""
    return render(_held_page(session, caller, number=number))


@router.post("/held-changes/{number}")
def decide(number: int, request: Request, caller: Approver, *, session: SessionDep, form: Entered) -> Response:
    """Accept or reject one change."""
    try:
        _decide(request.app.state.engine, session, number=number, caller=caller, form=form)
    except Unprocessable as error:
        return render(
            _held_page(session, caller, number=number, form=form, problems=error.problems), status=UNPROCESSABLE
        )
    return see_other("/admin/held-changes")


def _decide(engine: Engine, session: Session, *, number: int, caller: Caller, form: dict[str, str]) -> None:
    reason = form.get("reason", "")
    if form.get("decision") == "accept":
        price_work.accept(
            engine, session, number=number, caller=caller, accelerator=form.get("accelerator", ""), reason=reason
        )
    else:
        price_work.reject(session, number=number, caller=caller, reason=reason)


def _held_list(
    session: Session,
    caller: Caller,
    *,
    state: str,
    page: int,
    problems: list[FieldProblem] | None = None,
    reason: str = "",
) -> HeldListPage:
    found, total = price_work.held_changes(session, decision=state, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    wrong = {problem.pointer.strip("/"): problem.detail for problem in problems or []}
    first = f"{MARKED}{found[0].row.id}" if found else "reason"
    lines = [
        ErrorLine("reason" if problem.pointer == "/reason" else first, problem.detail) for problem in problems or []
    ]
    return HeldListPage(
        title="Changes that wait for a decision",
        frame=Frame.of(caller),
        states=options(DECISIONS, state),
        lines=tuple(held_line(each) for each in found),
        told=f"{total} change{'' if total == 1 else 's'}",
        can_decide=state == "waiting" and caller.may("approver") and bool(found),
        reason=FormField("reason", "Why", "text", reason, error=wrong.get("reason", "")),
        before_url=f"/admin/held-changes?{urlencode({'state': state, 'page': page - 1})}" if page > 1 else "",
        after_url=f"/admin/held-changes?{urlencode({'state': state, 'page': page + 1})}"
        if page * PER_PAGE < total
        else "",
        errors=tuple(lines),
    )


def held_line(held: Waiting) -> HeldLine:
    row = held.row
    at = moment(datetime.now(UTC) if row.decided_at is None else price_work.aware(row.decided_at))
    decided = (
        "" if row.decision == "waiting" else f"{row.decision} by {row.decided_by}, {at}: {row.reason or 'no reason'}"
    )
    return HeldLine(
        f"{MARKED}{row.id}", f"/admin/held-changes/{row.id}", row.id, row.source, KINDS[row.kind], row.detail, decided
    )


def _held_page(
    session: Session,
    caller: Caller,
    *,
    number: int,
    form: dict[str, str] | None = None,
    problems: list[FieldProblem] | None = None,
) -> HeldPage:
    held, entered = price_work.held_change(session, number), form or {}
    wrong = {problem.pointer.strip("/"): problem for problem in problems or []}
    device = FormField(
        "accelerator",
        "Device of the catalogue",
        "text",
        entered.get("accelerator", held.accelerator),
        hint="By any of its names; needed where the source's name is not known.",
        error=wrong["accelerator"].detail if "accelerator" in wrong else "",
    )
    reason = FormField(
        "reason",
        "Why",
        "text",
        entered.get("reason", ""),
        hint="Kept with the decision, and needed to reject.",
        error=wrong["reason"].detail if "reason" in wrong else "",
    )
    fields = (device, reason) if held.row.kind == "unknown_accelerator" else (reason,)
    return HeldPage(
        title=f"Held: {KINDS[held.row.kind]}",
        frame=Frame.of(caller),
        line=held_line(held),
        facts=tuple(_facts(held)),
        offer_url=f"/admin/entries/offers/{held.current.id}" if held.current else "",
        can_decide=held.row.decision == "waiting" and caller.may("approver"),
        fields=fields,
        errors=error_lines(problems or [], [field.id for field in fields]),
    )


def _facts(held: Waiting) -> list[tuple[str, str, str]]:
    """The offer as it is published beside the offer as the source has it."""
    names = {
        "provider": "Provider", "instance": "Instance", "region": "Region", "accelerator_name": "Device",
        "count": "Devices", "usd_per_hour_on_demand": "USD per hour on demand",
        "usd_per_hour_spot": "USD per hour, spot", "as_of": "Day", "note": "Note",
    }  # fmt: skip
    now = held.current
    columns = {"count": "accelerator_count"}
    return [
        (label, _cell(getattr(now, columns.get(name, name)) if now else None), _cell(held.offer.get(name)))
        for name, label in names.items()
    ]


def _cell(value: object) -> str:
    return "–" if value in {None, ""} else f"{value:g}" if isinstance(value, float) else str(value)
