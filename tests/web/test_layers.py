"""What every request passes through: other sites' scripts, and the limit on waiting."""

import asyncio

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from app.main import create_app
from app.settings import Settings
from app.web.time_limit import TimeLimit

SITE = "https://example.org"
LEARN = {"workload": {"task": "learn"}}


@pytest.fixture(params=[SITE, "*"])
def shared(request, seeded_url):
    with TestClient(create_app(Settings(database_url=seeded_url, cors_origins=request.param))) as client:
        yield client


def test_a_script_of_a_named_site_may_ask(shared):
    headers = {"origin": SITE, "sec-fetch-site": "cross-site"}
    preflight = {**headers, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}

    allowed = shared.options("/recommend", headers=preflight)
    answered = shared.post("/recommend", json=LEARN, headers=headers)

    assert allowed.headers["access-control-allow-origin"] in {SITE, "*"}
    assert (answered.status_code, "access-control-allow-credentials" in answered.headers) == (200, False)
    assert "x-request-id" in answered.headers["access-control-expose-headers"].lower()


def test_nothing_of_the_administrators_is_open_to_other_sites(shared):
    answer = shared.post("/admin/sign-in", data={}, headers={"origin": SITE, "sec-fetch-site": "cross-site"})

    assert answer.status_code == 403


def test_a_script_of_another_site_is_refused_by_default(client):
    headers = {"origin": SITE, "sec-fetch-site": "cross-site"}

    answer = client.post("/recommend", json=LEARN, headers=headers)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def answered_by(handler, *, seconds: float) -> list[dict]:
    """The messages of an application below the time limit."""
    sent: list[dict] = []

    async def run():
        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.request", "body": b""}

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
        await TimeLimit(handler, seconds=seconds)(scope, receive, send)

    asyncio.run(run())
    return sent


def test_a_request_that_waits_too_long_is_told_to_come_back():
    async def wait(scope, receive, send):
        assert Request(scope).method == "GET"
        await asyncio.sleep(10)

    start, *_ = answered_by(wait, seconds=0.01)

    assert start["status"] == 503
    assert (b"retry-after", b"5") in start["headers"]


def test_an_answer_that_has_begun_may_take_its_time():
    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"late"})

    assert answered_by(stream, seconds=0.01)[-1]["body"] == b"late"
