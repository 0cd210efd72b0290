"""An offer's own page: what it costs, and what it cost before."""

from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select

from app.db import connect, transaction
from app.main import create_app
from app.settings import Settings
from app.tables import OfferHistoryRow, OfferRow
from tests.browser import Browser


@pytest.fixture
def visitor(seeded_url):
    """A visitor of a catalogue in which one offer became cheaper twice."""
    engine = connect(seeded_url)
    with transaction(engine) as session:
        offer = session.execute(select(OfferRow.__table__).where(OfferRow.instance == "HGX B200 8x").limit(1)).one()
        was = {name: value for name, value in offer._asdict().items() if name not in {"id", "version", "retired"}}
        for usd, day in ((40.0, date(2024, 1, 1)), (35.0, date(2025, 1, 1))):
            changes = {"usd_per_hour_on_demand": usd, "usd_per_hour_spot": None, "as_of": day}
            session.execute(insert(OfferHistoryRow).values(**was | changes))
    engine.dispose()
    with TestClient(create_app(Settings(database_url=seeded_url))) as client:
        yield Browser(client)


def test_an_offer_leads_to_its_own_page_with_every_former_price(visitor):
    page = visitor.follow(visitor.get("/cloud?q=HGX+B200"), "HGX B200 8x")

    days = [row.select_one("th").get_text(strip=True) for row in page.select("tbody tr")]
    prices = [row.select("td")[0].get_text(strip=True) for row in page.select("tbody tr")]
    assert "HGX B200 8x at " in page.heading
    assert prices[1:3] == ["$35.00", "$40.00"]
    assert "2025" in days[1]
    assert {row.select("td")[2].get_text(strip=True) for row in page.select("tbody tr")} != {""}


def test_an_offer_that_is_not_on_the_list_is_not_found(visitor):
    visitor.get("/cloud/offer?provider=aws&instance=none&region=x&accelerator=y", status=404)
