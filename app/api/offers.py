"""What can be rented."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from app.advice.market import Offer
from app.api.dependencies import CatalogueDep
from app.api.hardware import named
from app.api.paging import Page, PageQuery, page, page_bounds
from app.api.problems import MOVED_ON, NO_SUCH_ENTRY, WRONG_FIELDS
from app.api.routes import CatalogueRoute
from app.api.schemas import OfferEntry
from app.api.searching import holds, in_order
from app.catalogue.snapshot import Snapshot

router = APIRouter(tags=["catalogue"], route_class=CatalogueRoute)

SORTS = {"on_demand": "usd_per_hour_on_demand", "spot": "usd_per_hour_spot", "provider": "provider"}


class OfferQuery(PageQuery):
    """Which offers, in which order."""

    provider: Annotated[str | None, Field(description="Slugs of providers, several with commas.")] = None
    accelerator: Annotated[str | None, Field(max_length=200, description="A device by any of its names.")] = None
    region: Annotated[str | None, Field(description="Regions, several with commas.")] = None
    pricing: Annotated[Literal["on_demand", "spot"] | None, Field(description="Offers with such a price.")] = None
    max_usd_per_hour: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    sort: Literal["on_demand", "spot", "provider", "-on_demand", "-spot", "-provider"] = "on_demand"


@router.get("/cloud/offers", responses=WRONG_FIELDS | MOVED_ON | NO_SUCH_ENTRY)
async def list_offers(
    request: Request, query: Annotated[OfferQuery, Query()], catalogue: CatalogueDep
) -> Page[OfferEntry]:
    """Instances that can be rented, with their price for the whole instance, its source and date."""
    found = found_offers(catalogue, query)
    bounds = page_bounds(query, revision=catalogue.revision, total=len(found))
    names = provider_names(catalogue)
    entries = [OfferEntry.of(offer, provider_name=names.get(offer.provider, offer.provider)) for offer in found[bounds]]
    return page(request, entries, bounds=bounds, revision=catalogue.revision, total=len(found))


def provider_names(catalogue: Snapshot) -> dict[str, str]:
    """Names of providers by slug."""
    return {provider.slug: provider.name for provider in catalogue.market.providers}


def found_offers(catalogue: Snapshot, query: OfferQuery) -> Sequence[Offer]:
    """The offers that a query asks for, in its order."""
    device = query.accelerator and named(catalogue.hardware_names, query.accelerator, what="device")
    found = [offer for offer in catalogue.market.offers if _asked_for(offer, query, device=device)]
    return in_order(found, query.sort, fields=SORTS)


def _asked_for(offer: Offer, query: OfferQuery, *, device: str | None) -> bool:
    prices = {"on_demand": offer.usd_per_hour_on_demand, "spot": offer.usd_per_hour_spot}
    asked = [prices[query.pricing]] if query.pricing else list(prices.values())
    known = [price for price in asked if price is not None]
    return (
        (device is None or offer.accelerator == device)
        and holds(offer.provider, query.provider)
        and holds(offer.region, query.region)
        and (query.pricing is None or bool(known))
        and (query.max_usd_per_hour is None or any(price <= query.max_usd_per_hour for price in known))
    )
