"""Refreshed prices as pages: start or try a refresh, follow it, and look at its runs."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.responses import Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.admin import price_work
from app.admin.access import Editor, Viewer
from app.admin.accounts import Caller
from app.admin.forms import Entered, ErrorLine, Frame, error_lines, moment
from app.admin.held_pages import HeldLine, held_line
from app.admin.price_work import KINDS
from app.errors import Unprocessable
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.settings import Settings
from app.tables import RefreshJob, RefreshRun

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
PER_PAGE = 50
Page = Annotated[int, Query(ge=1, le=100_000)]
CHOSEN = "source."


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
    held: tuple[HeldLine, ...]


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
            session, engine, settings=settings, names=names, dry_run=form.get("kind") != "refresh", caller=caller
        )
    except Unprocessable as error:
        page = _refreshes(request, caller, session, errors=error_lines(error.problems, ["sources"]))
        return render(page, status=UNPROCESSABLE)
    later.add_task(price_work.begin, engine, settings, number=number)
    return see_other(f"/admin/price-refreshes/{number}", afterwards=later)


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
        held=tuple(held_line(each) for each in held),
    )
    return render(page)


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
        jobs=tuple(_job_line(job) for job in price_work.last_jobs(session)),
        columns=("Rows", "New", "Changed", "Unchanged", "Vanished", "Held", "Left out"),
        runs=tuple(_run_line(run) for run in found),
        told=_several(total, "run") if total else "Nothing was refreshed yet.",
        before_url=f"/admin/price-refreshes?{urlencode(fields | {'page': page - 1})}" if page > 1 else "",
        after_url=f"/admin/price-refreshes?{urlencode(fields | {'page': page + 1})}" if page * PER_PAGE < total else "",
        errors=errors,
    )


def _job_line(job: RefreshJob) -> JobLine:
    state = price_work.job_as_json(job)["state"]
    return JobLine(f"/admin/price-refreshes/{job.id}", _job_told(job), state, job.progress)


def _run_line(run: RefreshRun) -> RunLine:
    started = moment(run.started_at)
    return RunLine(f"/admin/price-runs/{run.id}", run.source, started, run.outcome, _counts(run), run.message)


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


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
