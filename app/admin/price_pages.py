"""Refreshed prices as pages: start or try a refresh, look at runs, decide about changes that are held."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.admin import price_work
from app.admin.access import Approver, Editor, Viewer
from app.admin.account_pages import moment
from app.admin.accounts import Caller
from app.admin.forms import Entered, ErrorLine, FormField, Frame, Option, error_lines, options
from app.admin.price_work import DECISIONS, KINDS, Waiting
from app.errors import Unprocessable
from app.field_problems import FieldProblem
from app.request_session import SessionDep
from app.settings import Settings
from app.tables import RefreshJob, RefreshRun
from app.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

SEE_OTHER, UNPROCESSABLE = 303, 422
PER_PAGE = 50
Page = Annotated[int, Query(ge=1, le=100_000)]
CHOSEN = "source."
MARKED = "change."


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source, and how it went last."""

    field: str
    name: str
    title: str
    last: str
    wrong: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list."""

    url: str
    source: str
    at: str
    outcome: str
    counts: tuple[int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class JobLine:
    """One refresh that somebody started."""

    url: str
    told: str
    state: str
    progress: str


@dataclass(frozen=True, slots=True)
class RefreshesPage:
    """Everything about refreshing."""

    template: ClassVar[str] = "admin/price_refreshes.html"

    title: str
    frame: Frame
    schedule: str
    waiting: int
    sources: tuple[SourceLine, ...]
    jobs: tuple[JobLine, ...]
    columns: tuple[str, ...]
    runs: tuple[RunLine, ...]
    told: str
    before_url: str
    after_url: str
    errors: tuple[ErrorLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What one source did, or would do."""

    source: str
    outcome: str
    sentence: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class JobPage:
    """One refresh."""

    template: ClassVar[str] = "admin/price_job.html"

    title: str
    frame: Frame
    told: str
    state: str
    running: bool
    progress: str
    reports: tuple[ReportLine, ...]


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run of one source."""

    template: ClassVar[str] = "admin/price_run.html"

    title: str
    frame: Frame
    told: str
    message: str
    counts: tuple[tuple[str, int], ...]
    rejections: tuple[tuple[str, int], ...]
    held: tuple["HeldLine", ...]


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


@router.get("/price-refreshes")
def show_refreshes(
    request: Request,
    caller: Viewer,
    session: SessionDep,
    *,
    source: Annotated[str, Query(max_length=60)] = "",
    page: Page = 1,
) -> Response:
    """Sources, refreshes and runs."""
    return render(_refreshes(request, caller, session, source=source, page=page))


@router.post("/price-refreshes")
def start_refresh(
    request: Request, caller: Editor, session: SessionDep, *, form: Entered, later: BackgroundTasks
) -> Response:
    """Start a refresh, or try one."""
    engine, settings = request.app.state.engine, request.app.state.settings
    names = [name.removeprefix(CHOSEN) for name, value in form.items() if name.startswith(CHOSEN) and value]
    try:
        number = price_work.start(
            session, engine, settings, names=names, dry_run=form.get("kind") != "refresh", caller=caller
        )
    except Unprocessable as error:
        page = _refreshes(request, caller, session, errors=error_lines(error.problems, ["sources"]))
        return render(page, status=UNPROCESSABLE)
    later.add_task(price_work.begin, engine, settings, number=number)
    return RedirectResponse(f"/admin/price-refreshes/{number}", SEE_OTHER, background=later)


@router.get("/price-refreshes/{number}")
def show_job(number: int, caller: Viewer, session: SessionDep) -> Response:
    """One refresh: how far it is, or what it did."""
    job = price_work.job_named(session, number)
    told = price_work.job_as_json(job)
    page = JobPage(
        title="A dry run" if job.dry_run else "A refresh",
        frame=Frame.of(caller),
        told=_job_told(job),
        state=told["state"],
        running=told["state"] == "running",
        progress=job.progress,
        reports=tuple(_report(each) for each in job.report or []),
    )
    return render(page)


@router.get("/price-runs/{number}")
def show_run(number: int, caller: Viewer, session: SessionDep) -> Response:
    """One run, with the reasons why rows were left out."""
    run = price_work.run_numbered(session, number)
    held, _ = price_work.held_changes(session, run=number, most=PER_PAGE)
    names = ("Rows", "New", "Changed", "Unchanged", "Vanished", "Held", "Left out")
    rejections = sorted(json.loads(run.rejections).items(), key=lambda pair: -pair[1])
    by = f", asked for by {run.asked_by}" if run.asked_by else ""
    page = RunPage(
        title=f"{run.source}: {run.outcome}",
        frame=Frame.of(caller),
        told=f"{moment(price_work.aware(run.started_at))} to {moment(price_work.aware(run.finished_at))}{by}",
        message=run.message,
        counts=tuple(zip(names, _counts(run), strict=True)),
        rejections=tuple(rejections),
        held=tuple(_held_line(each) for each in held),
    )
    return render(page)


@router.get("/held-changes")
def list_held_changes(
    caller: Viewer,
    session: SessionDep,
    *,
    state: Literal["waiting", "accepted", "dismissed"] = "waiting",
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
        for number in wanted:
            _decide(request.app.state.engine, session, number=number, caller=caller, form=form)
    except Unprocessable as error:
        session.rollback()
        problems += error.problems
    if problems:
        page = _held_list(session, caller, state="waiting", page=1, problems=problems, reason=form.get("reason", ""))
        return render(page, status=UNPROCESSABLE)
    return RedirectResponse("/admin/held-changes", SEE_OTHER)


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
        session.rollback()
        return render(
            _held_page(session, caller, number=number, form=form, problems=error.problems), status=UNPROCESSABLE
        )
    return RedirectResponse("/admin/held-changes", SEE_OTHER)


def _decide(engine: Engine, session: Session, *, number: int, caller: Caller, form: dict[str, str]) -> None:
    reason = form.get("reason", "")
    if form.get("decision") == "accept":
        price_work.accept(
            engine, session, number=number, caller=caller, accelerator=form.get("accelerator", ""), reason=reason
        )
    else:
        price_work.reject(session, number=number, caller=caller, reason=reason)


def _refreshes(
    request: Request,
    caller: Caller,
    session: Session,
    *,
    source: str = "",
    page: int = 1,
    errors: tuple[ErrorLine, ...] = (),
) -> RefreshesPage:
    engine, settings = request.app.state.engine, request.app.state.settings
    found, total = price_work.runs(session, source=source, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    fields = {"source": source} if source else {}
    return RefreshesPage(
        title="Prices from public sources",
        frame=Frame.of(caller),
        schedule=_schedule(settings),
        waiting=price_work.held_changes(session, most=0)[1],
        sources=tuple(_sources(engine, settings, session)),
        jobs=tuple(
            JobLine(
                f"/admin/price-refreshes/{job.id}", _job_told(job), price_work.job_as_json(job)["state"], job.progress
            )
            for job in price_work.last_jobs(session)
        ),
        columns=("Rows", "New", "Changed", "Unchanged", "Vanished", "Held", "Left out"),
        runs=tuple(
            RunLine(
                f"/admin/price-runs/{run.id}",
                run.source,
                moment(run.started_at),
                run.outcome,
                _counts(run),
                run.message,
            )
            for run in found
        ),
        told=_several(total, "run") if total else "Nothing was refreshed yet.",
        before_url=f"/admin/price-refreshes?{urlencode(fields | {'page': page - 1})}" if page > 1 else "",
        after_url=f"/admin/price-refreshes?{urlencode(fields | {'page': page + 1})}" if page * PER_PAGE < total else "",
        errors=errors,
    )


def _sources(engine: Engine, settings: Settings, session: Session) -> list[SourceLine]:
    from app.sources.registry import all_sources

    last = price_work.last_runs(session)
    return [
        SourceLine(
            field=f"{CHOSEN}{key}",
            name=key,
            title=source.title,
            last=f"{last[key].outcome}, {moment(last[key].started_at)}" if key in last else "never",
            wrong=last[key].message if key in last and last[key].outcome in {"failed", "refused"} else "",
        )
        for key, source in all_sources(engine, settings).items()
    ]


def _schedule(settings: Settings) -> str:
    hours = settings.prices_every_hours
    return (
        f"The service refreshes by itself every {hours:g} hours."
        if hours
        else "The service does not refresh by itself."
    )


def _job_told(job: RefreshJob) -> str:
    names = job.sources.replace(",", ", ") or "all sources"
    return f"{'Dry run' if job.dry_run else 'Refresh'} of {names}, {moment(job.asked_at)}, by {job.asked_by}"


def _report(told: dict[str, Any]) -> ReportLine:
    left_out = tuple(f"{reason}: {count} rows" for reason, count in told["rejected"].items())
    held = tuple(f"{KINDS.get(each['kind'], each['kind'])}: {each['detail']}" for each in told["held"])
    parts = [(name.capitalize(), tuple(lines)) for name, lines in told["details"].items()]
    return ReportLine(
        told["source"],
        told["outcome"],
        told["sentence"],
        tuple((name, lines) for name, lines in [*parts, ("Held", held), ("Left out", left_out)] if lines),
    )


def _counts(run: RefreshRun) -> tuple[int, ...]:
    return (
        run.rows_seen, run.rows_new, run.rows_changed, run.rows_unchanged, run.rows_vanished, run.rows_held,
        run.rows_rejected,
    )  # fmt: skip


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
        lines=tuple(_held_line(each) for each in found),
        told=_several(total, "change"),
        can_decide=state == "waiting" and caller.may("approver") and bool(found),
        reason=FormField("reason", "Why", "text", reason, error=wrong.get("reason", "")),
        before_url=f"/admin/held-changes?{urlencode({'state': state, 'page': page - 1})}" if page > 1 else "",
        after_url=f"/admin/held-changes?{urlencode({'state': state, 'page': page + 1})}"
        if page * PER_PAGE < total
        else "",
        errors=tuple(lines),
    )


def _held_line(held: Waiting) -> HeldLine:
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
        line=_held_line(held),
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
        "count": "Devices", "usd_per_hour_on_demand": "USD per hour on demand", "usd_per_hour_spot": "USD per hour, spot",
        "as_of": "Day", "note": "Note",
    }  # fmt: skip
    now = held.current
    columns = {"count": "accelerator_count"}
    return [
        (label, _cell(getattr(now, columns.get(name, name)) if now else None), _cell(held.offer.get(name)))
        for name, label in names.items()
    ]


def _cell(value: object) -> str:
    return "–" if value in {None, ""} else f"{value:g}" if isinstance(value, float) else str(value)


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
