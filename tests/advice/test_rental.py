"""What an hour of a device costs, alone and where many work together."""

import pytest

from app.advice.rental import cheapest_device_hour
from tests.advice.factories import make_market, make_offer, make_provider

H100 = "h100-sxm5-80gb"
OFFERS = (
    make_offer(H100, 1.2, provider="vast"),
    make_offer(H100, 16.0, provider="vast", instance="8x", accelerator_count=8.0),
    make_offer(H100, 3.0),
    make_offer(H100, 24.0, instance="8x", accelerator_count=8.0),
    make_offer(H100, 0.5, provider="floydhub"),
)
MARKET = make_market(
    offers=OFFERS,
    providers=(
        make_provider(kind="specialist"),
        make_provider("vast", kind="marketplace"),
        make_provider("floydhub", kind="defunct", status="closed"),
    ),
)


@pytest.mark.parametrize(("count", "usd", "provider"), [(1, 1.2, "vast"), (8, 2.0, "vast"), (1024, 3.0, "lambda")])
def test_a_cluster_is_rented_where_machines_are_linked_and_a_card_where_it_is_cheap(count, usd, provider):
    hour = cheapest_device_hour(MARKET, H100, count=count)

    assert (hour.usd, hour.provider, hour.together) == (usd, provider, True)


def test_the_price_of_one_is_told_where_nobody_has_so_many():
    alone = make_market(offers=OFFERS[:1], providers=MARKET.providers)

    hour = cheapest_device_hour(alone, H100, count=8)

    assert (hour.usd, hour.together) == (1.2, False)
    assert cheapest_device_hour(alone, "t4") is None
