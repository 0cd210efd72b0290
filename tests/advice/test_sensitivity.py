from dataclasses import replace

import pytest

from app.advice.decide import decide
from app.advice.need import need_of
from app.advice.sensitivity import changes_for, difference, neighbours
from app.engine.defaults import complete
from app.engine.model_from_counts import model_from_counts
from app.engine.model_spec import AlgorithmSpec
from app.engine.workload import ModelChoice, Workload
from app.wording import sentence
from tests.advice.answers import make_decision, make_need
from tests.advice.factories import (
    make_constraints,
    make_devices,
    make_diffusion,
    make_job,
    make_llm_job,
    make_network,
    make_policy,
    make_rule,
    make_transformer,
    make_workload,
)

LLM = {"task": "finetune", "domain": "text", "model": {"parameters": 8e9, "architecture": "decoder"}, "method": "qlora"}
VISION = {
    "task": "train", "domain": "vision", "dataset": {"samples": 50000},
    "model": {"parameters": 25e6, "architecture": "cnn", "gmacs_per_sample": 4.1, "activations_m_per_sample": 11.1},
}  # fmt: skip


def job_of(workload):
    asked = Workload.model_validate({name: value for name, value in workload.items() if value is not None})
    model = model_from_counts(ModelChoice.model_validate(asked.model), asked)
    return complete(asked, model=model, assume_data=True)


def changes_of(workload, policy=None, **constraints):
    job, limited, devices = job_of(workload), make_constraints(**constraints), make_devices()
    policy = policy or make_policy()
    need = need_of(job, limited, devices=devices)
    decision = decide(job, need, constraints=limited, policy=policy)
    return changes_for(
        job,
        need,
        decision=decision,
        constraints=limited,
        devices=devices,
        policy=policy,
        rejob=lambda changes: job_of(workload | dict(changes)),
    )


def by_memory_policy():
    """One card up to 16 GiB, a box beyond."""
    return make_policy(
        rules=(
            make_rule("large", priority=9, condition="need.memory_gib > 16", outcome="box-or-cloud"),
            make_rule(),
            make_rule("high", kind="tier", priority=9, condition="need.memory_gib > 16", outcome="high"),
            make_rule("mid", kind="tier", outcome="mid"),
        )
    )


@pytest.mark.parametrize("workload", [LLM, VISION])
def test_at_least_three_neighbours_are_told(workload):
    changes = changes_of(workload)
    assert 3 <= len(changes) <= 5
    assert all(sentence(change.if_) and sentence(change.then) for change in changes)


def test_what_changes_the_scenario_is_told_first():
    changes = changes_of(LLM, by_memory_policy())
    assert changes[0].then.code.startswith("then_scenario")
    kinds = [change.then.code.split("_")[1] for change in changes]
    order = ["scenario", "tier", "card", "several", "memory", "stays"]
    assert [order.index(kind) for kind in kinds] == sorted(order.index(kind) for kind in kinds)


def test_a_larger_model_is_among_the_neighbours_of_a_language_model():
    larger = next(n for n in neighbours(make_llm_job(), make_need()) if n.if_.code == "if_model")
    assert larger.changes["model"]["parameters"] == 32e9


def test_the_largest_model_has_only_smaller_neighbours():
    job = make_llm_job(model=make_transformer(parameters=405e9, active_parameters=405e9))
    sizes = [n.changes["model"]["parameters"] for n in neighbours(job, make_need()) if n.if_.code == "if_model"]
    assert sizes == [123e9]


@pytest.mark.parametrize(("method", "other"), [("full", "qlora"), ("lora", "qlora"), ("qlora", "full")])
def test_the_other_method_is_asked_about(method, other):
    job = make_llm_job(method=method)
    found = next(n for n in neighbours(job, make_need()) if n.if_.code == "if_method")
    assert found.changes["method"] == other


@pytest.mark.parametrize(("method", "other"), [("full", "lora"), ("dreambooth", "lora"), ("lora", "full")])
def test_who_names_no_picture_generator_is_asked_about_a_smaller_one_and_about_another_method(method, other):
    asked = make_workload(task="finetune", domain="image_generation", method=method)
    job = make_job(workload=asked, model=make_diffusion(), method=method)
    found = {n.if_.code: n.changes for n in neighbours(job, make_need())}

    assert found["if_named_model"]["model"] == {"name": "sd-1.5"}
    assert found["if_method"]["method"] == other
    named = replace(job, workload=make_workload(**asked.model_dump(exclude_none=True) | {"model": {"name": "flux"}}))
    assert "if_named_model" not in {n.if_.code for n in neighbours(named, make_need())}


def test_inference_is_asked_about_fewer_bits_longer_texts_and_more_requests():
    job = make_llm_job(
        workload=make_workload(task="inference", domain="text"), training=False, precision="fp16", concurrent_requests=1
    )
    assert {"if_precision", "if_length", "if_requests"} <= {n.if_.code for n in neighbours(job, make_need())}


def test_an_agent_that_sees_numbers_is_asked_about_pixels_and_the_other_way_round():
    def seen(observations):
        job = make_job(workload=make_workload(domain="rl", observations=observations), image_size=None)
        return next(n.changes["observations"] for n in neighbours(job, make_need()) if "observations" in n.changes)

    assert seen("vector") == "pixels"
    assert seen("pixels") == "vector"


def test_tables_are_asked_about_many_more_rows():
    job = make_job(model=AlgorithmSpec("xgboost", "trees", "sometimes"), rows=1e5, columns=50.0, image_size=None)
    rows = [n.changes["dataset"]["rows"] for n in neighbours(job, make_need()) if n.if_.code == "if_rows"]
    assert rows == [1e6, 1e7]


def test_busy_people_are_asked_about_little_use_and_others_about_much():
    def hours(now):
        found = list(neighbours(make_job(), make_need(monthly_hours=now)))
        return next(n.changes["hours_per_month"] for n in found if n.if_.code == "if_hours")

    assert hours(700.0) < 10
    assert hours(5.0) > 100
    assert hours(None) > 100


def test_a_network_without_known_counts_is_scaled_by_what_is_known():
    job = make_job(model=make_network(macs_per_sample=None, activations_per_sample=None))
    model = next(n.changes["model"] for n in neighbours(job, make_need()) if n.if_.code == "if_network")
    assert set(model) == {"parameters", "architecture"}


def test_an_answer_that_does_not_differ_is_said_to_stay():
    weight, then = difference(make_need(), make_decision(), other_need=make_need(), other=make_decision())
    assert weight == 3
    assert then.code == "then_stays"


def test_another_tier_matters_less_than_another_scenario_and_more_than_memory():
    need, larger = make_need(), make_need(smallest_single_gpu_gib=24.0)
    scenario = difference(need, make_decision(2), other_need=need, other=make_decision(3))[0]
    tier = difference(need, make_decision(2, "mid"), other_need=need, other=make_decision(2, "high"))[0]
    memory = difference(need, make_decision(), other_need=larger, other=make_decision())[0]
    assert scenario < tier < memory


def test_no_card_at_all_is_told_as_several():
    then = difference(
        make_need(),
        make_decision(),
        other_need=replace(make_need(), smallest_single_gpu_gib=None),
        other=make_decision(),
    )[1]
    assert then.code == "then_several"
