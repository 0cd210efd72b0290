from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.advice.limits import limits_for
from app.advice.picks import picks_for, ranking
from app.advice.prices import PriceBook
from app.engine.units import GIB
from app.wording import sentence
from tests.advice.answers import make_candidates, make_decision
from tests.advice.factories import (
    AMD_CARD,
    CATALOGUE,
    HIGH_CARD,
    LAPTOP_CARD,
    MAC,
    MID_CARD,
    PRICES,
    PRO_CARD,
    SERVER_CARD,
    SMALL_CARD,
    STALE,
    TODAY,
    TOP_CARD,
    TPU,
    make_accelerator,
    make_constraints,
    make_job,
    make_market,
    make_price,
)


def picks_of(*accelerators, scenario=2, tier="mid", market=None, constraints=None, **given_candidates):
    market, constraints = market or make_market(), make_constraints(**(constraints or {}))
    candidates = make_candidates(*accelerators, market=market, **given_candidates)
    decision = make_decision(scenario, tier)
    limits = limits_for(make_job(), decision, constraints=constraints, candidates=candidates)
    return picks_for(candidates, limits, decision=decision, constraints=constraints, book=PriceBook.of(market, TODAY))


def by_role(picks):
    return {pick.role: pick.device.slug for pick in picks}


def place(slug, *, accelerators=CATALOGUE, market=None, tier="mid", scenario=2, memory_gib=10.0, **constraints):
    """Place of a device in the ranking; worse than everything when it is not open to choice."""
    candidates = make_candidates(*accelerators, market=market, memory_gib=memory_gib)
    decision, limited = make_decision(scenario, tier), make_constraints(**constraints)
    limits = limits_for(make_job(), decision, constraints=limited, candidates=candidates)
    order = [
        candidates.device(row).slug for row in ranking(candidates, limits, decision=decision, constraints=limited).order
    ]
    return order.index(slug) if slug in order else len(CATALOGUE) + 1


def test_the_best_fit_holds_the_work_and_gives_most_speed_for_the_money():
    assert by_role(picks_of(*CATALOGUE))["best_fit"] == "geforce-rtx-5060-ti-16gb"


def test_the_best_fit_has_the_memory_of_the_decided_tier():
    assert by_role(picks_of(*CATALOGUE, tier="high"))["best_fit"] == "geforce-rtx-4090"


def test_roles_are_played_by_different_devices():
    picks = picks_of(*CATALOGUE, scenario=3, counts=(1, 2, 4), tier="high")
    assert len(picks) == len({pick.device.slug for pick in picks}) == len({pick.role for pick in picks})
    assert len(picks) <= 4


def test_the_cheaper_pick_costs_less_and_the_fastest_is_faster():
    picks = {pick.role: pick for pick in picks_of(*CATALOGUE, tier="high")}
    assert picks["cheaper"].price.usd < picks["best_fit"].price.usd
    assert picks["fastest"].device.peak.bf16 > picks["best_fit"].device.peak.bf16


def test_room_to_grow_has_more_memory():
    picks = {pick.role: pick for pick in picks_of(MID_CARD, HIGH_CARD, TOP_CARD)}
    assert picks["room_to_grow"].device.memory_bytes > picks["best_fit"].device.memory_bytes


@pytest.mark.parametrize(("cards", "cheaper"), [(4, SMALL_CARD.slug), (8, None)])
def test_a_cheaper_machine_is_no_heap_of_small_cards(cards, cheaper):
    market = make_market(prices=(make_price(PRO_CARD.slug, 30_000.0), make_price(SMALL_CARD.slug, 300.0)))
    picks = picks_of(PRO_CARD, SMALL_CARD, scenario=3, counts=(1, cards), memory_gib=20.0, market=market)

    assert (picks[0].device, picks[0].count) == (PRO_CARD, 1)
    assert by_role(picks).get("cheaper") == cheaper


def test_scenario_one_buys_nothing():
    assert picks_of(*CATALOGUE, scenario=1, tier="none") == ()


def test_a_device_that_another_one_beats_outright_is_not_shown():
    worse = make_accelerator("worse-and-dearer", memory_gib=20, tflops=90.0)
    market = make_market(prices=(*PRICES, make_price("worse-and-dearer", 4000.0)))
    picks = picks_of(MID_CARD, HIGH_CARD, worse, market=market)
    assert "worse-and-dearer" not in by_role(picks).values()


def test_old_cards_are_no_pick_unless_used_hardware_is_accepted():
    assert "geforce-gtx-1080" not in by_role(picks_of(*CATALOGUE, memory_gib=4.0, tier="entry")).values()


def test_a_processor_and_a_tpu_are_never_bought():
    kinds = {pick.device.kind for pick in picks_of(*CATALOGUE, TPU, scenario=3, counts=(1, 2, 4, 8))}
    assert kinds <= {"gpu", "apple_soc"}


def test_usual_software_goes_before_a_better_price():
    assert by_role(picks_of(AMD_CARD, HIGH_CARD, tier="high"))["best_fit"] == "geforce-rtx-4090"


def test_amd_is_the_best_fit_for_those_who_ask_for_it():
    picks = picks_of(*CATALOGUE, tier="high", constraints={"vendors": ["AMD"]})
    assert by_role(picks)["best_fit"] == "radeon-rx-7900-xtx"


def test_portable_work_gets_a_laptop_or_a_mac_and_the_whole_machine_is_named():
    picks = picks_of(*CATALOGUE, memory_gib=8.0, constraints={"portable": True})
    assert {pick.device.slug for pick in picks} <= {LAPTOP_CARD.slug, MAC.slug}
    assert all(pick.machine is not None for pick in picks)


def test_laptops_come_after_desktops_for_those_who_did_not_ask():
    assert by_role(picks_of(MID_CARD, LAPTOP_CARD, memory_gib=8.0))["best_fit"] == MID_CARD.slug


def test_an_old_price_ranks_after_a_fresh_one():
    market = make_market(prices=(make_price(MID_CARD.slug, 200.0, as_of=STALE), make_price(HIGH_CARD.slug, 3400.0)))
    assert by_role(picks_of(MID_CARD, HIGH_CARD, market=market))["best_fit"] == HIGH_CARD.slug


def test_picks_exist_even_when_nothing_has_a_price():
    picks = picks_of(*CATALOGUE, market=make_market(prices=(), machines=()))
    assert picks
    assert picks[0].price is None
    assert "price" in sentence(picks[0].look_out_for)


def test_picks_exist_even_when_nothing_holds_the_work():
    picks = picks_of(*CATALOGUE, memory_gib=5000.0)
    assert picks
    assert picks[0].fit == "does_not_fit"


@pytest.mark.parametrize("scenario", [2, 3, 4])
def test_picks_are_never_empty_however_tight_the_limits(scenario):
    limits = {"portable": True, "budget_usd": 1, "quiet": True, "vendors": ["Google"], "psu_watts": 300, "os": "mac"}
    assert picks_of(*CATALOGUE, scenario=scenario, counts=(1, 2, 8, 16), constraints=limits)


def test_reasons_hold_computed_numbers():
    pick = picks_of(MID_CARD)[0]
    assert 5 < pick.good_for.values["left_gib"] < 6
    assert pick.good_for.values["hours"] > 0
    assert "W" in sentence(pick.look_out_for)


def test_every_sentence_of_every_pick_is_complete():
    for tier in ("entry", "mid", "high", "workstation"):
        for timed in (True, False):
            for pick in picks_of(*CATALOGUE, tier=tier, scenario=3, counts=(1, 2, 4), timed=timed, memory_gib=20.0):
                told = " ".join(sentence(reason) for reason in (pick.good_for, pick.look_out_for, pick.why))
                assert "unknown" not in told, told


def test_the_order_is_the_same_every_time():
    assert picks_of(*CATALOGUE) == picks_of(*CATALOGUE)
    assert by_role(picks_of(*CATALOGUE)) == by_role(picks_of(*reversed(CATALOGUE)))


def test_several_cards_are_counted_as_one_pick():
    picks = picks_of(HIGH_CARD, PRO_CARD, SERVER_CARD, scenario=3, counts=(1, 2, 4, 8), memory_gib=150.0)
    assert picks[0].count > 1


CARDS = st.sampled_from([MID_CARD, HIGH_CARD, TOP_CARD, AMD_CARD, PRO_CARD, SMALL_CARD])


@settings(deadline=None)
@given(
    card=CARDS, more=st.floats(1.0, 8.0), need_gib=st.floats(1.0, 90.0), tier=st.sampled_from(["entry", "mid", "high"])
)
def test_more_memory_never_worsens_a_rank_within_the_decided_class(card, more, need_gib, tier):
    larger = replace(card, memory_bytes=card.memory_bytes * more, usable_memory_bytes=card.usable_memory_bytes * more)
    most_gib = make_decision(2, tier).tier.memory_gib_max
    assume(card.memory_bytes > most_gib * GIB or larger.memory_bytes <= most_gib * GIB)
    others = [device for device in CATALOGUE if device.slug != card.slug]
    before = place(card.slug, accelerators=(card, *others), memory_gib=need_gib, tier=tier)
    assert place(card.slug, accelerators=(larger, *others), memory_gib=need_gib, tier=tier) <= before


@settings(deadline=None)
@given(card=CARDS, dearer=st.floats(1.0, 20.0), budget=st.none() | st.floats(100.0, 20000.0))
def test_a_higher_price_never_improves_a_rank(card, dearer, budget):
    def market(times):
        return make_market(
            prices=tuple(
                make_price(price.accelerator, price.usd * (times if price.accelerator == card.slug else 1.0))
                for price in PRICES
                if price.condition == "new"
            )
        )

    limits = {} if budget is None else {"budget_usd": budget}
    open_before = place(card.slug, market=market(1.0), **limits)
    assert place(card.slug, market=market(dearer), **limits) >= min(open_before, len(CATALOGUE))


def test_the_ranking_never_prefers_what_breaks_a_limit():
    candidates = make_candidates(*CATALOGUE)
    constraints, decision = make_constraints(budget_usd=1000), make_decision()
    limits = limits_for(make_job(), decision, constraints=constraints, candidates=candidates)
    order = ranking(candidates, limits, decision=decision, constraints=constraints).order
    assert np.all(limits.pain[list(order)] == limits.pain.min())


def test_speed_that_a_short_run_does_not_need_is_not_paid_for():
    quick, long = (by_role(picks_of(*CATALOGUE, work_flops=flops))["best_fit"] for flops in (1e15, 1e21))
    cheap = make_market(prices=(make_price(MID_CARD.slug, usd=500.0), make_price(TOP_CARD.slug, usd=1200.0)))
    two = (MID_CARD, TOP_CARD)

    assert quick == long == MID_CARD.slug
    assert by_role(picks_of(*two, market=cheap, work_flops=1e15))["best_fit"] == MID_CARD.slug
    assert by_role(picks_of(*two, market=cheap, work_flops=1e21))["best_fit"] == TOP_CARD.slug


def test_a_quick_enough_card_is_told_to_be_quick_enough():
    (best, *_) = picks_of(*CATALOGUE, work_flops=1e15)

    assert "quick enough" in sentence(best.why)


def test_a_cheaper_card_tells_how_much_longer_it_takes():
    slow = make_accelerator("slow-card", memory_gib=16, tflops=30.0)
    market = make_market(prices=(make_price(slow.slug, usd=300.0), make_price(TOP_CARD.slug, usd=1500.0)))
    picks = picks_of(slow, TOP_CARD, market=market, work_flops=1e21)

    assert [pick.role for pick in picks] == ["best_fit"]  # seven times as slow is no alternative
    near = make_accelerator("near-card", memory_gib=16, tflops=90.0)
    market = make_market(prices=(make_price(near.slug, usd=1000.0), make_price(TOP_CARD.slug, usd=1500.0)))
    told = {pick.role: sentence(pick.why) for pick in picks_of(near, TOP_CARD, market=market, work_flops=1e21)}
    assert "2.3 times as long" in told["cheaper"]


def test_people_who_share_a_machine_get_a_card_for_two_of_them():
    (alone, *_) = picks_of(MID_CARD, scenario=3, counts=(1, 2, 4, 8))
    (shared, *_) = picks_of(MID_CARD, scenario=3, counts=(1, 2, 4, 8), constraints={"people": 6})

    assert (alone.count, shared.count) == (1, 4)


def test_a_card_made_for_another_country_is_picked_only_there():
    export = make_accelerator("h20-96gb", name="NVIDIA H20 96GB (China)", memory_gib=96, tflops=900.0)
    market = make_market(prices=(make_price(export.slug, usd=900.0), *PRICES))

    assert by_role(picks_of(export, *CATALOGUE, market=market))["best_fit"] != export.slug
    there = picks_of(export, *CATALOGUE, market=market, constraints={"country": "cn"})
    assert by_role(there)["best_fit"] == export.slug


def test_a_run_of_many_years_is_no_pick_however_cheap():
    slow = make_accelerator("slow-card", memory_gib=16, tflops=2.0)
    market = make_market(prices=(make_price(slow.slug, usd=100.0), make_price(TOP_CARD.slug, usd=5000.0)))

    assert (
        by_role(picks_of(slow, TOP_CARD, market=market, work_flops=1e21, constraints={"budget_usd": 200}))["best_fit"]
        == TOP_CARD.slug
    )


def test_shared_memory_comes_after_cards_where_compute_decides():
    market = make_market(prices=(make_price(MAC.slug, usd=100.0), make_price(HIGH_CARD.slug, usd=5000.0)))

    assert by_role(picks_of(MAC, HIGH_CARD, market=market, work_flops=1e15))["best_fit"] == HIGH_CARD.slug
