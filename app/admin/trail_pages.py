"""The audit trail and the revisions, as pages."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.admin import trail
from app.admin.access import Editor, Viewer
from app.admin.differences import Difference, differences
from app.admin.entities import ENTITIES
from app.admin.forms import Frame, Option, moment, options
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.tables import AuditEntry

router = APIRouter(prefix="/admin", include_in_schema=False)

PER_PAGE = 50
ACTIONS = ("", "create", "update", "retire", "restore", "replace", "draft", "discard", "account", "refresh", "decide")


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One entry of the audit trail."""

    id: int
    at: str
    actor: str
    edited_by: str
    action: str
    name: str
    url: str
    why: str
    revision: str
    differences: tuple[Difference, ...]
    can_undo: bool


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some of the audit trail."""

    template: ClassVar[str] = "admin/audit.html"

    title: str
    frame: Frame
    actor: str
    key: str
    revision: str
    since: str
    until: str
    actions: tuple[Option, ...]
    tables: tuple[Option, ...]
    lines: tuple[TrailLine, ...]
    told: str
    published_url: str
    """The whole revision, where its entries alone are shown."""
    csv_url: str
    before_url: str
    after_url: str


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One published revision."""

    revision: int
    at: str
    actor: str
    changes: int
    url: str
    look_url: str
    look_before_url: str
    restore_url: str


@dataclass(frozen=True, slots=True)
class RevisionsPage:
    """What was published."""

    template: ClassVar[str] = "admin/revisions.html"

    title: str
    frame: Frame
    lines: tuple[RevisionLine, ...]


@dataclass(frozen=True, slots=True)
class ThenView:
    """One entry that was different."""

    name: str
    url: str
    told: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class RevisionPage:
    """The catalogue as it was at an earlier revision, where that is not what it is now."""

    template: ClassVar[str] = "admin/revision.html"

    title: str
    frame: Frame
    lines: tuple[ThenView, ...]
    told: str
    restore_url: str
    audit_url: str
    before_url: str
    after_url: str


@router.get("/audit")
def show_audit(
    caller: Viewer,
    session: SessionDep,
    *,
    actor: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=20)] = "",
    table: Annotated[str, Query(max_length=40)] = "",
    key: Annotated[str, Query(max_length=120)] = "",
    revision: Annotated[str, Query(max_length=9)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Who changed what, newest first."""
    number = int(revision) if revision.isdecimal() else None
    which = trail.Filter(actor, action, table, key, number, _day(since), _day(until))
    found = trail.found(session, which, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    total = trail.counted(session, which)
    given = {"actor": actor, "action": action, "table": table, "key": key, "revision": revision}
    given |= {"since": since, "until": until}
    fields = {name: value for name, value in given.items() if value}
    names = {each.name: each.title for each in ENTITIES.values()} | {"": "All", "accounts": "Accounts"}
    return render(
        AuditPage(
            title="Audit trail",
            frame=Frame.of(caller),
            actor=actor,
            key=key,
            revision=revision,
            since=since,
            until=until,
            actions=options(ACTIONS, action, labels={"": "All"}),
            tables=options(list(names), table, labels=names),
            lines=tuple(_line(each, caller.may("editor")) for each in found),
            told=f"{total:,} {'entry' if total == 1 else 'entries'}",
            published_url=f"/admin/revisions/{number}" if number and found and fields.keys() == {"revision"} else "",
            csv_url=f"/admin/api/audit.csv?{urlencode(fields)}",
            before_url=f"/admin/audit?{urlencode(fields | {'page': page - 1})}" if page > 1 else "",
            after_url=f"/admin/audit?{urlencode(fields | {'page': page + 1})}" if page * PER_PAGE < total else "",
        )
    )


@router.post("/audit/{entry_id}/undo")
def undo_change(entry_id: int, caller: Editor, session: SessionDep) -> Response:
    """Draft what an entry held before this change."""
    table, key = trail.restore_entry(session, entry_id, actor=caller.email)
    return see_other(f"/admin/entries/{table}/{key}")


@router.get("/revisions")
def show_revisions(caller: Viewer, session: SessionDep) -> Response:
    """What was published, newest first."""
    lines = tuple(
        RevisionLine(
            each.revision,
            moment(each.at),
            each.actor,
            each.changes,
            f"/admin/audit?revision={each.revision}",
            f"/admin/revisions/{each.revision}",
            f"/admin/revisions/{each.revision - 1}",
            f"/admin/revisions/{each.revision - 1}/restoration",
        )
        for each in trail.revisions(session)
    )
    return render(RevisionsPage("Revisions", Frame.of(caller), lines))


@router.get("/revisions/{revision}")
def show_revision(
    revision: int, caller: Viewer, session: SessionDep, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """How the catalogue was at an earlier revision."""
    first, own = (page - 1) * PER_PAGE, f"/admin/revisions/{revision}"
    found, total = trail.looked_back(session, revision, first=first, most=PER_PAGE)
    return render(
        RevisionPage(
            title=f"Revision {revision}",
            frame=Frame.of(caller),
            lines=tuple(_then_view(each) for each in found),
            told=f"{total:,} {'entry has' if total == 1 else 'entries have'} changed since then" if total else "",
            restore_url=f"{own}/restoration",
            audit_url=f"/admin/audit?revision={revision}",
            before_url=f"{own}?page={page - 1}" if page > 1 else "",
            after_url=f"{own}?page={page + 1}" if first + PER_PAGE < total else "",
        )
    )


def _then_view(found: trail.Then) -> ThenView:
    name = f"{found.entity}/{found.key}"
    told = "It was not there." if found.then is None else ""
    if found.now is None:
        told = "It was there; now it is retired."
    return ThenView(name, f"/admin/entries/{name}", told, differences(found.then, found.now))


@router.post("/revisions/{revision}/restoration")
def restore_revision(revision: int, caller: Editor, session: SessionDep) -> Response:
    """Draft everything as it was at this revision."""
    trail.restore_revision(session, revision, actor=caller.email)
    return see_other("/admin/draft")


def _line(entry: AuditEntry, can_edit: bool) -> TrailLine:  # noqa: FBT001
    published = entry.action in trail.PUBLISHED
    known = entry.entity in ENTITIES
    return TrailLine(
        id=entry.id,
        at=moment(entry.at),
        actor=entry.actor,
        edited_by=entry.edited_by if entry.edited_by != entry.actor else "",
        action=entry.action,
        name=f"{entry.entity}/{entry.key}",
        url=f"/admin/entries/{entry.entity}/{entry.key}" if known and entry.action != "discard" else "",
        why=entry.why,
        revision=str(entry.revision or ""),
        differences=differences(entry.before, entry.after) if published else (),
        can_undo=published and can_edit,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
