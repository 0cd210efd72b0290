"""Refreshes that somebody starts from the administration's pages: they run beside requests, and are followed there."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from app.db import transaction
from app.settings import Settings
from app.sources.fetching import Fetcher
from app.sources.lease import lease
from app.sources.refresh import FAILED as SOURCE_FAILED
from app.sources.refresh import Outcome, refresh
from app.sources.registry import all_sources, chosen
from app.sources.schedule import LEASE, LONGEST_S
from app.sources.trail import By, Trail
from app.tables import RefreshJob
from app.tables.base import LONG

log = logging.getLogger(__name__)

RUNNING, DONE, FAILED, INTERRUPTED = "running", "done", "failed", "interrupted"
NO_SIGN_OF_LIFE = timedelta(minutes=15)
"""After this a job whose worker says nothing is taken for dead; a new one goes on where it stopped."""
MOST_HELD = 100
TOLD_EVERY_S = 1.0


def note(session: Session, names: Sequence[str], *, dry_run: bool, asked_by: str) -> RefreshJob:
    """Write down that somebody wants a refresh, with its entry in the audit trail."""
    now = datetime.now(UTC)
    job = RefreshJob(
        sources=",".join(names), dry_run=dry_run, asked_by=asked_by, asked_at=now, state=RUNNING, seen_at=now
    )
    session.add(job)
    session.flush()
    trail = Trail(session, By(asked_by, "dry run of a refresh of prices" if dry_run else "refresh of prices"))
    trail.note("refresh", "price-refreshes", key=str(job.id), after={"sources": list(names), "dry_run": dry_run})
    trail.write()
    return job


def start(engine: Engine, settings: Settings, *, number: int) -> threading.Thread:
    """Run a job in a thread of its own; it ends with the process, and what it had read is used by the next one."""
    thread = threading.Thread(target=run, args=(engine, settings), kwargs={"number": number}, daemon=True)
    thread.start()
    return thread


def run(engine: Engine, settings: Settings, *, number: int) -> None:
    """Run a job from beginning to end, and keep what came of it."""
    try:
        with lease(engine, LEASE, seconds=LONGEST_S) as mine:
            if not mine:
                _change(engine, number, state=FAILED, progress="Prices are being refreshed already.")
                return
            report = _done(engine, settings, number=number)
        failed = all(each["outcome"] == SOURCE_FAILED for each in report)
        _change(engine, number, state=FAILED if failed else DONE, progress="", report=report)
    except Exception as error:
        log.exception("the refresh %d failed", number)
        _change(engine, number, state=FAILED, progress=f"{type(error).__name__}: {error}"[:LONG])


def _done(engine: Engine, settings: Settings, *, number: int) -> list[dict[str, Any]]:
    with Session(engine) as session:
        job = session.get_one(RefreshJob, number)
        names, dry_run, asked_by = [name for name in job.sources.split(",") if name], job.dry_run, job.asked_by
    fetcher = partial(Fetcher, stand_in=settings.prices_mirror)
    report: list[dict[str, Any]] = []
    wanted = chosen(names, all_sources(engine, settings))
    for place, source in enumerate(wanted, start=1):
        told = _teller(engine, number, head=f"{place} of {len(wanted)}: {source.key}")
        told("")
        report.append(
            as_report(refresh(engine, source, fetcher=fetcher, dry_run=dry_run, told=told, asked_by=asked_by))
        )
        _change(engine, number, report=report)
    return report


def as_report(outcome: Outcome) -> dict[str, Any]:
    """What a source did, or would do, as JSON."""
    return {
        "source": outcome.source,
        "outcome": outcome.outcome,
        "message": outcome.message,
        "sentence": outcome.sentence,
        "seen": outcome.seen,
        "new": outcome.new,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "vanished": outcome.vanished,
        "rejected": dict(outcome.rejected),
        "held": [{"kind": each.kind, "detail": each.detail} for each in outcome.held[:MOST_HELD]],
        "held_in_all": len(outcome.held),
        "details": outcome.details,
    }


def state_of(job: RefreshJob, now: datetime) -> str:
    """How a job stands; one whose worker fell silent is interrupted."""
    return INTERRUPTED if job.state == RUNNING and job.seen_at < now - NO_SIGN_OF_LIFE else job.state


def _teller(engine: Engine, number: int, *, head: str) -> Callable[[str], None]:
    last = datetime.min.replace(tzinfo=UTC)

    def told(text: str) -> None:
        nonlocal last
        now = datetime.now(UTC)
        if text and (now - last).total_seconds() < TOLD_EVERY_S:
            return
        last = now
        _change(engine, number, progress=f"{head} {text}".strip()[:LONG])

    return told


def _change(engine: Engine, number: int, **values: Any) -> None:
    with transaction(engine) as session:
        seen = {"seen_at": datetime.now(UTC)}
        session.execute(update(RefreshJob).where(RefreshJob.id == number).values(**values, **seen))
