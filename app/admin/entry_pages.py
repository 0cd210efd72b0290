"""Lists of entries, and the form of one entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Boolean, Column, Date

from app.admin import drafts, entries
from app.admin.access import Editor, Viewer
from app.admin.accounts import Caller
from app.admin.differences import flat, shown
from app.admin.entities import CONFIDENCE, ENTITIES, FACT_UNITS, Document, Entity, entity_named
from app.admin.entries import Entry
from app.admin.forms import Entered, ErrorLine, FormField, Frame, Option, error_lines, options, target_of, told
from app.advice.facts import VARIABLES
from app.errors import Conflict, Unprocessable
from app.field_problems import FieldProblem
from app.request_session import SessionDep
from app.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

SEE_OTHER = 303
UNPROCESSABLE = 422
PER_PAGE = 50
STATES = {"": "Published and new", "draft": "In the draft", "retired": "Retired", "unsourced": "From memory"}
FACT_PARTS = ("value", "source", "as_of", "confidence", "note")
FACT_COLUMNS = ("Value", "Source", "Date", "How sure", "Note")
CONTROLS = {"tag", "why"}
"""Fields of the form that are none of the entry."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in a list."""

    key: str
    url: str
    cells: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """Entries of one table."""

    template: ClassVar[str] = "admin/list.html"

    title: str
    frame: Frame
    table: str
    tables: tuple[Option, ...]
    words: str
    states: tuple[Option, ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    told: str
    before_url: str
    after_url: str


@dataclass(frozen=True, slots=True)
class FactLine:
    """The controls of one number of an accelerator."""

    name: str
    unit: str
    controls: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class EditPage:
    """The form of one entry."""

    template: ClassVar[str] = "admin/edit.html"

    title: str
    frame: Frame
    table: str
    table_title: str
    key: str
    """Empty: a new entry."""
    action: str
    tag: str
    state: str
    fields: tuple[FormField, ...]
    facts: tuple[FactLine, ...]
    fact_columns: tuple[str, ...]
    why: FormField
    errors: tuple[ErrorLine, ...]
    notice: str
    can_retire: bool
    can_discard: bool
    public_url: str
    variables: tuple[tuple[str, str, str], ...]
    """Of a rule: what its condition may look at: name, kind, meaning."""


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
    return render(
        ListPage(
            title=entity.title,
            frame=Frame.of(caller),
            table=table,
            tables=options(list(ENTITIES), table, labels={each.name: each.title for each in ENTITIES.values()}),
            words=q,
            states=options(list(STATES), state, labels=STATES),
            columns=tuple(name.replace("_", " ") for name in entity.shown),
            lines=tuple(_line(each) for each in found.entries),
            told=f"{found.total:,} entries",
            before_url=_page_url(table, q, state, page=page - 1) if page > 1 else "",
            after_url=_page_url(table, q, state, page=page + 1) if page * PER_PAGE < found.total else "",
        )
    )


@router.get("/new/{table}")
def show_new(table: str, caller: Editor) -> Response:
    """The form of a new entry."""
    return render(_form(entity_named(table), None, caller, values={}))


@router.post("/new/{table}")
def create_entry(table: str, caller: Editor, session: SessionDep, form: Entered) -> Response:
    """Draft a new entry, or say what is wrong with it."""
    entity = entity_named(table)
    try:
        made = drafts.create(
            session, entity, values=document_of(entity, form), why=form.get("why", ""), actor=caller.email
        )
    except Unprocessable as error:
        page = _form(entity, None, caller, values=form, problems=error.problems)
        return render(page, status=UNPROCESSABLE)
    except Conflict as error:
        pointer = f"/{entity.key_column.name}"
        page = _form(entity, None, caller, values=form, problems=[FieldProblem(pointer, error.detail.rstrip("."))])
        return render(page, status=error.status)
    return RedirectResponse(f"/admin/entries/{table}/{made.key}", SEE_OTHER)


@router.get("/entries/{table}/{key}")
def show_entry(table: str, key: str, caller: Viewer, session: SessionDep) -> Response:
    """The form of an entry."""
    entity = entity_named(table)
    found = entries.entry(session, entity, key=key)
    return render(_form(entity, found, caller, values=flat(found.values)))


@router.post("/entries/{table}/{key}")
def save_entry(table: str, key: str, caller: Editor, session: SessionDep, form: Entered) -> Response:
    """Draft an entry anew, or say what is wrong, or who was quicker."""
    entity = entity_named(table)
    document = document_of(entity, form)
    try:
        drafts.update(
            session,
            entity,
            key=key,
            values=document,
            tag=form.get("tag", ""),
            why=form.get("why", ""),
            actor=caller.email,
        )
    except Unprocessable as error:
        found = entries.entry(session, entity, key=key)
        page = _form(entity, found, caller, values=form, problems=error.problems, tag=form.get("tag", ""))
        return render(page, status=UNPROCESSABLE)
    except drafts.StaleEdit as error:
        return render(_form(entity, error.now, caller, values=form, conflict=error), status=error.status)
    return RedirectResponse(f"/admin/entries/{table}/{key}", SEE_OTHER)


@router.post("/entries/{table}/{key}/retirement")
def retire_entry(table: str, key: str, caller: Editor, session: SessionDep, form: Entered) -> Response:
    """Draft that an entry is answered from no more."""
    entity = entity_named(table)
    drafts.retire(session, entity, key=key, tag=form.get("tag", ""), why=form.get("why", ""), actor=caller.email)
    return RedirectResponse(f"/admin/entries/{table}/{key}", SEE_OTHER)


@router.post("/entries/{table}/{key}/discard")
def discard_change(table: str, key: str, caller: Editor, session: SessionDep) -> Response:
    """Take an entry's change out of the draft."""
    drafts.discard(session, entity_named(table), key=key, actor=caller.email)
    return RedirectResponse("/admin/draft", SEE_OTHER)


def document_of(entity: Entity, form: Mapping[str, str]) -> Document:
    """The entry that a form describes; a fact without a value is none."""
    document: Document = {name: form.get(name, "") for name in entity.columns}
    if entity.has_facts:
        facts: dict[str, Any] = {}
        for name, unit in FACT_UNITS.items():
            parts = {part: form.get(f"facts.{name}.{part}", "").strip() for part in FACT_PARTS}
            if parts["value"]:
                facts[name] = {**parts, "unit": unit}
        document["facts"] = facts
    return document


def _line(entry: Entry) -> Line:
    entity = entry.entity
    cells = tuple(shown(entry.values.get(name))[:120] for name in entity.shown)
    return Line(entry.key, f"/admin/entries/{entity.name}/{entry.key}", cells, entry.state)


def _page_url(table: str, words: str, state: str, *, page: int) -> str:
    fields = {name: value for name, value in (("q", words), ("state", state), ("page", str(page))) if value}
    return f"/admin/entries/{table}?{urlencode(fields)}"


def _form(
    entity: Entity,
    found: Entry | None,
    caller: Caller,
    *,
    values: Mapping[str, str],
    problems: list[FieldProblem] | None = None,
    conflict: drafts.StaleEdit | None = None,
    tag: str = "",
) -> EditPage:
    names = [*entity.columns, *(f"facts.{n}.{p}" for n in FACT_UNITS for p in FACT_PARTS if entity.has_facts), "why"]
    wrong = {target_of(problem, names): told(problem) for problem in problems or []}
    theirs = flat(conflict.now.values) if conflict else {}
    key = found.key if found else ""
    base = f"/admin/entries/{entity.name}/{key}"
    return EditPage(
        title=_title(entity, found),
        frame=Frame.of(caller),
        table=entity.name,
        table_title=entity.title,
        key=key,
        action=base if found else f"/admin/new/{entity.name}",
        tag=tag or (found.tag if found else ""),
        state=found.state if found else "new",
        fields=tuple(_field(entity, column, values, wrong=wrong, theirs=theirs) for column in entity.columns.values()),
        facts=tuple(_fact(name, values, wrong=wrong, theirs=theirs) for name in FACT_UNITS if entity.has_facts),
        fact_columns=FACT_COLUMNS,
        why=FormField("why", "Why", "text", values.get("why", ""), hint="One sentence for the audit trail."),
        errors=error_lines(problems or [], names),
        notice=_notice(conflict),
        can_retire=found is not None and found.published is not None and not found.retired,
        can_discard=found is not None and found.change is not None,
        public_url=_public_url(entity, found),
        variables=tuple((v.name, v.kind, v.meaning) for v in VARIABLES.values()) if entity.name == "rules" else (),
    )


def _title(entity: Entity, found: Entry | None) -> str:
    if found is None:
        return f"New in {entity.title.lower()}"
    name = found.values.get("name") or found.values.get("title") or found.key
    return str(name)


def _notice(conflict: drafts.StaleEdit | None) -> str:
    if conflict is None:
        return ""
    change = conflict.now.change
    who = f"{change.changed_by} changed" if change else "Somebody published a change of"
    return (
        f"{who} this entry while you edited it. Your values are in the fields; where theirs differ, theirs stand above."
        " Saving again keeps what the fields hold."
    )


def _field(
    entity: Entity,
    column: Column[Any],
    values: Mapping[str, str],
    *,
    wrong: Mapping[str, str],
    theirs: Mapping[str, str],
) -> FormField:
    name = column.name
    words = entity.choices.get(name)
    if isinstance(column.type, Boolean):
        words = ("false", "true")
    value = values.get(name, "")
    kind = (
        "choice" if words else "long" if entity.is_long(name) else "date" if isinstance(column.type, Date) else "text"
    )
    return FormField(
        id=name,
        label=name.replace("_", " "),
        type=kind,
        value=value,
        hint=_hint(entity, name),
        error=wrong.get(name, ""),
        options=options(words, value) if words else (),
        theirs=theirs.get(name, "") or "nothing" if theirs and theirs.get(name, "") != value else "",
        needed=not column.nullable and column.server_default is None,
    )


def _hint(entity: Entity, name: str) -> str:
    if name in entity.references:
        return f"Key of an entry in {entity.references[name].title.lower()}."
    ending = {"_gib": "In GiB.", "_gb": "In GB.", "_w": "In watts.", "as_of": "The day it was true, like 2026-10-01."}
    unit = next((hint for end, hint in ending.items() if name.endswith(end)), "")
    return "In US dollars." if name.startswith("usd") else unit


def _fact(name: str, values: Mapping[str, str], *, wrong: Mapping[str, str], theirs: Mapping[str, str]) -> FactLine:
    controls = []
    for part, column in zip(FACT_PARTS, FACT_COLUMNS, strict=True):
        own = f"facts.{name}.{part}"
        value = values.get(own, "")
        choices = options(("", *CONFIDENCE), value) if part == "confidence" else ()
        other = theirs.get(own, "") or "nothing" if theirs and theirs.get(own, "") != value else ""
        label = f"{column} of {name.replace('_', ' ')}"
        kind = "choice" if choices else "text"
        controls.append(FormField(own, label, kind, value, error=wrong.get(own, ""), options=choices, theirs=other))
    unit = "" if FACT_UNITS[name] == "1" else FACT_UNITS[name]
    return FactLine(name.replace("_", " "), unit, tuple(controls))


def _public_url(entity: Entity, found: Entry | None) -> str:
    if found is None or found.published is None:
        return ""
    pages = {
        "hardware": "/hardware/",
        "transformers": "/models/",
        "networks": "/models/",
        "diffusion-models": "/models/",
    }
    if entity.name in {"rules", "tiers", "scenarios"}:
        return "/scenarios"
    return pages[entity.name] + found.key if entity.name in pages else ""
