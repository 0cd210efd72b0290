import asyncio
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, func, select

from app.admin import accounts
from app.admin.accounts import Caller
from app.db import connect, transaction
from app.http.rate_counts import Limit, OwnCounts, SharedCounts
from app.main import create_app
from app.settings import Settings
from app.tables import RateCount

MINUTE = Limit(12, 60)


@pytest.fixture
def limited(tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/limited.db", rate_limit="12/minute"))
    return TestClient(app)  # not entered: the catalogue is not needed to be turned away


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def counts(request, tmp_path):
    if request.param == "memory":
        yield OwnCounts(keep_s=60)
        return
    url = f"sqlite:///{tmp_path}/counts.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = create_engine(url) if request.param == "sqlite" else connect(url)
    RateCount.metadata.tables["rate_counts"].create(engine)
    counts = SharedCounts(engine, keep_s=60)
    yield counts
    counts.close()
    engine.dispose()


def test_what_is_left_is_told_with_every_answer(limited):
    answers = [limited.get("/nowhere") for _ in range(2)]

    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=11", "r=10"]
    assert answers[0].headers["ratelimit-policy"] == '"client";q=12;w=60'
    told = {name: answers[1].headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")}
    assert (told["limit"], told["remaining"], 1 <= int(told["reset"]) <= 60) == ("12", "10", True)


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


def test_a_window_slides(counts):
    start = 1_800_000_000.0  # the beginning of a minute
    assert all(counts.hit("a", MINUTE, cost=1, now=start + 50).allowed for _ in range(12))

    refused = counts.hit("a", MINUTE, cost=1, now=start + 59)
    soon = counts.hit("a", MINUTE, cost=1, now=start + 60 + refused.wait_s - 1)
    later = counts.hit("a", MINUTE, cost=4, now=start + 90)

    assert (refused.allowed, refused.remaining) == (False, 0)
    assert soon.allowed
    assert (later.allowed, later.remaining) == (True, 1)
    assert counts.hit("b", MINUTE, cost=12, now=start + 50).allowed


@pytest.mark.parametrize("at", [0.0, 13.7, 59.9])
def test_the_wait_is_as_long_as_it_has_to_be(counts, at):
    now = 1_800_000_000.0 + at
    while counts.hit("a", MINUTE, cost=5, now=now).allowed:
        pass

    wait = counts.hit("a", MINUTE, cost=5, now=now).wait_s

    assert not counts.hit("a", MINUTE, cost=5, now=now + wait - 1.1).allowed
    assert counts.hit("a", MINUTE, cost=5, now=now + wait).allowed


def test_many_at_once_never_get_more_than_the_limit(counts):
    now = 1_800_000_000.0
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: counts.hit("a", Limit(50, 60), cost=1, now=now), range(80)))

    assert sum(one.allowed for one in verdicts) <= 50


def test_counts_of_bygone_windows_are_dropped(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/counts.db")
    RateCount.metadata.tables["rate_counts"].create(engine)
    counts = SharedCounts(engine, keep_s=60)
    for minute in range(10):
        counts.hit(f"client {minute}", MINUTE, cost=1, now=1_800_000_000.0 + 60 * minute)

    with engine.connect() as connection:
        held = connection.scalar(select(func.count()).select_from(RateCount))
    counts.close()
    engine.dispose()

    assert held <= 3


def test_a_database_that_is_away_turns_nobody_away(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/no-table.db")
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/limited.db", rate_limit="3/minute"))
    layer = next(one for one in app.user_middleware if one.cls.__name__ == "RateLimit")
    layer.kwargs["counts"] = SharedCounts(engine, keep_s=60)

    answers = [TestClient(app).get("/nowhere").status_code for _ in range(4)]
    engine.dispose()

    assert answers == [404, 404, 404, 429]


def test_the_holder_of_a_key_has_a_limit_of_their_own(seeded_url):
    settings = Settings(database_url=seeded_url, rate_limit="2/minute", key_rate_limit="9/minute")
    with TestClient(create_app(settings)) as client:
        with transaction(client.app.state.engine) as session:
            user = accounts.create_user(
                session, "a@example.org", role="viewer", password="correct horse 7", actor="test"
            )
            caller = Caller(user.id, user.email, user.role)
            key = accounts.new_key(session, caller, name="script", scope="viewer", days=1)

        with_key = client.get("/tiers", headers={"authorization": f"Bearer {key}"})
        without, unknown = client.get("/tiers"), client.get("/tiers", headers={"authorization": "Bearer wr_nonsense"})

    assert with_key.headers["ratelimit"].split(";")[1] == "r=8"
    assert [one.headers["ratelimit"].split(";")[1] for one in (without, unknown)] == ["r=1", "r=0"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_all_workers_count_together(database, request):
    url = request.getfixturevalue("seeded_url" if database == "sqlite" else "seeded_postgres_url")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port = probe.getsockname()[1]
    program = "from app.cli import main; main()"
    environment = {"WHICHRIG_DATABASE_URL": url, "WHICHRIG_RATE_LIMIT": "20/hour", "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", str(free_port), "--workers", "2"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )

    async def ask() -> list[int]:
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port}", limits=limits) as client:
            deadline = time.monotonic() + 180
            while time.monotonic() < deadline:
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
            answers = await asyncio.gather(*(client.get("/tiers") for _ in range(40)))
            return [answer.status_code for answer in answers]

    try:
        statuses = asyncio.run(ask())
    finally:
        process.terminate()
        process.wait(20)

    assert sorted(statuses) == [200] * 20 + [429] * 20
