import json

import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict

from app.main import create_app
from app.settings import Settings
from tests.browser import ACCEPT

BROWSER = {"accept": ACCEPT}
PROBLEM = "application/problem+json"


class Ask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    batch_size: int


@pytest.fixture(scope="module")
def toy(database_url):
    """The application with three more handlers, whose faults become answers as they do for a visitor."""
    app = create_app(Settings(database_url=database_url, public_url="https://rig.example.org"))
    _add_handlers(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def _add_handlers(app: FastAPI) -> None:
    @app.post("/toy")
    @app.post("/estimate/batch")
    async def ask(ask: Ask) -> Ask:
        return ask

    @app.get("/toy-fault")
    async def fail() -> Ask:
        raise RuntimeError("the password is hunter2")


def test_the_process_says_that_it_is_alive(client):
    assert client.get("/healthz").json()["status"] == "ok"


def test_readiness_tells_the_revision_of_the_catalogue(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["catalogue_revision"] >= 1


def test_readiness_is_refused_before_the_catalogue_is_loaded():
    answer = TestClient(create_app(Settings())).get("/readyz")

    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)


def test_an_unknown_address_is_a_problem_object_for_a_program(client):
    answer = client.get("/nowhere")

    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["detail"] == "There is nothing at /nowhere."


def test_an_unknown_address_is_a_page_for_a_visitor(browser):
    assert browser.get("/nowhere", status=404).heading == "Not found"


def test_a_wrong_method_names_the_right_one(toy):
    answer = toy.get("/toy")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["detail"] == "GET does not work at /toy: use POST."


@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_an_unforeseen_fault_tells_nothing_of_its_inside(toy, headers):
    answer = toy.get("/toy-fault", headers=headers)

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_wrong_field_is_named_with_the_nearest_one(toy):
    answer = toy.post("/toy", json={"batchsize": 1, "batch_size": "many"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["errors"] == [
        {"pointer": "/batch_size", "detail": "Enter a whole number", "suggestions": []},
        {"pointer": "/batchsize", "detail": "There is no field named “batchsize” here", "suggestions": ["batch_size"]},
    ]


def test_a_visitor_sees_wrong_fields_as_a_list(toy):
    answer = toy.post("/toy", json={"batchsize": 1, "batch_size": 2}, headers=BROWSER)

    page = BeautifulSoup(answer.text, "html.parser")
    lines = [" ".join(item.get_text().split()) for item in page.select("main > ul li")]
    assert lines == ["batchsize: There is no field named “batchsize” here. Did you mean batch_size?"]
    assert "/" in {link["href"] for link in page.select("#ways ~ ul a")}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{", "This is not valid JSON: Expecting property name enclosed in double quotes"),
        ("[]", "Send a JSON object, with the header Content-Type: application/json"),
        ("", "Send a JSON object, with the header Content-Type: application/json"),
    ],
)
def test_a_body_that_is_no_json_object_is_told_so(toy, body, detail):
    answer = toy.post("/toy", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (422, detail)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"batch_size": ' + "9" * 5000 + "}", '{"\\ud800": 1}', b"\xff"])
def test_a_hostile_body_is_refused_as_the_callers_mistake(toy, body):
    answer = toy.post("/toy", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    ("path", "size", "status"), [("/toy", 262_144, 422), ("/toy", 262_145, 413), ("/estimate/batch", 8_388_609, 413)]
)
def test_a_body_is_read_up_to_the_limit_of_its_path(toy, path, size, status):
    body = b'"' + b"x" * (size - 2) + b'"'

    announced = toy.post(path, content=body, headers={"content-type": "application/json"})
    unannounced = toy.post(path, content=iter([body[:1000], body[1000:]]), headers={"content-type": "application/json"})

    assert (announced.status_code, unannounced.status_code) == (status, status)
    assert announced.headers["content-type"] == PROBLEM


def test_a_body_of_unannounced_length_arrives_whole(toy):
    body = json.dumps({"batch_size": 7}).encode()

    answer = toy.post("/toy", content=iter([body[:5], body[5:]]), headers={"content-type": "application/json"})

    assert answer.json() == {"batch_size": 7}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://testserver"}, 200),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://rig.example.org", "sec-fetch-site": "cross-site"}, 200),
    ],
)
def test_only_our_own_pages_can_change_anything_through_a_browser(toy, headers, status):
    assert toy.post("/toy", json={"batch_size": 1}, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/static/nowhere.css"])
def test_every_answer_forbids_what_is_not_ours(toy, path):
    headers = toy.get(path).headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_the_description_of_the_api_is_served(client):
    assert client.get("/openapi.json").json()["info"]["title"] == "WhichRig"


def test_an_installation_answers_on_its_port(server_url):
    import httpx

    assert httpx.get(f"{server_url}/healthz").json()["status"] == "ok"


def test_a_real_browser_shows_the_error_page_without_complaint(server_url, chromium):
    page = chromium.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{server_url}/nowhere")

    heading = page.text_content("h1")
    page.close()

    assert heading == "Not found"
    assert [text for text in complaints if "404" not in text] == []
