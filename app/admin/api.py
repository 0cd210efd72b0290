"""``/admin/api``: everything that administrators do, for programs."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin import bench, drafts, entries, reviewing, trail
from app.admin.access import Approver, Editor, Viewer
from app.admin.accounts import Caller
from app.admin.bench_pages import Answers
from app.admin.entities import ENTITIES, entity_named
from app.admin.entries import Entry
from app.db import reading
from app.errors import AppError, Conflict
from app.http.request_session import SessionDep
from app.tables import IdempotentAnswer

router = APIRouter(prefix="/admin/api", include_in_schema=False)

CREATED = 201
PER_PAGE = 200
Page = Annotated[int, Query(ge=1, le=100_000)]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=60)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


class PreconditionRequired(AppError):
    """A write has to say which version it is about."""

    status = 428
    title = "Say which version you mean"


class Saved(BaseModel):
    """An entry to save."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, Any]
    why: Annotated[str, Field(max_length=drafts.LONGEST_WHY)] = ""


class Publication(BaseModel):
    """What is said about a revision."""

    model_config = ConfigDict(extra="forbid")

    why: Annotated[str, Field(min_length=1, max_length=drafts.LONGEST_WHY)]


class AuditQuery(BaseModel):
    """Which entries of the audit trail."""

    model_config = ConfigDict(extra="forbid")

    actor: str = ""
    action: str = ""
    table: str = ""
    key: str = ""
    revision: int | None = None
    since: date | None = None
    until: date | None = None
    page: Annotated[int, Field(ge=1, le=100_000)] = 1

    def filter(self) -> trail.Filter:
        """The same for the trail."""
        return trail.Filter(self.actor, self.action, self.table, self.key, self.revision, self.since, self.until)


@router.get("")
def list_tables(_caller: Viewer) -> JSONResponse:
    """What can be edited."""
    return JSONResponse({"tables": [{"name": each.name, "title": each.title} for each in ENTITIES.values()]})


@router.get("/draft")
def show_draft(_caller: Viewer, request: Request, page: Page = 1) -> JSONResponse:
    """Everything in the draft, field by field."""
    found, total = reviewing.changed_entries(request.app.state.engine, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    return JSONResponse(
        {
            "changes": [
                {
                    "entity": each.change.entity,
                    "key": each.change.key,
                    "action": each.change.action,
                    "why": each.change.why,
                    "changed_by": each.change.changed_by,
                    "fields": {one.field: {"before": one.before, "after": one.after} for one in each.differences},
                }
                for each in found
            ],
            "total": total,
            "page": page,
        }
    )


@router.delete("/draft/{table}/{key}")
def discard_change(table: str, key: str, caller: Editor, session: SessionDep) -> Response:
    """Take one change out of the draft."""
    drafts.discard(session, entity_named(table), key=key, actor=caller.email)
    return Response(status_code=204)


@router.get("/draft/review")
def review_draft(_caller: Editor, request: Request, answers: Answers = "") -> JSONResponse:
    """What forbids publishing; where the saved questions were asked, also which answers would change."""
    engine = request.app.state.engine
    if answers == "all":
        reviewing.review(engine)
    seen = reviewing.glance(engine)
    review = seen.review
    return JSONResponse(
        {
            "asked": review is not None,
            "answers": [_compared(each) for each in review.compared] if review else [],
            "findings": [f"{each.severity}: {each.entry}, {each.field}: {each.message}" for each in seen.findings],
            "blocks": review.blocks if review else reviewing.forbidding(seen.findings),
        }
    )


def _compared(answer: bench.Compared) -> dict[str, object]:
    return {
        "question": answer.question.text,
        "changed": list(answer.changed),
        "before": {name: getattr(answer.before, name) for name in bench.PARTS},
        "after": {name: getattr(answer.after, name) for name in bench.PARTS},
        "wrong": answer.wrong,
        "blocks": answer.blocks,
    }


@router.post("/draft/publication")
def publish_draft(publication: Publication, caller: Approver, request: Request) -> JSONResponse:
    """Make the draft the next revision."""
    state = request.app.state
    revision = reviewing.publish_reviewed(
        state.engine,
        state.catalogue,
        caller=caller,
        why=publication.why,
        two_person=state.settings.two_person_approval,
    )
    return JSONResponse({"revision": revision}, CREATED)


@router.get("/audit")
def list_audit(
    _caller: Viewer,
    session: SessionDep,
    which: Annotated[AuditQuery, Query()],
) -> JSONResponse:
    """The audit trail, newest first."""
    chosen = which.filter()
    found = trail.found(session, chosen, first=(which.page - 1) * PER_PAGE, most=PER_PAGE)
    return JSONResponse(
        {
            "entries": [trail.as_json(each) for each in found],
            "total": trail.counted(session, chosen),
            "page": which.page,
        }
    )


@router.get("/audit.csv")
def export_audit(_caller: Viewer, request: Request, which: Annotated[AuditQuery, Query()]) -> StreamingResponse:
    """The audit trail as a file."""

    def lines() -> Iterator[str]:
        with reading(request.app.state.engine) as session:
            yield from trail.as_csv(session, which.filter())

    headers = {"content-disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/audit/{entry_id}/restoration")
def undo_change(entry_id: int, caller: Editor, session: SessionDep) -> JSONResponse:
    """Draft what an entry held before this change."""
    table, key = trail.restore_entry(session, entry_id, actor=caller.email)
    return _answer(entries.entry(session, entity_named(table), key=key))


@router.get("/revisions")
def list_revisions(_caller: Viewer, session: SessionDep) -> JSONResponse:
    """Published revisions, newest first."""
    found = trail.revisions(session)
    return JSONResponse(
        {
            "revisions": [
                {"revision": each.revision, "at": each.at.isoformat(), "by": each.actor, "changes": each.changes}
                for each in found
            ]
        }
    )


@router.get("/revisions/{revision}")
def show_revision(revision: int, _caller: Viewer, session: SessionDep, page: Page = 1) -> JSONResponse:
    """What was different at an earlier revision, with both versions of each entry."""
    found, total = trail.looked_back(session, revision, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    differing = [{"entity": each.entity, "key": each.key, "then": each.then, "now": each.now} for each in found]
    return JSONResponse({"revision": revision, "differing": differing, "changed_since": total, "page": page})


@router.post("/revisions/{revision}/restoration")
def restore_revision(revision: int, caller: Editor, session: SessionDep) -> JSONResponse:
    """Draft everything as it was at this revision."""
    return JSONResponse({"changes": trail.restore_revision(session, revision, actor=caller.email)})


@router.get("/{table}")
def list_entries(
    table: str,
    _caller: Viewer,
    session: SessionDep,
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(pattern="^(draft|retired|stale|unsourced|conflicting)?$")] = "",
    page: Page = 1,
) -> JSONResponse:
    """Entries of a table."""
    found = entries.listing(
        session, entity_named(table), words=q, state=state, first=(page - 1) * PER_PAGE, most=PER_PAGE
    )
    return JSONResponse({"entries": [each.as_json() for each in found.entries], "total": found.total, "page": page})


@router.post("/{table}")
def create_entry(
    table: str, saved: Saved, caller: Editor, session: SessionDep, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Draft a new entry; the same Idempotency-Key a second time creates nothing and gives the same answer."""
    entity = entity_named(table)
    drafts.one_at_a_time(session)
    asked = sha256(json.dumps([table, saved.model_dump()], sort_keys=True).encode()).hexdigest()
    earlier = _earlier(session, caller, idempotency_key)
    if earlier is not None:
        if earlier.request_hash != asked:
            raise Conflict("This Idempotency-Key was used for something else.")
        return _created(earlier.answer)
    made = drafts.create(session, entity, values=saved.values, why=saved.why, actor=caller.email).as_json()
    if idempotency_key is not None:
        session.add(
            IdempotentAnswer(
                user_id=caller.user_id,
                key=idempotency_key,
                request_hash=asked,
                answer=made,
                created_at=datetime.now(UTC),
            )
        )
    return _created(made)


@router.get("/{table}/{key}")
def show_entry(table: str, key: str, _caller: Viewer, session: SessionDep) -> JSONResponse:
    """One entry, published and drafted."""
    return _answer(entries.entry(session, entity_named(table), key=key))


@router.put("/{table}/{key}")
def replace_entry(
    table: str, key: str, saved: Saved, *, caller: Editor, session: SessionDep, if_match: IfMatch = None
) -> JSONResponse:
    """Draft an entry anew, whole."""
    tag = _tag(if_match)
    entity = entity_named(table)
    return _answer(
        drafts.update(session, entity, key=key, values=saved.values, tag=tag, why=saved.why, actor=caller.email)
    )


@router.patch("/{table}/{key}")
def update_entry(
    table: str, key: str, saved: Saved, *, caller: Editor, session: SessionDep, if_match: IfMatch = None
) -> JSONResponse:
    """Draft some fields of an entry; the others stay."""
    tag = _tag(if_match)
    entity = entity_named(table)
    values = _merged(entries.entry(session, entity, key=key).values, saved.values)
    return _answer(drafts.update(session, entity, key=key, values=values, tag=tag, why=saved.why, actor=caller.email))


@router.delete("/{table}/{key}")
def retire_entry(
    table: str,
    key: str,
    *,
    caller: Editor,
    session: SessionDep,
    why: Annotated[str, Query(max_length=drafts.LONGEST_WHY)] = "",
    if_match: IfMatch = None,
) -> JSONResponse:
    """Draft that an entry is answered from no more."""
    tag = _tag(if_match)
    return _answer(drafts.retire(session, entity_named(table), key=key, tag=tag, why=why, actor=caller.email))


def _merged(now: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396) in which null empties a field, and takes a fact away."""
    merged = {**now, **given}
    if isinstance(given.get("facts"), dict):
        facts = {**now.get("facts", {})}
        for name, fact in given["facts"].items():
            if fact is None:
                facts.pop(name, None)
            else:
                facts[name] = {**facts.get(name, {}), **fact} if isinstance(fact, dict) else fact
        merged["facts"] = facts
    return merged


def _tag(if_match: str | None) -> str:
    if if_match is None:
        raise PreconditionRequired("Send If-Match with the ETag of the entry as you read it.")
    return if_match.removeprefix("W/").strip('"')


def _earlier(session: Session, caller: Caller, key: str | None) -> IdempotentAnswer | None:
    if key is None:
        return None
    return session.scalar(
        select(IdempotentAnswer).where(IdempotentAnswer.user_id == caller.user_id, IdempotentAnswer.key == key)
    )


def _answer(entry: Entry, status: int = 200) -> JSONResponse:
    return JSONResponse(entry.as_json(), status, headers={"etag": f'"{entry.tag}"', "cache-control": "no-store"})


def _created(made: dict[str, Any]) -> JSONResponse:
    location = f"/admin/api/{made['entity']}/{made['key']}"
    return JSONResponse(made, CREATED, headers={"etag": f'"{made["tag"]}"', "location": location})
