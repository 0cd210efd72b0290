"""A batch answers every line in order, whatever stands in the others."""

import json

import pytest

from app.contract.answer import AssumptionAnswer, Part
from app.contract.batch import LONGEST_LINE, answer_item, answer_lines
from app.contract.requests import RecommendRequest


class Echo(Part):
    """Says what was asked."""

    task: str
    left_out: float | None = None


def echo(request: RecommendRequest) -> Part:
    if request.workload.algorithm == "raise":
        raise ZeroDivisionError("a secret of the inside")
    return Echo(task=request.workload.task)


@pytest.fixture
def answers():
    def ask(*lines: str) -> list[dict]:
        return [json.loads(line) for line in answer_lines(lines, request_type=RecommendRequest, answer=echo)]

    return ask


def test_answers_come_in_order_with_their_ids(answers):
    found = answers('{"id": "b", "workload": {"task": "learn"}}', "", '{"id": 7, "workload": {"task": "train"}}')

    assert found == [{"id": "b", "task": "learn", "left_out": None}, {"id": 7, "task": "train", "left_out": None}]


@pytest.mark.parametrize(
    ("line", "status", "identity"),
    [
        ('{"id": "x", "workload": {"task": "trian"}}', 422, "x"),
        ('{"id": "x", "workload": {}}', 422, "x"),
        ('{"id": "x", "workload": ', 422, "x"),
        ("[]", 422, None),
        ("null", 422, None),
        ('{"id": ["x"], "workload": {"task": "learn"}, "extra": 1}', 422, None),
        ('{"id": "x", "workload": ' + "[" * 20_000 + "]" * 20_000 + "}", 422, "x"),
        ('{"id": "x", "junk": "' + "x" * LONGEST_LINE + '"}', 413, "x"),
    ],
    ids=["word", "missing", "cut", "list", "null", "unknown", "deep", "large"],
)
def test_a_wrong_line_gets_a_problem_and_the_next_one_its_answer(answers, line, status, identity):
    wrong, right = answers(line, '{"id": "next", "workload": {"task": "learn"}}')

    assert (wrong["id"], wrong["error"]["status"]) == (identity, status)
    assert right["task"] == "learn"


def test_a_fault_of_ours_tells_nothing_of_the_inside_and_stops_nothing(answers, caplog):
    line = '{"id": "x", "workload": {"task": "classical", "algorithm": "raise"}}'

    found = answers(line, line)

    assert [one["error"]["status"] for one in found] == [500, 500]
    assert "secret" not in json.dumps(found)
    assert "secret" in caplog.text


def test_an_id_that_is_no_json_number_is_left_out():
    line = answer_item({"id": float("nan"), "workload": {"task": "learn"}}, request_type=RecommendRequest, answer=echo)

    assert json.loads(line, parse_constant=pytest.fail)["id"] is None


def test_what_is_unknown_stays_null_and_never_becomes_nan():
    line = answer_item(
        {"workload": {"task": "learn"}},
        request_type=RecommendRequest,
        answer=lambda _: AssumptionAnswer(field="x", value=float("inf"), why=""),
    )

    assert json.loads(line, parse_constant=pytest.fail)["value"] is None
