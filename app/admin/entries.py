"""Entries as they are published, and what the draft makes of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app.admin import attention
from app.admin.entities import Document, Entity
from app.tables import AcceleratorFact, DraftChange

_FACT_FIELDS = ("value", "unit", "source", "as_of", "confidence", "note")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: as it is published, and as the draft has it."""

    entity: Entity
    key: str
    published: Document | None
    version: int
    """Of the published entry; 0: it is not published."""
    retired: bool
    change: DraftChange | None

    @property
    def tag(self) -> str:
        """Changes with every edit: for If-Match, and for forms. A draft that was discarded never comes back in it."""
        if self.change is None:
            return f"{self.version}-0"
        moment = self.change.changed_at.timestamp() * 1e6
        return f"{self.version}-{self.change.version}-{moment:.0f}"

    @property
    def values(self) -> Document:
        """What an editor goes on with: the draft, or else what is published."""
        if self.change is not None:
            return dict(self.change.values)
        return dict(self.published or {})

    @property
    def state(self) -> str:
        """A word for lists."""
        if self.change is not None:
            return f"draft: {self.change.action}"
        return "retired" if self.retired else "published"

    def as_json(self) -> dict[str, object]:
        """The entry for programs."""
        change = self.change
        return {
            "entity": self.entity.name,
            "key": self.key,
            "version": self.version,
            "state": self.state,
            "tag": self.tag,
            "published": self.published,
            "draft": None if change is None else {"action": change.action, "values": change.values, "why": change.why},
        }


def entry(session: Session, entity: Entity, *, key: str) -> Entry:
    """One entry by its key, published or only drafted."""
    change = change_of(session, entity, key=key)
    if key.startswith(NEW) and entity.numbered:
        if change is None:
            raise entity.unknown(key)
        return Entry(entity, key, None, 0, retired=False, change=change)
    row = session.execute(select(entity.table).where(entity.key_column == entity.key_of(key))).first()
    if row is None:
        if change is None:
            raise entity.unknown(key)
        return Entry(entity, key, None, 0, retired=False, change=change)
    (published,) = documents(session, entity, rows=[row])
    return Entry(entity, key, published, row.version, retired=row.retired, change=change)


NEW = "new-"
"""Begins the key of a drafted entry that the database will number."""


def change_of(session: Session, entity: Entity, *, key: str) -> DraftChange | None:
    """What the draft says about an entry."""
    return session.scalar(select(DraftChange).where(DraftChange.entity == entity.name, DraftChange.key == key))


def documents(session: Session, entity: Entity, *, rows: Iterable[Any]) -> list[Document]:
    """Rows as JSON; hardware with its facts."""
    rows = list(rows)
    found = [entity.document(row) for row in rows]
    if entity.has_facts:
        keys = [document["slug"] for document in found]
        facts = facts_of(session, keys if len(keys) == 1 else None)
        for document in found:
            document["facts"] = facts.get(document["slug"], {})
    return found


def facts_of(session: Session, keys: list[str] | None) -> dict[str, dict[str, Document]]:
    """Facts by accelerator and name; of all accelerators without keys."""
    table = AcceleratorFact.__table__
    statement = select(table).order_by(table.c.id)
    if keys is not None:
        statement = statement.where(table.c.accelerator.in_(keys))
    facts: dict[str, dict[str, Document]] = defaultdict(dict)
    for row in session.execute(statement):
        fact = {name: getattr(row, name) for name in _FACT_FIELDS}
        facts[row.accelerator][row.field] = fact | {"as_of": row.as_of.isoformat()}
    return facts


@dataclass(frozen=True, slots=True)
class Listing:
    """Some entries of a kind, and how many there are in all."""

    entries: list[Entry]
    total: int


def listing(
    session: Session, entity: Entity, *, words: str = "", state: str = "", first: int = 0, most: int = 50
) -> Listing:
    """Entries whose text fields hold the words; drafted ones that are new come first."""
    changes = {each.key: each for each in session.scalars(select(DraftChange).where(DraftChange.entity == entity.name))}
    created = [
        Entry(entity, each.key, None, 0, retired=False, change=each)
        for each in changes.values()
        if each.action == "create" and state in {"", "draft"} and _holds(each.values, words)
    ]
    drafted = [key for key, each in changes.items() if each.action != "create"]
    statement = _with_words(entity, words).where(_in_state(session, entity, state=state, drafted=drafted))
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    own_first = max(0, first - len(created))
    own_most = most - len(created[first : first + most])
    rows = session.execute(statement.order_by(entity.key_column).offset(own_first).limit(own_most)).all()
    found = [
        Entry(
            entity,
            key,
            document,
            row.version,
            retired=row.retired,
            change=changes.get(key),
        )
        for row, document in zip(rows, documents(session, entity, rows=rows), strict=True)
        for key in [entity.key_text(getattr(row, entity.key_column.name))]
    ]
    return Listing([*created[first : first + most], *found], total + len(created))


def _with_words(entity: Entity, words: str) -> Select[Any]:
    columns = entity.table.c
    statement = select(entity.table)
    for word in words.split():
        statement = statement.where(or_(*(_contains(columns[name], word) for name in _text_columns(entity))))
    return statement


def _in_state(session: Session, entity: Entity, *, state: str, drafted: list[str]) -> ColumnElement[bool]:
    retired = entity.table.c.retired
    if state == "draft":
        return entity.key_column.in_([entity.key_of(key) for key in drafted])
    if state in attention.STATES:
        today = datetime.now(UTC).date()
        return retired.is_(False) & attention.condition(session, entity, state=state, today=today)
    return retired.is_(state == "retired")


def _text_columns(entity: Entity) -> list[str]:
    names = [name for name in entity.columns if name in {*entity.shown, entity.key_column.name, "note", "source"}]
    return [name for name in names if hasattr(entity.columns[name].type, "length")]


def _contains(column: Any, word: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = func.lower(column).contains(word.lower(), autoescape=True)
    return found


def _holds(values: Document, words: str) -> bool:
    text = " ".join(str(value) for value in values.values()).lower()
    return all(word.lower() in text for word in words.split())
