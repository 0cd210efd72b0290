"""Edits of entries, and carrying them out many at a time: a hundred thousand take seconds and little memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, TypeVar

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.admin.entities import ENTITIES, Document, Entity, entity_named
from app.admin.entries import documents, facts_of
from app.admin.schemas import Fact, typed
from app.errors import Conflict
from app.tables import AcceleratorFact

Item = TypeVar("Item")

AT_ONCE = 1000
"""Entries of one statement; all that is in memory."""
MOST_NAMED = 4
"""Entries of a table that are named where they stand in the way; the others are counted."""
MOST_TOLD = 100
"""Conflicts that are told with both versions."""
_KEY, _VERSION = "key_is", "version_becomes"


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
    def of(cls, change: Any) -> "Edit":
        """The edit that a change of the draft is, as a row or as an object."""
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


Conflicts = list[tuple[Edit, int, Document | None]]
"""Edits that began with another version, with the version and the values there are."""


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


def batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    """As many at a time as go into one statement."""
    rest = iter(items)
    while several := list(islice(rest, AT_ONCE)):
        yield several


def carried_out(session: Session, edits: Iterable[Edit]) -> Iterator[list[Done]]:
    """Carry edits out in their order; what was done, some at a time. Read to its end it has checked everything."""
    conflicts: Conflicts = []
    retired: dict[str, list[str]] = {}
    for together in _together(edits):
        if together[0].action == "retire" and _is_named_by_others(together[0].entity):
            retired.setdefault(together[0].entity.name, []).extend(edit.key for edit in together)
        try:
            yield _run(session, together, conflicts)
        except IntegrityError as error:
            raise Conflict(f"These changes do not go together: {_first_line(error)}.") from error
        if len(conflicts) >= MOST_TOLD:
            break
    if conflicts:
        raise ChangedMeanwhile(conflicts)
    for name, keys in retired.items():
        _check_unused(session, ENTITIES[name], keys)


def _together(edits: Iterable[Edit]) -> Iterator[list[Edit]]:
    """Edits next to each other that do the same with the same kind of entry, as many as go into one statement."""
    for _, run in groupby(edits, key=lambda edit: (edit.entity.name, edit.action)):
        yield from batched(run)


def _run(session: Session, edits: list[Edit], conflicts: Conflicts) -> list[Done]:
    entity = edits[0].entity
    if edits[0].action != "create":
        return _changed(session, edits, conflicts)
    own = entity.key_column.name
    rows = [typed(entity, edit.values) | {"version": 1} for edit in edits]
    if entity.numbered:
        rows = [row | {own: number} for row, number in zip(rows, _new_numbers(session, entity, len(rows)), strict=True)]
    session.connection().execute(insert(entity.table), rows)
    keys = [entity.key_text(row[own]) for row in rows]
    for edit, key in zip(edits, keys, strict=True):
        _write_facts(session, entity, key, edit.values)
    return [Done(edit, key, None, edit.values) for edit, key in zip(edits, keys, strict=True)]


def _new_numbers(session: Session, entity: Entity, count: int) -> Iterable[int]:
    """Keys that nobody has; only one process writes at a time."""
    column = entity.key_column
    first = (session.scalar(select(func.max(column))) or 0) + 1
    if session.connection().dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(entity.table.name, column.name)
        last = session.scalar(select(func.nextval(sequence)))
        first = max(first, last or 0)
        session.execute(select(func.setval(sequence, first + count - 1)))
    return range(first, first + count)


def _changed(session: Session, edits: list[Edit], conflicts: Conflicts) -> list[Done]:
    """Update, retire or restore entries that are still as they were when somebody began to edit them."""
    entity, action = edits[0].entity, edits[0].action
    found = _present(session, entity, [entity.key_of(edit.key) for edit in edits])
    done, rows = [], []
    for edit in edits:
        row, before = found.get(entity.key_of(edit.key), (None, None))
        if row is None or row.version != edit.base_version:
            conflicts.append((edit, row.version if row else 0, before))
            continue
        values = {} if action == "retire" else typed(entity, edit.values)
        rows.append({**values, "retired": action == "retire", _KEY: entity.key_of(edit.key), _VERSION: row.version + 1})
        was_there = None if action == "restore" else before
        done.append(Done(edit, edit.key, was_there, None if action == "retire" else edit.values))
    if rows:
        here = update(entity.table).where(entity.key_column == bindparam(_KEY)).values(version=bindparam(_VERSION))
        session.connection().execute(here, rows)
    for each in done:
        if each.after is not None:
            _write_facts(session, entity, each.key, each.after)
    return done


def _present(session: Session, entity: Entity, keys: list[Any]) -> dict[Any, tuple[Row[Any], Document]]:
    statement = select(entity.table).where(entity.key_column.in_(keys)).with_for_update()
    rows = session.execute(statement).all()
    name = entity.key_column.name
    told = documents(session, entity, rows=rows)
    return {getattr(row, name): (row, document) for row, document in zip(rows, told, strict=True)}


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


def _is_named_by_others(target: Entity) -> bool:
    return any(named is target for entity in ENTITIES.values() for named in entity.references.values())


def _check_unused(session: Session, target: Entity, keys: list[str]) -> None:
    """Nothing that is answered from names a retired entry."""
    wanted = {target.key_of(key) for key in keys}
    uses = []
    for entity in ENTITIES.values():
        for name in (name for name, named in entity.references.items() if named is target):
            column, retired = entity.table.c[name], entity.table.c.retired
            pairs = session.execute(select(column, entity.key_column).where(retired.is_(False), column.in_(wanted)))
            uses += [(named, entity.title, str(own)) for named, own in pairs]
    if uses:
        first = uses[0][0]
        told = _told_by_table([(title, own) for named, title, own in uses if named == first])
        message = f"{target.name}/{first} cannot be retired: {told} refer to it."
        raise Conflict(message + " Retire those first, in the same draft or before.")


def _told_by_table(uses: list[tuple[str, str]]) -> str:
    """The first entries of each table that refer to something, and how many more there are."""
    tables: dict[str, list[str]] = {}
    for title, own in dict.fromkeys(uses):
        tables.setdefault(title, []).append(own)
    return "; ".join(
        f"{title} {', '.join(keys[:MOST_NAMED])}" + (f" and {len(keys) - MOST_NAMED} more" * (len(keys) > MOST_NAMED))
        for title, keys in tables.items()
    )


def _first_line(error: IntegrityError) -> str:
    return str(error.orig).splitlines()[0][:200] if error.orig else "a rule of the database forbids it"
