"""Publishing: the whole draft becomes one new revision, with its audit trail, in one transaction, or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.admin import drafts
from app.admin.entities import ENTITIES, Document, Entity, entity_named
from app.admin.entries import documents, facts_of
from app.admin.schemas import Fact, typed
from app.catalogue import checks
from app.catalogue.checks import Finding
from app.catalogue.queries import load_snapshot
from app.catalogue.snapshot import Snapshot
from app.db import reading, transaction
from app.errors import Conflict
from app.tables import AcceleratorFact, AuditEntry, CatalogueRevision, DraftChange


@dataclass(frozen=True, slots=True)
class Edit:
    """What shall become of one entry."""

    entity: Entity
    key: str
    action: str
    base_version: int
    values: Document
    why: str
    edited_by: str

    @classmethod
    def of(cls, change: DraftChange) -> "Edit":
        """The edit that a change of the draft is."""
        return cls(
            entity_named(change.entity),
            change.key,
            change.action,
            change.base_version,
            change.values,
            change.why,
            change.changed_by,
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one entry."""

    edit: Edit
    key: str
    before: Document | None
    after: Document | None


@dataclass(frozen=True, slots=True)
class Trial:
    """The catalogue as it would be, and what the plausibility check finds that it does not find now."""

    snapshot: Snapshot
    findings: list[Finding]
    fingerprint: str


class ChangedMeanwhile(Conflict):
    """Published entries moved on since they were edited; both versions are told."""

    def __init__(self, conflicts: Sequence[tuple[Edit, int, Document | None]]) -> None:
        names = ", ".join(f"{edit.entity.name}/{edit.key}" for edit, _, _ in conflicts[:5])
        super().__init__(f"Published since you edited it: {names}. Open it, look at both versions and save again.")
        self.conflicts = conflicts

    def problem(self) -> dict[str, object]:
        """The problem object, with both versions of each entry."""
        told = [
            {
                "entity": edit.entity.name,
                "key": edit.key,
                "base_version": edit.base_version,
                "version": version,
                "published": published,
                "yours": edit.values,
            }
            for edit, version, published in self.conflicts
        ]
        return {**super().problem(), "conflicts": told}


def publish(engine: Engine, *, actor: str, why: str, fingerprint: str | None = None) -> int:
    """Publish the draft; the new revision. ``fingerprint`` is that of the draft that was tried before."""
    with transaction(engine) as session:
        drafts.one_at_a_time(session)
        changes = drafts.changes(session)
        if not changes:
            raise Conflict("The draft is empty: there is nothing to publish.")
        if fingerprint is not None and fingerprint != fingerprint_of(changes):
            raise Conflict("The draft changed while you looked at it. Look again, then publish.")
        revision = apply(session, [Edit.of(change) for change in changes], actor=actor, why=why)
        session.execute(delete(DraftChange))  # all of it was read: nobody else writes meanwhile
    return revision


def try_out(engine: Engine) -> Trial:
    """Do as publishing does, read the catalogue, and take everything back."""
    with reading(engine) as session:
        known = set(checks.check(session))
    with Session(engine.execution_options(writes=True)) as session:
        drafts.one_at_a_time(session)
        changes = drafts.changes(session)
        fingerprint = fingerprint_of(changes)
        try:
            _applied(session, [Edit.of(change) for change in changes])
            snapshot = load_snapshot(session)
            findings = [finding for finding in checks.check(session) if finding not in known]
        finally:
            session.rollback()
    return Trial(snapshot, findings, fingerprint)


def fingerprint_of(changes: Sequence[DraftChange]) -> str:
    """Changes when anything in the draft changes."""
    told = "\n".join(f"{change.id} {change.version}" for change in changes)
    return sha256(told.encode()).hexdigest()[:16]


def apply(session: Session, edits: Sequence[Edit], *, actor: str, why: str) -> int:
    """Carry out edits in the session's transaction and write their audit trail; the revision they make."""
    revision = session.scalar(select(CatalogueRevision.revision).with_for_update())
    new_revision = (revision or 0) + 1  # app.tables.revision counts up when the transaction commits
    now = datetime.now(UTC)
    entries = [
        {
            "at": now,
            "actor": actor,
            "action": done.edit.action,
            "entity": done.edit.entity.name,
            "key": done.key,
            "why": done.edit.why or why.strip()[: drafts.LONGEST_WHY],
            "before": done.before,
            "after": done.after,
            "edited_by": done.edit.edited_by,
            "revision": new_revision,
        }
        for done in _applied(session, edits)
    ]
    if entries:
        session.execute(insert(AuditEntry), entries)
    return new_revision


def _applied(session: Session, edits: Sequence[Edit]) -> list[Done]:
    conflicts: list[tuple[Edit, int, Document | None]] = []
    try:
        done = [each for several in _in_runs(edits) for each in _carried_out_together(session, several, conflicts)]
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"These changes do not go together: {_first_line(error)}.") from error
    if conflicts:
        raise ChangedMeanwhile(conflicts)
    for edit in edits:
        if edit.action == "retire":
            _check_unused(session, edit)
    return done


def _in_runs(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """The edits in their order, those next to each other that do the same with the same kind of entry together."""
    for _, run in groupby(edits, key=lambda edit: (edit.entity.name, edit.action)):
        yield list(run)


def _carried_out_together(
    session: Session, edits: list[Edit], conflicts: list[tuple[Edit, int, Document | None]]
) -> list[Done]:
    """New entries are written all at once: an import may bring a hundred thousand."""
    entity = edits[0].entity
    if edits[0].action != "create" or entity.has_facts:
        return [_carried_out(session, edit, conflicts) for edit in edits]
    statement = insert(entity.table).returning(entity.key_column, sort_by_parameter_order=True)
    rows = [typed(entity, edit.values) | {"version": 1} for edit in edits]
    keys = session.scalars(statement, rows).all()
    return [Done(edit, entity.key_text(key), None, edit.values) for edit, key in zip(edits, keys, strict=True)]


def _carried_out(session: Session, edit: Edit, conflicts: list[tuple[Edit, int, Document | None]]) -> Done:
    entity = edit.entity
    if edit.action == "create":
        values = typed(entity, edit.values)
        statement = insert(entity.table).values(**values, version=1).returning(entity.key_column)
        key = entity.key_text(session.execute(statement).scalar_one())
        _write_facts(session, entity, key, edit.values)
        return Done(edit, key, None, edit.values)
    key_is = entity.key_column == entity.key_of(edit.key)
    row = session.execute(select(entity.table).where(key_is).with_for_update()).first()
    before = documents(session, entity, rows=[row])[0] if row else None
    if row is None or row.version != edit.base_version:
        conflicts.append((edit, row.version if row else 0, before))
        return Done(edit, edit.key, before, None)
    marks: dict[str, Any] = {"version": row.version + 1, "retired": edit.action == "retire"}
    values = {} if edit.action == "retire" else typed(entity, edit.values)
    session.execute(update(entity.table).where(key_is).values(**values, **marks))
    if edit.action != "retire":
        _write_facts(session, entity, edit.key, edit.values)
    was_there = None if edit.action == "restore" else before
    return Done(edit, edit.key, was_there, None if edit.action == "retire" else edit.values)


def _write_facts(session: Session, entity: Entity, key: str, values: Document) -> None:
    """Bring the facts of an accelerator in step; those that stay as they are are left alone."""
    if not entity.has_facts:
        return
    before, after = facts_of(session, [key]).get(key, {}), values["facts"]
    changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    table = AcceleratorFact.__table__
    session.execute(delete(AcceleratorFact).where(table.c.accelerator == key, table.c.field.in_(changed)))
    for name in sorted(set(changed) & set(after)):
        fact = Fact.model_validate(after[name])
        session.execute(insert(AcceleratorFact).values(accelerator=key, field=name, **fact.model_dump()))


def _check_unused(session: Session, edit: Edit) -> None:
    """Nothing that is answered from names a retired entry."""
    for entity in ENTITIES.values():
        for name, target in entity.references.items():
            if target is not edit.entity:
                continue
            column, retired = entity.table.c[name], entity.table.c.retired
            named = session.execute(
                select(entity.key_column).where(column == edit.entity.key_of(edit.key), retired.is_(False)).limit(4)
            ).all()
            if named:
                keys = ", ".join(str(row[0]) for row in named)
                message = f"{edit.entity.name}/{edit.key} cannot be retired: {entity.title} {keys} refer to it."
                raise Conflict(message + " Retire those first, in the same draft or before.")


def _first_line(error: IntegrityError) -> str:
    return str(error.orig).splitlines()[0][:200] if error.orig else "a rule of the database forbids it"
