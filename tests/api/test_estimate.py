"""POST /estimate answers one question, and /estimate/batch many, wrong ones included."""

import pytest

PROBLEM = "application/problem+json"


@pytest.fixture
def question() -> dict:
    return {
        "workload": {"task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "batch_size": 32},
        "hardware": {"accelerator": "RTX 4090"},
    }


def test_an_answer_has_everything_the_contract_names(client, question):
    answer = client.post("/estimate", json=question).json()

    assert set(answer) == {
        "memory_gib_per_device", "usable_memory_gib", "fit", "throughput", "step_ms", "duration_hours",
        "device_hours", "energy_kwh", "cost_usd", "evidence", "assumptions", "warnings",
        "plan", "serving", "input_pipeline", "measured",
    }  # fmt: skip
    memory, speed = answer["memory_gib_per_device"], answer["throughput"]["total"]
    assert memory["low"] <= memory["expected"] <= memory["high"]
    assert speed["low"] <= speed["expected"] <= speed["high"]
    assert answer["fit"] == "fits"


def test_a_speed_that_nobody_can_tell_is_said_to_be_unknown(client, question):
    answer = client.post("/estimate", json={**question, "hardware": {"accelerator": "gaudi-1"}}).json()

    assert answer["throughput"] is None
    assert any("speed is unknown" in warning["text"] for warning in answer["warnings"])


@pytest.mark.parametrize(("accelerator", "severity"), [("GT 740M", "problem"), ("GTX 1080 Ti", "warning")])
def test_a_card_whose_software_has_ended_is_told_first(client, question, accelerator, severity):
    first, *_ = client.post("/estimate", json={**question, "hardware": {"accelerator": accelerator}}).json()["warnings"]

    assert first["severity"] == severity
    assert "CUDA" in first["text"]


@pytest.mark.parametrize(
    ("hardware", "pointer", "suggestion"),
    [
        ({"accelerator": "RTX 4909"}, "/hardware/accelerator", "4090"),
        ({"accelerator": "RTX 4090", "count": 0}, "/hardware/count", None),
        ({"accelerator": "RTX 4090", "gpus": 2}, "/hardware/gpus", None),
        ({"accelerator": "RTX 4090", "count": 2, "tensor_parallel": 4}, "/hardware", None),
        ({}, "/hardware/accelerator", None),
    ],
)
def test_hardware_that_is_wrong_is_named(client, question, hardware, pointer, suggestion):
    answer = client.post("/estimate", json=question | {"hardware": hardware})

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    error = next(error for error in answer.json()["errors"] if error["pointer"] == pointer)
    assert suggestion is None or suggestion in str(error["suggestions"])


def test_a_request_that_neither_reads_nor_writes_is_refused(client):
    model = {"name": "llama-3.1-8b"}
    work = {"task": "inference", "model": model, "prompt_tokens": 0, "output_tokens": 0}
    hardware = {"accelerator": "RTX 4090"}

    refused = client.post("/estimate", json={"workload": work, "hardware": hardware})
    answered = client.post("/estimate", json={"workload": {**work, "prompt_tokens": 1}, "hardware": hardware})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["detail"].startswith("prompt_tokens and output_tokens cannot both be 0")
    assert answered.json()["throughput"]["total"]["low"] > 0


def test_a_batch_is_answered_in_order_with_errors_in_place(client, question):
    items = [question | {"id": "a"}, {"id": "b", "workload": {"task": "train"}}, 3, question | {"id": "d"}]

    found = client.post("/estimate/batch", json={"items": items}).json()["items"]

    assert [item["id"] for item in found] == ["a", "b", None, "d"]
    assert [item.get("error", {}).get("status") for item in found] == [None, 422, 422, None]
    single = client.post("/estimate", json=question).json()
    assert {name: value for name, value in found[0].items() if name != "id"} == single


@pytest.mark.parametrize("items", [[], [{}] * 1001, "x", None])
def test_a_batch_has_between_one_and_a_thousand_items(client, items):
    answer = client.post("/estimate/batch", json={"items": items})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/items"


def test_a_thousand_estimates_are_answered_at_once(client, question):
    items = [question | {"id": str(number)} for number in range(1000)]

    found = client.post("/estimate/batch", json={"items": items}).json()["items"]

    assert [item["id"] for item in found] == [str(number) for number in range(1000)]
    assert not any("error" in item for item in found)
