"""One uploaded file, step by step: what its columns mean, what it would do, into the draft, and out of it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.admin import column_mapping, importing, uploads
from app.admin.access import Editor
from app.admin.accounts import Caller
from app.admin.column_mapping import CONVERSIONS, OF_ALL_FACTS, Column, ColumnMapping, FileTable
from app.admin.differences import Difference, differences, shown
from app.admin.edits import Edit
from app.admin.entities import ENTITIES, Entity, entity_named
from app.admin.entries import entry
from app.admin.forms import ErrorLine, FormField, Frame, Option, options, told
from app.admin.importing import Plan
from app.admin.transfer_pages import MOST_SHOWN, RowView, state_of
from app.errors import AppError, Unprocessable
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.tables import ImportUpload

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
MOST_FIELDS = 2000
LEFT_OUT = ""
LONGEST_SAMPLE = 60
MOST_COMPLAINTS = 2


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column of the file, and what it means."""

    number: int
    heading: str
    samples: str
    fields: tuple[Option, ...]
    units: tuple[Option, ...]
    """Units that its values may be in; none: there is nothing to convert."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One row as it would be read."""

    number: int
    cells: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the whole file would do."""

    told: str
    entries: int
    rejected: tuple[str, ...]
    new: tuple[RowView, ...]
    changed: tuple[RowView, ...]


@dataclass(frozen=True, slots=True)
class UploadPage:
    """One file."""

    template: ClassVar[str] = "admin/upload.html"

    title: str
    frame: Frame
    url: str
    table_title: str
    rows: int
    state: str
    waits: bool
    is_in_draft: bool
    has_left: bool
    """Whether it was in the draft, and is no more, though nobody took it out as a whole."""
    columns: tuple[ColumnView, ...]
    constants: tuple[FormField, ...]
    sample_headings: tuple[str, ...]
    samples: tuple[SampleRow, ...]
    outcome: Outcome | None
    errors: tuple[ErrorLine, ...] = ()


async def entered_columns(request: Request) -> dict[str, str]:
    """The fields of the form: a file may have many columns."""
    async with request.form(max_fields=MOST_FIELDS) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


Columns = Annotated[dict[str, str], Depends(entered_columns)]


@router.get("/import/{upload_id}")
def show_upload(upload_id: int, caller: Editor, session: SessionDep) -> Response:
    """What the columns of a file mean, and five of its rows."""
    return render(_page(session, uploads.one(session, upload_id), caller))


@router.post("/import/{upload_id}")
def map_columns(upload_id: int, caller: Editor, session: SessionDep, form: Columns) -> Response:
    """Keep what the columns mean; then say what the file would do."""
    upload = uploads.one(session, upload_id)
    table = uploads.table_of(upload)
    mapping = _mapping(form, table)
    errors = _twice(mapping)
    if not errors:
        uploads.remember(session, upload, table=table, mapping=mapping, actor=caller.email)
    if errors or form.get("do") != "try":
        page = _page(session, upload, caller, mapping=mapping, errors=errors)
        return render(page, status=UNPROCESSABLE if errors else 200)
    try:
        planned = uploads.plan(session, upload, table=table, mapping=mapping, actor=caller.email)
    except Unprocessable as error:
        lines = tuple(ErrorLine("column-0", told(problem)) for problem in error.problems)
        return render(_page(session, upload, caller, mapping=mapping, errors=lines), status=UNPROCESSABLE)
    return render(_page(session, upload, caller, mapping=mapping, planned=planned))


@router.post("/import/{upload_id}/draft")
def draft_upload(upload_id: int, caller: Editor, session: SessionDep) -> Response:
    """Put a file into the draft, without the rejected rows."""
    upload = uploads.one(session, upload_id)
    uploads.apply(session, upload, actor=caller.email)
    return see_other(f"/admin/import/{upload_id}")


@router.post("/import/{upload_id}/undo")
def undo_upload(upload_id: int, caller: Editor, session: SessionDep) -> Response:
    """Take a file out of the draft again."""
    uploads.undo(session, uploads.one(session, upload_id), actor=caller.email)
    return see_other(f"/admin/import/{upload_id}")


def _mapping(form: Mapping[str, str], table: FileTable) -> ColumnMapping:
    columns = {
        heading: Column(form.get(f"column-{number}", ""), form.get(f"unit-{number}", ""))
        for number, heading in enumerate(table.headings)
    }
    prefix = "constant-"
    constants = {
        name.removeprefix(prefix): value.strip()
        for name, value in form.items()
        if name.startswith(prefix) and value.strip()
    }
    return ColumnMapping(columns, constants)


def _twice(mapping: ColumnMapping) -> tuple[ErrorLine, ...]:
    """Two columns cannot mean the same."""
    seen: dict[str, str] = {}
    errors = []
    for number, (heading, column) in enumerate(mapping.columns.items()):
        if column.field and column.field in seen:
            text = f"“{heading}” and “{seen[column.field]}” cannot both mean {column.field}"
            errors.append(ErrorLine(f"column-{number}", text))
        seen[column.field] = heading
    return tuple(errors)


def _page(
    session: Session,
    upload: ImportUpload,
    caller: Caller,
    *,
    mapping: ColumnMapping | None = None,
    planned: Plan | None = None,
    errors: tuple[ErrorLine, ...] = (),
) -> UploadPage:
    entity = entity_named(upload.entity)
    waits = upload.content is not None
    table = uploads.table_of(upload) if waits else FileTable((), [])
    mapping = mapping or uploads.mapping_of(upload, table)
    rows = column_mapping.mapped(
        entity, FileTable(table.headings, table.rows[: column_mapping.SAMPLES]), mapping=mapping
    )
    in_draft = uploads.is_in_draft(session, upload)
    headings = list(dict.fromkeys(name for row in rows for name in _flat(row)))
    return UploadPage(
        title=f"Import of {upload.name or 'a file'}",
        frame=Frame.of(caller),
        url=f"/admin/import/{upload.id}",
        table_title=ENTITIES[upload.entity].title,
        rows=len(table.rows),
        state=state_of(upload),
        waits=waits,
        is_in_draft=in_draft,
        has_left=upload.applied_at is not None and upload.undone_at is None and not in_draft,
        columns=tuple(_column(entity, table, mapping, number=n, heading=h) for n, h in enumerate(table.headings)),
        constants=_constants(entity, mapping) if waits else (),
        sample_headings=tuple(headings),
        samples=tuple(_sample(session, entity, number, row, headings=headings) for number, row in enumerate(rows, 1)),
        outcome=_outcome(session, planned) if planned else None,
        errors=errors,
    )


def _column(entity: Entity, table: FileTable, mapping: ColumnMapping, *, number: int, heading: str) -> ColumnView:
    means = mapping.columns[heading]
    unit = column_mapping.unit_of(entity, means.field)
    labels = {name: name.replace("facts.", "number: ").replace("_", " ") for name in column_mapping.fields_of(entity)}
    samples = " · ".join(each[:LONGEST_SAMPLE] for each in table.samples(heading))
    return ColumnView(
        number,
        heading or "(no heading)",
        samples,
        options([LEFT_OUT, *labels], means.field, labels={LEFT_OUT: "leave it out", **labels}),
        options(list(CONVERSIONS[unit]), means.unit or unit) if unit in CONVERSIONS else (),
    )


def _constants(entity: Entity, mapping: ColumnMapping) -> tuple[FormField, ...]:
    """What can be said once for all rows."""
    names = list(dict.fromkeys([*column_mapping.needed_constants(entity, mapping), *mapping.constants]))
    fields = []
    for name in names:
        own = name.removeprefix(OF_ALL_FACTS)
        words = entity.choices.get(own)
        label = own.replace("_", " ") + (" of all numbers" if name.startswith(OF_ALL_FACTS) else "")
        value = mapping.constants.get(name) or (datetime.now(UTC).date().isoformat() if own == "as_of" else "")
        kind = "choice" if words else "date" if own == "as_of" else "text"
        choices = options(("", *words) if "" not in words else words, value) if words else ()
        fields.append(FormField(f"constant-{name}", label, kind, value, options=choices))
    return tuple(fields)


def _sample(session: Session, entity: Entity, number: int, row: dict[str, Any], *, headings: list[str]) -> SampleRow:
    try:
        made = importing.plan(session, entity, rows=[row], actor="", why="")
        problem = _shortened(made.rejected[0].reason) if made.rejected else ""
    except AppError as error:
        problem = error.detail
    cells = _flat(row)
    return SampleRow(number, tuple(cells.get(name, "")[:LONGEST_SAMPLE] for name in headings), problem)


def _shortened(reason: str) -> str:
    """The first of many complaints."""
    sentences = reason.split(". ")
    more = len(sentences) - MOST_COMPLAINTS
    told_of = ". ".join(sentences[:MOST_COMPLAINTS])
    return f"{told_of} … and {more} more" if more > 0 else told_of


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a row; of a number its value."""
    found = {name: shown(value) for name, value in row.items() if name != "facts"}
    facts = row.get("facts")
    if isinstance(facts, dict):
        found |= {name: shown(fact.get("value")) for name, fact in facts.items() if isinstance(fact, dict)}
    return found


def _outcome(session: Session, planned: Plan) -> Outcome:
    told_of = (
        f"{len(planned.new):,} new, {len(planned.changed):,} changed, {planned.unchanged:,} unchanged, "
        f"{len(planned.rejected):,} rejected. Nothing was written."
    )
    changed = tuple(_changed(session, planned.entity, edit) for edit in planned.changed[:MOST_SHOWN])
    return Outcome(
        told_of,
        len(planned.edits),
        tuple(f"Row {each.row}: {each.reason}" for each in planned.rejected[:MOST_SHOWN]),
        tuple(RowView(edit.key, differences(None, edit.values)) for edit in planned.new[:MOST_SHOWN]),
        changed,
    )


def _changed(session: Session, entity: Entity, edit: Edit) -> RowView:
    found: tuple[Difference, ...] = differences(entry(session, entity, key=edit.key).published, edit.values)
    return RowView(edit.key, found)
