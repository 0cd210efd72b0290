"""The devices of the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.dependencies import CatalogueDep
from app.api.lists import HardwareQuery, found_hardware, named
from app.api.paging import Page, page, page_bounds
from app.api.problems import MOVED_ON, NO_SUCH_ENTRY, WRONG_FIELDS
from app.api.routes import CatalogueRoute
from app.api.schemas import HardwareDetail, HardwareEntry

router = APIRouter(tags=["catalogue"], route_class=CatalogueRoute)


@router.get("/hardware", responses=WRONG_FIELDS | MOVED_ON)
async def list_hardware(
    request: Request, query: Annotated[HardwareQuery, Query()], catalogue: CatalogueDep
) -> Page[HardwareEntry]:
    """Devices that can train or run models, with memory, speed, support and usual prices."""
    found = found_hardware(catalogue, query)
    bounds = page_bounds(query, revision=catalogue.revision, total=len(found))
    entries = [HardwareEntry.of(accelerator, catalogue) for accelerator in found[bounds]]
    return page(request, entries, bounds=bounds, revision=catalogue.revision, total=len(found))


@router.get("/hardware/{slug:path}", responses=WRONG_FIELDS | NO_SUCH_ENTRY)
async def show_hardware(slug: str, catalogue: CatalogueDep, response: Response) -> HardwareDetail:
    """One device by slug or any of its names: every fact with its source, date and confidence."""
    found = named(catalogue.hardware_names, slug, what="device")
    response.headers["content-location"] = f"/hardware/{found}"
    return HardwareDetail.of(catalogue.accelerators[found], catalogue)
