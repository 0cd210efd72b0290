"""The devices of the catalogue."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.api.dependencies import CatalogueDep
from app.api.paging import Page, PageQuery, page, page_bounds
from app.api.problems import MOVED_ON, NO_SUCH_ENTRY, WRONG_FIELDS
from app.api.routes import CatalogueRoute
from app.api.schemas import HardwareDetail, HardwareEntry
from app.api.searching import holds, in_order
from app.catalogue.names import Ambiguous, Match, NameIndex
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GIB
from app.errors import NotFound

router = APIRouter(tags=["catalogue"], route_class=CatalogueRoute)

SORTS = {
    "name": "name",
    "memory_gib": "memory_bytes",
    "bandwidth": "memory_bandwidth_bytes_per_s",
    "launch_year": "launch_year",
    "tdp_w": "tdp_w",
}
"""What devices can be sorted by: query value to field."""

Sort = Literal[
    "name", "memory_gib", "bandwidth", "launch_year", "tdp_w",
    "-name", "-memory_gib", "-bandwidth", "-launch_year", "-tdp_w",
]  # fmt: skip


class HardwareQuery(PageQuery):
    """Which devices, in which order."""

    kind: Annotated[str | None, Field(description="gpu, cpu, apple_soc, tpu, npu or fpga; several with commas.")] = None
    vendor: Annotated[str | None, Field(description="NVIDIA, AMD, Intel, Apple …; several with commas.")] = None
    support: Annotated[str | None, Field(description="supported, legacy, unsupported or announced.")] = None
    segment: Annotated[str | None, Field(description="desktop, laptop, workstation, datacenter, soc or edge.")] = None
    memory_gib_min: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    memory_gib_max: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    q: Annotated[str | None, Field(max_length=100, description="Words that stand in the name.")] = None
    sort: Annotated[Sort, Field(description="A minus in front turns the order round.")] = "name"


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


def found_hardware(catalogue: Snapshot, query: HardwareQuery) -> Sequence[Accelerator]:
    """The devices that a query asks for, in its order."""
    found = [accelerator for accelerator in catalogue.devices.accelerators if _asked_for(accelerator, query)]
    return in_order(found, query.sort, fields=SORTS)


def named(index: NameIndex, name: str, *, what: str) -> str:
    """The slug of a name, or a 404 with the nearest names."""
    found = index.resolve(name)
    if isinstance(found, Match):
        return found.slug
    if isinstance(found, Ambiguous):
        raise NotFound(f"“{name[:80]}” is the name of several; say which.", suggestions=found.slugs)
    raise NotFound(f"We know no {what} called “{name[:80]}”.", suggestions=found.nearest)


def _asked_for(accelerator: Accelerator, query: HardwareQuery) -> bool:
    memory_gib = accelerator.memory_bytes / GIB
    return (
        holds(accelerator.kind, query.kind)
        and holds(accelerator.vendor, query.vendor)
        and holds(accelerator.support, query.support)
        and holds(accelerator.segment, query.segment)
        and (query.memory_gib_min is None or memory_gib >= query.memory_gib_min)
        and (query.memory_gib_max is None or memory_gib <= query.memory_gib_max)
        and all(word in f"{accelerator.name} {accelerator.slug}".lower() for word in (query.q or "").lower().split())
    )
