"""What can be rented."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api.dependencies import CatalogueDep
from app.api.lists import OfferQuery, found_offers, provider_names
from app.api.paging import Page, page, page_bounds
from app.api.problems import MOVED_ON, NO_SUCH_ENTRY, WRONG_FIELDS
from app.api.routes import CatalogueRoute
from app.api.schemas import OfferEntry

router = APIRouter(tags=["catalogue"], route_class=CatalogueRoute)


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
