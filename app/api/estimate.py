"""How much memory, how fast, how long, for how much: one piece of work on one system, or many at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import Field, WithJsonSchema

from app import advisor
from app.answer import EstimateAnswer
from app.api.dependencies import CatalogueDep
from app.api.examples import answer_of, requests_of
from app.api.problems import TOO_LARGE
from app.api.routes import JsonRoute
from app.batch import answer_item
from app.engine.workload import Frozen
from app.requests import MOST_ITEMS, EstimateRequest

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


@router.post("/estimate/batch", responses=answer_of("estimate_batch") | TOO_LARGE)
def estimate_batch(
    batch: Annotated[EstimateBatch, Body(openapi_examples=requests_of("estimate_batch"))], catalogue: CatalogueDep
) -> Response:
    """Up to 1,000 estimates: `items` answers in order, an `error` in place of an answer where an item is wrong."""
    answers = (
        answer_item(
            item,
            request_type=EstimateRequest,
            answer=lambda request: advisor.estimate(catalogue, request.workload, hardware=request.hardware),
        )
        for item in batch.items
    )
    return Response(f'{{"items":[{",".join(answers)}]}}', media_type="application/json")
