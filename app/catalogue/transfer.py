"""The whole catalogue as one JSON file, and back: the same rows give the same answers to the last digit."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import IO, Any

from sqlalchemy import Date, delete, func, insert, inspect, select, text
from sqlalchemy.orm import Session

from app.catalogue.queries import revision
from app.catalogue.seed import alone
from app.errors import BadRequest
from app.tables import SEED_ORDER, Base, SeedEntry, SourceValidator

FORMAT = "whichrig-catalogue-2"
WITHOUT_END = "whichrig-catalogue-1"
"""The same without the last line, which tells whether anything is missing."""


def write(session: Session, file: IO[str]) -> int:
    """Write every table, and at the end what was written; the number of rows."""
    heading = {"format": FORMAT, "revision": revision(session), "written_at": datetime.now(UTC).isoformat()}
    told = sha256()
    count = -1
    for line in _lines(session, heading):
        told.update(line.encode())
        file.write(line)
        count += 1
    file.write(json.dumps({"rows": count, "sha256": told.hexdigest()}) + "\n")
    return count


def verified(lines: Iterable[str]) -> int:
    """The number of rows of a whole file; raises where anything is missing or was altered."""
    return sum(1 for _ in _whole(iter(lines))) - 1


def restore(session: Session, lines: Iterator[str]) -> int:
    """Put the tables of a file in the place of those there are; the number of rows."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        alone(connection)
    tables = {table.__tablename__: table for table in SEED_ORDER}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
    checked = _whole(lines)
    next(checked)
    for number, line in enumerate(checked, start=2):
        name, row = _parsed(line, number)
        if name not in tables:
            raise BadRequest(f"Line {number}: there is no table “{name[:60]}”.")
        found[name].append(_typed(tables[name], row, number))
    for table in reversed(SEED_ORDER):
        session.execute(delete(table))
    session.execute(delete(SeedEntry))  # of that installation nobody knows which seed it took over
    session.execute(delete(SourceValidator))  # lists of prices are read anew, whether or not they have changed since
    for name, table in tables.items():
        if found[name]:
            session.execute(insert(table), found[name])
    if connection.dialect.name == "postgresql":
        _count_on(session, list(tables.values()))
    return sum(map(len, found.values()))


def _rows(session: Session, table: type[Base]) -> Iterator[dict[str, Any]]:
    columns = table.__table__
    for row in session.execute(select(columns).order_by(*columns.primary_key)).mappings():
        yield {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _lines(session: Session, heading: dict[str, Any]) -> Iterator[str]:
    yield json.dumps(heading) + "\n"
    for table in SEED_ORDER:
        for row in _rows(session, table):
            yield json.dumps({"table": table.__tablename__, "row": row}, ensure_ascii=False) + "\n"


def _whole(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a file but the last, which has to tell the others."""
    previous, told, count = next(lines, ""), sha256(), -1
    ends = _ends(previous)
    for line in lines:
        told.update(previous.encode())
        count += 1
        yield previous
        previous = line
    if not ends:
        yield previous
        return
    try:
        end = json.loads(previous)
    except ValueError:
        end = None
    if not isinstance(end, dict) or "sha256" not in end:
        raise BadRequest("The file is not whole: its end is missing.")
    if (end.get("rows"), end["sha256"]) != (count, told.hexdigest()):
        raise BadRequest("The file is not as it was written: its check sum differs.")


def _ends(heading: str) -> bool:
    """Whether a file of this format has an end."""
    try:
        found = json.loads(heading)
    except ValueError:
        found = None
    named = found.get("format") if isinstance(found, dict) else None
    if named not in {FORMAT, WITHOUT_END}:
        raise BadRequest(f"This is no catalogue: the first line should name the format {FORMAT}.")
    return bool(named == FORMAT)


def _parsed(line: str, number: int) -> tuple[str, dict[str, Any]]:
    try:
        entry = json.loads(line)
        return str(entry["table"]), dict(entry["row"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"Line {number} is no row of a table.") from error


def _typed(table: type[Base], row: dict[str, Any], number: int) -> dict[str, Any]:
    columns = {column.name: column for column in inspect(table).columns}
    if row.keys() != columns.keys():
        odd = ", ".join(sorted(row.keys() ^ columns.keys()))
        raise BadRequest(f"Line {number}: these columns are missing or unknown: {odd}.")
    try:
        return {
            name: date.fromisoformat(value) if isinstance(columns[name].type, Date) and value is not None else value
            for name, value in row.items()
        }
    except (ValueError, TypeError) as error:
        raise BadRequest(f"Line {number}: {error}.") from error


def _count_on(session: Session, tables: list[type[Base]]) -> None:
    """Numbers that the database gives go on after the largest one."""
    for table in tables:
        (key, *_) = table.__table__.primary_key
        if key.name == "id":
            largest = session.scalar(select(func.max(key))) or 0
            sequence = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :next, false)")
            session.execute(sequence, {"table": table.__tablename__, "next": largest + 1})
