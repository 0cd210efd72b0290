"""Lists of entries: filters for what needs attention, and the boxes to tick for one edit of many."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.admin import attention, bulk, entries
from app.admin.access import Viewer
from app.admin.differences import shown
from app.admin.entities import ENTITIES, entity_named
from app.admin.entries import Entry
from app.admin.forms import Frame, Option, options
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

PER_PAGE = 50
LONGEST_CELL = 120
STATES: Mapping[str, str] = {
    "": "Published and new",
    "draft": "In the draft",
    "stale": "Old",
    "unsourced": "Without a source",
    "conflicting": "Contradictory or implausible",
    "retired": "Retired",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in a list."""

    key: str
    url: str
    tagged: str
    """Tag and key, for the box to tick."""
    cells: tuple[str, ...]
    state: str
    remarks: tuple[str, ...]
    """Why somebody should look at it."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """Entries of one table."""

    template: ClassVar[str] = "admin/list.html"

    title: str
    frame: Frame
    table: str
    tables: tuple[Option, ...]
    words: str
    state: str
    states: tuple[Option, ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    total: int
    told: str
    before_url: str
    after_url: str
    actions: tuple[Option, ...]
    fields: tuple[Option, ...]
    takes_source: bool
    most: int


@router.get("/entries/{table}")
def list_entries(
    table: str,
    caller: Viewer,
    session: SessionDep,
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Entries of a table."""
    entity = entity_named(table)
    state = state if state in STATES else ""
    found = entries.listing(session, entity, words=q, state=state, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    today = datetime.now(UTC).date()
    actions = [name for name in bulk.ACTIONS if _suits(name, state)]
    names = {name: name.replace("_", " ") for name in bulk.fields(entity)}
    return render(
        ListPage(
            title=entity.title,
            frame=Frame.of(caller),
            table=table,
            tables=options(list(ENTITIES), table, labels={each.name: each.title for each in ENTITIES.values()}),
            words=q,
            state=state,
            states=options(list(STATES), state, labels=STATES),
            columns=tuple(name.replace("_", " ") for name in entity.shown),
            lines=tuple(_line(each, today) for each in found.entries),
            total=found.total,
            told=f"{found.total:,} {'entry' if found.total == 1 else 'entries'}",
            before_url=_page_url(table, q, state, page=page - 1) if page > 1 else "",
            after_url=_page_url(table, q, state, page=page + 1) if page * PER_PAGE < found.total else "",
            actions=options(actions, actions[0], labels=bulk.ACTIONS),
            fields=options(list(names), "", labels=names),
            takes_source="source" in entity.columns,
            most=bulk.MOST,
        )
    )


def _suits(action: str, state: str) -> bool:
    """Whether an action makes sense for entries of this state."""
    if state == "retired":
        return action == "restore"
    return action not in {"restore"} | ({"retire"} if state == "draft" else set())


def _line(entry: Entry, today: date) -> Line:
    entity = entry.entity
    cells = tuple(shown(entry.values.get(name))[:LONGEST_CELL] for name in entity.shown)
    url = f"/admin/entries/{entity.name}/{entry.key}"
    return Line(entry.key, url, f"{entry.tag}:{entry.key}", cells, entry.state, _remarks(entry, today))


def _remarks(entry: Entry, today: date) -> tuple[str, ...]:
    values, entity = entry.values, entry.entity
    facts = values.get("facts", {}).values()
    column = attention.date_column(entity)
    days = [fact["as_of"] for fact in facts] or [values.get(column) or ""] if column or facts else []
    oldest = min((day for day in days if day), default="")
    bare = sum(source in {attention.RECALLED, ""} for source in _sources(entry))
    told = ("no source" if bare == 1 else f"{bare} without a source") if bare else ""
    is_old = oldest and oldest < attention.stale_before(entity, today).isoformat()
    return tuple(remark for remark in (f"old: {oldest}" if is_old else "", told) if remark)


def _sources(entry: Entry) -> list[str]:
    own = [str(entry.values.get("source") or "")] if "source" in entry.entity.columns else []
    return own + [fact["source"] for fact in entry.values.get("facts", {}).values()]


def _page_url(table: str, words: str, state: str, *, page: int) -> str:
    fields = {name: value for name, value in (("q", words), ("state", state), ("page", str(page))) if value}
    return f"/admin/entries/{table}?{urlencode(fields)}"
