"""Requests nobody sane would send get a clear answer: each through REST and through a batch of the command line's."""

import json
from datetime import UTC, datetime

import pytest

from app import advisor
from app.api.examples import query_parameters
from app.contract.batch import answer_lines
from app.contract.flat_query import PLACES
from app.contract.requests import RecommendRequest

BIG = 1_000_000
BOUNDS = {
    parameter["name"]: [parameter["schema"][bound] for bound in ("minimum", "maximum") if bound in parameter["schema"]]
    for parameter in query_parameters()
}
LEARN = {"workload": {"task": "learn"}}
SERVE = {"task": "inference", "domain": "text", "model": {"parameters": 8e9, "architecture": "decoder"}}

WRONG = {
    "negative, NaN and Infinity": (
        '{"workload": {"task": "train", "batch_size": -4, "epochs": "NaN"}, "constraints": {"deadline_hours": "Infinity"}}',
        {"/workload/batch_size", "/workload/epochs", "/constraints/deadline_hours"},
    ),
    "numbers that are not finite": (
        '{"workload": {"task": "train", "epochs": 1e400, "steps": NaN}, "constraints": {"budget_usd": -Infinity}}',
        {"/workload/epochs", "/workload/steps", "/constraints/budget_usd"},
    ),
    "true as a number": (
        '{"workload": {"task": "train", "batch_size": true, "model": {"parameters": true}}, "constraints": {"people": false}}',
        {"/workload/batch_size", "/workload/model/parameters", "/constraints/people"},
    ),
    "unknown fields": (
        '{"workload": {"task": "train", "batchsize": 4}, "constraint": {}}',
        {"/workload/batchsize", "/constraint"},
    ),
    "nothing": ('{"workload": {}}', {"/workload/task"}),
    "no object": ("[]", {""}),
    "a number for an object": ('{"workload": 5}', {"/workload"}),
    "10^30 parameters": (
        '{"workload": {"task": "train", "model": {"parameters": 1e30, "architecture": "decoder"}}}',
        {"/workload/model/parameters"},
    ),
    "more active parameters than parameters": (
        '{"workload": {"task": "train", "model": {"parameters": 7e9, "active_parameters": 47e9, "architecture": "decoder"}}}',
        {"/workload/model"},
    ),
    "a model in two forms": (
        '{"workload": {"task": "train", "model": {"name": "resnet-50", "parameters": 25e6}}}',
        {"/workload/model"},
    ),
    "a model that nobody knows": (
        '{"workload": {"task": "train", "model": {"name": "resnet-fifty-and-a-half"}}}',
        {"/workload/model/name"},
    ),
    "a card that nobody makes": (
        '{"workload": {"task": "learn"}, "constraints": {"existing_hardware": [{"accelerator": "RTX 4909"}]}}',
        {"/constraints/existing_hardware/0/accelerator"},
    ),
    "no cards of a kind": (
        '{"workload": {"task": "learn"}, "constraints": {"existing_hardware": [{"accelerator": "RTX 3090", "count": 0}]}}',
        {"/constraints/existing_hardware/0/count"},
    ),
    "a config without a shape": (
        '{"workload": {"task": "inference", "model": {"hf_config": {}}}}',
        {"/workload/model/hf_config"},
    ),
    "nested too deeply": (
        '{"workload": {"task": "inference", "model": {"hf_config": {"a": ' + "[" * 20_000 + "]" * 20_000 + "}}}}",
        {"/workload/model/hf_config/a/0"},
    ),
}  # fmt: skip

ODD = {
    "spend nothing": {**LEARN, "constraints": {"budget_usd": 0}},
    "a closed provider": {"workload": SERVE, "constraints": {"providers": ["floydhub"]}},
    "an ambiguous card in own words": {"workload": SERVE, "constraints": {"existing_hardware": [{"description": "Titan X"}]}},
    "own words that are only signs": {"workload": SERVE, "constraints": {"existing_hardware": [{"description": "\U0001f600 <b>"}]}},
    "limits that contradict": {
        "workload": {"task": "finetune", "domain": "text", "model": {"parameters": 3e10, "architecture": "decoder"}},
        "constraints": {"portable": True, "budget_usd": 1, "max_devices": 1},
    },
    "the smallest of everything": {"workload": {"task": "train", "batch_size": 1, "steps": 1, "dataset": {"samples": 1}}},
    "a classical task on a language model": {"workload": {"task": "classical", "domain": "text", "model": {"name": "gpt-2"}}},
}  # fmt: skip


@pytest.fixture
def recommend_lines(app, client):
    def ask(*lines: str) -> list[dict]:
        catalogue = app.state.catalogue.current()

        def answer(request: RecommendRequest):
            return advisor.recommend(catalogue, request.workload, constraints=request.constraints, at=datetime.now(UTC))

        return [json.loads(line) for line in answer_lines(lines, request_type=RecommendRequest, answer=answer)]

    return ask


@pytest.mark.parametrize(("body", "pointers"), WRONG.values(), ids=WRONG)
def test_rest_names_every_field_that_is_wrong(client, body, pointers):
    answer = client.post("/recommend", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers


@pytest.mark.parametrize(("body", "pointers"), WRONG.values(), ids=WRONG)
def test_a_batch_names_every_field_that_is_wrong_and_goes_on(recommend_lines, body, pointers):
    wrong, right = recommend_lines(body, json.dumps(LEARN))

    assert {error["pointer"] for error in wrong["error"]["errors"]} == pointers
    assert right["verdict"]


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_question_is_answered(client, body):
    answer = client.post("/recommend", json=body)

    assert answer.status_code == 200
    assert answer.json()["verdict"]


def test_a_megabyte_of_junk_is_refused_without_being_digested(client, recommend_lines):
    body = {"workload": {**SERVE, "model": {"hf_config": {"model_type": "llama", "junk": "x" * BIG}}}}

    assert client.post("/recommend", json=body).status_code == 413
    assert recommend_lines(json.dumps(body))[0]["error"]["status"] == 413


@pytest.mark.parametrize(
    "name", ["@junk", "ﬁ" * 100, "\x00", "'; drop table accelerators; --", "%00", "../../etc/passwd"]
)
def test_a_strange_name_is_an_unknown_name(client, name):
    for question in (
        {"workload": {"task": "train", "model": {"name": name}}, "hardware": {"accelerator": "RTX 4090"}},
    ):
        assert client.post("/estimate", json=question).status_code == 422
    assert client.get("/hardware", params={"q": name}).json()["items"] == []


@pytest.mark.parametrize("concurrent", [10_000_000, "max", 1])
def test_any_number_of_concurrent_requests_is_answered_or_refused_by_name(client, concurrent):
    answer = client.post("/recommend", json={"workload": SERVE | {"concurrent_requests": concurrent}})

    assert answer.status_code == 200 or "concurrent_requests" in answer.text


def test_a_body_that_is_no_json_says_which_header_is_missing(client):
    answer = client.post(
        "/recommend", content='{"workload": {"task": "learn"}}', headers={"content-type": "text/plain"}
    )

    assert answer.status_code == 422
    assert "application/json" in answer.json()["detail"]


def test_the_batch_of_estimates_survives_what_the_single_one_refuses(client):
    items = [
        {"id": name, **json.loads(body)} for name, (body, _) in WRONG.items() if name in {"nothing", "unknown fields"}
    ]
    good = {"id": "good", "workload": SERVE, "hardware": {"accelerator": "RTX 4090"}}

    found = client.post("/estimate/batch", json={"items": [*items, good]}).json()["items"]

    assert [item.get("error", {}).get("status") for item in found] == [422, 422, None]


@pytest.mark.parametrize("name", [name for name, bounds in BOUNDS.items() if bounds])
def test_the_largest_and_the_smallest_that_a_field_allows_are_answered(client, name):
    path = PLACES[name]
    for bound in BOUNDS[name]:
        inner = {path[-1]: bound}
        if path[1] == "model":
            inner = {"model": {"parameters": 1e9, **inner}}
        elif path[1] == "dataset":
            inner = {"dataset": inner}
        body = {"workload": {"task": "train", "domain": "vision"}, "constraints": {}}
        body[path[0]] |= inner

        answer = client.post("/recommend", json=body)

        assert answer.status_code == 200 or answer.json()["errors"][0]["pointer"].startswith("/workload/model")
