"""A reviewed run becomes rows, all in the caller's transaction: prices move, what they were is kept, doubts wait."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.sources.fetching import Document
from app.sources.offers import LiveOffer, Source
from app.sources.review import Candidate, Held, Reviewed
from app.tables import HeldChange, OfferHistoryRow, OfferRow, RefreshRun, SourceValidator
from app.tables import Source as SourceRow
from app.tables.base import LONG, SHORT

WAITING, ACCEPTED, DISMISSED = "waiting", "accepted", "dismissed"


def apply(session: Session, reviewed: Reviewed, *, source: Source, today: date) -> None:
    """Write what was taken over; nothing is deleted and no former price is lost."""
    make_source_row(session, source)
    if reviewed.new:
        session.execute(insert(OfferRow), [_new_row(one, source.row_key, today=today) for one in reviewed.new])
    for before, candidate in reviewed.changed:
        _replace_price(session, before.id, candidate=candidate, source=source.row_key, today=today)
    for before, candidate in reviewed.confirmed:
        as_of = candidate.offer.as_of or today
        if as_of > before.as_of:
            session.execute(update(OfferRow).where(OfferRow.id == before.id).values(as_of=as_of))


def hold(session: Session, held: list[Held], *, source: str, run: int) -> None:
    """Let doubts wait for a person; one that was dismissed waits again only when it says something new."""
    known = {
        (row.kind, row.identity): row
        for row in session.scalars(select(HeldChange).where(HeldChange.source == source)).all()
    }
    for each in held:
        identity = each.identity[: SHORT * 3]
        row = known.get((each.kind, identity))
        if row is None:
            row = HeldChange(source=source, kind=each.kind, identity=identity, detail="", payload="", run=run)
            session.add(row)
            known[each.kind, identity] = row
        elif row.decision == DISMISSED and row.detail == each.detail[:LONG]:
            continue
        row.run, row.detail, row.payload = run, each.detail[:LONG], _payload(each)
        row.decision, row.decided_at, row.decided_by = WAITING, None, ""
    session.flush()


def remember(session: Session, documents: list[Document], *, source: str) -> None:
    """Keep the validators of what was applied."""
    for document in documents:
        if document.etag and not document.unchanged:
            session.merge(
                SourceValidator(address=document.address, source=source, etag=document.etag, seen_at=datetime.now(UTC))
            )
    session.flush()


def accept(session: Session, number: int, *, by: str, accelerator: str = "") -> str:
    """Take a held change over after all; an unknown device needs to be named. What was done, in words."""
    row = _waiting(session, number)
    told = json.loads(row.payload)
    told["offer"]["as_of"] = date.fromisoformat(told["offer"]["as_of"]) if told["offer"]["as_of"] else None
    offer, current = LiveOffer(**told["offer"]), told["current"]
    slug = accelerator or told["accelerator"]
    if not slug:
        raise Conflict("Name the device of the catalogue that this offer has.")
    _decide(row, ACCEPTED, by=by)
    if row.kind == "vanished":
        session.execute(
            update(OfferRow).where(OfferRow.id == current).values(retired=True, version=OfferRow.version + 1)
        )
        return f"{offer.instance} in {offer.region} is no longer offered."
    candidate = Candidate(offer, slug, told["memory_gib"] or offer.memory_gib or 0.0)
    run = session.get(RefreshRun, row.run)
    today = run.started_at.date() if run else datetime.now(UTC).date()
    if current is None:
        session.execute(insert(OfferRow).values(**_new_row(candidate, f"live-{row.source}", today=today)))
    else:
        _replace_price(session, current, candidate=candidate, source=f"live-{row.source}", today=today)
    return f"{offer.instance} in {offer.region} is taken over."


def dismiss(session: Session, number: int, *, by: str) -> None:
    """Leave the catalogue as it is."""
    _decide(_waiting(session, number), DISMISSED, by=by)


def make_source_row(session: Session, source: Source) -> None:
    """The source among those of the catalogue, so that every price can name it."""
    if session.get(SourceRow, source.row_key) is None:
        session.add(SourceRow(key=source.row_key, title=source.title, url=source.url, licence=source.licence, note=""))
        session.flush()


def _waiting(session: Session, number: int) -> HeldChange:
    row = session.get(HeldChange, number)
    if row is None:
        raise NotFound(f"There is no held change {number}.")
    if row.decision != WAITING:
        raise Conflict(f"Held change {number} was {row.decision} already.")
    return row


def _decide(row: HeldChange, decision: str, *, by: str) -> None:
    row.decision, row.decided_at, row.decided_by = decision, datetime.now(UTC), by[:SHORT]


def _payload(held: Held) -> str:
    offer = asdict(held.offer)
    offer["as_of"] = held.offer.as_of.isoformat() if held.offer.as_of else None
    about = {"accelerator": held.accelerator, "memory_gib": held.memory_gib, "current": held.current}
    return json.dumps({"offer": offer, **about})


def _replace_price(session: Session, number: int, *, candidate: Candidate, source: str, today: date) -> None:
    offer = candidate.offer
    before = session.execute(select(OfferRow.__table__).where(OfferRow.id == number)).one()._asdict()
    kept = {column.name for column in OfferHistoryRow.__table__.columns} - {"id"}
    session.execute(insert(OfferHistoryRow).values(**{name: before[name] for name in kept}))
    session.execute(
        update(OfferRow)
        .where(OfferRow.id == number)
        .values(
            usd_per_hour_on_demand=offer.usd_per_hour_on_demand,
            usd_per_hour_spot=offer.usd_per_hour_spot,
            as_of=offer.as_of or today,
            source=source,
            note=offer.note,
            version=OfferRow.version + 1,
        )
    )


def _new_row(candidate: Candidate, source: str, *, today: date) -> dict[str, object]:
    offer = candidate.offer
    return {
        "provider": offer.provider,
        "instance": offer.instance[:SHORT],
        "region": offer.region[:SHORT],
        "accelerator": candidate.accelerator,
        "accelerator_name": offer.accelerator_name[:SHORT],
        "accelerator_count": offer.count,
        "accelerator_memory_gib": candidate.memory_gib if offer.count >= 1 else candidate.memory_gib * offer.count,
        "vcpus": offer.vcpus,
        "ram_gb": offer.ram_gb,
        "storage_gb": None,
        "usd_per_hour_on_demand": offer.usd_per_hour_on_demand,
        "usd_per_hour_spot": offer.usd_per_hour_spot,
        "billing": "",
        "as_of": offer.as_of or today,
        "source": source,
        "note": offer.note,
        "version": 1,
        "retired": False,
    }
