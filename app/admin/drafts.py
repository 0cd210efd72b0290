"""The draft: everybody's edits, collected until somebody publishes them."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, case, exists, func, insert, literal, select
from sqlalchemy.orm import Session, aliased

from app.admin.edits import Edit, batched
from app.admin.entities import ENTITIES, Document, Entity
from app.admin.entries import NEW, Entry, change_of, documents, entry
from app.admin.schemas import checked
from app.catalogue.seed import alone
from app.errors import Conflict, PreconditionFailed, Unprocessable
from app.field_problems import FieldProblem, nearest
from app.tables import AuditEntry, DraftChange

LONGEST_WHY = 600
AT_ONCE = 1000
ANY_TAG = "*"
SEVERITIES = ("problem", "warning", "note")
"""Outcomes of the rules that warn."""
_OUTCOMES = {"scenario": "scenarios", "tier": "tiers"}
_EXPECTED = {"scenarios": "scenarios", "tiers": "tiers", "picks": "hardware"}
"""Fields of a saved question that name entries, several with spaces between them."""

Names = Mapping[str, frozenset[str]]
"""Keys of entries by the kind they are of."""


class StaleEdit(PreconditionFailed):
    """Somebody else edited the entry in between; both versions are told."""

    def __init__(self, now: Entry, yours: Document) -> None:
        super().__init__("Somebody else changed this entry in between. Look at both versions and save again.")
        self.now = now
        self.yours = yours
        self._told = {"current": now.as_json(), "yours": yours}

    def problem(self) -> dict[str, object]:
        """The problem object, with both versions."""
        return {**super().problem(), **self._told}


def changes(session: Session, *, first: int = 0, most: int | None = None) -> list[DraftChange]:
    """The draft, or a part of it, in the order of tables that refer to each other."""
    order = case({name: place for place, name in enumerate(BY_DEPENDENCE)}, value=DraftChange.entity)
    return list(session.scalars(select(DraftChange).order_by(order, DraftChange.id).offset(first).limit(most)))


def count(session: Session) -> int:
    """How many entries the draft changes."""
    return session.scalar(select(func.count()).select_from(DraftChange)) or 0


def touched_by(session: Session, actor: str, *, most: int) -> list[str]:
    """Keys of drafted entries that somebody has a hand in, also where others went on with them."""
    later = aliased(AuditEntry)
    is_same = (later.entity == AuditEntry.entity) & (later.key == AuditEntry.key) & (later.id > AuditEntry.id)
    ended = exists().where(is_same, later.action != DRAFTED)
    hand = (AuditEntry.actor == actor) & (AuditEntry.action == DRAFTED) & ~ended
    had = exists().where(AuditEntry.entity == DraftChange.entity, AuditEntry.key == DraftChange.key, hand)
    statement = select(DraftChange.key).where((DraftChange.changed_by == actor) | had)
    return list(session.scalars(statement.order_by(DraftChange.id).limit(most)))


DRAFTED = "draft"
"""What the audit trail calls an edit of the draft."""


def in_chunks(session: Session) -> Iterator[Sequence[Any]]:
    """The changes, sources and what others refer to first, as plain rows: few in memory at a time."""
    table = DraftChange.__table__
    present = set(session.scalars(select(table.c.entity).distinct()))
    of_kind = func.coalesce(table.c.entity, "")  # so that no index of kinds is used, which would sort for each chunk
    for name in (each for each in BY_DEPENDENCE if each in present):
        last = 0
        while rows := session.execute(
            select(table).where(of_kind == name, table.c.id > last).order_by(table.c.id).limit(AT_ONCE)
        ).all():
            yield rows
            last = rows[-1].id


def create(session: Session, entity: Entity, *, values: Mapping[str, Any], why: str, actor: str) -> Entry:
    """Draft a new entry."""
    one_at_a_time(session)
    document = checked(entity, values)
    _check_references(session, entity, document)
    key = NEW + secrets.token_hex(8) if entity.numbered else entity.key_text(document[entity.key_column.name])
    if not entity.numbered and (_is_published(session, entity, key) or change_of(session, entity, key=key)):
        raise Conflict(f"There is an entry “{key}” in {entity.title.lower()} already.")
    return _put(session, entity, key, action="create", base_version=0, values=document, why=why, actor=actor)


def update(
    session: Session, entity: Entity, *, key: str, values: Mapping[str, Any], tag: str, why: str, actor: str
) -> Entry:
    """Draft new values of an entry; ``tag`` is that of the entry the editor began with."""
    one_at_a_time(session)
    now = entry(session, entity, key=key)
    document = checked(entity, values)
    _check_tag(now, tag, document)
    _check_references(session, entity, document)
    own_key = entity.key_column.name
    if not entity.numbered and entity.key_text(document[own_key]) != key:
        raise Unprocessable([FieldProblem(f"/{own_key}", f"Leave this at {key}: other entries refer to it")])
    action = "update" if now.published is not None else "create"
    if now.retired:
        action = "restore"
    if now.published == document and not now.retired:
        if now.change is not None:
            session.delete(now.change)
            session.flush()
        return entry(session, entity, key=key)
    return _put(session, entity, key, action=action, base_version=now.version, values=document, why=why, actor=actor)


def retire(session: Session, entity: Entity, *, key: str, tag: str, why: str, actor: str) -> Entry:
    """Draft that an entry is answered from no more; it stays in the database."""
    one_at_a_time(session)
    now = entry(session, entity, key=key)
    _check_tag(now, tag, {})
    if now.published is None or now.retired:
        raise Conflict("Only a published entry can be retired; discard the draft instead.")
    return _put(
        session, entity, key, action="retire", base_version=now.version, values=now.published, why=why, actor=actor
    )


def discard(session: Session, entity: Entity, *, key: str, actor: str) -> None:
    """Take one change out of the draft; the audit trail keeps it."""
    one_at_a_time(session)
    change = change_of(session, entity, key=key)
    if change is None:
        raise entity.unknown(key)
    _note(session, change, action="discard", actor=actor, before=change.values, after=None)
    session.delete(change)


def put_back(session: Session, entity: Entity, *, key: str, document: Document | None, why: str, actor: str) -> Entry:
    """Draft an entry as it once was; None: it was not there."""
    one_at_a_time(session)
    now = entry(session, entity, key=key)
    if document is None:
        return now if now.retired else retire(session, entity, key=key, tag=ANY_TAG, why=why, actor=actor)
    return update(session, entity, key=key, values=document, tag=ANY_TAG, why=why, actor=actor)


def put_back_many(
    session: Session, entity: Entity, *, wanted: Mapping[str, Document | None], names: Names, why: str, actor: str
) -> None:
    """The same for many entries of a kind, in a few statements; they may refer to these names."""
    one_at_a_time(session)
    keys = [entity.key_of(key) for key in wanted]
    rows = session.execute(select(entity.table).where(entity.key_column.in_(keys))).all()
    told = documents(session, entity, rows=rows)
    name = entity.key_column.name
    here = {entity.key_text(getattr(row, name)): (row, found) for row, found in zip(rows, told, strict=True)}
    drafted = set(
        session.scalars(select(DraftChange.key).where(DraftChange.entity == entity.name, DraftChange.key.in_(wanted)))
    )
    edits = []
    for key, document in wanted.items():
        if key in drafted or key not in here:
            put_back(session, entity, key=key, document=document, why=why, actor=actor)
            continue
        row, published = here[key]
        values = published if document is None else checked(entity, document)
        if document is not None:
            check_names(entity, values, names=names)
        if row.retired != (document is None) or values != published:
            action = "retire" if document is None else "restore" if row.retired else "update"
            edits.append(Edit(entity, key, action, row.version, values, why.strip()[:LONGEST_WHY], actor))
    add_many(session, edits)


def add_many(session: Session, edits: Iterable[Edit], *, at: datetime | None = None) -> None:
    """Draft what is not in the draft yet, with its audit trail. The moment tells these edits from others."""
    connection, now = session.connection(), at or datetime.now(UTC)
    last = session.scalar(select(func.max(DraftChange.id))) or 0
    for several in batched(edits):
        connection.execute(insert(DraftChange), [_change_row(edit, now) for edit in several])
    connection.execute(_notes_of(DraftChange.id > last))


def _change_row(edit: Edit, now: datetime) -> dict[str, Any]:
    return {
        "entity": edit.entity.name,
        "key": edit.key,
        "action": edit.action,
        "base_version": edit.base_version,
        "values": edit.values,
        "why": edit.why,
        "changed_by": edit.edited_by,
        "changed_at": now,
        "version": 1,
    }


def _notes_of(which: ColumnElement[bool]) -> Insert:
    """The audit trail of what was not in the draft before, written by the database itself: that is quicker."""
    change = DraftChange
    told = {
        AuditEntry.at: change.changed_at,
        AuditEntry.actor: change.changed_by,
        AuditEntry.action: literal(DRAFTED),
        AuditEntry.entity: change.entity,
        AuditEntry.key: change.key,
        AuditEntry.why: change.why,
        AuditEntry.after: change.values,
        AuditEntry.edited_by: literal(""),
    }
    return insert(AuditEntry).from_select(list(told), select(*told.values()).where(which).order_by(change.id))


def one_at_a_time(session: Session) -> None:
    """Administrators write one after the other; SQLite sees to that by itself."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        alone(connection)


def _put(
    session: Session,
    entity: Entity,
    key: str,
    *,
    action: str,
    base_version: int,
    values: Document,
    why: str,
    actor: str,
) -> Entry:
    change = change_of(session, entity, key=key)
    before = dict(change.values) if change else None
    if change is None:
        change = DraftChange(entity=entity.name, key=key, base_version=base_version, version=0)
        session.add(change)
    change.action, change.values, change.why = action, values, why.strip()[:LONGEST_WHY]
    change.base_version = base_version
    change.changed_by, change.changed_at = actor, datetime.now(UTC)
    change.version += 1
    session.flush()
    _note(session, change, action="draft", actor=actor, before=before, after=values)
    return entry(session, entity, key=key)


def _note(
    session: Session, change: DraftChange, *, action: str, actor: str, before: Document | None, after: Document | None
) -> None:
    session.add(
        AuditEntry(
            at=datetime.now(UTC),
            actor=actor,
            action=action,
            entity=change.entity,
            key=change.key,
            why=change.why,
            before=before,
            after=after,
        )
    )
    session.flush()


def _check_tag(now: Entry, tag: str, yours: Document) -> None:
    if tag not in {now.tag, ANY_TAG}:
        raise StaleEdit(now, yours)


def _is_published(session: Session, entity: Entity, key: str) -> bool:
    column = entity.key_column
    return session.scalar(select(column).where(column == entity.key_of(key))) is not None


def known_names(session: Session, entity: Entity) -> Names:
    """The names that entries of a kind may refer to, published or drafted, by the kind they are of."""
    wanted = {target.name for target in entity.references.values()}
    if entity.has_facts:
        wanted.add("sources")
    if entity.name == "rules":
        wanted |= set(_OUTCOMES.values())
    if entity.name == "questions":
        wanted |= set(_EXPECTED.values())
    return {name: _names(session, ENTITIES[name]) for name in wanted}


def check_names(entity: Entity, document: Document, *, names: Names) -> None:
    """Raise when a field names an entry that there is not."""
    wanted = [(f"/{name}", target.name, document[name]) for name, target in entity.references.items()]
    facts = document.get("facts", {})
    wanted += [(f"/facts/{name}/source", "sources", fact["source"]) for name, fact in facts.items()]
    if entity.name == "rules" and document["kind"] in _OUTCOMES:
        wanted.append(("/outcome", _OUTCOMES[document["kind"]], document["outcome"]))
    if entity.name == "questions":
        wanted += [(f"/{own}", target, name) for own, target in _EXPECTED.items() for name in document[own].split()]
    problems = [
        FieldProblem(
            pointer,
            f"There is no entry “{name[:60]}” in {ENTITIES[target].title.lower()}",
            list(_nearest(name, names[target])),
        )
        for pointer, target, name in wanted
        if name is not None and name not in names[target]
    ]
    if entity.name == "rules" and document["kind"] == "warning" and document["outcome"] not in SEVERITIES:
        suggestions = nearest(document["outcome"], SEVERITIES)
        problems.append(FieldProblem("/outcome", f"Choose {', '.join(SEVERITIES)}", suggestions))
    if problems:
        raise Unprocessable(problems)


@lru_cache(maxsize=1000)
def _nearest(name: str, known: frozenset[str]) -> tuple[str, ...]:
    """A file may have the same wrong name in every row."""
    return tuple(nearest(name, sorted(known)))


def _check_references(session: Session, entity: Entity, document: Document) -> None:
    check_names(entity, document, names=known_names(session, entity))


def _names(session: Session, entity: Entity) -> frozenset[str]:
    column = entity.key_column
    published = session.scalars(select(column).where(entity.table.c.retired.is_(False)))
    drafted = session.scalars(select(DraftChange.key).where(DraftChange.entity == entity.name))
    return frozenset({*published, *drafted})


BY_DEPENDENCE = (
    "sources", "software-support", "hardware", "aliases", "providers", "prices", "offers", "machines", "host-parts",
    "transformers", "networks", "diffusion-models", "algorithms", "datasets", "countries", "factors", "scenarios",
    "tiers", "rules", "questions", "evidence",
)  # fmt: skip
"""Kinds of entries, those that others refer to first."""
