"""The seed as administrators see entries: documents by what tells them apart, since the seed knows no numbers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin.entities import Document, Entity
from app.admin.entries import documents
from app.admin.importing import nature
from app.admin.schemas import schema
from app.catalogue import seed
from app.tables import AcceleratorFact
from app.tables.base import MICRO_PER_USD, MicroUsd
from app.tables.seeding import LONGEST_IDENTITY

LIVE = "live-"
"""Begins the source of what a price source wrote: newer prices are no edits of a person."""
FACT_PARTS = ("value", "unit", "source", "as_of", "confidence", "note")


def of(entity: Entity) -> dict[str, Document]:
    """The entries of a kind, by identity."""
    facts = _facts() if entity.has_facts else {}
    found = (_document(entity, row, facts) for row in seed.seed_entries(entity.row))
    return {
        identity: document for identity, (_, document) in identified(entity, (("", each) for each in found)).items()
    }


def identified(entity: Entity, entries: Iterable[tuple[str, Document]]) -> dict[str, tuple[str, Document]]:
    """Entries with their keys by what tells them apart; the second one of the same name gets a number."""
    found: dict[str, tuple[str, Document]] = {}
    counted: Counter[str] = Counter()
    for key, document in entries:
        name = (
            " | ".join(nature(entity, document))[: LONGEST_IDENTITY - 8] if entity.numbered else _name(entity, document)
        )
        counted[name] += 1
        found[name if counted[name] == 1 else f"{name} #{counted[name]}"] = (key, document)
    return found


def _name(entity: Entity, document: Document) -> str:
    return entity.key_text(document[entity.key_column.name])


def _document(entity: Entity, row: dict[str, Any], facts: dict[str, dict[str, Document]]) -> Document:
    """A row in the form that the catalogue gives it back."""
    values = {name: _stored(entity, name, row[name]) for name in entity.columns if name in row}
    if entity.has_facts:
        values["facts"] = facts.get(row["slug"], {})
    made: Document = schema(entity).model_validate(values).model_dump(mode="json")
    return made


def _stored(entity: Entity, name: str, value: Any) -> Any:
    """Money is kept in millionths."""
    if isinstance(entity.columns[name].type, MicroUsd) and value is not None:
        return round(float(value) * MICRO_PER_USD) / MICRO_PER_USD
    return value


def _facts() -> dict[str, dict[str, Document]]:
    found: defaultdict[str, dict[str, Document]] = defaultdict(dict)
    for row in seed.seed_entries(AcceleratorFact):
        found[row["accelerator"]][row["field"]] = {part: _plain(row[part]) for part in FACT_PARTS}
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Here:
    """An entry of the catalogue."""

    key: str
    version: int
    retired: bool
    document: Document

    @property
    def live(self) -> bool:
        """Whether a price source wrote it."""
        return str(self.document.get("source", "")).startswith(LIVE)


def present(session: Session, entity: Entity) -> Iterator[Here]:
    """Every entry of a kind."""
    rows = session.execute(select(entity.table).order_by(entity.key_column)).all()
    for row, document in zip(rows, documents(session, entity, rows=rows), strict=True):
        key = entity.key_text(getattr(row, entity.key_column.name))
        yield Here(key, row.version, row.retired, document)


def keys_of(session: Session, entity: Entity) -> dict[str, str]:
    """Keys of what is answered from, by what tells entries apart."""
    entries = ((each.key, each.document) for each in present(session, entity) if not each.retired)
    return {identity: key for identity, (key, _) in identified(entity, entries).items()}


def alive(session: Session, entity: Entity) -> set[str]:
    """Keys of what is answered from."""
    keys = session.scalars(select(entity.key_column).where(entity.table.c.retired.is_(False)))
    return {entity.key_text(key) for key in keys}


def named_by(session: Session, entity: Entity, *, field: str) -> Iterator[tuple[str, str]]:
    """Keys of what is answered from, each with what it names in a field."""
    column, retired = entity.table.c[field], entity.table.c.retired
    found = session.execute(select(entity.key_column, column).where(retired.is_(False), column.is_not(None)))
    return ((entity.key_text(key), str(named)) for key, named in found)
