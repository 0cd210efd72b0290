"""Which hardware does this work need?"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Request

from app import advisor
from app.api import sparse
from app.api.dependencies import BaseUrlDep, CatalogueDep
from app.api.examples import answer_of, query_parameters, requests_of
from app.api.problems import TOO_LARGE
from app.api.routes import CatalogueRoute, JsonRoute
from app.catalogue.name_matches import Match
from app.catalogue.snapshot import Snapshot
from app.contract.answer import RecommendationAnswer
from app.contract.flat_query import decode
from app.contract.requests import RecommendRequest
from app.http.computing import computed

router = APIRouter(tags=["recommend"], route_class=JsonRoute)
links = APIRouter(tags=["recommend"], route_class=CatalogueRoute)


@router.post("/recommend", responses=answer_of("recommend") | TOO_LARGE)
async def recommend(
    request: Annotated[RecommendRequest, Body(openapi_examples=requests_of("recommend"))],
    catalogue: CatalogueDep,
    base_url: BaseUrlDep,
) -> RecommendationAnswer:
    """Which hardware a piece of work needs: the scenario, the memory, what to buy or rent, and why."""
    return await _answer(request, catalogue, base_url=base_url)


@links.get("/recommend", responses=answer_of("recommend"), openapi_extra={"parameters": query_parameters()})
async def recommend_by_link(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> RecommendationAnswer:
    """The same question as flat query fields, so that an answer has a link."""
    asked = decode(
        [pair for pair in request.query_params.multi_items() if pair[0] != sparse.NAME],
        in_catalogue=lambda name: isinstance(catalogue.hardware_names.resolve(name), Match),
    )
    return await _answer(asked, catalogue, base_url=base_url)


async def _answer(asked: RecommendRequest, catalogue: Snapshot, *, base_url: str) -> RecommendationAnswer:
    at = datetime.now(UTC)
    return await computed(
        lambda: advisor.recommend(catalogue, asked.workload, constraints=asked.constraints, at=at, base_url=base_url)
    )
