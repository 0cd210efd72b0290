"""The result: a question's answer as a page, from the guided answers or from the flat fields of a link."""

from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import HTMLResponse

from app import advisor
from app.catalogue.names import Match, NameIndex
from app.catalogue.snapshot import Snapshot
from app.flat_query import decode
from app.questionnaire.answers import Answers
from app.questionnaire.flow import sound
from app.questionnaire.to_workload import Known, constraints_of, workload_of
from app.requests import RecommendRequest
from app.templating import render
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.result import ResultPage

router = page_router()


@router.get("/result")
async def show_result(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """Which hardware the work needs, and why."""
    pairs = request.query_params.multi_items()
    guided = "goal" in request.query_params or not pairs
    answers = sound(Answers.of(pairs)) if guided else Answers()
    asked = _guided(answers, catalogue) if guided else decode(pairs, in_catalogue=_knows(catalogue.hardware_names))
    answer = advisor.recommend(
        catalogue, asked.workload, constraints=asked.constraints, at=datetime.now(UTC), base_url=base_url
    )
    return render(ResultPage.of(answer, answers=answers))


def _guided(answers: Answers, catalogue: Snapshot) -> RecommendRequest:
    return RecommendRequest(
        workload=workload_of(answers, knows_model=_knows(catalogue.model_names)),
        constraints=constraints_of(answers, knows_hardware=_knows(catalogue.hardware_names)),
    )


def _knows(names: NameIndex) -> Known:
    return lambda name: isinstance(names.resolve(name), Match)
