"""The devices of the catalogue, as pages."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Literal

from fastapi import Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app import advisor
from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GB, GIB, TERA
from app.errors import NotFound
from app.http.computing import computed
from app.http.templating import render
from app.http.unanswered import SearchesDep
from app.languages import say
from app.web.currency import currency_named
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.hardware import (
    HardwareListPage,
    HardwarePage,
    half_rate,
    prices_by_device,
    share_of,
    usual_price,
)
from app.web.spreadsheet import csv_text

router = page_router(shared=True)
table = page_router()

CSV_FIELDS = (
    "slug", "name", "vendor", "kind", "segment", "launch_year", "memory_gib", "bandwidth_gb_per_s",
    "tflops_16_bit", "tflops_32_bit", "tdp_w", "support", "usd_new", "usd_used",
)  # fmt: skip


def _nothing(value: object) -> object:
    """A filter that was left at "Any" arrives as an empty text."""
    return None if value == "" else value


Chosen = Annotated[str | None, Field(max_length=100), BeforeValidator(_nothing)]


AtLeastNothing = Annotated[float | None, Field(ge=0, allow_inf_nan=False), BeforeValidator(_nothing)]


class ListFilters(BaseModel):
    """What the address of a list says: filters, their order and a page."""

    model_config = ConfigDict(frozen=True)

    def fields(self) -> dict[str, str]:
        """What an address needs to show the same."""
        told = self.model_dump(exclude={"page"}, exclude_none=True, exclude_defaults=True)
        return {name: f"{value:g}" if isinstance(value, float) else value for name, value in told.items()}


class HardwareFilters(ListFilters):
    """Which devices, in which order; other fields of the address are left alone."""

    q: Chosen = None
    vendor: Chosen = None
    kind: Chosen = None
    segment: Chosen = None
    support: Chosen = None
    memory_gib_min: AtLeastNothing = None
    usd_max: AtLeastNothing = None
    power_w_max: AtLeastNothing = None
    slots_max: AtLeastNothing = None
    sort: Chosen = None
    unit: Literal["", "gib"] = ""
    per: Literal["", "gb", "tflops"] = ""
    currency: Annotated[str | None, Field(max_length=3), BeforeValidator(_nothing)] = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


@router.get("/hardware")
async def list_devices(
    filters: Annotated[HardwareFilters, Query()],
    catalogue: CatalogueDep,
    *,
    base_url: BaseUrlDep,
    searches: SearchesDep,
) -> HTMLResponse:
    """Devices that meet the filters, in the order asked for."""
    found = found_devices(filters, catalogue)
    searches.note("hardware", filters.q, found=found)
    page = HardwareListPage.of(
        catalogue,
        found,
        fields=filters.fields(),
        page=filters.page,
        currency=currency_named(filters.currency or "", catalogue.market.exchange_rates),
        base_url=base_url,
    )
    return render(page)


@table.get("/hardware.csv")
async def download_devices(filters: Annotated[HardwareFilters, Query()], catalogue: CatalogueDep) -> Response:
    """The same devices, all of them, for spreadsheets; prices in US dollars, and in the currency of the page."""
    devices = found_devices(filters, catalogue)
    prices = prices_by_device(catalogue)
    rows = [_cells(each, prices.get(each.slug, {})) for each in devices]
    disposition = {"content-disposition": 'attachment; filename="whichrig-hardware.csv"'}
    currency = currency_named(filters.currency or "", catalogue.market.exchange_rates)
    return Response(
        csv_text(CSV_FIELDS, rows, currency=currency), media_type="text/csv; charset=utf-8", headers=disposition
    )


@router.get("/hardware/{slug:path}")
async def show_device(
    slug: str, catalogue: CatalogueDep, base_url: BaseUrlDep, currency: Annotated[str, Query(max_length=3)] = ""
) -> HTMLResponse:
    """One device by slug or any of its names."""
    found = catalogue.hardware_names.resolve(slug)
    if isinstance(found, Match):
        today = datetime.now(UTC).date()
        page = HardwarePage.of(
            catalogue,
            catalogue.accelerators[found.slug],
            suits=await computed(lambda: advisor.suits(catalogue, found.slug, today=today)),
            currency=currency_named(currency, catalogue.market.exchange_rates),
            base_url=base_url,
        )
        return render(page)
    if isinstance(found, Ambiguous):
        raise NotFound(
            say("“{name}” is the name of several devices; say which.", name=slug[:80]), suggestions=found.slugs
        )
    raise NotFound(say("We know no device called “{name}”.", name=slug[:80]), suggestions=found.nearest)


def found_devices(filters: HardwareFilters, catalogue: Snapshot) -> list[Accelerator]:
    """Devices that meet the filters, in the order asked for."""
    prices = prices_by_device(catalogue) if filters.usd_max is not None else {}
    found = [
        each
        for each in catalogue.devices.accelerators
        if _meets(each, filters) and _within(each, filters, prices=prices.get(each.slug, {}))
    ]
    return _ordered(found, filters.sort or "", per=filters.per, catalogue=catalogue)


def _cells(device: Accelerator, prices: Mapping[str, float]) -> list[object]:
    half = half_rate(device)
    return [
        device.slug, device.name, device.vendor, device.kind, device.segment, device.launch_year,
        device.memory_bytes / GIB, device.memory_bandwidth_bytes_per_s / GB, half and half / TERA,
        device.peak.fp32 and device.peak.fp32 / TERA, device.tdp_w, device.support, prices.get("new"),
        prices.get("used"),
    ]  # fmt: skip


def _meets(accelerator: Accelerator, filters: HardwareFilters) -> bool:
    same = ("vendor", "kind", "segment", "support")
    words = (filters.q or "").lower().split()
    return (
        all(getattr(filters, name) in {None, getattr(accelerator, name)} for name in same)
        and (filters.memory_gib_min is None or accelerator.memory_bytes / GIB >= filters.memory_gib_min)
        and all(word in f"{accelerator.name} {accelerator.slug}".lower() for word in words)
    )


def _within(accelerator: Accelerator, filters: HardwareFilters, *, prices: Mapping[str, float]) -> bool:
    """Whether it keeps the limits; what nobody knows of a device keeps none."""
    figures = (
        (filters.usd_max, usual_price(prices, 1.0)),
        (filters.power_w_max, accelerator.tdp_w),
        (filters.slots_max, accelerator.slots),
    )
    return all(most is None or (known is not None and known <= most) for most, known in figures)


def _unusual(device: Accelerator, prices: Mapping[str, float]) -> tuple[bool, bool, bool, bool, int, float]:
    """Cards for desktops that today's software supports and somebody sells first, the newest and largest at the top."""
    memory = device.memory_bytes if isfinite(device.memory_bytes) else 0.0
    return (
        device.support != "supported",
        device.kind != "gpu",
        device.segment != "desktop",
        not prices,
        -(device.launch_year or 0),
        -memory,
    )


def _ordered(found: list[Accelerator], sort: str, *, per: str, catalogue: Snapshot) -> list[Accelerator]:
    """In the order asked for, unknown values last; what most people look for first where nothing is asked."""
    prices = prices_by_device(catalogue)
    keys: Mapping[str, Callable[[Accelerator], float | None]] = {
        "memory_gib": lambda each: each.memory_bytes,
        "bandwidth": lambda each: each.memory_bandwidth_bytes_per_s,
        "speed": half_rate,
        "tdp_w": lambda each: each.tdp_w,
        "price": lambda each: usual_price(prices.get(each.slug, {}), share_of(each, per)),
    }
    by_name = sorted(found, key=lambda each: each.name.lower(), reverse=sort == "-name")
    key = keys.get(sort.removeprefix("-"))
    if key is None:
        return by_name if sort else sorted(by_name, key=lambda each: _unusual(each, prices.get(each.slug, {})))
    known = [each for each in by_name if key(each) is not None]
    ordered = sorted(known, key=lambda each: key(each) or 0.0, reverse=sort.startswith("-"))
    return ordered + [each for each in by_name if key(each) is None]
