"""What can be rented, as a page and as a file for spreadsheets."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from app.advice.market import Offer
from app.advice.offer_checks import in_region
from app.catalogue.name_matches import Match
from app.catalogue.snapshot import Snapshot
from app.engine.units import GIB
from app.http.templating import render
from app.http.unanswered import SearchesDep
from app.web.currency import DOLLARS, Currency, currency_named
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.hardware import AtLeastNothing, Chosen, ListFilters
from app.web.negotiation import page_router
from app.web.pages.cloud import CloudPage, Search, doubtful_offers, living, provider_of, usd_per_device_hour
from app.web.spreadsheet import csv_text

router = page_router()

CSV_FIELDS = (
    "provider", "instance", "region", "accelerator", "accelerator_count", "accelerator_memory_gib", "vcpus", "ram_gb",
    "usd_per_hour_on_demand", "usd_per_hour_spot", "billing", "as_of", "source", "note",
)  # fmt: skip


class CloudFilters(ListFilters):
    """Which offers, in which order; other fields of the address are left alone."""

    q: Chosen = None
    provider: Chosen = None
    accelerator: Chosen = None
    memory_gib_min: AtLeastNothing = None
    count_min: AtLeastNothing = None
    provider_kind: Chosen = None
    pricing: Literal["on_demand", "spot", ""] = ""
    region: Chosen = None
    per: Literal["hour", "day", "month"] = "hour"
    currency: Chosen = None
    sort: Chosen = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


Filters = Annotated[CloudFilters, Query()]


@router.get("/cloud")
async def list_offers_to_rent(
    filters: Filters, catalogue: CatalogueDep, *, base_url: BaseUrlDep, searches: SearchesDep
) -> HTMLResponse:
    """Offers that meet the filters, cheapest for each device first."""
    search = search_of(filters, catalogue)
    ordered = found_offers(filters, catalogue, search=search)
    searches.note("cloud", search.words, found=ordered)
    page = CloudPage.of(
        catalogue,
        ordered,
        search=search,
        fields=filters.fields(),
        per=filters.per,
        currency=currency_named(filters.currency or "", catalogue.market.exchange_rates),
        page=filters.page,
        today=datetime.now(UTC).date(),
        base_url=base_url,
    )
    return render(page)


@router.get("/cloud.csv")
async def download_offers(filters: Filters, catalogue: CatalogueDep) -> Response:
    """The same offers, all of them, for spreadsheets."""
    offers = found_offers(filters, catalogue, search=search_of(filters, catalogue))
    disposition = {"content-disposition": 'attachment; filename="whichrig-cloud.csv"'}
    currency = currency_named(filters.currency or "", catalogue.market.exchange_rates)
    return Response(offers_csv(offers, currency=currency), media_type="text/csv; charset=utf-8", headers=disposition)


def search_of(filters: CloudFilters, catalogue: Snapshot) -> Search:
    """What the words mean: a provider, living or not, or words to be found in offers."""
    named = filters.provider or filters.q or ""
    found = catalogue.provider_names.resolve(named) if named else None
    provider = provider_of(catalogue, found.slug) if isinstance(found, Match) else None
    if provider is None:
        return Search(words=filters.q or "")
    words = filters.q or "" if filters.provider else ""
    nearest = () if provider.status == "active" else living(catalogue, instead_of=provider)
    return Search(words=words, provider=provider, nearest=nearest)


def found_offers(filters: CloudFilters, catalogue: Snapshot, *, search: Search) -> list[Offer]:
    """Offers of living providers that meet the filters, in the order asked for."""
    names = {
        each.slug: each.name
        for each in catalogue.market.providers
        if each.status == "active" and filters.provider_kind in {None, each.kind}
    }
    if search.provider or filters.provider:
        names = {slug: name for slug, name in names.items() if slug in search.slugs}
    offers = [each for each in catalogue.market.offers if each.provider in names and _meets(each, filters)]
    worded = [each for each in offers if _holds(each, search.words, names=names, catalogue=catalogue)]
    device = catalogue.hardware_names.resolve(search.words) if search.words and not worded else None
    if isinstance(device, Match):
        worded = [each for each in offers if each.accelerator == device.slug]
    if filters.sort is None:
        doubtful = doubtful_offers(catalogue)
        believed = [each for each in worded if each not in doubtful]
        return _ordered(believed, "", names=names) + [each for each in worded if each in doubtful]
    return _ordered(worded, filters.sort, names=names)


def _meets(offer: Offer, filters: CloudFilters) -> bool:
    prices = {"on_demand": offer.usd_per_hour_on_demand, "spot": offer.usd_per_hour_spot}
    return (
        filters.accelerator in {None, offer.accelerator}
        and offer.accelerator_memory_bytes / GIB >= (filters.memory_gib_min or 0)
        and offer.accelerator_count >= (filters.count_min or 0)
        and (not filters.pricing or prices[filters.pricing] is not None)
        and (filters.region is None or in_region(offer.region, filters.region))
    )


def _holds(offer: Offer, words: str, *, names: Mapping[str, str], catalogue: Snapshot) -> bool:
    device = catalogue.accelerators[offer.accelerator].name
    text = f"{names[offer.provider]} {offer.instance} {device} {offer.region}".lower()
    return all(word in text for word in words.lower().split())


def _ordered(offers: list[Offer], sort: str, *, names: Mapping[str, str]) -> list[Offer]:
    """In the order asked for, unknown values last; cheapest for each device first where nothing is asked."""
    keys: Mapping[str, Callable[[Offer], Any]] = {
        "price": usd_per_device_hour,
        "on_demand": lambda each: each.usd_per_hour_on_demand,
        "spot": lambda each: each.usd_per_hour_spot,
        "memory_gib": lambda each: each.accelerator_memory_bytes,
        "provider": lambda each: names[each.provider].lower(),
        "accelerator": lambda each: each.accelerator,
        "seen": lambda each: each.as_of.isoformat(),
    }
    key = keys.get(sort.removeprefix("-"), usd_per_device_hour)
    known = sorted((each for each in offers if key(each) is not None), key=key, reverse=sort.startswith("-"))
    return known + [each for each in offers if key(each) is None]


def offers_csv(offers: Sequence[Offer], *, currency: Currency = DOLLARS) -> str:
    """Offers as comma-separated values with a head."""
    rows = ([_field(each, name) for name in CSV_FIELDS] for each in offers)
    return csv_text(CSV_FIELDS, rows, currency=currency)


def _field(offer: Offer, name: str) -> object:
    return offer.accelerator_memory_bytes / GIB if name == "accelerator_memory_gib" else getattr(offer, name)
