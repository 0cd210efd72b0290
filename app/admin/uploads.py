"""Files between their pages: uploaded, mapped, tried as often as one likes, put into the draft, taken out again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, literal, null, select, update
from sqlalchemy.orm import Session

from app.admin import column_mapping, drafts, importing
from app.admin.column_mapping import ColumnMapping, FileTable
from app.admin.entities import Entity, entity_named
from app.admin.importing import Plan
from app.errors import Conflict, NotFound, Unprocessable
from app.field_problems import FieldProblem
from app.tables import AuditEntry, DraftChange, ImportMapping, ImportUpload

KEPT_FOR = timedelta(days=7)
MOST_KEPT = 20
"""Files that wait; the oldest go first."""
SHOWN_OF_A_HASH = 12


def begin(
    session: Session, entity: Entity, *, content: bytes, name: str, is_json: bool, why: str, actor: str
) -> ImportUpload:
    """Keep a file, with what its columns meant the last time, or may mean."""
    if not content.strip():
        raise Unprocessable([FieldProblem("/file", "Choose a file that has something in it")])
    table = column_mapping.read(content, is_json=is_json)
    remembered = _remembered(session, entity, table)
    made = ImportUpload(
        entity=entity.name,
        name=name[-200:],
        is_json=is_json,
        content_hash=sha256(content).hexdigest(),
        content=content,
        columns=remembered or column_mapping.guessed(entity, table).as_json(),
        why=why.strip()[: drafts.LONGEST_WHY],
        uploaded_by=actor,
        uploaded_at=datetime.now(UTC),
    )
    session.add(made)
    session.flush()
    _forget_old(session)
    return made


def one(session: Session, upload_id: int) -> ImportUpload:
    """An upload by its number."""
    found = session.get(ImportUpload, upload_id)
    if found is None:
        raise NotFound("There is no such upload.")
    return found


def table_of(upload: ImportUpload) -> FileTable:
    """The rows of an upload that still waits."""
    if upload.content is None:
        raise Conflict("This file is in the draft already, or was too old to be kept. Upload it again.")
    return column_mapping.read(upload.content, is_json=upload.is_json)


def mapping_of(upload: ImportUpload, table: FileTable) -> ColumnMapping:
    """What its columns mean."""
    return ColumnMapping.of(upload.columns, table.headings)


def remember(session: Session, upload: ImportUpload, *, table: FileTable, mapping: ColumnMapping, actor: str) -> None:
    """Keep what the columns mean, for this file and for the next one with the same heading."""
    upload.columns = mapping.as_json()
    known = session.scalar(_same_heading(upload.entity, table))
    if known is None:
        known = ImportMapping(entity=upload.entity, heading_hash=table.heading_hash)
        session.add(known)
    known.columns, known.changed_by, known.changed_at = mapping.as_json(), actor, datetime.now(UTC)
    session.flush()


def plan(session: Session, upload: ImportUpload, *, table: FileTable, mapping: ColumnMapping, actor: str) -> Plan:
    """Sort the rows into new, changed, unchanged and rejected; nothing is written."""
    entity = entity_named(upload.entity)
    rows = column_mapping.mapped(entity, table, mapping=mapping)
    return importing.plan(session, entity, rows=rows, actor=actor, why=_why(upload))


def apply(session: Session, upload: ImportUpload, *, actor: str) -> int:
    """Put an upload into the draft; how many entries."""
    table = table_of(upload)
    planned = plan(session, upload, table=table, mapping=mapping_of(upload, table), actor=actor)
    at = datetime.now(UTC)
    upload.entries = importing.put_in_draft(session, planned, at=at)
    upload.applied_at, upload.uploaded_by, upload.content = at, actor, None
    session.flush()
    return upload.entries


def is_in_draft(session: Session, upload: ImportUpload) -> bool:
    """Whether anything that came from an upload is in the draft as it came."""
    if upload.applied_at is None:
        return False
    return session.scalar(select(DraftChange.id).where(_came_with(upload)).limit(1)) is not None


def undo(session: Session, upload: ImportUpload, *, actor: str) -> int:
    """Take out of the draft what came from an upload and is as it came; how many entries."""
    if upload.applied_at is None:
        raise Conflict("This file was not put into the draft.")
    drafts.one_at_a_time(session)
    mine = _came_with(upload)
    columns = ("at", "actor", "action", "entity", "key", "why", "before")
    noted = select(
        literal(datetime.now(UTC), AuditEntry.at.type),
        literal(actor),
        literal("discard"),
        DraftChange.entity,
        DraftChange.key,
        literal(f"undo of the import of {upload.name}"),
        DraftChange.values,
    ).where(mine)
    session.execute(insert(AuditEntry).from_select(columns, noted, include_defaults=False))
    gone = session.execute(delete(DraftChange).where(mine)).rowcount  # type: ignore[attr-defined]
    if not gone:
        raise Conflict("Nothing of this file is in the draft as it came. Published changes are undone under Revisions.")
    upload.undone_at = datetime.now(UTC)
    session.flush()
    return int(gone)


def recent(session: Session, *, most: int = MOST_KEPT) -> list[ImportUpload]:
    """The latest uploads, without looking at their contents."""
    return list(session.scalars(select(ImportUpload).order_by(ImportUpload.id.desc()).limit(most)))


def _why(upload: ImportUpload) -> str:
    told = (
        f"{upload.why + ' ' if upload.why else ''}(file {upload.name}, sha256 {upload.content_hash[:SHOWN_OF_A_HASH]})"
    )
    return told[: drafts.LONGEST_WHY]


def _came_with(upload: ImportUpload) -> ColumnElement[bool]:
    return (
        (DraftChange.entity == upload.entity)
        & (DraftChange.changed_by == upload.uploaded_by)
        & (DraftChange.changed_at == upload.applied_at)
        & (DraftChange.version == 1)
    )


def _same_heading(entity: str, table: FileTable) -> Any:
    return select(ImportMapping).where(ImportMapping.entity == entity, ImportMapping.heading_hash == table.heading_hash)


def _remembered(session: Session, entity: Entity, table: FileTable) -> Mapping[str, Any] | None:
    known = session.scalar(_same_heading(entity.name, table))
    return None if known is None else known.columns


def _forget_old(session: Session) -> None:
    """Files are kept for some days, and not many of them; what is told about them stays."""
    newest = select(ImportUpload.id).order_by(ImportUpload.id.desc()).limit(MOST_KEPT)
    old = (ImportUpload.uploaded_at < datetime.now(UTC) - KEPT_FOR) | ImportUpload.id.not_in(newest)
    session.execute(update(ImportUpload).where(old).values(content=null()))
