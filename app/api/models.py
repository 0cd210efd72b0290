"""The models and algorithms of the catalogue."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.api.dependencies import CatalogueDep
from app.api.hardware import named
from app.api.paging import Page, PageQuery, page, page_bounds
from app.api.problems import MOVED_ON, NO_SUCH_ENTRY, WRONG_FIELDS
from app.api.routes import CatalogueRoute
from app.api.schemas import ModelDetail, ModelEntry
from app.api.searching import holds
from app.catalogue.names import Match
from app.catalogue.snapshot import Snapshot

router = APIRouter(tags=["catalogue"], route_class=CatalogueRoute)


class ModelQuery(PageQuery):
    """Which models."""

    kind: Literal["transformer", "network", "diffusion", "algorithm"] | None = None
    architecture: Annotated[str | None, Field(description="decoder, encoder, cnn …; several with commas.")] = None
    q: Annotated[str | None, Field(max_length=100, description="Words that stand in the name.")] = None


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


def found_models(catalogue: Snapshot, query: ModelQuery) -> list[ModelEntry]:
    """The models that a query asks for, by slug."""
    everything = [*sorted(catalogue.models.items()), *sorted(catalogue.algorithms.items())]
    entries = (ModelEntry.of(slug, spec) for slug, spec in everything)
    return [entry for entry in entries if _asked_for(entry, query)]


def model_detail(catalogue: Snapshot, name: str) -> ModelDetail:
    """A model, or an algorithm where no model has the name."""
    found = catalogue.algorithm_names.resolve(name)
    if isinstance(found, Match) and not isinstance(catalogue.model_names.resolve(name), Match):
        return ModelDetail.of(found.slug, catalogue.algorithms[found.slug])
    slug = named(catalogue.model_names, name, what="model")
    return ModelDetail.of(slug, catalogue.models[slug])


def _asked_for(entry: ModelEntry, query: ModelQuery) -> bool:
    words = (query.q or "").lower().split()
    return (
        query.kind in {None, entry.kind}
        and holds(entry.architecture, query.architecture)
        and all(word in f"{entry.name} {entry.slug}".lower() for word in words)
    )
