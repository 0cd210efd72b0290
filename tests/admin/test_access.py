"""Who comes in where: every route of the service below /admin is asked, so that a new one cannot be forgotten."""

import re
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from app.db import reading, transaction
from app.main import create_app
from app.settings import Settings
from app.tables import ApiKey, AuditEntry, SignedIn, User

OPEN = {
    ("GET", "/admin/sign-in"),
    ("POST", "/admin/sign-in"),
    ("GET", "/admin/sign-in/provider"),
    ("GET", "/admin/sign-in/provider/return"),
}
"""Where people come in."""
OWN = {"/admin/sign-out", "/admin/sign-out-everywhere", "/admin/account/password", "/admin/account/keys"}
"""Writes that anybody who is signed in may make, about their own account."""
OWN_PARTS = ("/admin/account/keys/", "/admin/account/sessions/")
PUBLISHING = ["/admin/draft/publication", "/admin/api/draft/publication"]
PLACES = {"table": "hardware", "key": "geforce-rtx-4090", "name": "nothing"}
REFUSED, UNKNOWN, SIGN_IN = 403, 401, 303


def routes(found):
    """Every route, those of included routers as well."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner.routes)
        else:
            yield route


def address(path: str) -> str:
    """With something in the place of each parameter; numbers are those of entries that there are."""
    return re.sub(r"{(\w+)[^}]*}", lambda found: PLACES.get(found[1], "1"), path)


ALL = [
    (method, route.path)
    for route in routes(create_app(Settings()).routes)
    if route.path.startswith("/admin")
    for method in sorted(route.methods)
]
GUARDED = [each for each in ALL if each not in OPEN]
WRITES = [each for each in GUARDED if each[0] not in {"GET", "HEAD"}]
EDITING = [each for each in WRITES if each[1] not in OWN and not each[1].startswith(OWN_PARTS)]


@pytest.fixture(scope="module")
def service(sqlite_template, tmp_path_factory):
    path = tmp_path_factory.mktemp("access") / "copy.db"
    shutil.copy(sqlite_template, path)
    with TestClient(create_app(Settings(database_url=f"sqlite:///{path}")), follow_redirects=False) as client:
        yield client


@pytest.fixture
def ask(service):
    def asked(method: str, path: str, headers: dict[str, str] | None = None):
        service.cookies.clear()
        return service.request(method, address(path), headers=headers or {})

    return asked


@pytest.fixture
def others_than(service):
    """Routes that answer something else than expected, with what they answer."""

    def found(status: int, asked: list[tuple[str, str]], headers: dict[str, str] | None = None, *, session: str = ""):
        others = {}
        for method, path in asked:
            service.cookies.clear()
            if session:
                service.cookies.set("whichrig-session", session)
            answer = service.request(method, address(path), headers=headers or {})
            if answer.status_code != status:
                others[method, path] = answer.status_code
        return others

    return found


def change(service, statement):
    with transaction(service.app.state.engine) as session:
        session.execute(statement)


def test_there_are_routes_to_guard():
    assert len(GUARDED) >= 70
    assert len(EDITING) >= 30
    assert set(ALL) >= OPEN
    assert {path for _, path in WRITES} >= {*OWN, *PUBLISHING}
    assert [each for each, count in Counter(ALL).items() if count > 1] == []


def test_no_program_comes_in_without_a_key(service, others_than):
    assert others_than(UNKNOWN, GUARDED) == {}
    assert service.get("/admin/api").headers["content-type"] == "application/problem+json"


def test_visitors_are_led_to_the_form(service, others_than):
    assert others_than(SIGN_IN, GUARDED, {"accept": "text/html"}) == {}
    answer = service.get("/admin/draft", headers={"accept": "text/html"})
    assert answer.headers["location"] == "/admin/sign-in?after=/admin/draft"


def test_a_session_that_has_expired_opens_nothing(service, signed_in, others_than):
    signed_in(service, "approver")
    token = service.cookies["whichrig-session"]
    assert others_than(200, [("GET", "/admin"), ("GET", "/admin/api")], session=token) == {}
    change(service, update(SignedIn).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert others_than(UNKNOWN, GUARDED, session=token) == {}


def test_a_session_that_was_ended_opens_nothing(service, signed_in, others_than):
    signed_in(service, "approver")
    token = service.cookies["whichrig-session"]
    change(service, delete(SignedIn))

    assert others_than(UNKNOWN, GUARDED, session=token) == {}


def test_a_session_nobody_was_given_opens_nothing(others_than):
    assert others_than(UNKNOWN, GUARDED, session="x" * 43) == {}


def test_a_key_that_has_expired_opens_nothing(service, key_of, others_than):
    key = key_of(service, "approver")
    assert others_than(200, [("GET", "/admin/api/draft")], key) == {}
    change(service, update(ApiKey).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert others_than(UNKNOWN, GUARDED, key) == {}


def test_a_key_that_was_ended_opens_nothing(service, key_of, others_than):
    key = key_of(service, "approver")
    change(service, delete(ApiKey))

    assert others_than(UNKNOWN, GUARDED, key) == {}


def test_an_account_that_was_shut_opens_nothing(service, key_of, signed_in, others_than):
    key = key_of(service, "approver")
    signed_in(service, "approver")
    token = service.cookies["whichrig-session"]
    shut = update(User).where(User.email == "approver@example.org")
    change(service, shut.values(disabled=True))
    found = others_than(UNKNOWN, GUARDED, key), others_than(UNKNOWN, GUARDED, session=token)
    change(service, shut.values(disabled=False))

    assert found == ({}, {})


def test_a_viewer_changes_nothing(service, key_of, signed_in, others_than):
    signed_in(service, "viewer")
    token = service.cookies["whichrig-session"]

    assert others_than(REFUSED, EDITING, key_of(service, "viewer")) == {}
    assert others_than(REFUSED, EDITING, session=token) == {}


def test_a_key_to_look_changes_nothing_whoever_made_it(service, key_of, others_than):
    key = key_of(service, "approver", scope="viewer")

    assert others_than(200, [("GET", "/admin/api/draft"), ("GET", "/admin/api/hardware")], key) == {}
    assert others_than(REFUSED, EDITING, key) == {}


def test_an_editor_does_not_publish(service, key_of, others_than):
    publishing = [("POST", path) for path in PUBLISHING]

    assert others_than(REFUSED, publishing, key_of(service, "editor")) == {}
    assert others_than(REFUSED, publishing, key_of(service, "approver", scope="editor")) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_no_other_site_changes_anything(service, signed_in, others_than, headers):
    signed_in(service, "approver")
    token = service.cookies["whichrig-session"]
    with reading(service.app.state.engine) as session:
        before = session.scalars(select(AuditEntry.id)).all()

    assert others_than(REFUSED, [*WRITES, ("POST", "/admin/sign-in")], headers, session=token) == {}
    with reading(service.app.state.engine) as session:
        assert session.scalars(select(AuditEntry.id)).all() == before


def test_nothing_below_admin_is_open_to_sites_that_may_call_the_rest(sqlite_copy):
    origin = "https://friend.example"
    with TestClient(create_app(Settings(database_url=sqlite_copy, cors_origins=origin))) as client:
        answers = [
            client.post(address(path), headers={"origin": origin}) for method, path in WRITES if method == "POST"
        ]
        seen = client.get("/admin", headers={"origin": origin})

    assert {answer.status_code for answer in answers} == {REFUSED}
    assert "access-control-allow-credentials" not in seen.headers  # a browser keeps the cookie to itself


def test_a_key_can_do_no_more_than_its_owner_can_now(ask, service, key_of):
    key, own = key_of(service, "editor"), update(User).where(User.email == "editor@example.org")
    change(service, own.values(role="viewer"))
    answer = ask("POST", "/admin/api/sources", key)
    change(service, own.values(role="editor"))

    assert answer.status_code == REFUSED


def test_a_key_opens_no_account(service, key_of, others_than):
    accounts = [each for each in GUARDED if each[1].startswith(("/admin/account", "/admin/sign-out"))]

    assert len(accounts) == 7
    assert others_than(REFUSED, accounts, key_of(service, "approver")) == {}


def test_the_key_of_somebody_else_is_told_like_one_that_there_is_not(service, signed_in, key_of):
    key_of(service, "approver")
    with reading(service.app.state.engine) as session:
        number = session.scalars(select(ApiKey.id).order_by(ApiKey.id.desc())).first()
    signed_in(service, "editor")

    theirs = service.post(f"/admin/account/keys/{number}/end")
    nobodys = service.post(f"/admin/account/keys/{number + 1000}/end")

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    told = [{name: text for name, text in each.json().items() if name != "instance"} for each in (theirs, nobodys)]
    assert told[0] == told[1]
    with reading(service.app.state.engine) as session:
        assert session.get(ApiKey, number) is not None


def test_an_account_page_tells_nothing_of_others(service, signed_in, key_of):
    key_of(service, "approver")
    page = signed_in(service, "editor").get("/admin/account").get_text()

    assert "editor@example.org" in page
    assert "approver@example.org" not in page


def test_own_edits_are_published_by_somebody_else_where_that_is_asked_for(sqlite_copy, key_of):
    settings = Settings(database_url=sqlite_copy, two_person_approval=True)
    with TestClient(create_app(settings)) as client:
        approver = key_of(client, "approver")
        values = {"key": "maker", "title": "The maker", "url": "https://example.org"}
        client.post("/admin/api/sources", json={"values": values}, headers=approver)
        own = client.post("/admin/api/draft/publication", json={"why": "mine"}, headers=approver)

        client.delete("/admin/api/draft/sources/maker", headers=approver)
        client.post("/admin/api/sources", json={"values": values}, headers=key_of(client, "editor"))
        others = client.post("/admin/api/draft/publication", json={"why": "theirs"}, headers=approver)

    assert (own.status_code, others.status_code) == (403, 201)


def test_a_draft_with_one_own_edit_among_others_is_not_published_by_its_editor(sqlite_copy, key_of):
    settings = Settings(database_url=sqlite_copy, two_person_approval=True)
    with TestClient(create_app(settings)) as client:
        approver, editor = key_of(client, "approver"), key_of(client, "editor")
        for number, key in enumerate([editor, approver, editor]):
            values = {"key": f"maker-{number}", "title": "The maker", "url": "https://example.org"}
            client.post("/admin/api/sources", json={"values": values}, headers=key)
        answer = client.post("/admin/api/draft/publication", json={"why": "all"}, headers=approver)

    assert (answer.status_code, "sources" in answer.text or "maker-1" in answer.text) == (403, True)
