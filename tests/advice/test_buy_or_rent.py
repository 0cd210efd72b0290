import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.advice.buy_or_rent import buy_or_rent, electricity
from app.advice.cloud import cloud_for
from app.advice.limits import limits_for
from app.advice.money import MONEY
from app.advice.picks import picks_for
from app.advice.prices import PriceBook
from app.engine.units import HOURS_PER_MONTH
from app.wording import sentence
from tests.advice.answers import make_candidates, make_decision, make_need
from tests.advice.factories import CATALOGUE, TODAY, make_constraints, make_job, make_market, make_offer, make_workload


def compared(*, hours=20.0, basis="stated", task="train", work_flops=1e18, market=None, tier="high", **limits):
    market, constraints, decision = market or make_market(), make_constraints(**limits), make_decision(2, tier)
    job = make_job(workload=make_workload(task=task))
    candidates = make_candidates(*CATALOGUE, market=market, job=job, work_flops=work_flops)
    need = make_need(monthly_hours=hours, monthly_basis=basis)
    picks = picks_for(
        candidates, limits_for(job, decision, constraints=constraints, candidates=candidates), decision=decision, constraints=constraints,
        book=PriceBook.of(market, TODAY),
    )  # fmt: skip
    cloud = cloud_for(
        job, need, decision=decision, constraints=constraints, candidates=candidates, market=market, today=TODAY
    )
    return buy_or_rent(picks, cloud.options, need=need, constraints=constraints, candidates=candidates, market=market)


def test_renting_is_cheaper_for_few_hours_and_buying_for_many():
    assert compared(hours=5.0).cheaper == "rent"
    assert compared(hours=700.0, market=make_market(offers=(make_offer("geforce-rtx-4090", 2.0),))).cheaper == "buy"


@given(hours=st.floats(1.0, 730.0), rent=st.floats(0.3, 20.0))
def test_the_break_even_separates_renting_from_buying(hours, rent):
    found = compared(hours=hours, market=make_market(offers=(make_offer("geforce-rtx-4090", rent),)))
    even = found.break_even_hours_per_month
    if even is None or abs(hours - even) < 1e-3:
        assert found.cheaper in {"rent", "neither"} or even is not None
    else:
        assert found.cheaper == ("buy" if hours > even else "rent")


def test_costs_never_fall_until_the_sale_at_the_end():
    found = compared()
    assert list(found.rent_cumulative_usd) == sorted(found.rent_cumulative_usd)
    assert list(found.buy_cumulative_usd[:-1]) == sorted(found.buy_cumulative_usd[:-1])
    assert found.buy_cumulative_usd[-1] < found.buy_cumulative_usd[-2]


def test_buying_starts_with_the_card_and_the_computer_around_it():
    found = compared()
    assert found.buy_cumulative_usd[0] == pytest.approx(3400.0 + 1200.0)
    assert found.rent_cumulative_usd[0] == 0.0


def pretrained(work_flops, **asked):
    return compared(task="pretrain", basis="assumed", work_flops=work_flops, **asked)


def test_one_run_is_rented_while_it_lasts_and_as_its_offer_says():
    found = pretrained(1e21, market=make_market(offers=(make_offer("geforce-rtx-4090", 0.5),)))
    run_hours, ends = found.hours_per_month * 36, found.rent_cumulative_usd.index(found.rent_cumulative_usd[-1])

    assert found.one_run
    assert ends - 1 < run_hours / HOURS_PER_MONTH <= ends < 36
    assert found.rent_cumulative_usd[-1] == pytest.approx(0.5 * run_hours)
    assert "rent_storage_gb" not in [each.field for each in found.assumptions]
    assert sentence(found.explanation).startswith("For one run, renting is cheaper")


def test_a_run_beyond_the_horizon_fills_its_months():
    assert pretrained(1e23).hours_per_month == HOURS_PER_MONTH


def test_even_one_run_is_worth_a_card_that_rents_dear():
    found = pretrained(1e21, market=make_market(offers=(make_offer("geforce-rtx-4090", 20.0),)))

    assert found.cheaper == "buy"
    assert sentence(found.explanation).startswith("Even for one run, buying is cheaper")


def test_who_says_how_often_they_pretrain_plans_more_than_one_run():
    assert not compared(task="pretrain", basis="stated").one_run


def test_the_horizon_is_as_asked():
    assert compared(horizon_months=12).months == tuple(range(13))
    assert compared().months[-1] == 36


def test_free_notebooks_are_no_comparison():
    assert compared(market=make_market(offers=(make_offer("t4", 0.0, provider="colab"),))) is None


def test_without_a_price_there_is_no_comparison():
    assert compared(market=make_market(prices=(), machines=())) is None


def test_dear_electricity_can_make_buying_never_pay():
    found = compared(electricity_usd_per_kwh=3.0)
    assert found.break_even_hours_per_month is None
    assert found.explanation.code == "money_never_pays"


def test_electricity_is_as_given_else_of_the_country_else_of_the_world():
    market = make_market()
    assert electricity(make_constraints(electricity_usd_per_kwh=0.5), market).value == 0.5
    assert electricity(make_constraints(country="de"), market).value == 0.40
    assert electricity(make_constraints(country="ZZ"), market).value == 0.165
    assert electricity(make_constraints(), make_market(electricity=())).value == MONEY["electricity_usd_per_kwh"].value


def test_every_constant_is_listed_as_an_assumption_with_its_reason():
    fields = {assumption.field for assumption in compared().assumptions}
    assert {"hours_per_month", "electricity_usd_per_kwh", "horizon_months", "host_usd", "resale_fraction"} <= fields
    assert all(assumption.why for assumption in compared().assumptions)


def test_every_explanation_is_a_complete_sentence():
    rents = (make_market(offers=(make_offer("geforce-rtx-4090", usd),)) for usd in (0.06, 0.3, 0.6, 5.0))
    told = [sentence(compared(hours=hours, market=market).explanation) for market in rents for hours in (5.0, 500.0)]
    assert not any("unknown" in text for text in told)


def test_each_constant_has_a_unit_a_reason_a_source_and_a_date():
    for constant in MONEY.values():
        assert constant.unit
        assert constant.why.endswith(".")
        assert constant.source
        assert constant.as_of.year >= 2020
