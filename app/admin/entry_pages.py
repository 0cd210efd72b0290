"""The form of one entry, with the public page beside it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.admin import bench, drafts, entries, entry_forms, rule_forms, trial_forms
from app.admin.access import Editor, Viewer
from app.admin.accounts import Caller
from app.admin.asked import LONGEST, query_of
from app.admin.bench import Question
from app.admin.differences import flat
from app.admin.entities import Document, Entity, entity_named
from app.admin.entries import Entry
from app.admin.entry_forms import Filled, document_of
from app.admin.forms import Entered
from app.admin.preview import Preview, preview
from app.admin.rule_builder import built
from app.admin.schemas import checked
from app.advice.policy import Rule
from app.catalogue.snapshot import Snapshot
from app.db import reading, transaction
from app.errors import Conflict, Unprocessable
from app.field_problems import FieldProblem
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
SAVE, PREVIEW, TRY = "save", "preview", "try"


@router.get("/new/{table}")
def show_new(
    request: Request,
    table: str,
    caller: Editor,
    session: SessionDep,
    *,
    query: Annotated[str, Query(max_length=4 * LONGEST)] = "",
) -> Response:
    """The form of a new entry; that of a saved question may begin with what is asked."""
    entity = entity_named(table)
    filled = Filled({})
    if entity.name == "questions" and query:
        filled = _question(session, request.app.state.catalogue.current(), query)
    if entity.name == "rules":
        today = datetime.now(UTC).date().isoformat()
        filled = Filled({"valid_from": today, "last_checked": today})
    return render(_page(session, entity, None, caller=caller, filled=filled))


@router.post("/new/{table}")
def create_entry(request: Request, table: str, caller: Editor, form: Entered) -> Response:
    """Draft a new entry, say what is wrong with it, or show what it would look like."""
    entity = entity_named(table)
    status, filled = 200, _filled(request, entity, None, form=form)
    if form.get("do", SAVE) == SAVE and not filled.problems and not _row_problems(filled):
        try:
            with transaction(request.app.state.engine) as session:
                made = drafts.create(
                    session, entity, values=_document(entity, form), why=form.get("why", ""), actor=caller.email
                )
            return see_other(f"/admin/entries/{table}/{made.key}")
        except Unprocessable as error:
            filled = replace(filled, problems=error.problems)
        except Conflict as error:
            problem = FieldProblem(f"/{entity.key_column.name}", error.detail.rstrip("."))
            status, filled = error.status, replace(filled, problems=[problem])
    return _again(request, entity, None, caller=caller, filled=filled, status=status, form=form)


@router.get("/entries/{table}/{key}")
def show_entry(request: Request, table: str, key: str, caller: Viewer, session: SessionDep) -> Response:
    """The form of an entry."""
    entity = entity_named(table)
    found = entries.entry(session, entity, key=key)
    filled = Filled(flat(found.values), preview=_preview(request, entity, found, values=found.values))
    return render(_page(session, entity, found, caller=caller, filled=filled))


@router.post("/entries/{table}/{key}")
def save_entry(request: Request, table: str, key: str, caller: Editor, form: Entered) -> Response:
    """Draft an entry anew, say what is wrong or who was quicker, or show what it would look like."""
    entity = entity_named(table)
    with reading(request.app.state.engine) as session:
        found = entries.entry(session, entity, key=key)
    status, filled = 200, _filled(request, entity, found, form=form)
    if form.get("do", SAVE) == SAVE and not filled.problems and not _row_problems(filled):
        try:
            with transaction(request.app.state.engine) as session:
                drafts.update(
                    session,
                    entity,
                    key=key,
                    values=_document(entity, form),
                    tag=form.get("tag", ""),
                    why=form.get("why", ""),
                    actor=caller.email,
                )
            return see_other(f"/admin/entries/{table}/{key}")
        except Unprocessable as error:
            filled = replace(filled, problems=error.problems)
        except drafts.StaleEdit as error:
            with reading(request.app.state.engine) as session:
                found = entries.entry(session, entity, key=key)
            again = drafts.StaleEdit(found, error.yours)
            status, filled = error.status, replace(filled, conflict=again, tag=found.tag)
    return _again(request, entity, found, caller=caller, filled=filled, status=status, form=form)


@router.post("/entries/{table}/{key}/retirement")
def retire_entry(request: Request, table: str, key: str, caller: Editor, form: Entered) -> Response:
    """Draft that an entry is answered from no more, or show what somebody made of it in between."""
    entity = entity_named(table)
    try:
        with transaction(request.app.state.engine) as session:
            drafts.retire(
                session, entity, key=key, tag=form.get("tag", ""), why=form.get("why", ""), actor=caller.email
            )
    except drafts.StaleEdit as error:
        with reading(request.app.state.engine) as session:
            found = entries.entry(session, entity, key=key)
            then = drafts.StaleEdit(found, found.published or {})
            filled = Filled(flat(found.values), conflict=then, tag=found.tag)
            return render(_page(session, entity, found, caller=caller, filled=filled), status=error.status)
    return see_other(f"/admin/entries/{table}/{key}")


@router.post("/entries/{table}/{key}/discard")
def discard_change(table: str, key: str, caller: Editor, session: SessionDep) -> Response:
    """Take an entry's change out of the draft."""
    drafts.discard(session, entity_named(table), key=key, actor=caller.email)
    return see_other("/admin/draft")


def _document(entity: Entity, form: Mapping[str, str]) -> Document:
    document = document_of(entity, form)
    if entity.name == "rules":
        document["condition"] = rule_forms.entered(form).text
    return document


def _row_problems(filled: Filled) -> bool:
    return filled.condition is not None and bool(filled.condition.problems)


def _filled(request: Request, entity: Entity, found: Entry | None, *, form: Mapping[str, str]) -> Filled:
    """What was entered, checked as saving checks it, with the page it would give."""
    condition = rule_forms.entered(form) if entity.name == "rules" else None
    wanted = form.get("do", SAVE)
    filled = Filled(form, tag=form.get("tag", ""), condition=condition, add_row=wanted == rule_forms.ADD_ROW)
    if wanted not in {SAVE, PREVIEW, TRY}:
        return filled
    try:
        document = checked(entity, _document(entity, form))
        with reading(request.app.state.engine) as session:
            drafts.check_names(entity, document, names=drafts.known_names(session, entity))
    except Unprocessable as error:
        return replace(filled, problems=error.problems)
    if wanted == SAVE:
        return filled
    return replace(filled, preview=_preview(request, entity, found, values=document))


def _again(
    request: Request,
    entity: Entity,
    found: Entry | None,
    *,
    caller: Caller,
    filled: Filled,
    status: int,
    form: Mapping[str, str],
) -> Response:
    """The form once more, with all that was typed."""
    wrong = bool(filled.problems) or _row_problems(filled)
    with reading(request.app.state.engine) as session:
        if entity.name == "rules" and form.get("do") == TRY:
            rule = None if wrong else _rule(form, filled)
            snapshot = request.app.state.catalogue.current()
            filled = replace(filled, trial=trial_forms.tried(session, snapshot, form=form, edited=rule))
        page = _page(session, entity, found, caller=caller, filled=filled)
    return render(page, status=UNPROCESSABLE if wrong and status == 200 else status)


def _page(
    session: Session, entity: Entity, found: Entry | None, *, caller: Caller, filled: Filled
) -> entry_forms.EditPage:
    if entity.name == "rules":
        if filled.condition is None:
            text = filled.values.get("condition", "")
            filled = replace(filled, condition=rule_forms.Entered(text, built(text)))
        if filled.trial is None:
            filled = replace(filled, trial=trial_forms.blank(session))
    return entry_forms.page(session, entity, found=found, caller=caller, filled=filled)


def _preview(request: Request, entity: Entity, found: Entry | None, *, values: Document) -> Preview:
    return preview(request.app.state, entity=entity, found=found, values=values)


def _rule(form: Mapping[str, str], filled: Filled) -> Rule | None:
    """The rule as it is entered; None while it cannot be one."""
    text = filled.condition.text if filled.condition else ""
    today = datetime.now(UTC).date().isoformat()
    day = {name: form.get(name) or today for name in ("valid_from", "last_checked")}
    try:
        return Rule(
            slug=form.get("slug", ""),
            kind=form.get("kind", ""),
            priority=int(form.get("priority", "")),
            condition=text,
            outcome=form.get("outcome", ""),
            reason=form.get("reason", ""),
            valid_from=date.fromisoformat(day["valid_from"]),
            last_checked=date.fromisoformat(day["last_checked"]),
            owner=form.get("owner", ""),
        )
    except ValueError:
        return None


def _question(session: Session, snapshot: Snapshot, text: str) -> Filled:
    """A saved question from what somebody pasted; what is answered now is what has to come out."""
    try:
        query = query_of(text, session)
    except Unprocessable as error:
        return Filled({"query": text}, problems=error.problems)
    now = bench.answer(snapshot, Question("", "", query), at=datetime.now(UTC))
    expected = {} if now.scenario.startswith("no answer") else {"scenarios": now.scenario, "tiers": now.tier}
    return Filled({"query": query, "origin": "own", "must_pass": "false", **expected})
