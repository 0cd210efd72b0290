"""The devices of the catalogue, as pages."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.catalogue.names import Ambiguous, Match
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GIB
from app.errors import NotFound
from app.templating import render
from app.web.dependencies import CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.hardware import HardwareListPage, HardwarePage, half_rate, prices_by_device, usual_price

router = page_router(shared=True)


def _nothing(value: object) -> object:
    """A filter that was left at "Any" arrives as an empty text."""
    return None if value == "" else value


Chosen = Annotated[str | None, Field(max_length=100), BeforeValidator(_nothing)]


class HardwareFilters(BaseModel):
    """Which devices, in which order; other fields of the address are left alone."""

    model_config = ConfigDict(frozen=True)

    q: Chosen = None
    vendor: Chosen = None
    kind: Chosen = None
    segment: Chosen = None
    support: Chosen = None
    memory_gib_min: Annotated[float | None, Field(ge=0, allow_inf_nan=False), BeforeValidator(_nothing)] = None
    sort: Chosen = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1

    def fields(self) -> dict[str, str]:
        """What an address needs to show the same."""
        told = self.model_dump(exclude={"page"}, exclude_none=True)
        return {name: f"{value:g}" if isinstance(value, float) else value for name, value in told.items()}


@router.get("/hardware")
async def list_devices(filters: Annotated[HardwareFilters, Query()], catalogue: CatalogueDep) -> HTMLResponse:
    """Devices that meet the filters, in the order asked for."""
    found = [each for each in catalogue.devices.accelerators if _meets(each, filters)]
    ordered = _ordered(found, filters.sort or "", catalogue)
    return render(HardwareListPage.of(catalogue, ordered, fields=filters.fields(), page=filters.page))


@router.get("/hardware/{slug:path}")
async def show_device(slug: str, catalogue: CatalogueDep) -> HTMLResponse:
    """One device by slug or any of its names."""
    found = catalogue.hardware_names.resolve(slug)
    if isinstance(found, Match):
        return render(HardwarePage.of(catalogue, catalogue.accelerators[found.slug]))
    if isinstance(found, Ambiguous):
        raise NotFound(f"“{slug[:80]}” is the name of several devices; say which.", suggestions=found.slugs)
    raise NotFound(f"We know no device called “{slug[:80]}”.", suggestions=found.nearest)


def _meets(accelerator: Accelerator, filters: HardwareFilters) -> bool:
    same = ("vendor", "kind", "segment", "support")
    words = (filters.q or "").lower().split()
    return (
        all(getattr(filters, name) in {None, getattr(accelerator, name)} for name in same)
        and accelerator.memory_bytes / GIB >= (filters.memory_gib_min or 0)
        and all(word in f"{accelerator.name} {accelerator.slug}".lower() for word in words)
    )


def _ordered(found: list[Accelerator], sort: str, catalogue: Snapshot) -> list[Accelerator]:
    """In the order asked for, unknown values last; by name where nothing, or nothing known, is asked."""
    prices = prices_by_device(catalogue)
    keys: Mapping[str, Callable[[Accelerator], float | None]] = {
        "memory_gib": lambda each: each.memory_bytes,
        "bandwidth": lambda each: each.memory_bandwidth_bytes_per_s,
        "speed": half_rate,
        "tdp_w": lambda each: each.tdp_w,
        "price": lambda each: usual_price(prices.get(each.slug, {})),
    }
    by_name = sorted(found, key=lambda each: each.name.lower(), reverse=sort == "-name")
    key = keys.get(sort.removeprefix("-"))
    if key is None:
        return by_name
    known = [each for each in by_name if key(each) is not None]
    ordered = sorted(known, key=lambda each: key(each) or 0.0, reverse=sort.startswith("-"))
    return ordered + [each for each in by_name if key(each) is None]
