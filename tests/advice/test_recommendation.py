import timeit
from dataclasses import dataclass

import pytest

from app.advice.reasons import Caution, Reason
from app.advice.recommendation import by_severity, recommend
from app.advice.rejections import MOST_ROWS
from app.wording import sentence
from tests.advice.factories import (
    TODAY,
    make_constraints,
    make_devices,
    make_market,
    make_offer,
    make_policy,
    make_rule,
)
from tests.advice.test_sensitivity import LLM, VISION, job_of


@dataclass(frozen=True)
class Match:
    slug: str


class SlugsOnly:
    """A catalogue index that knows nothing but slugs."""

    def resolve(self, text):
        return Match(text)

    def find_in_text(self, text):
        return ()


def recommended(workload=VISION, *, scenario="one-gpu", tier="mid", market=None, **constraints):
    policy = make_policy(rules=(make_rule(outcome=scenario), make_rule("tier", kind="tier", outcome=tier)))
    return recommend(
        job_of(workload), make_constraints(**constraints), devices=make_devices(), market=market or make_market(),
        policy=policy, names=SlugsOnly(), today=TODAY, rejob=lambda changes: job_of(workload | dict(changes)),
    )  # fmt: skip


def test_one_call_answers_everything():
    found = recommended()
    assert found.decision.scenario.number == 2
    assert found.picks
    assert found.cloud
    assert found.buy_or_rent.buy is found.picks[0]
    assert found.host.ram_gb > 0
    assert len(found.changes) >= 3
    assert sentence(found.verdict)


@pytest.mark.parametrize("workload", [LLM, VISION])
@pytest.mark.parametrize(
    ("scenario", "tier"),
    [("no-gpu", "none"), ("one-gpu", "mid"), ("box-or-cloud", "workstation"), ("cluster", "cluster")],
)
def test_every_scenario_is_answered_in_whole_sentences(workload, scenario, tier):
    found = recommended(workload, scenario=scenario, tier=tier)
    reasons = [reason for pick in found.picks for reason in (pick.good_for, pick.look_out_for, pick.why)]
    reasons += [caution.reason for caution in found.cautions] + [rejection.because for rejection in found.rejected]
    reasons += [option.note for option in found.cloud if option.note] + list(found.first_steps) + [found.verdict]
    assert all(sentence(reason) for reason in reasons)
    assert bool(found.picks) == (scenario != "no-gpu")


def test_a_limit_that_nothing_meets_is_named_in_a_warning():
    found = recommended(portable=True, market=make_market(machines=()))
    warned = " ".join(sentence(caution.reason) for caution in found.cautions if caution.severity == "warning")
    assert "portable" in warned
    assert found.picks


def test_hardware_that_is_considered_and_rejected_says_why():
    found = recommended(considering=[{"accelerator": "geforce-gtx-1080"}])
    because = {rejection.device.slug: rejection.because.code for rejection in found.rejected}
    assert because["geforce-gtx-1080"] == "rejected_old_software"


def test_hardware_that_is_owned_is_judged_and_not_rejected():
    found = recommended(existing_hardware=[{"accelerator": "geforce-rtx-4090"}], budget_usd=0)
    assert [owned.slug for owned in found.owned] == ["geforce-rtx-4090"]
    assert "geforce-rtx-4090" not in {rejection.device.slug for rejection in found.rejected}


@pytest.mark.parametrize(
    ("usd_per_hour", "asked", "words"),
    [
        (2.0, {}, "Rent by the hour"),
        (2.0, {"ownership": "buy"}, "as you ask: it pays from about"),
        (0.05, {"ownership": "buy"}, "as you ask. At these prices, renting"),
        (0.05, {}, "does not pay back, whatever the hours"),
    ],
)
def test_who_asks_to_buy_is_told_to_buy_and_when_renting_would_be_cheaper(usd_per_hour, asked, words):
    market = make_market(offers=(make_offer("h100-sxm5-80gb", usd_per_hour),))
    found = recommended(LLM, scenario="box-or-cloud", tier="datacenter", market=market, **asked)

    assert words in sentence(found.verdict)


def test_a_cluster_is_no_need_of_who_has_enough():
    found = recommended(scenario="cluster", tier="cluster", existing_hardware=[{"accelerator": "geforce-rtx-4090"}])

    assert sentence(found.verdict).startswith("What you have is enough")


def test_the_list_of_rejections_is_short_and_names_each_device_once():
    found = recommended(vendors=["NVIDIA"], budget_usd=1000, os="linux")
    slugs = [rejection.device.slug for rejection in found.rejected]
    assert 0 < len(slugs) <= MOST_ROWS
    assert len(slugs) == len(set(slugs))
    assert not set(slugs) & {pick.device.slug for pick in found.picks}


def test_spending_nothing_is_no_problem_but_a_note():
    found = recommended(budget_usd=0)
    severity = {caution.reason.code: caution.severity for caution in found.cautions}
    assert severity["relaxed_budget_zero"] == "note"


def test_problems_come_before_warnings_before_notes_and_each_once():
    found = (Caution("note", Reason("a")), Caution("problem", Reason("b")), Caution("warning", Reason("c")))
    assert [caution.severity for caution in by_severity((*found, *found))] == ["problem", "warning", "note"]


def test_an_empty_market_still_gives_an_answer():
    market = make_market(prices=(), offers=(), machines=(), providers=(), host_parts=(), electricity=())
    found = recommended(market=market)
    assert found.picks
    assert found.cloud == ()
    assert found.buy_or_rent is None


def test_the_same_question_has_the_same_answer():
    first, second = recommended(), recommended()
    assert first.picks == second.picks
    assert first.cloud == second.cloud
    assert first.changes == second.changes


def test_an_answer_takes_less_than_a_third_of_a_second():
    recommended(LLM)
    assert min(timeit.repeat(lambda: recommended(LLM), number=1, repeat=3)) < 0.3


def test_prices_of_another_day_are_another_answer():
    found = recommend(
        job_of(VISION), make_constraints(), devices=make_devices(), market=make_market(), policy=make_policy(),
        names=SlugsOnly(), today=TODAY.replace(year=2027), rejob=lambda changes: job_of(VISION | dict(changes)),
    )  # fmt: skip
    assert not found.picks[0].price.fresh
    assert not any(option.fresh for option in found.cloud)


@pytest.mark.parametrize(("deadline_hours", "told"), [(1e-4, True), (100.0, False)])
def test_nobody_is_sent_to_more_machines_for_a_run_shorter_than_their_start(deadline_hours, told):
    found = recommended(VISION, scenario="cluster", deadline_hours=deadline_hours)

    assert any(caution.reason.code == "start_takes_longer" for caution in found.cautions) == told
    assert found.decision.reasons == recommended(VISION, scenario="cluster", deadline_hours=1 / 6).decision.reasons
    assert max(found.candidates.systems.count) <= 64
    assert not (told and found.meets_limits)
