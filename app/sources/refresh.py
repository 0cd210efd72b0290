"""One run of one source: fetch, parse, review, apply, all recorded. A source that fails never harms another."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.db import reading, transaction
from app.engine.units import GIB
from app.sources import applying
from app.sources.fetching import Document, Fetcher, FetchError
from app.sources.offers import Known, MalformedError, Parsed, Shape, Source
from app.sources.review import Catalogue, CurrentOffer, Held, Reviewed, review
from app.tables import OfferRow, RefreshRun, SourceValidator
from app.tables.base import LONG

log = logging.getLogger(__name__)

APPLIED, UNCHANGED, REFUSED, FAILED = "applied", "unchanged", "refused", "failed"


@dataclass
class Outcome:
    """What a run did, or would do."""

    source: str
    outcome: str
    message: str = ""
    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The run in one line."""
        if self.outcome == FAILED:
            return f"{self.source}: {self.message}"
        if self.outcome == UNCHANGED:
            return f"{self.source}: nothing has changed since the last run"
        counts = {
            "new": self.new, "changed": self.changed, "unchanged": self.unchanged, "vanished": self.vanished,
            "held": len(self.held), "left out": sum(self.rejected.values()),
        }  # fmt: skip
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"{self.source}: {self.seen} rows, {told}{f'; {self.message}' if self.message else ''}"


def refresh(
    engine: Engine,
    source: Source,
    *,
    fetcher: Callable[..., Fetcher] = Fetcher,
    dry_run: bool = False,
    today: date | None = None,
    told: Callable[[str], None] = log.info,
) -> Outcome:
    """Run a source. A dry run reads and reviews, and writes nothing at all."""
    started_at = datetime.now(UTC)
    documents: list[Document] = []
    reviewed = Reviewed()
    today = today or started_at.date()
    try:
        snapshot = startup.current(engine)
        known = _known(snapshot, today)
        with reading(engine) as session:
            validators = _validators(session, source.key)
        with fetcher(validators=validators, told=told) as reader:
            documents = source.fetch(reader, known)
            skipped = "; ".join(reader.skipped)
        outcome = Outcome(source.key, UNCHANGED, skipped)
        fresh = [document for document in documents if not document.unchanged]
        if fresh:
            parsed = source.parse(fresh, known)
            with reading(engine) as session:
                reviewed = review(parsed, _catalogue(session, snapshot), known=known, source=source)
            outcome = _outcome(source, parsed, reviewed=reviewed)
            outcome.message = "; ".join(filter(None, [reviewed.refused, skipped]))
    except (FetchError, MalformedError) as error:
        outcome = Outcome(source.key, FAILED, str(error))
    except Exception as error:  # what a source sends must never stop the others
        log.exception("the source %s failed", source.key)
        outcome = Outcome(source.key, FAILED, f"{type(error).__name__}: {error}")
    if not dry_run:
        _keep(engine, outcome, source=source, reviewed=reviewed, documents=documents, times=(started_at, today))
    return outcome


def _outcome(source: Source, parsed: Parsed, *, reviewed: Reviewed) -> Outcome:
    return Outcome(
        source=source.key,
        outcome=REFUSED if reviewed.refused else APPLIED,
        seen=parsed.rows_seen,
        new=len(reviewed.new),
        changed=len(reviewed.changed),
        unchanged=len(reviewed.confirmed),
        vanished=len(reviewed.vanished),
        rejected=dict(parsed.rejected),
        held=reviewed.held,
    )


def _keep(
    engine: Engine,
    outcome: Outcome,
    *,
    source: Source,
    reviewed: Reviewed,
    documents: list[Document],
    times: tuple[datetime, date],
) -> None:
    """Everything that a run changes, in one transaction with its record."""
    with transaction(engine) as session:
        run = RefreshRun(
            source=source.key,
            started_at=times[0],
            finished_at=datetime.now(UTC),
            outcome=outcome.outcome,
            message=outcome.message[:LONG],
            rows_seen=outcome.seen,
            rows_new=outcome.new,
            rows_changed=outcome.changed,
            rows_unchanged=outcome.unchanged,
            rows_vanished=outcome.vanished,
            rows_held=len(outcome.held),
            rows_rejected=sum(outcome.rejected.values()),
            rejections=json.dumps(outcome.rejected),
        )
        session.add(run)
        session.flush()
        if outcome.outcome == APPLIED:
            applying.apply(session, reviewed, source=source, today=times[1])
            applying.hold(session, reviewed.held, source=source.key, run=run.id)
            applying.remember(session, documents, source=source.key)


def _known(snapshot: Snapshot, today: date) -> Known:
    shapes: dict[tuple[str, str], Shape] = {}
    regions: dict[str, set[str]] = {}
    by_instance: dict[tuple[str, str], set[tuple[str, float]]] = {}
    for offer in snapshot.market.offers:
        key = (offer.provider, offer.instance)
        by_instance.setdefault(key, set()).add((offer.accelerator, offer.accelerator_count))
        regions.setdefault(offer.provider, set()).add(offer.region)
        name = snapshot.accelerators[offer.accelerator].name
        memory_gib = offer.accelerator_memory_bytes / GIB
        shapes[key] = Shape(offer.accelerator, name, offer.accelerator_count, memory_gib, offer.vcpus, offer.ram_gb)
    clear = {key: shape for key, shape in shapes.items() if len(by_instance[key]) == 1}
    return Known(today, clear, {provider: sorted(each) for provider, each in regions.items()})


def _catalogue(session: Session, snapshot: Snapshot) -> Catalogue:
    firsthand = {source.row_key for source in _registered() if source.firsthand}
    rows = session.execute(select(OfferRow.__table__).where(OfferRow.retired.is_(False))).all()
    offers = [
        CurrentOffer(
            row.id, row.provider, row.instance, row.region, row.accelerator, row.accelerator_count,
            row.usd_per_hour_on_demand, row.usd_per_hour_spot, row.as_of, row.source, row.source in firsthand,
        )
        for row in rows
        if row.accelerator is not None
    ]  # fmt: skip
    memory_gib = {each.slug: each.memory_bytes / GIB for each in snapshot.devices.accelerators}
    providers = frozenset(provider.slug for provider in snapshot.market.providers)
    return Catalogue(snapshot.hardware_names, memory_gib, offers, providers)


def _registered() -> Iterable[Source]:
    from app.sources.registry import SOURCES

    return SOURCES.values()


def _validators(session: Session, source: str) -> dict[str, str]:
    rows = session.execute(
        select(SourceValidator.address, SourceValidator.etag).where(SourceValidator.source == source)
    )
    return {row.address: row.etag for row in rows}
