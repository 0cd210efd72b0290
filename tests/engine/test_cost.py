from hypothesis import given
from hypothesis import strategies as st

from app.engine.cost import break_even_hours_per_month, cumulative_buy_usd, cumulative_rent_usd, resale_usd

USD = st.floats(0.0, 1e6)


@given(purchase=st.floats(1.0, 1e6), months=st.floats(0.0, 120.0))
def test_hardware_never_sells_for_more_than_was_paid(purchase, months):
    sold = resale_usd(paid_usd=purchase, months=months, share_after_fraction=0.3, share_after_months=36.0)
    assert 0 < sold <= purchase


@given(purchase=st.floats(1.0, 1e6), own=st.floats(0.0, 5.0), rent=st.floats(0.01, 50.0), horizon=st.integers(1, 60))
def test_at_the_break_even_both_cost_the_same(purchase, own, rent, horizon):
    hours = break_even_hours_per_month(
        purchase=purchase, resale=0.0, horizon_months=horizon, own_fixed_usd_per_month=0.0, own_usd_per_hour=own,
        rent_usd_per_hour=rent, rent_fixed_usd_per_month=0.0,
    )  # fmt: skip
    if hours is None:
        assert rent <= own
        return
    bought = cumulative_buy_usd(months=horizon, purchase=purchase, running_usd_per_month=hours * own)
    rented = cumulative_rent_usd(months=horizon, hours_per_month=hours, usd_per_hour=rent, fixed_usd_per_month=0.0)
    assert abs(bought - rented) <= 1e-6 * max(bought, rented)


@given(purchase=USD, dearer=USD)
def test_a_dearer_purchase_never_pays_back_sooner(purchase, dearer):
    def even(price):
        return break_even_hours_per_month(
            purchase=price, resale=0.0, horizon_months=36, own_fixed_usd_per_month=5.0, own_usd_per_hour=0.1,
            rent_usd_per_hour=2.0, rent_fixed_usd_per_month=8.0,
        )  # fmt: skip

    assert even(purchase + dearer) >= even(purchase)


def test_owning_that_costs_less_from_the_first_hour_breaks_even_at_zero():
    hours = break_even_hours_per_month(
        purchase=0.0, resale=0.0, horizon_months=12, own_fixed_usd_per_month=0.0, own_usd_per_hour=0.1,
        rent_usd_per_hour=1.0, rent_fixed_usd_per_month=8.0,
    )  # fmt: skip
    assert hours == 0.0
