"""The models and algorithms of the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.dependencies import CatalogueDep
from app.api.lists import ModelQuery, found_models, model_detail
from app.api.paging import Page, page, page_bounds
from app.api.problems import MOVED_ON, NO_SUCH_ENTRY, WRONG_FIELDS
from app.api.routes import CatalogueRoute
from app.api.schemas import ModelDetail, ModelEntry

router = APIRouter(tags=["catalogue"], route_class=CatalogueRoute)


@router.get("/models", responses=WRONG_FIELDS | MOVED_ON)
async def list_models(
    request: Request, query: Annotated[ModelQuery, Query()], catalogue: CatalogueDep
) -> Page[ModelEntry]:
    """Models and algorithms that can be asked about by name."""
    found = found_models(catalogue, query)
    bounds = page_bounds(query, revision=catalogue.revision, total=len(found))
    return page(request, found[bounds], bounds=bounds, revision=catalogue.revision, total=len(found))


@router.get("/models/{slug:path}", responses=WRONG_FIELDS | NO_SUCH_ENTRY)
async def show_model(slug: str, catalogue: CatalogueDep, response: Response) -> ModelDetail:
    """One model by slug or any of its names: the shape that estimates are computed from."""
    detail = model_detail(catalogue, slug)
    response.headers["content-location"] = f"/models/{detail.slug}"
    return detail
