"""The shipped rules decide by computed facts: one small question for each thing that they have to get right."""

import pytest

from app.advice.decide import UndecidedError, decide
from app.advice.facts import Case, facts_of
from app.advice.need import Range
from app.advice.owned_fit import NOTHING_OWNED, OwnedFit
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import GIB
from app.wording import sentence
from tests.advice.answers import make_need
from tests.advice.factories import (
    make_constraints,
    make_job,
    make_llm_job,
    make_policy,
    make_rule,
    make_transformer,
    make_workload,
)
from tests.advice.policies import shipped_policy

XGBOOST = AlgorithmSpec("xgboost", "classical", "yes, large")
QUICK = {"cpu_hours": 0.2, "consumer_gpu_hours": 0.05, "notebook_hours": 0.1}
USUAL = {"cpu_hours": 200.0, "consumer_gpu_hours": 4.0, "notebook_hours": 12.0, "box_hours": 0.5}


@pytest.fixture
def decided():
    """The decision on a job, its need and constraints."""

    def run(job=None, need=None, constraints=None, owned=NOTHING_OWNED):
        return decide(
            job or make_job(),
            make_need(**(need or USUAL)),
            constraints=make_constraints(**(constraints or {})),
            policy=shipped_policy(),
            owned=owned,
        )

    return run


@pytest.fixture
def table():
    """A job on a table."""

    def make(**changes):
        workload = make_workload(task="classical", domain="tabular")
        facts = {
            "model": XGBOOST,
            "work_class": "tabular",
            "training": False,
            "rows": 1e5,
            "columns": 30.0,
            "data_bytes": None,
        }
        return make_job(workload=workload, **{**facts, **changes})

    return make


@pytest.fixture
def running():
    """Running a language model."""

    def make(**changes):
        workload = make_workload(task="inference", domain="text", **changes.pop("workload", {}))
        return make_llm_job(workload=workload, training=False, work_class="llm_serving", method="full", **changes)

    return make


def test_a_course_needs_no_gpu_whatever_it_would_take(decided):
    job = make_job(workload=make_workload(task="learn"))

    assert decided(job, USUAL | {"consumer_gpu_fits": False}).rule.slug == "learning"


def test_a_run_that_a_processor_finishes_over_lunch_needs_no_gpu(decided):
    job = make_job(workload=make_workload(dataset={"samples": 1000}))

    assert decided(job, QUICK).scenario.slug == "no-gpu"


def test_an_amount_of_data_that_was_only_assumed_does_not_make_a_run_small(decided):
    assert decided(make_job(), QUICK).scenario.slug == "one-gpu"


def test_classical_work_on_a_usual_table_stays_on_the_processor(decided, table):
    assert decided(table(), {"cpu_hours": 0.01, "consumer_gpu_hours": 0.005}).rule.slug == "table-on-a-processor"


def test_a_table_that_takes_hours_gets_a_card_where_one_is_several_times_faster(decided, table):
    need = {"cpu_hours": 9.0, "consumer_gpu_hours": 1.0}

    assert decided(table(rows=2e7), need).rule.slug == "table-faster-on-a-card"
    assert decided(table(rows=2e7), need | {"consumer_gpu_hours": 6.0}).scenario.slug == "no-gpu"


def test_a_table_larger_than_any_card_wants_memory_not_a_cluster(decided, table):
    need = {"cpu_hours": 5.0, "consumer_gpu_fits": False, "devices_80gb": 40.0}

    assert decided(table(data_bytes=1e11), need).rule.slug == "table-larger-than-a-card"


@pytest.mark.parametrize(("observations", "scenario"), [("vector", "no-gpu"), (None, "no-gpu"), ("pixels", "one-gpu")])
def test_agents_need_a_card_only_when_they_see_pixels(decided, observations, scenario):
    from tests.advice.factories import make_network

    workload = make_workload(domain="rl", observations=observations)
    job = make_job(workload=workload, work_class="rl", model=make_network(parameters=1e5, architecture="mlp"))

    assert decided(job, USUAL).scenario.slug == scenario


@pytest.mark.parametrize(("tokens_per_s", "scenario"), [(30.0, "no-gpu"), (8.0, "one-gpu")])
def test_a_language_model_that_a_processor_writes_quickly_needs_no_card(decided, running, tokens_per_s, scenario):
    assert decided(running(), {"cpu_tokens_per_s": tokens_per_s}).scenario.slug == scenario


def test_nothing_to_spend_means_a_free_notebook_or_the_card_they_have(decided):
    broke = {"budget_usd": 0}

    assert decided(constraints=broke).scenario.slug == "no-gpu"
    assert decided(constraints=broke, owned=OwnedFit(1, fits=False, works=True)).scenario.slug == "one-gpu"


@pytest.mark.parametrize(
    ("need", "rule"),
    [
        ({"consumer_gpu_fits": False}, "more-than-a-desktop-card"),
        ({"consumer_gpu_hours": 400.0}, "too-long-on-one-card"),
        ({"devices_80gb": 16.0}, "beyond-one-machine"),
        ({"box_hours": 900.0}, "too-long-in-one-machine"),
    ],
)
def test_larger_work_moves_to_a_box_and_then_to_a_cluster(decided, need, rule):
    assert decided(need=USUAL | need).rule.slug == rule


@pytest.mark.parametrize(
    ("hours", "deadline", "scenario"), [(4.0, 10.0, "one-gpu"), (40.0, 10.0, "box-or-cloud"), (4000.0, 10.0, "cluster")]
)
def test_a_deadline_asks_for_more_cards(decided, hours, deadline, scenario):
    need = USUAL | {"consumer_gpu_hours": hours, "box_hours": hours / 8}

    assert decided(need=need, constraints={"deadline_hours": deadline}).scenario.slug == scenario


@pytest.mark.parametrize(
    "workload", [{"runs_per_month": 20}, {"hours_per_month": 300}], ids=["daily runs", "hours a month"]
)
def test_regular_training_asks_whether_to_buy_or_rent(decided, workload):
    assert decided(make_job(workload=make_workload(**workload))).rule.slug == "regular-training"


@pytest.mark.parametrize(
    ("constraints", "rule"),
    [
        ({"ownership": "rent"}, "wants-to-rent"),
        ({"ownership": "rent", "on_premises_only": True}, "one-card-trains-it"),
        ({"providers": ["AWS"]}, "wants-to-rent"),
        ({"providers": ["AWS"], "ownership": "buy"}, "one-card-trains-it"),
        ({"people": 6}, "shared-by-a-team"),
        ({"portable": True}, "portable-card"),
    ],
)
def test_circumstances_decide_between_one_card_and_box_or_cloud(decided, constraints, rule):
    assert decided(constraints=constraints).rule.slug == rule


def test_a_service_for_many_people_is_a_box_or_the_cloud(decided, running):
    job = running(workload={"concurrent_requests": 40}, concurrent_requests=40)

    assert decided(job, {"cpu_tokens_per_s": 60.0}).rule.slug == "service-for-many"


def test_training_from_nothing_for_days_takes_data_centre_cards(decided):
    job = make_llm_job(workload=make_workload(task="pretrain", domain="text"), work_class="llm_pretrain", method="full")
    decision = decided(job, USUAL | {"consumer_gpu_hours": 100.0})

    assert (decision.scenario.slug, decision.tier.slug) == ("box-or-cloud", "datacenter")


def test_an_fpga_is_for_answers_within_a_millisecond_and_never_for_training(decided):
    from app.advice.hardware_words import described

    asked = {"asked_for": (described("FPGA board"),)}
    fast = make_job(workload=make_workload(task="inference", latency_ms=0.5), training=False)

    assert decided(fast, USUAL | asked).rule.slug == "fpga-for-instant-answers"
    assert [c.severity for c in decided(make_job(), USUAL | asked).cautions] == ["problem"]


@pytest.mark.parametrize(
    ("gib", "tier"), [(6.0, "entry"), (12.0, "mid"), (20.0, "high"), (48.0, "workstation"), (141.0, "datacenter")]
)
def test_the_tier_follows_the_smallest_card_that_holds_the_work(decided, running, gib, tier):
    memory = Range(0.3 * gib * GIB, 0.4 * gib * GIB, 0.5 * gib * GIB)
    need = {"smallest_single_gpu_gib": gib, "consumer_gpu_fits": gib <= 32, "cpu_tokens_per_s": 2.0, "memory": memory}

    assert decided(running(), need).tier.slug == tier


def test_training_with_an_unnamed_model_takes_a_card_with_room(decided):
    need = USUAL | {"smallest_single_gpu_gib": 6.0}

    assert decided(need=need).tier.slug == "mid"
    assert decided(need=need, constraints={"portable": True}).tier.slug == "entry"


def test_a_model_of_unknown_memory_still_gets_an_answer(decided):
    decision = decided(need={"memory": None, "consumer_gpu_fits": False, "single_gpu_fits": False})

    assert (decision.rule.slug, decision.tier.slug) == ("memory-unknown", "mid")


def test_portable_contradicts_work_that_no_laptop_holds(decided):
    need = USUAL | {"laptop_fits": False, "consumer_gpu_fits": False}
    cautions = decided(need=need, constraints={"portable": True}).cautions

    assert "Portable" in sentence(cautions[0].reason)


def test_reasons_hold_the_numbers_that_decided(decided):
    decision = decided(need=USUAL | {"smallest_single_gpu_gib": 16.0})

    assert "10 GiB" in sentence(decision.reasons[0])
    assert "50 times" in sentence(decision.reasons[0])


def test_no_reason_of_a_shipped_rule_says_unknown_when_it_decides(decided, running, table):
    jobs = [make_job(), running(), table(), make_llm_job()]
    needs = [
        USUAL,
        {"memory": None, "consumer_gpu_fits": False, "single_gpu_fits": False},
        {"consumer_gpu_hours": 500.0},
    ]
    told = [sentence(reason) for job in jobs for need in needs for reason in decided(job, need).reasons]

    assert not [text for text in told if "unknown" in text and "memory unknown" not in text]


def test_a_policy_without_a_rule_that_always_holds_is_told_so():
    policy = make_policy(rules=(make_rule(condition="need.memory_gib > 1e9"),))

    with pytest.raises(UndecidedError, match="no scenario rule holds"):
        decide(make_job(), make_need(), constraints=make_constraints(), policy=policy)


def test_a_rule_that_names_a_missing_scenario_is_told_so():
    policy = make_policy(rules=(make_rule(outcome="two-gpus"),))

    with pytest.raises(UndecidedError, match="two-gpus"):
        decide(make_job(), make_need(), constraints=make_constraints(), policy=policy)


def test_facts_that_nobody_knows_are_not_numbers():
    facts = facts_of(Case(make_job(samples=None), make_need(), make_constraints(), OwnedFit()))

    assert facts["workload.samples"] != facts["workload.samples"]
    assert facts["constraints.ownership"] == ""
    assert facts["constraints.portable"] is False


def test_a_mixture_of_experts_counts_all_its_parameters():
    model = make_transformer(parameters=46.7e9, active_parameters=12.9e9)
    facts = facts_of(Case(make_llm_job(model=model), make_need(), make_constraints(), OwnedFit()))

    assert facts["workload.parameters_b"] == pytest.approx(46.7)


@pytest.mark.parametrize(
    ("gib", "segment", "tier"),
    [
        (8.0, "desktop", "entry"),
        (24.0, "desktop", "high"),
        (48.0, "workstation", "workstation"),
        (96.0, "workstation", "workstation"),
        (80.0, "datacenter", "datacenter"),
    ],
)
def test_the_class_of_hardware_is_that_of_the_card_that_people_have_and_that_is_enough(decided, gib, segment, tier):
    owned = OwnedFit(1, fits=True, works=True, card_gib=gib, card_segment=segment)

    assert decided(owned=owned).tier.slug == tier


def test_people_with_small_graphics_are_shown_the_first_step_up(decided):
    small = OwnedFit(1, small=True)
    need = USUAL | {"smallest_single_gpu_gib": 6.0}

    assert decided(make_job(workload=make_workload(model=None)), need, owned=small).tier.slug == "entry"
    assert decided(make_job(workload=make_workload(model=None)), need).tier.slug == "mid"


def test_a_run_a_month_goes_to_a_free_notebook(decided):
    job, need = make_job(workload=make_workload(runs_per_month=1)), USUAL | {"notebook_hours": 3.0}

    assert decided(job, need).rule.slug == "seldom-a-free-notebook"
    assert decided(job, need | {"notebook_hours": 30.0}).scenario.slug == "one-gpu"
    assert decided(job, need, {"ownership": "buy"}).scenario.slug == "one-gpu"


def test_a_machine_with_larger_cards_is_still_one_machine(decided):
    need = USUAL | {"consumer_gpu_fits": False, "devices_80gb": 16.0, "box_fits": True}

    assert decided(make_llm_job(method="lora"), need).scenario.slug == "box-or-cloud"
    assert decided(make_llm_job(method="full"), need).scenario.slug == "cluster"


@pytest.mark.parametrize(("hours", "tier"), [(2.0, "mid"), (60.0, "high"), (2000.0, "datacenter")])
def test_long_runs_want_faster_classes_than_their_memory_says(decided, hours, tier):
    job = make_job(workload=make_workload(model=None))

    assert decided(job, USUAL | {"consumer_gpu_hours": hours}).tier.slug == tier
