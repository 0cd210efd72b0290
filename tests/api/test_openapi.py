"""The API's description is complete, and its examples are true."""

import json

import pytest

from app.api.examples import examples
from app.contract.flat_query import PLACES
from app.main import ROUTERS

REQUESTS = [
    (operation, name, shown["request"])
    for operation, example in examples().items()
    for name, shown in example["requests"].items()
]
ADDRESSES = {"recommend": "/recommend", "estimate": "/estimate", "estimate_batch": "/estimate/batch"}


@pytest.fixture(scope="module")
def description(client) -> dict:
    return client.get("/openapi.json").json()


@pytest.mark.parametrize(
    ("operation", "name", "request_"), REQUESTS, ids=lambda part: part if str(part) == part else ""
)
def test_each_example_request_is_answered(client, operation, name, request_):
    answer = client.post(ADDRESSES[operation], json=request_)

    assert answer.status_code == 200


@pytest.mark.parametrize("operation", ADDRESSES)
def test_each_example_answer_has_the_shape_of_a_real_one(client, operation):
    shown = examples()[operation]
    first = next(iter(shown["requests"].values()))["request"]

    real = client.post(ADDRESSES[operation], json=first).json()

    assert set(shown["answer"]) == set(real)


def test_every_operation_has_a_name_a_summary_a_sentence_and_a_tag(description):
    operations = [one for path in description["paths"].values() for one in path.values()]

    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert all(one["summary"] and one["description"] and one["tags"] for one in operations)


def test_every_address_of_the_api_is_described(description):
    described = {path.replace(":path", "") for path in description["paths"]}

    shown = {
        route.path.replace(":path", "") for router in ROUTERS for route in router.routes if route.include_in_schema
    }
    assert shown <= described


def test_every_query_field_of_a_question_is_described_in_words(description):
    parameters = description["paths"]["/recommend"]["get"]["parameters"]

    assert {parameter["name"] for parameter in parameters} == {*PLACES, "fields"}
    assert all(parameter["description"].endswith(".") for parameter in parameters)


def test_errors_are_described_as_problem_objects(description):
    for path in description["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                assert status < "400" or list(answer["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("path", ["/recommend/batch", "/estimate/batch"])
def test_lines_are_described_in_both_directions_and_their_example_is_answered(client, description, path):
    operation = description["paths"][path]["post"]

    lines = operation["requestBody"]["content"]["application/x-ndjson"]
    answer = client.post(path, content=lines["example"], headers={"content-type": "application/x-ndjson"})
    assert "application/x-ndjson" in operation["responses"]["200"]["content"]
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ["a", "b"]
    assert "error" not in answer.text


def test_every_example_in_a_body_is_answered(client, description):
    for path, operations in description["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for name, example in content.get("application/json", {}).get("examples", {}).items():
            assert client.post(path, json=example["value"]).status_code == 200, (path, name)


def test_references_lead_somewhere(description):
    text = json.dumps(description)

    names = {part.split('"', maxsplit=1)[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(description["components"]["schemas"])
