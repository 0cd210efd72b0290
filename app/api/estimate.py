"""How much memory, how fast, how long, for how much: one piece of work on one system, or many at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import Field, WithJsonSchema

from app import advisor
from app.api.dependencies import CatalogueDep
from app.api.examples import answer_of, requests_of
from app.api.lines_description import LINES_ANSWER, lines_body
from app.api.problems import TOO_LARGE
from app.api.routes import JsonRoute
from app.contract.answer import EstimateAnswer
from app.contract.batch import answer_item
from app.contract.requests import MOST_ITEMS, EstimateRequest
from app.engine.workload import Frozen

router = APIRouter(tags=["estimate"], route_class=JsonRoute)

BatchItem = Annotated[
    Any,
    WithJsonSchema(
        {
            "title": "BatchItem",
            "description": "An estimate request with an `id` of your own. Each is validated by itself.",
            "properties": {"id": {"type": "string"}, "workload": {"type": "object"}, "hardware": {"type": "object"}},
        }
    ),
]


class EstimateBatch(Frozen):
    """Many estimate requests, each with an id."""

    items: Annotated[list[BatchItem], Field(min_length=1, max_length=MOST_ITEMS)]


@router.post("/estimate", responses=answer_of("estimate") | TOO_LARGE)
async def estimate(
    request: Annotated[EstimateRequest, Body(openapi_examples=requests_of("estimate"))], catalogue: CatalogueDep
) -> EstimateAnswer:
    """Memory, speed, time, energy and cost of a piece of work on one system, each as an 80 % interval."""
    return advisor.estimate(catalogue, request.workload, hardware=request.hardware)


_LINE = '{"id": "%s", "workload": {"task": "train", "model": {"name": "resnet-50"}}, "hardware": {"accelerator": "%s"}}'
_LINES = {"requestBody": {"content": lines_body(_LINE % ("a", "RTX 4090"), _LINE % ("b", "RTX 3090"))}}


def _batch_answers() -> dict[int | str, dict[str, Any]]:
    """Either kind of body is answered in its own kind."""
    answers = answer_of("estimate_batch")
    return {**answers, 200: {"content": answers[200]["content"] | LINES_ANSWER}}


@router.post("/estimate/batch", responses=_batch_answers() | TOO_LARGE, openapi_extra=_LINES)
def estimate_batch(
    batch: Annotated[EstimateBatch, Body(openapi_examples=requests_of("estimate_batch"))], catalogue: CatalogueDep
) -> Response:
    """Up to 1,000 estimates as JSON, up to 10,000 as JSON Lines; an `error` in place of an answer that is wrong."""
    answers = (
        answer_item(
            item,
            request_type=EstimateRequest,
            answer=lambda request: advisor.estimate(catalogue, request.workload, hardware=request.hardware),
        )
        for item in batch.items
    )
    return Response(f'{{"items":[{",".join(answers)}]}}', media_type="application/json")
