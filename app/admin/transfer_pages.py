"""Export and import of tables, as pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import UploadFile

from app.admin import importing, uploads
from app.admin.access import Editor, Viewer
from app.admin.accounts import Caller
from app.admin.differences import Difference, differences
from app.admin.entities import ENTITIES, entity_named
from app.admin.entries import entry
from app.admin.forms import ErrorLine, FormField, Frame, Option, moment, options
from app.admin.importing import Plan
from app.db import reading
from app.errors import Unprocessable
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.tables import ImportUpload

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Upload:
    """What was sent to be imported."""

    table: str
    why: str
    content: bytes
    name: str
    is_json: bool
    apply: bool
    to_be_mapped: bool
    """A person goes on with the meaning of the columns; a program sends fields as they are called here."""


@dataclass(frozen=True, slots=True)
class RowView:
    """One row that would change something."""

    name: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class UploadLine:
    """One of the latest files."""

    url: str
    name: str
    table: str
    who: str
    state: str


@dataclass(frozen=True, slots=True)
class ImportPage:
    """A file to import, and what it would do."""

    template: ClassVar[str] = "admin/import.html"

    title: str
    frame: Frame
    tables: tuple[Option, ...]
    why: FormField
    told: str
    new: tuple[RowView, ...]
    changed: tuple[RowView, ...]
    rejected: tuple[str, ...]
    errors: tuple[ErrorLine, ...]
    recent: tuple[UploadLine, ...]


@router.get("/export/{table}.csv")
def export_csv(table: str, _caller: Viewer, request: Request) -> StreamingResponse:
    """A table for spreadsheets."""
    entity = entity_named(table)

    def lines() -> Iterator[str]:
        with reading(request.app.state.engine) as session:
            yield from importing.csv_lines(session, entity)

    headers = {"content-disposition": f'attachment; filename="{table}.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/export/{table}.json")
def export_json(table: str, _caller: Viewer, session: SessionDep) -> Response:
    """A table for programs."""
    entity = entity_named(table)
    return Response(importing.json_text(session, entity), media_type="application/json")


async def uploaded(request: Request) -> Upload:
    """The file that was sent, with what is said about it."""
    async with request.form() as form:
        file = form.get("file")
        content = await file.read() if isinstance(file, UploadFile) else b""
        name = (file.filename or "") if isinstance(file, UploadFile) else ""
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
    return Upload(
        table=texts.get("table", ""),
        why=texts.get("why", ""),
        content=content,
        name=name,
        is_json=name.lower().endswith(".json"),
        apply=texts.get("apply") == "yes",
        to_be_mapped=texts.get("step") == "columns",
    )


@router.get("/import")
def show_import(
    caller: Editor, session: SessionDep, table: Annotated[str, Query(max_length=40)] = "hardware"
) -> Response:
    """The form to import a file, and the latest files."""
    return render(_page(caller, entity_named(table).name, recent=uploads.recent(session)))


@router.post("/import")
def import_file(upload: Annotated[Upload, Depends(uploaded)], caller: Editor, session: SessionDep) -> Response:
    """Say what a file would do, or do it in the draft."""
    entity = entity_named(upload.table)
    try:
        if upload.to_be_mapped:
            made = uploads.begin(
                session,
                entity,
                content=upload.content,
                name=upload.name,
                is_json=upload.is_json,
                why=upload.why,
                actor=caller.email,
            )
            return see_other(f"/admin/import/{made.id}")
        rows = importing.rows_of(entity, upload.content, is_json=upload.is_json)
        planned = importing.plan(session, entity, rows=rows, actor=caller.email, why=upload.why[:600])
        if upload.apply:
            importing.put_in_draft(session, planned)
            return see_other("/admin/draft")
    except Unprocessable as error:
        return render(_page(caller, upload.table, error=error.detail, why=upload.why), status=UNPROCESSABLE)
    changed = tuple(
        RowView(edit.key, differences(entry(session, entity, key=edit.key).published, edit.values))
        for edit in planned.changed[:MOST_SHOWN]
    )
    return render(_page(caller, upload.table, planned=planned, changed=changed, why=upload.why))


def _page(
    caller: Caller,
    table: str,
    *,
    planned: Plan | None = None,
    changed: tuple[RowView, ...] = (),
    error: str = "",
    why: str = "",
    recent: Sequence[ImportUpload] = (),
) -> ImportPage:
    names = {each.name: each.title for each in ENTITIES.values()}
    told = ""
    if planned is not None:
        told = (
            f"{len(planned.new):,} new, {len(planned.changed):,} changed, {planned.unchanged:,} unchanged, "
            f"{len(planned.rejected):,} rejected. Nothing was written."
        )
    return ImportPage(
        title="Import",
        frame=Frame.of(caller),
        tables=options(list(names), table, labels=names),
        why=FormField("why", "Why", "text", why, hint="One sentence for the audit trail."),
        told=told,
        new=tuple(RowView(e.key, differences(None, e.values)) for e in planned.new[:MOST_SHOWN]) if planned else (),
        changed=changed,
        rejected=tuple(f"Row {each.row}: {each.reason}" for each in planned.rejected[:MOST_SHOWN]) if planned else (),
        errors=(ErrorLine("file", error),) if error else (),
        recent=tuple(_line(each) for each in recent),
    )


def _line(upload: ImportUpload) -> UploadLine:
    who = f"{upload.uploaded_by}, {moment(upload.uploaded_at)}"
    return UploadLine(f"/admin/import/{upload.id}", upload.name or "a file", upload.entity, who, state_of(upload))


def state_of(upload: ImportUpload) -> str:
    """What became of a file, in few words."""
    if upload.undone_at is not None:
        return "taken back"
    if upload.applied_at is not None:
        return f"put into the draft: {upload.entries:,}"
    return "waits" if upload.content is not None else "no longer kept"
