"""Every request is named, counted, timed, and logged and traced where that is asked for."""

import asyncio
import json
import logging
import re

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.main import create_app
from app.observability.logs import JsonLines
from app.observability.metrics import Metrics
from app.observability.middleware import Observed
from app.observability.tracing import tracer_from, tracer_to
from app.settings import Settings


@pytest.fixture
def faulty(tmp_path):
    """An application with a fault in it, whose requests are logged."""
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/faulty.db", log_requests=True))

    @app.get("/toy-fault")
    async def fail() -> None:
        raise RuntimeError("a fault")

    return TestClient(app, raise_server_exceptions=False)  # not entered: no catalogue is needed


def sample(text: str, name: str, **labels: str) -> float:
    """One number of a metrics page; 0 where it is not there yet."""
    wanted = {f'{label}="{value}"' for label, value in labels.items()}
    found = [
        float(value)
        for labelled, value in re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
        if wanted <= set(labelled.split(","))
    ]
    return sum(found)


def test_an_answer_carries_the_id_of_its_request(client):
    assert client.get("/healthz", headers={"x-request-id": "order-17"}).headers["x-request-id"] == "order-17"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a;b"])
def test_an_id_that_could_mislead_is_replaced(client, given):
    assert re.fullmatch("[0-9a-f]{32}", client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"])


def test_an_unforeseen_fault_carries_the_id_that_stands_in_the_log(faulty):
    assert faulty.get("/toy-fault", headers={"x-request-id": "order-18"}).headers["x-request-id"] == "order-18"


def test_requests_are_counted_by_the_pattern_of_their_address(client):
    labels = {"method": "GET", "route": "/hardware/{slug:path}", "status": "200"}
    before = sample(client.get("/metrics").text, "whichrig_requests_total", **labels)

    client.get("/hardware/geforce-rtx-4090")
    client.get("/hardware/geforce-rtx-3090")
    after = client.get("/metrics").text

    assert sample(after, "whichrig_requests_total", **labels) == before + 2
    assert sample(after, "whichrig_request_duration_seconds_count", method="GET", route=labels["route"]) >= 2


def test_addresses_that_do_not_exist_share_one_line(client):
    before = sample(client.get("/metrics").text, "whichrig_requests_total", route="unknown")

    client.get("/nowhere/1")
    client.get("/nowhere/2")
    text = client.get("/metrics").text

    assert sample(text, "whichrig_requests_total", route="unknown") == before + 2
    assert "nowhere" not in text


def test_a_fault_counts_as_one(faulty):
    faulty.get("/toy-fault")

    assert sample(faulty.get("/metrics").text, "whichrig_requests_total", route="/toy-fault", status="500") == 1


def test_the_revision_and_the_process_are_told(client):
    text = client.get("/metrics").text

    assert sample(text, "whichrig_catalogue_revision") >= 1
    assert sample(text, "whichrig_requests_in_progress") == 1
    assert sample(text, "process_resident_memory_bytes") > 0


def test_the_format_is_that_of_prometheus(client):
    answer = client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert all(line.startswith("#") or re.fullmatch(r"\S+(?:{.*})? \S+", line) for line in answer.text.splitlines())


def test_a_logged_request_tells_neither_the_question_nor_who_asked(faulty, caplog):
    with caplog.at_level(logging.INFO, logger="app"):
        faulty.get("/healthz?secret=1", headers={"x-request-id": "order-19"})

    (record,) = [one for one in caplog.records if one.message == "request"]
    told = json.loads(JsonLines().format(record))
    assert (told["method"], told["path"], told["status"]) == ("GET", "/healthz", 200)
    assert not {"secret", "testclient"} & set(re.split(r"\W", json.dumps(told)))


def test_requests_are_not_logged_unless_asked_for(client, caplog):
    with caplog.at_level(logging.INFO, logger="app"):
        client.get("/healthz")

    assert [one for one in caplog.records if one.message == "request"] == []


def test_a_trace_goes_on_where_the_caller_began_it():
    exporter = InMemorySpanExporter()
    tracer = tracer_to(exporter)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def answer(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def ask():
        observed = Observed(answer, metrics=Metrics(lambda: None), log_requests=False, tracer=tracer)
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"traceparent", parent.encode())]}
        await observed(scope, None, lambda message: asyncio.sleep(0))

    asyncio.run(ask())
    tracer.span_processor.force_flush()

    (span,) = exporter.get_finished_spans()
    assert (span.name, f"{span.context.trace_id:032x}") == ("GET unknown", parent.split("-")[1])
    assert span.attributes["http.response.status_code"] == 204


def test_nothing_is_traced_unless_the_environment_names_a_receiver():
    assert tracer_from({}) is None
