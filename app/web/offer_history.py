"""One offer with all prices that it ever had here."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Self

from fastapi import Query
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import formatting
from app.advice.market import Offer
from app.catalogue.snapshot import Snapshot
from app.errors import NotFound
from app.http.request_session import SessionDep
from app.http.templating import render
from app.languages import say
from app.tables import OfferHistoryRow, Source
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.labels import place
from app.web.negotiation import page_router
from app.web.pages.cloud import provider_of
from app.web.pages.head import Head

router = page_router()

PATH = "/cloud/offer"
MOST = 400
"""Former prices that are shown, the newest ones."""

Name = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What it cost from one day on."""

    day: str
    on_demand: str
    spot: str
    source: str
    source_url: str


@dataclass(frozen=True, slots=True)
class OfferPage:
    """One offer."""

    template: ClassVar[str] = "cloud/offer.html"

    title: str
    provider: str
    provider_url: str
    region: str
    device: str
    device_url: str
    lines: tuple[PricedLine, ...]
    head: Head

    @classmethod
    def of(cls, offer: Offer, catalogue: Snapshot, *, former: list[PricedLine], base_url: str) -> Self:
        """The page of an offer; its present price comes first."""
        provider = provider_of(catalogue, offer.provider)
        name = provider.name if provider else offer.provider
        title = say("{instance} at {provider}", instance=offer.instance, provider=name)
        now = _line(offer.as_of, (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot), source="", url=offer.source)
        return cls(
            title=title,
            provider=name,
            provider_url=f"/cloud?provider={offer.provider}",
            region=place(offer.region),
            device=formatting.times(offer.accelerator_count, catalogue.accelerators[offer.accelerator].name),
            device_url=f"/hardware/{offer.accelerator}",
            lines=(now, *former),
            head=Head.of(title, say("What it costs and what it cost before."), url=base_url + PATH, indexed=False),
        )


@router.get(PATH)
def show_offer(
    catalogue: CatalogueDep,
    session: SessionDep,
    *,
    base_url: BaseUrlDep,
    provider: Name,
    instance: Name,
    region: Name,
    accelerator: Name,
    count: Annotated[float, Query(gt=0, le=1e6)] = 1.0,
) -> HTMLResponse:
    """One offer and its history."""
    wanted = (provider, instance, region, accelerator, count)
    offer = next((each for each in catalogue.market.offers if _identity(each) == wanted), None)
    if offer is None:
        raise NotFound(say("This offer is not on the list any more."))
    return render(OfferPage.of(offer, catalogue, former=_former(session, offer), base_url=base_url))


def _identity(offer: Offer) -> tuple[str, str, str, str, float]:
    return (offer.provider, offer.instance, offer.region, offer.accelerator, offer.accelerator_count)


def _former(session: Session, offer: Offer) -> list[PricedLine]:
    row = OfferHistoryRow
    statement = (
        select(row, Source.title, Source.url)
        .join(Source, Source.key == row.source)
        .where(
            row.provider == offer.provider,
            row.instance == offer.instance,
            row.region == offer.region,
            row.accelerator == offer.accelerator,
            row.accelerator_count == offer.accelerator_count,
        )
        .order_by(row.as_of.desc(), row.id.desc())
        .limit(MOST)
    )
    return [
        _line(was.as_of, (was.usd_per_hour_on_demand, was.usd_per_hour_spot), source=title, url=url)
        for was, title, url in session.execute(statement)
    ]


def _line(day: date, prices: tuple[float | None, float | None], *, source: str, url: str) -> PricedLine:
    on_demand, spot = (formatting.unknown() if price is None else formatting.usd_to_the_cent(price) for price in prices)
    address = url if url.startswith("https://") else ""
    return PricedLine(formatting.day(day), on_demand, spot, source or address or url, address)
