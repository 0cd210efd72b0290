from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.advice.cloud import cloud_for
from app.advice.market import usual_device_hours
from app.advice.offer_checks import in_region, is_doubtful
from app.wording import sentence
from tests.advice.answers import make_candidates, make_decision, make_need
from tests.advice.factories import (
    CATALOGUE,
    OFFERS,
    STALE,
    TODAY,
    make_constraints,
    make_job,
    make_market,
    make_offer,
    make_workload,
)


def cloud_of(
    *, scenario=2, offers=OFFERS, job=None, need=None, counts=(1,), timed=True, memory_gib=10.0, flops=1e18, **limits
):
    market = make_market(offers=offers)
    candidates = make_candidates(
        *CATALOGUE, counts=counts, market=market, timed=timed, memory_gib=memory_gib, work_flops=flops
    )
    return cloud_for(
        job or make_job(), need or make_need(), decision=make_decision(scenario), constraints=make_constraints(**limits),
        candidates=candidates, market=market, today=TODAY,
    )  # fmt: skip


def providers(cloud):
    return [option.provider for option in cloud.options]


def test_a_closed_provider_is_never_offered():
    assert "floydhub" not in providers(cloud_of())
    assert "floydhub" not in providers(cloud_of(providers=["FloydHub"]))


def test_offers_come_in_order_of_what_the_whole_job_costs():
    totals = [option.total_usd.expected for option in cloud_of().options if option.fresh]
    assert totals == sorted(totals)
    assert len(totals) >= 3


def test_the_total_is_price_times_the_hours_of_the_estimate():
    option = next(option for option in cloud_of().options if option.device.slug == "l4")
    assert option.total_usd.low == pytest.approx(option.usd_per_hour * option.hours.low)
    assert option.total_usd.low < option.total_usd.expected < option.total_usd.high


def test_old_prices_are_marked_and_never_come_first():
    offers = (make_offer("l4", 0.7), make_offer("l4", 0.2, provider="vast", as_of=STALE))
    options = cloud_of(offers=offers).options
    assert options[0].fresh
    old = next(option for option in options if option.provider == "vast")
    assert old.note.code == "cloud_old_price"
    assert options.index(old) > max(options.index(option) for option in options if option.fresh)


def test_a_provider_that_was_asked_for_is_shown_by_any_of_its_names():
    for name in ("aws", "AWS", "Amazon", "Amazon Web Services"):
        assert set(providers(cloud_of(providers=[name]))) == {"aws"}


def test_a_provider_without_an_offer_is_said_and_the_others_are_shown():
    cloud = cloud_of(providers=["lambda"], memory_gib=10.0, offers=[o for o in OFFERS if o.provider != "lambda"])
    assert cloud.options
    assert cloud.cautions[0].reason.code == "relaxed_providers"
    assert "lambda" in sentence(cloud.cautions[0].reason)


def test_nothing_is_rented_where_nothing_may_leave_the_premises():
    assert cloud_of(on_premises_only=True).options == ()


def test_spot_prices_are_shown_only_to_those_who_accept_them_and_kept_apart():
    assert {option.pricing for option in cloud_of().options} == {"on_demand"}
    both = [option for option in cloud_of(spot_ok=True, providers=["aws"]).options if option.instance == "g6.xlarge"]
    assert {option.pricing for option in both} == {"on_demand", "spot"}


def test_work_on_spot_takes_longer_because_some_is_done_again():
    options = {o.pricing: o for o in cloud_of(spot_ok=True, providers=["aws"]).options if o.instance == "g6.xlarge"}
    assert options["spot"].hours.expected > options["on_demand"].hours.expected


def test_small_work_gets_a_free_notebook_and_it_comes_first():
    first = cloud_of().options[0]
    assert first.free
    assert first.note.code == "cloud_free"


def test_long_work_gets_no_free_notebook():
    assert not any(option.free for option in cloud_of(flops=1e22).options)


def test_an_empty_price_is_unknown_and_not_offered():
    offers = (make_offer("l4", None, provider="aws", instance="unknown price"),)
    assert cloud_of(offers=offers).options == ()


def test_at_most_two_offers_come_from_one_provider():
    offers = tuple(
        make_offer(slug, 0.5 + n / 10, provider="runpod", instance=f"{slug}-{n}")
        for n, slug in enumerate(("geforce-rtx-4090", "geforce-rtx-5090", "rtx-pro-6000-ws-blackwell", "l4"))
    )
    assert providers(cloud_of(offers=offers)).count("runpod") == 2


def test_pretraining_is_offered_tpus_whatever_they_cost():
    job = make_job(workload=make_workload(task="pretrain"))
    cloud = cloud_of(job=job, scenario=4, counts=(1, 8, 16), memory_gib=60.0)
    assert any(option.device.kind == "tpu" for option in cloud.options)


def test_a_cluster_takes_as_many_instances_as_the_job_needs():
    cloud = cloud_of(scenario=4, counts=(8, 16, 32), memory_gib=1000.0)
    option = next(option for option in cloud.options if option.provider == "lambda")
    assert option.instances == 2
    assert option.count == 16
    assert option.usd_per_hour == 48.0
    assert option.note.code == "cloud_several_instances"


def test_small_instances_make_no_cluster():
    cloud = cloud_of(scenario=4, counts=(8, 16), memory_gib=1000.0)
    assert not any(option.device.slug == "l4" for option in cloud.options)


def test_inference_without_an_end_is_priced_by_the_month():
    option = next(o for o in cloud_of(timed=False, job=make_job(training=False)).options if o.device.slug == "l4")
    assert option.basis == "month"
    assert option.total_usd.expected == pytest.approx(option.usd_per_hour * 20.0)


def test_hours_that_nobody_knows_stay_unknown():
    options = cloud_of(timed=False, need=make_need(monthly_hours=None)).options
    assert options
    assert all(option.hours is None and option.total_usd is None for option in options)


def test_a_monthly_budget_leaves_out_what_costs_more():
    options = cloud_of(budget_usd_per_month=11.0).options
    assert options
    assert all(option.usd_per_hour * 20 <= 11.0 for option in options)


def test_regions_are_kept_to_and_offers_without_a_place_stay():
    assert {option.region for option in cloud_of(regions=["us-central1"]).options} <= {"us-central1", "global"}


def test_a_region_nobody_serves_is_said():
    offers = tuple(offer for offer in OFFERS if offer.region != "global")
    cloud = cloud_of(regions=["antarctica"], offers=offers)
    assert cloud.options
    assert cloud.cautions[0].reason.code == "relaxed_regions"


def test_a_price_far_below_the_usual_one_is_doubted():
    offers = [make_offer("l4", usd) for usd in (0.7, 0.8, 0.75, 0.9, 0.02)]
    usual = usual_device_hours(offers)
    assert [is_doubtful(offer, usual) for offer in offers] == [False, False, False, False, True]


def test_slices_of_a_device_are_left_out():
    assert cloud_of(offers=(make_offer("l4", 0.2, accelerator_count=0.5),)).options == ()


@pytest.mark.parametrize(
    ("region", "asked", "expected"),
    [("europe-west4", "europe", True), ("eu-central-1", "EU", True), ("us-east-1", "us", True), ("GRA/EU", "eu", True),
     ("ap-south-1", "asia", True), ("us-east-1", "eu", False), ("Global", "eu", True),
     ("europe-west4", "us", False), ("eastus2", "us", True), ("asia-east1", "us", False), ("US/IS", "us", True)],
)  # fmt: skip
def test_regions_are_found_by_continent(region, asked, expected):
    assert in_region(region, asked) is expected


@settings(deadline=None)
@given(usd=st.floats(0.05, 50.0), age=st.integers(0, 400))
def test_every_offer_shown_has_its_price_date_and_source(usd, age):
    offers = (make_offer("l4", usd, as_of=date.fromordinal(TODAY.toordinal() - age)),)
    for option in cloud_of(offers=offers).options:
        assert option.usd_per_hour == usd
        assert option.source
        assert option.fresh == (age <= 120)


def test_the_stale_day_of_the_factories_is_stale():
    assert (TODAY - STALE).days > 120


def test_tpus_are_offered_for_large_training_only():
    everyday = cloud_of(scenario=3, counts=(1, 8), offers=[o for o in OFFERS if o.accelerator == "tpu-v6e"])
    assert everyday.options == ()


def test_what_is_probably_too_small_is_not_offered():
    cloud = cloud_of(memory_gib=25.0)
    assert not any(option.device.slug == "l4" for option in cloud.options)


def test_makers_that_nobody_rents_out_are_said_and_others_are_shown():
    cloud = cloud_of(scenario=3, counts=(1, 8), vendors=["Apple"])
    assert cloud.options
    assert cloud.cautions[0].reason.code == "relaxed_cloud_vendor"


def test_where_nothing_rented_holds_the_work_the_largest_is_shown_and_said():
    cloud = cloud_of(scenario=4, counts=(8, 16), memory_gib=1e6)
    assert cloud.options
    assert cloud.options[0].fit == "does_not_fit"
    assert [caution.reason.code for caution in cloud.cautions] == ["relaxed_cloud_fit"]


def test_a_deadline_that_no_rented_machine_keeps_is_said():
    cloud = cloud_of(scenario=3, deadline_hours=1e-6)
    assert cloud.options
    assert cloud.cautions[0].reason.code == "relaxed_cloud_deadline"
    assert "finishes" in sentence(cloud.cautions[0].reason)
