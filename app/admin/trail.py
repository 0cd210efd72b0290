"""The audit trail: looking things up in it, and going back to how they were."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from app.admin import drafts, entries
from app.admin.edits import batched
from app.admin.entities import Document, entity_named
from app.admin.safe_cells import defused
from app.errors import Conflict, NotFound
from app.tables import AuditEntry, CatalogueRevision, DraftChange

PUBLISHED = ("create", "update", "retire", "restore")
REPLACED = "replace"
"""A backup took the place of the whole catalogue."""
COLUMNS = ("id", "at", "actor", "action", "entity", "key", "why", "edited_by", "revision", "before", "after")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries of the trail; empty: all."""

    actor: str = ""
    action: str = ""
    entity: str = ""
    key: str = ""
    revision: int | None = None
    since: date | None = None
    until: date | None = None

    def statement(self) -> Select[Any]:
        """The query, newest first."""
        statement = select(AuditEntry).order_by(AuditEntry.id.desc())
        for name in ("actor", "action", "entity", "key"):
            if getattr(self, name):
                statement = statement.where(getattr(AuditEntry, name) == getattr(self, name))
        if self.revision is not None:
            statement = statement.where(AuditEntry.revision == self.revision)
        if self.since:
            statement = statement.where(AuditEntry.at >= datetime.combine(self.since, time(), UTC))
        if self.until:
            statement = statement.where(AuditEntry.at < datetime.combine(self.until + timedelta(days=1), time(), UTC))
        return statement


@dataclass(frozen=True, slots=True)
class Revision:
    """One published revision in few words."""

    revision: int
    at: datetime
    actor: str
    changes: int


def found(session: Session, which: Filter, *, first: int = 0, most: int = 50) -> list[AuditEntry]:
    """Entries, newest first."""
    return list(session.scalars(which.statement().offset(first).limit(most)))


def counted(session: Session, which: Filter) -> int:
    """How many there are."""
    return session.scalar(select(func.count()).select_from(which.statement().order_by(None).subquery())) or 0


def one(session: Session, entry_id: int) -> AuditEntry:
    """One entry."""
    entry = session.get(AuditEntry, entry_id)
    if entry is None:
        raise NotFound("There is no such entry in the audit trail.")
    return entry


def as_json(entry: AuditEntry) -> dict[str, object]:
    """An entry for programs."""
    return {name: getattr(entry, name) for name in COLUMNS} | {"at": entry.at.isoformat()}


def as_csv(session: Session, which: Filter) -> Iterator[str]:
    """The trail as a file for spreadsheets."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in session.scalars(which.statement().execution_options(yield_per=500)):
        writer.writerow([defused(value) for value in as_json(entry).values()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def revisions(session: Session, *, most: int = 200) -> list[Revision]:
    """Published revisions, newest first."""
    statement = (
        select(AuditEntry.revision, func.max(AuditEntry.at), func.max(AuditEntry.actor), func.count())
        .where(AuditEntry.revision.is_not(None))
        .group_by(AuditEntry.revision)
        .order_by(AuditEntry.revision.desc())
        .limit(most)
    )
    return [Revision(number or 0, at, actor, count) for number, at, actor, count in session.execute(statement)]


@dataclass(frozen=True, slots=True)
class Then:
    """An entry as it was at an earlier revision, and as it is; None: it was not there, or is retired."""

    entity: str
    key: str
    then: Document | None
    now: Document | None


def looked_back(session: Session, revision: int, *, first: int = 0, most: int = 100) -> tuple[list[Then], int]:
    """Entries that were not at an earlier revision what they are now; and how many have changed since."""
    since = _changed_since(session, revision)
    total = session.scalar(select(func.count()).select_from(since.subquery())) or 0
    columns = AuditEntry.entity, AuditEntry.key, AuditEntry.before
    page = select(*columns).where(AuditEntry.id.in_(since)).order_by(AuditEntry.id).offset(first).limit(most)
    found = []
    for name, key, then in session.execute(page):
        now = entries.entry(session, entity_named(name), key=key)
        found.append(Then(name, key, then, None if now.retired else now.published))
    return [each for each in found if each.then != each.now], total


def restore_entry(session: Session, entry_id: int, *, actor: str) -> tuple[str, str]:
    """Draft what an entry held before this change; the kind and the key of the entry."""
    undone = one(session, entry_id)
    if undone.action not in PUBLISHED:
        raise Conflict("Only what was published can be undone; a draft can be edited or discarded.")
    _check_no_other_draft(session, undone.entity, [undone.key], actor=actor)
    why = f"undo of audit entry {undone.id}"
    _put_back(session, undone, actor=actor, why=why)
    return undone.entity, undone.key


def restore_revision(session: Session, revision: int, *, actor: str) -> int:
    """Draft everything as it was at an earlier revision; how many entries that changes."""
    total, why = 0, f"back to revision {revision}"
    for name, chunks in groupby(_in_order(session, _changed_since(session, revision)), key=lambda rows: rows[0].entity):
        entity = entity_named(name)
        names = drafts.known_names(session, entity)
        for several in chunks:
            wanted = {row.key: row.before for row in several}
            _check_no_other_draft(session, entity.name, list(wanted), actor=actor)
            drafts.put_back_many(session, entity, wanted=wanted, names=names, why=why, actor=actor)
            total += _drafted(session, entity.name, list(wanted))
    return total


def _drafted(session: Session, entity: str, keys: list[str]) -> int:
    """How many of these entries are in the draft: one that is again what it was needs no change."""
    mine = select(func.count()).where(DraftChange.entity == entity, DraftChange.key.in_(keys))
    return session.scalar(mine) or 0


def _changed_since(session: Session, revision: int) -> Select[Any]:
    """The first change after a revision of each entry that has changed since: it tells what the entry was."""
    newest = session.scalar(select(CatalogueRevision.revision)) or 0
    if not 1 <= revision <= newest:
        raise NotFound(f"There is no such revision; the newest is {newest}.")
    replaced = select(AuditEntry.revision).where(AuditEntry.revision > revision, AuditEntry.action == REPLACED)
    if session.scalar(replaced) is not None:
        raise Conflict("The whole catalogue was replaced since then; restore the backup that holds that revision.")
    return (
        select(func.min(AuditEntry.id))
        .where(AuditEntry.revision > revision, AuditEntry.action.in_(PUBLISHED))
        .group_by(AuditEntry.entity, AuditEntry.key)
    )


def _check_no_other_draft(session: Session, entity: str, keys: list[str], *, actor: str) -> None:
    """Going back writes over nobody else's work."""
    theirs = select(DraftChange.key, DraftChange.changed_by).where(
        DraftChange.entity == entity, DraftChange.key.in_(keys), DraftChange.changed_by != actor
    )
    found = [f"{entity}/{key} ({who})" for key, who in session.execute(theirs.limit(5))]
    if found:
        named = ", ".join(found)
        raise Conflict(f"Somebody else is at work on this: {named}. Publish or discard that draft first.")


def _in_order(session: Session, wanted: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Audit entries, few in memory at a time: first what others refer to, last what was not there."""
    order = {name: place for place, name in enumerate(drafts.BY_DEPENDENCE)}
    which = select(AuditEntry.id, AuditEntry.entity, AuditEntry.before.is_(None)).where(AuditEntry.id.in_(wanted))
    known = [row for row in session.execute(which) if row[1] in order]
    for _, rows in groupby(sorted(known, key=lambda row: (row[2], order[row[1]], row[0])), key=lambda row: row[1:]):
        for several in batched(row[0] for row in rows):
            columns = AuditEntry.id, AuditEntry.entity, AuditEntry.key, AuditEntry.before
            yield session.execute(select(*columns).where(AuditEntry.id.in_(several)).order_by(AuditEntry.id)).all()


def note_replacement(session: Session, *, actor: str, why: str, revision: int) -> None:
    """The catalogue was replaced by a backup, in the session's transaction."""
    session.add(
        AuditEntry(
            at=datetime.now(UTC),
            actor=actor,
            action=REPLACED,
            entity="catalogue",
            key="all",
            why=why[: drafts.LONGEST_WHY],
            revision=revision,
        )
    )


def _put_back(session: Session, entry: AuditEntry, *, actor: str, why: str) -> None:
    drafts.put_back(session, entity_named(entry.entity), key=entry.key, document=entry.before, why=why, actor=actor)
