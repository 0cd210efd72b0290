"""One run of one source: fetch, parse, review, apply, all recorded. A source that fails never harms another."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.db import reading, transaction
from app.engine.units import GIB
from app.sources import applying, pages, reference_rates
from app.sources.exchange_rates import Rates
from app.sources.fetching import Document, Fetcher
from app.sources.guarding import FetchError
from app.sources.offers import Known, Parsed, Shape, Source
from app.sources.reading import MalformedError
from app.sources.review import Candidate, Catalogue, CurrentOffer, Held, Reviewed, review
from app.sources.trail import By
from app.tables import OfferRow, RefreshRun, SourceValidator
from app.tables.base import LONG

log = logging.getLogger(__name__)

MOST_DETAILS = 40
SCHEDULE = "schedule"
"""Who acts where nobody does."""
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
    details: dict[str, list[str]] = field(default_factory=dict)
    """Some of what is new, changed or gone, in words."""

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
    asked_by: str = "",
) -> Outcome:
    """Run a source. A dry run reads and reviews, and writes nothing at all."""
    started_at = datetime.now(UTC)
    documents: list[Document] = []
    reviewed = Reviewed()
    today = today or started_at.date()
    kept = None if dry_run else pages.Pages(engine, source.key, started_at)
    again = False
    rates: Rates | None = None
    try:
        if not dry_run:
            pages.forget_old(engine, now=started_at)
        snapshot = startup.current(engine)
        known = _known(snapshot, today)
        with reading(engine) as session:
            validators = _validators(session, source.key)
        more: dict[str, Any] = {"pages": kept} | ({"public_only": True} if source.guarded else {})
        with fetcher(validators=validators, told=told, **more) as reader:
            documents = source.fetch(reader, known)
            skipped = "; ".join([*reader.skipped, *_resumed(kept)])
        outcome = Outcome(source.key, UNCHANGED, skipped)
        fresh = [document for document in documents if not document.unchanged]
        if fresh:
            parsed = source.parse(fresh, known)
            rates = parsed.rates
            with reading(engine) as session:
                reviewed = review(parsed, _catalogue(session, snapshot, source), known=known, source=source)
            outcome = _outcome(source, parsed, reviewed=reviewed)
            outcome.message = "; ".join(filter(None, [reviewed.refused, skipped]))
    except FetchError as error:
        again = True
        outcome = Outcome(source.key, FAILED, str(error))
    except MalformedError as error:
        outcome = Outcome(source.key, FAILED, str(error))
    except Exception as error:  # what a source sends must never stop the others
        log.exception("the source %s failed", source.key)
        outcome = Outcome(source.key, FAILED, f"{type(error).__name__}: {error}")
    if not dry_run:
        run = _Run(source, reviewed, documents, asked_by, started_at, today, rates, again)
        _keep(engine, outcome, run=run)
    return outcome


def _resumed(kept: "pages.Pages | None") -> list[str]:
    return [f"went on after {kept.taken} pages that an earlier run had read"] if kept and kept.taken else []


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
        details={
            "new": [_told(each) for each in reviewed.new[:MOST_DETAILS]],
            "changed": [
                f"{_told(after)}, before {before.usd_per_hour_on_demand or '–'} and {before.usd_per_hour_spot or '–'}"
                for before, after in reviewed.changed[:MOST_DETAILS]
            ],
            "vanished": [f"{gone.instance} in {gone.region}" for gone in reviewed.vanished[:MOST_DETAILS]],
        },
    )


def _told(found: Candidate) -> str:
    offer = found.offer
    prices = f"{offer.usd_per_hour_on_demand or '–'} USD on demand, {offer.usd_per_hour_spot or '–'} spot"
    return f"{offer.provider} {offer.instance} in {offer.region}, {offer.count:g} × {found.accelerator}: {prices}"


@dataclass(frozen=True, slots=True)
class _Run:
    """What is written of a run."""

    source: Source
    reviewed: Reviewed
    documents: list[Document]
    asked_by: str
    started_at: datetime
    today: date
    rates: Rates | None
    again: bool
    """Whether the next run goes on with the pages that this one read."""


def _keep(engine: Engine, outcome: Outcome, *, run: _Run) -> None:
    """Everything that a run changes, in one transaction with its record and its audit trail."""
    source = run.source
    with transaction(engine) as session:
        record = RefreshRun(
            source=source.key,
            started_at=run.started_at,
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
            asked_by=run.asked_by,
        )
        session.add(record)
        session.flush()
        if not run.again:
            pages.forget(session, source.key)
        if outcome.outcome == APPLIED:
            by = By(run.asked_by or SCHEDULE, f"refresh {record.id} of {source.key}")
            applying.apply(session, run.reviewed, source=source, today=run.today, by=by)
            if run.rates is not None:
                reference_rates.keep(session, run.rates, source=source.row_key, by=by)
            applying.withdraw(session, run.reviewed, source=source.key)
            applying.hold(session, run.reviewed.held, source=source.key, run=record.id)
            applying.remember(session, run.documents, source=source.key)


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
        places = {*shapes[key].regions, offer.region} if key in shapes else {offer.region}
        shapes[key] = Shape(
            offer.accelerator, name, offer.accelerator_count, memory_gib, offer.vcpus, offer.ram_gb,
            tuple(sorted(places)),
        )  # fmt: skip
    clear = {key: shape for key, shape in shapes.items() if len(by_instance[key]) == 1}
    return Known(today, clear, {provider: sorted(each) for provider, each in regions.items()})


def _catalogue(session: Session, snapshot: Snapshot, source: Source) -> Catalogue:
    firsthand = {each.row_key for each in (*_registered(), source) if each.firsthand}
    rows = session.execute(select(OfferRow.__table__).where(OfferRow.retired.is_(False))).all()
    offers = [
        CurrentOffer(
            row.id, row.provider, row.instance, row.region, row.accelerator, row.accelerator_count,
            row.usd_per_hour_on_demand, row.usd_per_hour_spot, row.as_of, row.source, row.source in firsthand,
            row.version, row.accelerator_name,
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
