"""``/admin/api``: the saved questions with their answers, and rules tried on one question."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.admin import bench, reviewing, schemas, trying
from app.admin.access import Editor, Viewer
from app.admin.asked import query_of
from app.admin.bench import Compared, Question
from app.admin.bench_pages import Answers
from app.admin.entities import entity_named
from app.admin.trying import KINDS
from app.advice.policy import Rule
from app.errors import Conflict
from app.http.request_session import SessionDep

router = APIRouter(prefix="/admin/api", include_in_schema=False)

LONGEST_TEXT = 20_000


class RuleTrial(BaseModel):
    """A question, and perhaps a rule that is not saved."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    """The address of an answer, its fields, or a request as JSON."""
    rule: dict[str, object] | None = None


@router.get("/bench")
def list_answers(request: Request, _caller: Viewer, answers: Answers = "") -> JSONResponse:
    """Every saved question; where they were asked, with the answer as published and with the draft."""
    found = reviewing.asked(request.app.state.engine, ask=answers == "all")
    if found.stopped and found.compared is not None:
        raise Conflict(found.stopped)
    if found.compared is None:
        return JSONResponse({"asked": False, "questions": [_named(each) for each in found.questions]})
    return JSONResponse({"asked": True, "questions": [_told(each) for each in found.compared]})


@router.post("/rules/trial")
def try_rules(request: Request, wanted: RuleTrial, _caller: Editor, session: SessionDep) -> JSONResponse:
    """Which rules hold for a question, in their order, and which decide."""
    edited = None
    if wanted.rule is not None:
        document = schemas.checked(entity_named("rules"), wanted.rule)
        edited = Rule(**schemas.typed(entity_named("rules"), document))
    query = query_of(wanted.question, session)
    found = trying.trial(request.app.state.catalogue.current(), query, edited=edited)
    return JSONResponse(
        {
            "query": query,
            "decided": {kind: found.decided(kind) or None for kind in KINDS if kind != "warning"},
            "rules": [
                {
                    "rule": each.rule.slug,
                    "kind": each.rule.kind,
                    "priority": each.rule.priority,
                    "outcome": each.rule.outcome,
                    "holds": each.holds,
                    "decides": each.wins,
                }
                for each in found.tried
            ],
            "facts": {name: trying.told(value) for name, value in found.facts.items()},
        }
    )


def _named(question: Question) -> dict[str, object]:
    return {"question": question.slug, "text": question.text, "must_pass": question.must_pass}


def _told(compared: Compared) -> dict[str, object]:
    return _named(compared.question) | {
        "before": {name: getattr(compared.before, name) for name in bench.PARTS},
        "after": {name: getattr(compared.after, name) for name in bench.PARTS},
        "changed": list(compared.changed),
        "wrong": compared.wrong,
        "blocks": compared.blocks,
    }
