"""Refreshed prices as administrators work with them: runs, jobs and changes that wait for a decision."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.admin.accounts import Caller
from app.catalogue import startup
from app.errors import Forbidden, NotFound, Unprocessable
from app.field_problems import FieldProblem, nearest
from app.settings import Settings
from app.tables import HeldChange, OfferRow, RefreshJob, RefreshRun

WAITING = "waiting"
DECISIONS = ("waiting", "accepted", "dismissed", "withdrawn")
KINDS = {
    "moved": "moves more than threefold",
    "unknown_accelerator": "device not known",
    "unknown_provider": "provider not known",
    "vanished": "no longer on the list",
    "suspicious": "unit looks wrong",
}
LAST_JOBS = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held change with what is published now."""

    row: HeldChange
    offer: dict[str, Any]
    accelerator: str
    current: OfferRow | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        row = self.row
        return {
            "number": row.id,
            "run": row.run,
            "source": row.source,
            "kind": row.kind,
            "detail": row.detail,
            "offer": self.offer,
            "accelerator": self.accelerator or None,
            "published": None
            if self.current is None
            else {
                "offer": self.current.id,
                "version": self.current.version,
                "usd_per_hour_on_demand": self.current.usd_per_hour_on_demand,
                "usd_per_hour_spot": self.current.usd_per_hour_spot,
                "as_of": self.current.as_of.isoformat(),
            },
            "decision": row.decision,
            "decided_by": row.decided_by,
            "decided_at": row.decided_at.isoformat() if row.decided_at else None,
            "reason": row.reason,
        }


def held_changes(
    session: Session, *, decision: str = WAITING, run: int | None = None, first: int = 0, most: int = 50
) -> tuple[list[Waiting], int]:
    """Held changes, the oldest first, and how many there are."""
    statement = select(HeldChange).where(HeldChange.decision == decision)
    if run is not None:
        statement = statement.where(HeldChange.run == run)
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.scalars(statement.order_by(HeldChange.id).offset(first).limit(most)).all()
    return [_waiting(session, row) for row in rows], total


def held_change(session: Session, number: int) -> Waiting:
    """One held change."""
    row = session.get(HeldChange, number)
    if row is None:
        raise NotFound(f"There is no held change {number}.")
    return _waiting(session, row)


def accept(engine: Engine, session: Session, *, number: int, caller: Caller, accelerator: str, reason: str) -> str:
    """Take a held change over, in the session's transaction; what was done, in words."""
    from app.contract.resolving import accelerator as named
    from app.sources import applying

    device = ""
    if accelerator.strip():
        device = named(startup.current(engine), accelerator.strip(), pointer="/accelerator").slug
    elif not held_change(session, number).accelerator:
        raise Unprocessable([FieldProblem("/accelerator", "Name the device of the catalogue that this offer has")])
    return applying.accept(session, number, by=caller.email, accelerator=device, reason=reason)


def reject(session: Session, *, number: int, caller: Caller, reason: str) -> None:
    """Leave the catalogue as it is; the reason is kept."""
    from app.sources import applying

    if not reason.strip():
        raise Unprocessable([FieldProblem("/reason", "Say why, for those who look at it later")])
    applying.dismiss(session, number, by=caller.email, reason=reason)


def start(
    session: Session, engine: Engine, *, settings: Settings, names: list[str], dry_run: bool, caller: Caller
) -> int:
    """Note a refresh and its entry in the audit trail; the caller begins it once that is written."""
    from app.sources import jobs
    from app.sources.registry import all_sources

    if not dry_run and not caller.may("approver"):
        raise Forbidden("An approver refreshes prices; you can try it without writing anything.")
    known = all_sources(engine, settings)
    problems = [
        FieldProblem("/sources", f"There is no source called {name[:60]}", nearest(name, list(known)))
        for name in names
        if name not in known
    ]
    if problems:
        raise Unprocessable(problems)
    return jobs.note(session, names, dry_run=dry_run, asked_by=caller.email).id


def begin(engine: Engine, settings: Settings, *, number: int) -> None:
    """Run a noted refresh beside the requests."""
    from app.sources import jobs

    jobs.start(engine, settings, number=number)


def job_named(session: Session, number: int) -> RefreshJob:
    """One refresh that somebody started."""
    job = session.get(RefreshJob, number)
    if job is None:
        raise NotFound(f"There is no refresh {number}.")
    return job


def last_jobs(session: Session) -> list[RefreshJob]:
    """The newest, first."""
    return list(session.scalars(select(RefreshJob).order_by(RefreshJob.id.desc()).limit(LAST_JOBS)))


def job_as_json(job: RefreshJob) -> dict[str, Any]:
    """For programs."""
    from app.sources import jobs

    return {
        "number": job.id,
        "sources": [name for name in job.sources.split(",") if name],
        "dry_run": job.dry_run,
        "asked_by": job.asked_by,
        "asked_at": job.asked_at.isoformat(),
        "state": jobs.state_of(job, datetime.now(UTC)),
        "progress": job.progress,
        "report": job.report or [],
    }


def runs(session: Session, *, source: str = "", first: int = 0, most: int = 50) -> tuple[list[RefreshRun], int]:
    """Runs of sources, newest first, and how many there are."""
    statement = select(RefreshRun)
    if source:
        statement = statement.where(RefreshRun.source == source)
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    return list(session.scalars(statement.order_by(RefreshRun.id.desc()).offset(first).limit(most))), total


def run_numbered(session: Session, number: int) -> RefreshRun:
    """One run."""
    run = session.get(RefreshRun, number)
    if run is None:
        raise NotFound(f"There is no run {number}.")
    return run


def run_as_json(run: RefreshRun) -> dict[str, Any]:
    """For programs."""
    counts = ("seen", "new", "changed", "unchanged", "vanished", "held", "rejected")
    return {
        "number": run.id,
        "source": run.source,
        "started_at": aware(run.started_at).isoformat(),
        "finished_at": aware(run.finished_at).isoformat(),
        "outcome": run.outcome,
        "message": run.message,
        "asked_by": run.asked_by,
        **{name: getattr(run, f"rows_{name}") for name in counts},
        "rejections": json.loads(run.rejections),
    }


def last_runs(session: Session) -> dict[str, RefreshRun]:
    """The newest run of each source."""
    newest = select(func.max(RefreshRun.id)).group_by(RefreshRun.source)
    return {run.source: run for run in session.scalars(select(RefreshRun).where(RefreshRun.id.in_(newest)))}


def aware(at: datetime) -> datetime:
    """SQLite forgets the zone of what older tables keep."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _waiting(session: Session, row: HeldChange) -> Waiting:
    told = json.loads(row.payload)
    current = session.get(OfferRow, told["current"]) if told["current"] is not None else None
    return Waiting(row, told["offer"], told["accelerator"], current)
