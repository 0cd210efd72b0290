"""JSON Lines over HTTP: in order, as they come, in constant memory."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import time
import tracemalloc

import pytest

from app.api import batch_lines
from app.api.batch_lines import MOST_LINES
from app.settings import ROOT

LINES = {"content-type": "application/x-ndjson"}
LEARN = {"workload": {"task": "learn"}}
TRAIN = {"workload": {"task": "train", "model": {"name": "resnet-50"}}, "hardware": {"accelerator": "RTX 4090"}}
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
def ask(client):
    def send(path: str, *lines: str) -> list[dict]:
        answer = client.post(path, content="\n".join(lines), headers=LINES)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        return [json.loads(line) for line in answer.text.splitlines()]

    return send


@pytest.fixture
def example(server_url):
    """An example of the documentation in one language, asking the served copy."""

    def find(language: str) -> str:
        (found,) = [
            text for text in re.findall(rf"```{language}\n(.*?)```", API, re.DOTALL) if "application/x-ndjson" in text
        ]
        return found.replace("http://localhost:8000", server_url).replace("localhost:8000", server_url)

    return find


def test_estimates_are_those_of_the_single_question(client, ask):
    found = ask("/estimate/batch", json.dumps({"id": "a", **TRAIN}), "", json.dumps({"id": "b", **TRAIN}))

    assert [one.pop("id") for one in found] == ["a", "b"]
    assert found == [client.post("/estimate", json=TRAIN).json()] * 2


def test_recommendations_are_those_of_the_single_question(client, ask):
    (found,) = ask("/recommend/batch", json.dumps({"id": 1, **LEARN}))

    assert found["verdict"] == client.post("/recommend", json=LEARN).json()["verdict"]
    assert found["links"]["permalink"].startswith("http://testserver/")


def test_a_wrong_line_gets_a_problem_and_the_next_one_its_answer(ask):
    wrong, right = ask("/recommend/batch", '{"id": "x", "workload": {"task": "trian"}}', json.dumps(LEARN))

    assert wrong["error"]["errors"][0]["pointer"] == "/workload/task"
    assert right["verdict"]


def test_an_estimate_batch_of_json_is_answered_as_before(client):
    answer = client.post("/estimate/batch", json={"items": [{"id": "a", **TRAIN}]})

    assert answer.json()["items"][0]["fit"] == "fits"


def test_lines_under_another_name_are_refused_with_the_right_one(client):
    answer = client.post("/recommend/batch", json={"items": [LEARN]})

    assert answer.status_code == 400
    assert "application/x-ndjson" in answer.json()["detail"]


def test_more_lines_than_are_answered_are_told_so(ask, monkeypatch):
    monkeypatch.setattr(batch_lines, "MOST_LINES", 3)

    *answered, last = ask("/estimate/batch", *[json.dumps({"id": n, **TRAIN}) for n in range(5)])

    assert [one["id"] for one in answered] == [0, 1, 2]
    assert last["error"]["status"] == 413


def test_more_bytes_than_are_read_are_refused(client, monkeypatch):
    monkeypatch.setattr(batch_lines, "MOST_BYTES", 100)

    assert client.post("/estimate/batch", content=b"x" * 101, headers=LINES).status_code == 413


def test_ten_thousand_lines_take_no_more_memory_than_a_hundred(client, monkeypatch):
    monkeypatch.setattr(batch_lines.advisor, "estimate", lambda *_, **__: batch_lines.Part())

    def peak(count: int) -> float:
        body = "\n".join(json.dumps({"id": n, **TRAIN}) for n in range(count)).encode()
        received = 0
        tracemalloc.start()
        with client.stream("POST", "/estimate/batch", content=iter([body]), headers=LINES) as answer:
            for line in answer.iter_lines():
                received += line.startswith('{"id":')
        highest = tracemalloc.get_traced_memory()[1] - len(body)
        tracemalloc.stop()
        assert received == count
        return highest

    assert peak(MOST_LINES) < peak(100) + 8 * 2**20


def test_the_first_answer_is_there_before_the_last(server_url):
    connection = http.client.HTTPConnection(server_url.removeprefix("http://"), timeout=60)
    body = "\n".join(json.dumps({"id": n, **LEARN}) for n in range(60))
    connection.request("POST", "/recommend/batch", body=json.dumps({"id": 0, **LEARN}), headers=LINES)
    connection.getresponse().read()  # the very first question takes longer than others

    started = time.perf_counter()
    connection.request("POST", "/recommend/batch", body=body, headers=LINES)
    response = connection.getresponse()
    first = json.loads(response.readline())
    first_s = time.perf_counter() - started
    last = json.loads(response.read().splitlines()[-1])
    connection.close()

    assert (first["id"], last["id"]) == (0, 59)
    assert first_s < (time.perf_counter() - started) / 2


def test_the_example_for_the_shell_works(example):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")

    done = subprocess.run(["sh", "-c", example("sh")], capture_output=True, text=True, check=True)

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "b"]


def test_the_example_for_python_works(example):
    done = subprocess.run([sys.executable, "-c", example("python")], capture_output=True, text=True, check=True)

    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["RTX", "RTX", "no"]


def test_the_example_for_javascript_works(example):
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js")

    done = subprocess.run(
        ["node", "--input-type=module", "-e", example("js")], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["RTX 4090 fits", "RTX 3090 fits"]
