"""Tables as files, out and in: an import is looked at first, and then goes into the draft like any other edit."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin import drafts
from app.admin.differences import flat
from app.admin.edits import Edit
from app.admin.entities import FACT_UNITS, Document, Entity
from app.admin.entries import NEW, facts_of
from app.admin.forms import told
from app.admin.naming import keys_by_name, with_keys
from app.admin.safe_cells import armed, defused
from app.admin.schemas import checked
from app.contract.json_text import parse
from app.errors import Unprocessable
from app.field_problems import FieldProblem
from app.tables import DraftChange

MOST_ROWS = 200_000
NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "prices": ("accelerator", "condition", "currency", "region", "as_of", "source"),
    "offers": ("provider", "instance", "region", "accelerator_name", "accelerator_count"),
    "aliases": ("kind", "alias", "slug"),
    "host-parts": ("part", "spec"),
    "evidence": ("model", "accelerator", "accelerator_count", "metric", "workload", "url"),
}
"""What tells entries apart that only the database numbers."""

_FACT_PARTS = ("value", "unit", "source", "as_of", "confidence", "note")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be taken, and why."""

    row: int
    reason: str


@dataclass(slots=True)
class Plan:
    """What an import would do."""

    entity: Entity
    new: list[Edit] = field(default_factory=list)
    changed: list[Edit] = field(default_factory=list)
    unchanged: int = 0
    begun: str = field(default_factory=lambda: f"{datetime.now(UTC):%H%M%S%f}")
    """Tells its new entries from those of other files."""
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def edits(self) -> list[Edit]:
        """Everything to do."""
        return [*self.new, *self.changed]


@dataclass(frozen=True, slots=True)
class _Present:
    """An entry there is; a hundred thousand take little memory."""

    entity: Entity
    key: str
    version: int
    retired: bool
    row: tuple[Any, ...]
    facts: Document | None

    @property
    def document(self) -> Document:
        """The entry as JSON."""
        found = self.entity.document(self.row)
        return found if self.facts is None else found | {"facts": self.facts}


def csv_lines(session: Session, entity: Entity) -> Iterator[str]:
    """A table for spreadsheets, without what is retired."""
    names = [*(["id"] if entity.numbered else []), *entity.columns, *_fact_columns(entity)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(names)
    for present in _present(session, entity):
        if present.retired:
            continue
        cells = flat(present.document) | {"id": present.key}
        writer.writerow([defused(cells.get(name, "")) for name in names])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def json_text(session: Session, entity: Entity) -> str:
    """A table for programs, without what is retired."""
    rows = [
        ({"id": present.key} if entity.numbered else {}) | present.document
        for present in _present(session, entity)
        if not present.retired
    ]
    return json.dumps({"table": entity.name, "rows": rows}, ensure_ascii=False, indent=1)


def rows_of(entity: Entity, content: bytes, *, is_json: bool) -> Iterable[dict[str, Any]]:
    """The rows of a file, to be gone through once."""
    if is_json:
        return json_rows(content)
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unprocessable([FieldProblem("/file", "Save the file as CSV in UTF-8")]) from None
    reader = csv.DictReader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""))
    check_headings(reader.fieldnames or ())
    known = {"id", *entity.columns, *_fact_columns(entity)}
    unknown = [name for name in reader.fieldnames or () if name not in known]
    if unknown or not reader.fieldnames:
        raise Unprocessable([FieldProblem("/file", f"There are no columns {', '.join(unknown[:5]) or 'at all'}")])
    return _csv_rows(entity, reader)


def check_headings(headings: Sequence[str]) -> None:
    """Refuse a file with two columns of one name: only one of them would be read."""
    twice = [name for name, count in Counter(headings).items() if name and count > 1]
    if twice:
        raise Unprocessable([FieldProblem("/file", f"Several columns are called {', '.join(twice[:5])}; rename them")])


def _csv_rows(entity: Entity, reader: "csv.DictReader[str]") -> Iterator[dict[str, Any]]:
    try:
        yield from (_row(entity, cells) for cells in reader)
    except csv.Error as error:
        raise Unprocessable([FieldProblem("/file", f"Line {reader.reader.line_num}: {error}")]) from None


def plan(session: Session, entity: Entity, *, rows: Iterable[dict[str, Any]], actor: str, why: str) -> Plan:
    """Sort the rows into new, changed, unchanged and rejected; nothing is written."""
    made = Plan(entity)
    present = list(_present(session, entity))
    by_key = {each.key: each for each in present}
    by_nature: dict[tuple[object, ...], list[_Present]] = {}
    for each in present:
        by_nature.setdefault(nature(entity, each.document), []).append(each)
    names, by_name = drafts.known_names(session, entity), keys_by_name(session, entity)
    seen: set[object] = set()
    for number, given in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise Unprocessable([FieldProblem("/file", f"Send at most {MOST_ROWS:,} rows at once")])
        row = with_keys(given, by_name)
        try:
            found = _matched(entity, row, by_key=by_key, by_nature=by_nature)
            before = found.document if found else None
            document = checked(entity, _completed(row, before))
            drafts.check_names(entity, document, names=names)
            identity = found.key if found else nature(entity, document)
            if identity in seen:
                raise _refused("This row stands in the file twice")
            seen.add(identity)
        except Unprocessable as error:
            made.rejected.append(Rejected(number, ". ".join(told(each) for each in error.problems)))
            continue
        if found and before == document and not found.retired:
            made.unchanged += 1
        else:
            _sort_in(made, document, found, actor=actor, why=why)
    return made


def put_in_draft(session: Session, planned: Plan, *, at: datetime | None = None) -> int:
    """Draft what the plan holds; how many entries. The moment tells them from others."""
    drafts.one_at_a_time(session)
    entity, edits = planned.entity, planned.edits
    drafted = set(session.scalars(select(DraftChange.key).where(DraftChange.entity == entity.name)))
    taken = sorted(drafted & {edit.key for edit in edits})
    if taken:
        raise _refused(f"These entries are in the draft already; publish or discard them first: {', '.join(taken[:5])}")
    drafts.add_many(session, edits, at=at)
    return len(edits)


def _sort_in(made: Plan, document: Document, found: _Present | None, *, actor: str, why: str) -> None:
    entity = made.entity
    if found is None:
        numbered = f"{NEW}{len(made.new):06d}-{made.begun}"
        key = numbered if entity.numbered else entity.key_text(document[entity.key_column.name])
        made.new.append(Edit(entity, key, "create", 0, document, why, actor))
    else:
        action = "restore" if found.retired else "update"
        made.changed.append(Edit(entity, found.key, action, found.version, document, why, actor))


def _present(session: Session, entity: Entity) -> Iterator[_Present]:
    facts = facts_of(session, None) if entity.has_facts else {}
    own = entity.key_column.name
    for row in session.execute(select(entity.table).order_by(entity.key_column), execution_options={"yield_per": 1000}):
        key = entity.key_text(getattr(row, own))
        values = tuple([intern(value) if isinstance(value, str) else value for value in row])
        of_entry = facts.get(key, {}) if entity.has_facts else None
        yield _Present(entity, key, row.version, row.retired, values, of_entry)


def _matched(
    entity: Entity,
    row: Mapping[str, Any],
    *,
    by_key: Mapping[str, _Present],
    by_nature: Mapping[tuple[object, ...], list[_Present]],
) -> _Present | None:
    """The entry that a row is about; None: a new one."""
    if not entity.numbered:
        return by_key.get(entity.key_text(row.get(entity.key_column.name, "")))
    if row.get("id") not in {None, ""}:
        found = by_key.get(str(row["id"]))
        if found is None:
            raise _refused(f"There is no entry with the id {str(row['id'])[:40]}")
        return found
    several = by_nature.get(nature(entity, row), [])
    if len(several) > 1:
        raise _refused("Several entries match this row: give the id")
    return several[0] if several else None


def nature(entity: Entity, document: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells an entry apart that only the database numbers."""
    names = NATURAL_KEYS.get(entity.name) or (entity.key_column.name,)
    return tuple([_comparable(document.get(name)) for name in names])


def _comparable(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    return _comparable_text("" if value is None else str(value))


@lru_cache(maxsize=10_000)
def _comparable_text(text: str) -> str:
    """Numbers however they are written."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def _completed(row: Mapping[str, Any], before: Document | None) -> Document:
    """The whole entry: what the file leaves out stays as it is."""
    given = {name: value for name, value in row.items() if name != "id"}
    if before is None:
        return given
    merged = before | given
    if "facts" in given and "facts" in before:
        merged["facts"] = before["facts"] | given["facts"]
    return merged


def _row(entity: Entity, cells: Mapping[str | None, Any]) -> dict[str, Any]:
    if None in cells or None in cells.values():
        return {"": "the number of cells differs from the heading"}
    texts = {str(name): intern(armed(cell)) for name, cell in cells.items()}  # a file has few different words
    row: dict[str, Any] = {name: text for name, text in texts.items() if not name.startswith("facts.")}
    if entity.has_facts and any(name.startswith("facts.") for name in texts):
        row["facts"] = {}
        for fact, unit in FACT_UNITS.items():
            parts = {part: texts.get(f"facts.{fact}.{part}", "") for part in _FACT_PARTS}
            if parts["value"]:
                row["facts"][fact] = parts | {"unit": parts["unit"] or unit}
    return row


def json_rows(content: bytes) -> list[dict[str, Any]]:
    """The entries of a JSON document: a list of objects, alone or as ``rows``."""
    found = parse(content)
    rows = found.get("rows") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unprocessable([FieldProblem("/file", 'Send {"rows": [...]} with one object for each entry')])
    return [dict(row) for row in rows]


def _fact_columns(entity: Entity) -> list[str]:
    return [f"facts.{fact}.{part}" for fact in FACT_UNITS for part in _FACT_PARTS] if entity.has_facts else []


def _refused(reason: str) -> Unprocessable:
    return Unprocessable([FieldProblem("", reason)])
