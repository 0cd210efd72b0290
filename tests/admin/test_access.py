from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.db import transaction
from app.main import ROUTERS
from app.tables import ApiKey, SignedIn, User

OPEN = {"/admin/sign-in", "/admin/sign-in/provider", "/admin/sign-in/provider/return"}
PLACES = {
    "table": "hardware",
    "key": "geforce-rtx-4090",
    "entry_id": "1",
    "revision": "1",
    "key_id": "1",
    "number": "1",
    "name": "acme",
}
OWN = ("/admin/sign-out", "/admin/sign-out-everywhere", "/admin/account")
"""What anybody who is signed in may do with their own account."""
ROUTES = [
    pytest.param(method, route.path.format(**PLACES), id=f"{method} {route.path}")
    for router in ROUTERS
    for route in router.routes
    if route.path.startswith("/admin") and route.path not in OPEN
    for method in sorted(route.methods)
]
WRITES = [route for route in ROUTES if route.values[0] != "GET" and not route.values[1].startswith(OWN)]
PUBLISHING = ["/admin/draft/publication", "/admin/api/draft/publication"]


@pytest.fixture(scope="module")
def service(sqlite_template, tmp_path_factory):
    import shutil

    from fastapi.testclient import TestClient

    from app.main import create_app
    from app.settings import Settings

    path = tmp_path_factory.mktemp("access") / "copy.db"
    shutil.copy(sqlite_template, path)
    with TestClient(create_app(Settings(database_url=f"sqlite:///{path}")), follow_redirects=False) as client:
        yield client


@pytest.fixture
def ask(service):
    def asked(method: str, path: str, headers: dict[str, str] | None = None):
        service.cookies.clear()
        return service.request(method, path, headers=headers or {})

    return asked


def test_there_are_routes_to_guard():
    assert len(ROUTES) > 40
    assert len(WRITES) > 15


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_comes_in_without_signing_in(ask, method, path):
    program = ask(method, path)
    visitor = ask(method, path, {"accept": "text/html"})

    assert (program.status_code, program.headers["content-type"]) == (401, "application/problem+json")
    assert (visitor.status_code, visitor.headers["location"].split("?")[0]) == (303, "/admin/sign-in")


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_viewer_changes_nothing(ask, service, key_of, method, path):
    assert ask(method, path, key_of(service, "viewer")).status_code == 403


@pytest.mark.parametrize("path", PUBLISHING)
def test_an_editor_does_not_publish(ask, service, key_of, path):
    assert ask("POST", path, key_of(service, "editor")).status_code == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_other_site_changes_anything(ask, service, key_of, method, path):
    headers = key_of(service, "approver") | {"sec-fetch-site": "cross-site"}

    assert method == "GET" or ask(method, path, headers).status_code == 403


@pytest.mark.parametrize("path", ["/admin", "/admin/api/draft", "/admin/account"])
def test_an_expired_session_is_none(service, signed_in, path):
    signed_in(service, "approver")
    with transaction(service.app.state.engine) as session:
        session.execute(update(SignedIn).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert service.get(path).status_code == 401


def test_an_expired_key_is_none(ask, service, key_of):
    key = key_of(service, "approver")
    assert ask("GET", "/admin/api/draft", key).status_code == 200
    with transaction(service.app.state.engine) as session:
        session.execute(update(ApiKey).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert ask("GET", "/admin/api/draft", key).status_code == 401


def test_a_key_can_do_no_more_than_its_owner_can_now(ask, service, key_of):
    key = key_of(service, "editor")
    with transaction(service.app.state.engine) as session:
        session.execute(update(User).where(User.email == "editor@example.org").values(role="viewer"))
    answer = ask("POST", "/admin/api/sources", key)
    with transaction(service.app.state.engine) as session:
        session.execute(update(User).where(User.email == "editor@example.org").values(role="editor", disabled=True))
    shut = ask("GET", "/admin/api/draft", key)
    with transaction(service.app.state.engine) as session:
        session.execute(update(User).where(User.email == "editor@example.org").values(disabled=False))

    assert (answer.status_code, shut.status_code) == (403, 401)


def test_a_key_opens_no_account(ask, service, key_of):
    assert ask("GET", "/admin/account", key_of(service, "approver")).status_code == 403


def test_the_key_of_somebody_else_is_not_found(service, signed_in, key_of):
    key_of(service, "approver")
    with transaction(service.app.state.engine) as session:
        number = session.query(ApiKey).order_by(ApiKey.id.desc()).first().id
    signed_in(service, "editor")

    assert service.post(f"/admin/account/keys/{number}/end").status_code == 404


def test_own_edits_are_published_by_somebody_else_where_that_is_asked_for(sqlite_copy, key_of):
    from fastapi.testclient import TestClient

    from app.main import create_app
    from app.settings import Settings

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
