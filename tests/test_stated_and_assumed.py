"""What a caller states stays as it is; where a recommendation plans with something else, it says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TRAINED = [
    {"task": "train", "domain": "audio"},
    {"task": "train", "domain": "segmentation", "image_size": 1024},
    {"task": "train", "domain": "detection", "image_size": 1280},
    {"task": "finetune", "domain": "text", "model": {"name": "bert-large"}, "sequence_length": 512},
]
RUN = [
    {"task": "inference", "domain": "text"},
    {"task": "inference", "domain": "text", "model": {"name": "llama-3.1-8b"}},
    {"task": "inference", "domain": "image_generation", "model": {"name": "flux.1-dev"}},
]
OF_TRAINING = {
    "batch_size": st.sampled_from([1, 8, 16]),
    "precision": st.sampled_from(["fp32", "amp"]),
    "steps": st.just(20_000),
    "gradient_accumulation": st.just(2),
}
OF_RUNNING = {
    "batch_size": st.sampled_from([1, 2]),
    "precision": st.sampled_from(["fp16", "int8"]),
    "concurrent_requests": st.sampled_from([1, 12, "max"]),
}
RESTATED = ("batch_size", "concurrent_requests", "gradient_accumulation")
"""What a recommendation may take otherwise and a request can state."""
TAKES_MEMORY = {"batch_size", "concurrent_requests", "decoding", "model"}

WORK = st.one_of(
    st.builds(dict.__or__, st.sampled_from(TRAINED), st.fixed_dictionaries({}, optional=OF_TRAINING)),
    st.builds(dict.__or__, st.sampled_from(RUN), st.fixed_dictionaries({}, optional=OF_RUNNING)),
)


def recommended(client, workload, **constraints):
    return client.post("/recommend", json={"workload": workload, "constraints": constraints}).json()


def estimated(client, workload, pick):
    hardware = {key: pick["hardware"][key] for key in ("accelerator", "count", "nodes")}
    return client.post("/estimate", json={"workload": workload, "hardware": hardware}).json()


def assumed(answer):
    return {each["field"]: each["value"] for each in answer["assumptions"]}


def memory_gib(estimate):
    return estimate["memory_gib_per_device"]["expected"]


def with_what_was_assumed(workload, found):
    taken = assumed(found)
    model = {"model": {"name": taken["model"]}} if "model" in taken and workload["task"] == "inference" else {}
    return workload | model | {field: taken[field] for field in RESTATED if field in taken}


@settings(max_examples=20)
@given(workload=WORK, budget_usd=st.sampled_from([None, 2500]))
def test_an_estimate_of_what_was_recommended_takes_the_same_memory(client, workload, budget_usd):
    found = recommended(client, workload, budget_usd=budget_usd)
    for pick in found["picks"][:1]:
        plain, planned = estimated(client, workload, pick), memory_gib(pick["estimate"])
        otherwise = dict(assumed(found).items() - assumed(plain).items())
        assert memory_gib(plain) == pytest.approx(planned) or TAKES_MEMORY & otherwise.keys()
        assert all(each["why"] for each in found["assumptions"])
        if "decoding" not in assumed(found):  # which no request can state
            again = estimated(client, with_what_was_assumed(workload, found), pick)
            assert memory_gib(again) == pytest.approx(planned)


@settings(max_examples=10)
@given(workload=WORK)
def test_what_was_stated_is_never_assumed(client, workload):
    stated = {field for field, value in workload.items() if value != "max"}
    assert not stated & assumed(recommended(client, workload, budget_usd=8000)).keys()


def test_steps_that_were_stated_stay_so_many_with_a_smaller_batch(client):
    work = TRAINED[1] | {"steps": 20_000}
    found = recommended(client, work)
    again = estimated(client, with_what_was_assumed(work, found), found["picks"][0])
    assert assumed(found)["batch_size"] == 4
    assert again["duration_hours"]["expected"] == pytest.approx(
        found["picks"][0]["estimate"]["duration_hours"]["expected"], rel=0.01
    )


def test_nobody_is_told_to_have_named_the_model_that_their_budget_chose(client):
    found = recommended(client, {"task": "inference"}, budget_usd=2500)
    assert assumed(found)["model"] == "qwen2.5-32b"
    assert [each["why"] for each in found["assumptions"] if each["field"] == "domain"] == [
        "the task and the model make it likely"
    ]
