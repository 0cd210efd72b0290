"""The catalogue that a new installation starts with: one CSV file per table, and the policy as TOML."""

import csv
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Connection, Date, Float, Integer, func, insert, inspect, select
from sqlalchemy.orm import Session

from app.tables import SEED_ORDER, Base, CatalogueRevision, SeedEntry
from app.tables.base import MicroUsd

if TYPE_CHECKING:
    from _csv import Reader

FOLDER = Path(__file__).parent / "seed"
LOCK = 720_740
"""Any number that means this program's start-up to PostgreSQL's advisory locks."""

POLICY = FOLDER / "policy.toml"
STATE = ""
"""The kind under which the fingerprint of the seed that was looked at last is kept."""


def alone(connection: Connection) -> None:
    """Wait until no other process migrates or fills this PostgreSQL database; held until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def load_seed(session: Session) -> bool:
    """Fill an empty catalogue, all in the transaction of the session; False when somebody was quicker."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        alone(connection)
    if session.scalar(select(CatalogueRevision.id)) is not None:
        return False
    session.execute(insert(CatalogueRevision).values(id=1, revision=0, changed_at=datetime.now(UTC)))
    for table in SEED_ORDER:
        entries = seed_entries(table)
        if entries:
            session.execute(insert(table), entries)
    return True


def seed_entries(table: type[Base]) -> list[dict[str, Any]]:
    """What the seed has for a table, from its own file or from the policy."""
    return seed_rows(table) or _complete(_policy().get(table.__tablename__, []), table)


def fingerprint() -> str:
    """Changes when anything in the seed changes."""
    told = sha256()
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in {".csv", ".toml"}:
            told.update(path.name.encode() + b"\0" + path.read_bytes())
    return told.hexdigest()


def seen(session: Session) -> bool:
    """Whether this seed was looked at already."""
    state = session.get(SeedEntry, (STATE, STATE))
    return state is not None and state.digest == fingerprint()


def _policy() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(POLICY.read_text(encoding="utf-8")) if POLICY.exists() else {}


def seed_rows(table: type[Base]) -> list[dict[str, Any]]:
    """The rows of a table's seed file, typed as its columns are; an empty cell is NULL, or empty text."""
    path = FOLDER / f"{table.__tablename__}.csv"
    if not path.exists():
        return []
    columns: dict[str, Column[Any]] = {column.key: column for column in inspect(table).columns}
    with path.open(encoding="utf-8", newline="") as lines:
        return list(_typed(csv.reader(lines, strict=True), columns, name=path.name))


def _complete(entries: list[dict[str, Any]], table: type[Base]) -> list[dict[str, Any]]:
    """Entries of the policy file, with NULL or empty text where an optional field was left out."""
    columns = [column for column in inspect(table).columns if column.name not in {"version", "retired"}]
    return [{c.name: entry.get(c.name, None if c.nullable else "") for c in columns} for entry in entries]


def _typed(lines: "Reader", columns: dict[str, Column[Any]], *, name: str) -> Iterator[dict[str, Any]]:
    heading = next(lines)
    cells = [(column, _reader_of(columns[column])) for column in heading]
    for line in lines:
        if len(line) != len(heading):
            raise ValueError(f"{name}, line {lines.line_num}: the number of cells differs from the heading")
        yield {column: read(cell) for (column, read), cell in zip(cells, line, strict=True)}


def _reader_of(column: Column[Any]) -> Callable[[str], Any]:
    """What makes a value of a cell."""
    empty = None if column.nullable else ""
    convert = next((made for kind, made in _CONVERTERS if isinstance(column.type, kind)), str)
    return lambda cell: convert(cell) if cell else empty


_CONVERTERS: tuple[tuple[Any, Callable[[str], Any]], ...] = (
    (Boolean, "true".__eq__),
    (Integer, int),
    ((Float, MicroUsd), float),
    (Date, date.fromisoformat),
)
