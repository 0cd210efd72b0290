"""``/admin/api`` for many entries at once: one edit of several, and rows of foreign files."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.admin import bulk, column_mapping, drafts, uploads
from app.admin.access import Editor
from app.admin.bulk import Wish
from app.admin.column_mapping import Column, ColumnMapping
from app.admin.entities import entity_named
from app.errors import Conflict, Unprocessable
from app.field_problems import FieldProblem, nearest
from app.http.request_session import SessionDep

router = APIRouter(prefix="/admin/api", include_in_schema=False)

CREATED = 201
Why = Annotated[str, Field(max_length=drafts.LONGEST_WHY)]
"""For the audit trail; only looking needs none."""


_SENT_AS = {"/name": "/field", "/which": "/entries"}
"""Fields of a bulk edit as the form calls them, and as programs do."""


class ManyEdits(BaseModel):
    """One edit of several entries."""

    model_config = ConfigDict(extra="forbid")

    action: str
    entries: dict[str, str]
    """Keys, each with the tag of the entry as it was read; * for any."""
    why: Why = ""
    source: str = ""
    field: str = ""
    value: str = ""
    apply: bool = True


class ManyRows(BaseModel):
    """Rows of a file, and what its columns mean; without that it is guessed."""

    model_config = ConfigDict(extra="forbid")

    table: str
    rows: list[dict[str, Any]]
    columns: dict[str, str | tuple[str, str]] | None = None
    """Heading to field, or to field and unit."""
    constants: dict[str, str] = Field(default_factory=dict)
    """Fields that are the same for every row."""
    why: Why = ""
    name: Annotated[str, Field(max_length=200)] = "rows"
    apply: bool = True


@router.post("/{table}/bulk")
def edit_many(table: str, wanted: ManyEdits, caller: Editor, session: SessionDep) -> JSONResponse:
    """Draft the same edit of several entries: all of them, or none."""
    entity = entity_named(table)
    _check_why(wanted)
    wish = Wish(wanted.action, wanted.source, wanted.field, wanted.value)
    tagged = sorted(wanted.entries.items())
    try:
        made = bulk.plan(session, entity, wish=wish, tagged=tagged, today=datetime.now(UTC).date())
    except Unprocessable as error:
        raise Unprocessable([_as_sent(problem) for problem in error.problems]) from None
    if made.refused and wanted.apply:
        raise Conflict("; ".join(f"{key}: {reason}" for key, reason in made.refused) + ".")
    applied = bulk.carry_out(session, entity, made=made, why=wanted.why, actor=caller.email) if wanted.apply else 0
    return JSONResponse(
        {"planned": [each.entry.key for each in made.planned], "refused": dict(made.refused), "applied": applied}
    )


def _as_sent(problem: FieldProblem) -> FieldProblem:
    """A problem of a field by the name that it has here, not in the form."""
    return replace(problem, pointer=_SENT_AS.get(problem.pointer, problem.pointer))


@router.post("/imports")
def import_rows(wanted: ManyRows, caller: Editor, session: SessionDep) -> JSONResponse:
    """Say what rows would do; or put those that can be taken into the draft."""
    entity = entity_named(wanted.table)
    _check_why(wanted)
    upload = uploads.begin(
        session,
        entity,
        content=json.dumps(wanted.rows).encode(),
        name=wanted.name,
        is_json=True,
        why=wanted.why,
        actor=caller.email,
    )
    table = uploads.table_of(upload)
    mapping = uploads.mapping_of(upload, table)
    if wanted.columns is not None or wanted.constants:
        columns = mapping.columns if wanted.columns is None else _columns(wanted.columns)
        _check_fields(columns, known=column_mapping.fields_of(entity))
        mapping = ColumnMapping(columns, wanted.constants)
        uploads.remember(session, upload, table=table, mapping=mapping, actor=caller.email)
    planned = uploads.plan(session, upload, table=table, mapping=mapping, actor=caller.email)
    told = {
        "id": upload.id,
        "columns": upload.columns["columns"],
        "new": len(planned.new),
        "changed": len(planned.changed),
        "unchanged": planned.unchanged,
        "rejected": [{"row": each.row, "reason": each.reason} for each in planned.rejected],
        "applied": uploads.apply(session, upload, actor=caller.email) if wanted.apply else 0,
    }
    return JSONResponse(told, CREATED if wanted.apply else 200)


@router.post("/imports/{upload_id}/undo")
def undo_import(upload_id: int, caller: Editor, session: SessionDep) -> JSONResponse:
    """Take out of the draft what came with these rows and is as it came."""
    return JSONResponse({"entries": uploads.undo(session, uploads.one(session, upload_id), actor=caller.email)})


def _check_why(wanted: ManyEdits | ManyRows) -> None:
    if wanted.apply and not wanted.why.strip():
        raise Unprocessable([FieldProblem("/why", "Say in one sentence why, for the audit trail")])


def _columns(given: Mapping[str, str | tuple[str, str]]) -> dict[str, Column]:
    return {heading: Column(means) if isinstance(means, str) else Column(*means) for heading, means in given.items()}


def _check_fields(columns: Mapping[str, Column], *, known: list[str]) -> None:
    problems = [
        FieldProblem(f"/columns/{heading}", f"There is no field {column.field[:60]}", nearest(column.field, known))
        for heading, column in columns.items()
        if column.field and column.field not in known
    ]
    if problems:
        raise Unprocessable(problems)
