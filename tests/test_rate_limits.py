import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture
def limited(tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/limited.db", rate_limit="12/minute"))
    return TestClient(app)  # not entered: the catalogue is not needed to be turned away


def test_what_is_left_is_told_with_every_answer(limited):
    answers = [limited.get("/nowhere") for _ in range(2)]

    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=11", "r=10"]
    assert answers[0].headers["ratelimit-policy"] == '"client";q=12;w=60'


def test_a_client_beyond_its_limit_is_told_when_to_come_back(limited):
    for _ in range(12):
        limited.get("/nowhere")

    refused = limited.get("/nowhere")

    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert refused.headers["retry-after"] == refused.headers["ratelimit"].rsplit("=", 1)[1]


def test_a_batch_counts_as_ten(limited):
    answer = limited.post("/estimate/batch", json={})

    assert answer.headers["ratelimit"].split(";")[1] == "r=2"


def test_health_and_metrics_are_never_refused(limited):
    answers = [limited.get("/healthz") for _ in range(15)]

    assert {answer.status_code for answer in answers} == {200}
    assert limited.get("/metrics").status_code == 200


def test_there_is_no_limit_unless_one_is_set(client):
    assert "ratelimit" not in client.get("/nowhere").headers
