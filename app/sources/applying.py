"""A reviewed run becomes rows, all in the caller's transaction: prices move, what they were is kept, doubts wait."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.sources.fetching import Document
from app.sources.offers import LiveOffer, Source
from app.sources.review import Candidate, CurrentOffer, Held, Reviewed
from app.sources.trail import DECISION, By, Trail
from app.tables import HeldChange, OfferHistoryRow, OfferRow, ProviderRow, RefreshRun, SourceValidator
from app.tables import Source as SourceRow
from app.tables.base import LONG, SHORT

WAITING, ACCEPTED, DISMISSED, WITHDRAWN = "waiting", "accepted", "dismissed", "withdrawn"
LONGEST_REASON = 600
AT_ONCE = 500
LIVE = "live-"
"""How the keys of sources begin that runs read."""
PRICED = ("usd_per_hour_on_demand", "usd_per_hour_spot", "as_of", "source", "note")
"""What another price changes of an offer."""


def apply(session: Session, reviewed: Reviewed, *, source: Source, today: date, by: By) -> None:
    """Write what was taken over; nothing is deleted and no former price is lost. What changes is in the audit trail."""
    trail = Trail(session, by)
    _make_source_row(session, source, trail=trail)
    if reviewed.new:
        _add(session, reviewed.new, source=source.row_key, today=today, trail=trail)
    _replace_prices(
        session,
        [(before.id, before.version, candidate) for before, candidate in reviewed.changed],
        source=source.row_key,
        today=today,
        trail=trail,
    )
    firsthand, other = _by_origin(reviewed.confirmed, source=source, today=today)
    _replace_prices(
        session,
        [(before.id, before.version, candidate) for before, candidate in firsthand],
        source=source.row_key,
        today=today,
        trail=trail,
    )
    _confirm(session, other, today=today)
    trail.write()


def _by_origin(
    confirmed: list[tuple[CurrentOffer, Candidate]], *, source: Source, today: date
) -> tuple[list[tuple[CurrentOffer, Candidate]], list[tuple[CurrentOffer, Candidate]]]:
    """Offers that have this source from now on, and those that keep theirs: a newer day has the source telling it."""
    taken: list[tuple[CurrentOffer, Candidate]] = []
    kept: list[tuple[CurrentOffer, Candidate]] = []
    for before, candidate in confirmed:
        is_newer = (candidate.offer.as_of or today) > before.as_of
        is_closer = not before.source.startswith(LIVE) or (source.firsthand and not before.firsthand)
        is_other = before.source != source.row_key
        (taken if is_newer and is_closer and is_other else kept).append((before, candidate))
    return taken, kept


def _confirm(session: Session, confirmed: list[tuple[CurrentOffer, Candidate]], *, today: date) -> None:
    """The same price, seen again: its day moves, and so does the version of the entry."""
    table = OfferRow.__table__
    newer = [
        {"of": before.id, "seen": candidate.offer.as_of or today, "was": before.version}
        for before, candidate in confirmed
        if (candidate.offer.as_of or today) > before.as_of
    ]
    if newer:
        as_before = (table.c.id == bindparam("of")) & (table.c.version == bindparam("was"))
        moved = {"as_of": bindparam("seen"), "version": table.c.version + 1}
        session.connection().execute(update(OfferRow.__table__).where(as_before).values(moved), newer)  # type: ignore[arg-type]


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
        elif row.detail == each.detail[:LONG] and (row.decision == DISMISSED or _stays_accepted(row)):
            continue
        row.run, row.detail, row.payload = run, each.detail[:LONG], _payload(each)
        row.decision, row.decided_at, row.decided_by = WAITING, None, ""
    session.flush()


def _stays_accepted(row: HeldChange) -> bool:
    """A doubt about what is offered, not about a step in its price, is settled once for all."""
    return row.decision == ACCEPTED and row.kind in {"suspicious", "unknown_accelerator", "unknown_provider"}


def withdraw(session: Session, reviewed: Reviewed, *, source: str) -> None:
    """End the wait of doubts that the source itself has settled: what it says now was taken over without one."""
    settled: set[str] = set()
    for found in [*reviewed.new, *(after for _, after in [*reviewed.changed, *reviewed.confirmed])]:
        offer = found.offer
        for name in {offer.accelerator_name, found.accelerator}:
            settled.add("|".join([offer.provider, offer.instance, offer.region, name, f"{offer.count:g}"])[: SHORT * 3])
    of_source = (HeldChange.source == source) & (HeldChange.decision == WAITING)
    for row in session.scalars(select(HeldChange).where(of_source)).all():
        if row.identity in settled:
            row.decision, row.decided_at, row.decided_by = WITHDRAWN, datetime.now(UTC), f"live-{source}"[:SHORT]
            row.reason = "A later run of the source no longer says so."
    session.flush()


def remember(session: Session, documents: list[Document], *, source: str) -> None:
    """Keep the validators of what was applied."""
    for document in documents:
        if document.etag and not document.unchanged:
            session.merge(
                SourceValidator(address=document.address, source=source, etag=document.etag, seen_at=datetime.now(UTC))
            )
    session.flush()


def accept(session: Session, number: int, *, by: str, accelerator: str = "", reason: str = "") -> str:
    """Take a held change over after all; an unknown device needs to be named. What was done, in words."""
    trail = Trail(session, By(by, reason or f"held change {number} was accepted"))
    row = _waiting(session, number)
    told = json.loads(row.payload)
    told["offer"]["as_of"] = date.fromisoformat(told["offer"]["as_of"]) if told["offer"]["as_of"] else None
    offer, current = LiveOffer(**told["offer"]), told["current"]
    if current is not None and not _is_there(session, current, offer):
        raise Conflict(f"The catalogue no longer has the offer that held change {number} is about: dismiss it.")
    slug = accelerator or told["accelerator"]
    if not slug:
        raise Conflict("Name the device of the catalogue that this offer has.")
    _decide(row, ACCEPTED, by=by, reason=reason, trail=trail)
    if row.kind == "vanished":
        _retire(session, current, trail=trail)
        trail.write()
        return f"{offer.instance} in {offer.region} is no longer offered."
    candidate = Candidate(offer, slug, told["memory_gib"] or offer.memory_gib or 0.0)
    run = session.get(RefreshRun, row.run)
    today = run.started_at.date() if run else datetime.now(UTC).date()
    if current is None:
        _make_provider(session, offer.provider, source=f"live-{row.source}", trail=trail)
        _add(session, [candidate], source=f"live-{row.source}", today=today, trail=trail)
    else:
        place = (current, None, candidate)
        _replace_prices(session, [place], source=f"live-{row.source}", today=today, trail=trail)
    trail.write()
    return f"{offer.instance} in {offer.region} is taken over."


def _is_there(session: Session, number: int, offer: LiveOffer) -> bool:
    row = session.get(OfferRow, number)
    told = (offer.provider, offer.instance[:SHORT], offer.region[:SHORT])
    return row is not None and not row.retired and (row.provider, row.instance, row.region) == told


def dismiss(session: Session, number: int, *, by: str, reason: str = "") -> None:
    """Leave the catalogue as it is."""
    trail = Trail(session, By(by, reason or f"held change {number} was dismissed"))
    _decide(_waiting(session, number), DISMISSED, by=by, reason=reason, trail=trail)
    trail.write()


def _make_source_row(session: Session, source: Source, *, trail: Trail) -> None:
    """The source among those of the catalogue, so that every price can name it."""
    if session.get(SourceRow, source.row_key) is None:
        told = {"title": source.title, "url": source.url, "licence": source.licence, "note": ""}
        session.add(SourceRow(key=source.row_key, **told))
        session.flush()
        trail.note("create", "sources", key=source.row_key, after={"key": source.row_key, **told})


def _make_provider(session: Session, slug: str, *, source: str, trail: Trail) -> None:
    """The provider of an offer that a person took over, with what its list tells: a name, and nothing else yet."""
    if session.get(ProviderRow, slug) is None:
        named = {
            "name": slug,
            "kind": "specialist",
            "status": "unclear",
            "status_note": "Known from a price list only.",
        }
        empty = dict.fromkeys(("homepage", "billing", "spot", "free_tier", "note"), "")
        told = {"slug": slug, **named, **empty, "source": source}
        session.add(ProviderRow(**told))
        session.flush()
        trail.note("create", "providers", key=slug, after=told)


def _waiting(session: Session, number: int) -> HeldChange:
    row = session.get(HeldChange, number)
    if row is None:
        raise NotFound(f"There is no held change {number}.")
    if row.decision != WAITING:
        raise Conflict(f"Held change {number} was {row.decision} already.")
    return row


def _decide(row: HeldChange, decision: str, *, by: str, reason: str, trail: Trail) -> None:
    row.decision, row.decided_at, row.decided_by = decision, datetime.now(UTC), by[:SHORT]
    row.reason = reason.strip()[:LONGEST_REASON]
    told = {"source": row.source, "kind": row.kind, "detail": row.detail}
    trail.note(
        DECISION,
        "held-changes",
        key=str(row.id),
        before=told | {"decision": WAITING},
        after=told | {"decision": decision},
    )


def _payload(held: Held) -> str:
    offer = asdict(held.offer)
    offer["as_of"] = held.offer.as_of.isoformat() if held.offer.as_of else None
    about = {"accelerator": held.accelerator, "memory_gib": held.memory_gib, "current": held.current}
    return json.dumps({"offer": offer, **about})


def _add(session: Session, candidates: list[Candidate], *, source: str, today: date, trail: Trail) -> None:
    rows = [_new_row(one, source, today=today) for one in candidates]
    numbers = session.scalars(insert(OfferRow).returning(OfferRow.id, sort_by_parameter_order=True), rows)
    for number, row in zip(numbers, rows, strict=True):
        trail.note("create", "offers", key=str(number), after=_document(row))


def _retire(session: Session, number: int, *, trail: Trail) -> None:
    row = session.execute(select(OfferRow.__table__).where(OfferRow.id == number)).one()
    session.execute(update(OfferRow).where(OfferRow.id == number).values(retired=True, version=row.version + 1))
    trail.note("retire", "offers", key=str(number), before=_document(row._asdict()))


def _replace_prices(
    session: Session, changed: list[tuple[int, int | None, Candidate]], *, source: str, today: date, trail: Trail
) -> None:
    """Other prices at the places of entries; one that somebody edited since it was read is left as they want it."""
    table = OfferRow.__table__
    kept = {column.name for column in OfferHistoryRow.__table__.columns} - {"id"}
    written = update(table).where(table.c.id == bindparam("of"))  # type: ignore[arg-type]
    written = written.values({name: bindparam(f"to_{name}") for name in (*PRICED, "version")})
    for start in range(0, len(changed), AT_ONCE):
        some = {number: (version, candidate) for number, version, candidate in changed[start : start + AT_ONCE]}
        rows = session.execute(select(table).where(table.c.id.in_(some)).with_for_update()).all()
        history, updates = [], []
        for row in rows:
            version, candidate = some[row.id]
            if version not in {None, row.version}:
                continue
            before = row._asdict()
            after = before | _prices(candidate.offer, source=source, today=today)
            history.append({name: before[name] for name in kept})
            moved = {f"to_{name}": after[name] for name in PRICED}
            updates.append({"of": row.id, "to_version": row.version + 1, **moved})
            trail.note("update", "offers", key=str(row.id), before=_document(before), after=_document(after))
        if updates:
            session.execute(insert(OfferHistoryRow), history)
            session.connection().execute(written, updates)


def _prices(offer: LiveOffer, *, source: str, today: date) -> dict[str, Any]:
    values = (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot, offer.as_of or today, source, offer.note)
    return dict(zip(PRICED, values, strict=True))


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the audit trail has it."""
    values = {name: value for name, value in row.items() if name not in {"id", "version", "retired"}}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _new_row(candidate: Candidate, source: str, *, today: date) -> dict[str, Any]:
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
