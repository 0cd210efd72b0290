"""From the columns of somebody's file to the fields of a table: guessed by name, with units, and said by hand."""

import csv
import difflib
import io
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Any

from sqlalchemy import Date, String

from app.admin.entities import FACT_UNITS, Entity
from app.admin.importing import MOST_ROWS, check_headings, json_rows
from app.admin.safe_cells import armed
from app.errors import Unprocessable
from app.field_problems import FieldProblem

NAMES = Path(__file__).parent / "column_names.toml"
FACT_PARTS = ("value", "unit", "source", "as_of", "confidence", "note")
OF_ALL_FACTS = "facts.*."
"""Begins a value that stands for that part of every number of a row."""
SAMPLES = 5
_CLOSE = 0.82
_GB = 1e9 / 2**30
CONVERSIONS: Mapping[str, Mapping[str, float]] = {
    "GiB": {"GiB": 1, "GB": _GB, "MiB": 1 / 1024, "MB": _GB / 1000, "TiB": 1024},
    "GB": {"GB": 1, "GiB": 1 / _GB, "MB": 1 / 1000, "TB": 1000},
    "GB/s": {"GB/s": 1, "TB/s": 1000, "GiB/s": 1 / _GB, "MB/s": 1 / 1000},
    "TFLOP/s": {"TFLOP/s": 1, "GFLOP/s": 1 / 1000, "PFLOP/s": 1000},
    "TOP/s": {"TOP/s": 1, "GOP/s": 1 / 1000},
    "MHz": {"MHz": 1, "GHz": 1000},
    "W": {"W": 1, "kW": 1000},
    "USD": {"USD": 1, "cents": 1 / 100},
    "money": {"money": 1, "cents": 1 / 100},
    "USD/h": {"USD/h": 1, "USD a day": 1 / 24, "USD a month": 1 / 730, "cents": 1 / 100},
    "parameters": {"parameters": 1, "millions": 1e6, "billions": 1e9},
}
"""What a field's unit is worth in others that files use: the value in the file times the factor."""
_ENDINGS = (
    ("usd_per_hour", "USD/h"), ("_gib", "GiB"), ("_gb", "GB"), ("_w", "W"), ("parameters", "parameters"),
    ("usd", "USD"), ("amount", "money"),
)  # fmt: skip
_UNIT_WORDS = re.compile(
    r"[(\[]\s*([^)\]]+?)\s*[)\]]|\bin\s+(\w+(?:/\w+)?)$|[_ ](gib|gb|mib|mb|tib|tb|kw|ghz)$", re.IGNORECASE
)
_MEMORY_WORDS = {"gb": "GB", "gib": "GiB", "mb": "MB", "mib": "MiB", "tb": "TB", "tib": "TiB"}


@dataclass(frozen=True, slots=True)
class Column:
    """What one column means; without a field it is left out."""

    field: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What all columns mean, and what holds for every row."""

    columns: Mapping[str, Column]
    constants: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """To be kept."""
        columns = {heading: [each.field, each.unit] for heading, each in self.columns.items() if each.field}
        return {"columns": columns, "constants": dict(self.constants)}

    @classmethod
    def of(cls, kept: Mapping[str, Any], headings: Sequence[str]) -> "ColumnMapping":
        """As it was kept, for these headings."""
        known = kept.get("columns", {})
        columns = {heading: Column(*known.get(heading, ("", ""))) for heading in headings}
        return cls(columns, {str(name): str(value) for name, value in kept.get("constants", {}).items()})


@dataclass(frozen=True, slots=True)
class FileTable:
    """The rows of a file under its own headings."""

    headings: tuple[str, ...]
    rows: list[dict[str, Any]]

    @property
    def heading_hash(self) -> str:
        """Tells files of the same making."""
        return sha256("\n".join(self.headings).encode()).hexdigest()

    def samples(self, heading: str) -> list[str]:
        """Some values of a column."""
        values = (str(row[heading]) for row in self.rows if row.get(heading) is not None)
        return list(islice((value for value in values if value), SAMPLES))


def read(content: bytes, *, is_json: bool) -> FileTable:
    """The rows of a file; what stands there is not judged yet."""
    rows = json_rows(content) if is_json else _csv_rows(content)
    headings = tuple(dict.fromkeys(name for row in rows[:1000] for name in row))
    if not headings:
        raise _refused("There are no rows in this file")
    if len(rows) > MOST_ROWS:
        raise _refused(f"Send at most {MOST_ROWS:,} rows at once")
    return FileTable(headings, rows)


def fields_of(entity: Entity) -> list[str]:
    """Every field that a column can mean."""
    facts = [f"facts.{name}.{part}" for name in FACT_UNITS for part in FACT_PARTS] if entity.has_facts else []
    return [*(["id"] if entity.numbered else []), *entity.columns, *facts, *(["facts"] if entity.has_facts else [])]


def unit_of(entity: Entity, name: str) -> str:
    """The unit that a field is kept in; empty: none, or none to convert from."""
    if name.startswith("facts.") and name.endswith(".value"):
        return FACT_UNITS.get(name.split(".")[1], "").replace("1", "")
    if name in entity.columns and not isinstance(entity.columns[name].type, String | Date):
        return next((unit for ending, unit in _ENDINGS if name.endswith(ending) or name.startswith(ending)), "")
    return ""


def guessed(entity: Entity, table: FileTable) -> ColumnMapping:
    """What the columns may mean, by their names; each field once."""
    taken: set[str] = set()
    columns = {}
    for heading in table.headings:
        name = _guess(entity, heading)
        if name in taken:
            name = ""
        taken.add(name)
        columns[heading] = Column(name, _guessed_unit(unit_of(entity, name), heading, table.samples(heading)))
    return ColumnMapping(columns)


def mapped(entity: Entity, table: FileTable, *, mapping: ColumnMapping) -> list[dict[str, Any]]:
    """The rows under the names of fields, in the units of fields; those that cannot be read keep what stands there."""
    known = set(fields_of(entity))
    steps = [
        (heading, each.field, _converter(entity, each))
        for heading, each in mapping.columns.items()
        if each.field in known
    ]
    return [_row(entity, row, steps, constants=mapping.constants) for row in table.rows]


def needed_constants(entity: Entity, mapping: ColumnMapping) -> list[str]:
    """Fields that no column gives and that every row could be given: those that are required, and the pedigree."""
    given = {each.field for each in mapping.columns.values()}
    wanted = [
        name
        for name, column in entity.columns.items()
        if name not in given
        and column is not entity.key_column
        and (name in {"source", "as_of", "confidence"} or (not column.nullable and column.server_default is None))
    ]
    has_fact_values = any(name.startswith("facts.") and name.endswith(".value") for name in given)
    return wanted + [OF_ALL_FACTS + part for part in ("source", "as_of", "confidence") if has_fact_values]


def plain_number(text: str) -> str:
    """A number as spreadsheets write it, as programs do.

    >>> plain_number("$1,299.50"), plain_number("1.299,50 €"), plain_number("0,5"), plain_number("n/a")
    ('1299.50', '1299.50', '0.5', 'n/a')
    """
    bare = re.sub(r"[\s$€£'\u00a0]", "", text)
    if not re.fullmatch(r"[+-]?[\d.,]*\d(?:[eE][+-]?\d+)?", bare):
        return text
    comma, point = bare.rfind(","), bare.rfind(".")
    if comma > point and (point >= 0 or not re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", bare)):
        return bare.replace(".", "").replace(",", ".")
    return bare.replace(",", "")


def _row(
    entity: Entity,
    row: Mapping[str, Any],
    steps: Sequence[tuple[str, str, Callable[[Any], Any]]],
    *,
    constants: Mapping[str, str],
) -> dict[str, Any]:
    if list(row) == [""]:
        return dict(row)  # it says what is wrong with it
    made: dict[str, Any] = {name: value for name, value in constants.items() if name in entity.columns}
    facts: dict[str, dict[str, Any]] = {}
    for heading, name, converted in steps:
        value = converted(row.get(heading, ""))
        if name.startswith("facts."):
            _, fact, part = name.split(".")
            facts.setdefault(fact, {})[part] = value
        elif value != "" or name not in made:
            made[name] = value
    if entity.has_facts and facts:
        made["facts"] = {
            name: _fact(name, parts, made, constants) for name, parts in facts.items() if parts.get("value", "") != ""
        }
    return made


def _fact(name: str, parts: Mapping[str, Any], row: Mapping[str, Any], constants: Mapping[str, str]) -> dict[str, Any]:
    """A number with its pedigree: its own, that of all numbers, or that of the row."""
    common = {
        part: constants.get(OF_ALL_FACTS + part) or row.get(part) or "" for part in ("source", "as_of", "confidence")
    }
    given = {part: value for part, value in parts.items() if value != ""}
    return {"unit": FACT_UNITS[name], "note": "", **common, **given}


def _converter(entity: Entity, column: Column) -> Callable[[Any], Any]:
    unit = unit_of(entity, column.field)
    factor = CONVERSIONS.get(unit, {}).get(column.unit, 1)
    is_number = bool(unit) or (
        column.field in entity.columns and not isinstance(entity.columns[column.field].type, String | Date)
    )

    def converted(value: Any) -> Any:
        if not is_number or not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
            return value
        text = plain_number(value) if isinstance(value, str) else value
        if factor == 1:
            return text
        try:
            return float(f"{float(text) * factor:.12g}")
        except ValueError:
            return text

    return converted


@cache
def _synonyms() -> dict[str, dict[str, str]]:
    return tomllib.loads(NAMES.read_text(encoding="utf-8"))


def _guess(entity: Entity, heading: str) -> str:
    known = fields_of(entity)
    if heading in known:
        return heading
    words = {**_synonyms()[""], **_synonyms().get(entity.name, {})}
    for name in (_bare(heading), _bare(_UNIT_WORDS.sub("", heading))):
        if name in known:
            return name
        if words.get(name) in known:
            return words[name]
    plain = [each for each in known if "." not in each]
    close = difflib.get_close_matches(_bare(heading), [*plain, *words], n=1, cutoff=_CLOSE)
    found = words.get(close[0], close[0]) if close else ""
    return found if found in known else ""


def _guessed_unit(unit: str, heading: str, samples: Sequence[str]) -> str:
    """The unit that a heading names. Sizes of cards are written GB and meant GiB: whole numbers of them stay."""
    if unit not in CONVERSIONS:
        return ""
    found = _UNIT_WORDS.search(heading)
    word = next((each for each in found.groups() if each), "").lower() if found else ""
    numbers = [each.strip() for each in samples if re.match(r"\d", each.strip())]
    if unit == "GiB" and word == "gb" and all(re.fullmatch(r"\d{1,3}", each) for each in numbers):
        return unit
    named = {each.lower(): each for each in CONVERSIONS[unit]} | {
        key: name for key, name in _MEMORY_WORDS.items() if name in CONVERSIONS[unit]
    }
    return named.get(word) or named.get(word.rpartition(" ")[2], unit)


def _bare(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", heading.strip().lower()).strip("_")


def _csv_rows(content: bytes) -> list[dict[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("Save the file as CSV in UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        check_headings(reader.fieldnames or ())
        for cells in reader:
            if None in cells or None in cells.values():
                rows.append({"": "the number of cells differs from the heading"})
            else:
                rows.append({str(name): intern(armed(cell)) for name, cell in cells.items()})
    except csv.Error as error:
        raise _refused(f"Line {reader.reader.line_num}: {error}") from None
    return rows


def _refused(detail: str) -> Unprocessable:
    return Unprocessable([FieldProblem("/file", detail)])
