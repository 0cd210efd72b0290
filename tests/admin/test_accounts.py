from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.admin import accounts, passwords, throttle
from app.db import reading, transaction
from app.errors import AppError, TooManyRequests
from app.tables import ApiKey, AuditEntry, SignedIn, User
from tests.admin.conftest import PASSWORD, address
from tests.browser import Browser

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def visitor(quick_client):
    return Browser(quick_client)


def test_signing_in_leads_to_where_one_wanted_to_go_and_out_again(quick_client, visitor):
    page = visitor.get("/admin/audit")
    assert page.heading == "Sign in"

    opened = visitor.submit(page, email=address("viewer").upper(), password=PASSWORD)
    assert opened.heading == "Audit trail"
    left = visitor.submit(opened, form='form[action="/admin/sign-out"]')

    assert left.heading == "Sign in"
    with reading(quick_client.app.state.engine) as session:
        assert session.scalars(select(SignedIn)).all() == []


@pytest.mark.parametrize(("email", "password"), [(address("viewer"), "wrong"), ("nobody@example.org", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_are_told_alike(visitor, email, password):
    page = visitor.submit(visitor.get("/admin/sign-in"), status=422, email=email, password=password)

    assert [line.get_text() for line in page.select(".error-summary a")] == ["The address or the password is wrong"]


@pytest.mark.parametrize("after", ["https://elsewhere.example", "//elsewhere.example", "/hardware", "/admin\\..\\x"])
def test_signing_in_leads_nowhere_else(visitor, after):
    page = visitor.get(f"/admin/sign-in?after={after}")

    assert page.select_one('[name="after"]')["value"] == "/admin"


@pytest.mark.parametrize(
    ("public_url", "name"), [("https://rig.example.org", "__Host-whichrig-session"), ("", "whichrig-session")]
)
def test_the_session_is_in_a_cookie_that_no_script_and_no_other_site_can_use(sqlite_copy, public_url, name):
    from fastapi.testclient import TestClient

    from app.main import create_app
    from app.settings import Settings

    with TestClient(create_app(Settings(database_url=sqlite_copy, public_url=public_url))) as client:
        form = {"email": address("viewer"), "password": PASSWORD}
        cookie = client.post("/admin/sign-in", data=form, follow_redirects=False).headers["set-cookie"]

    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith(f"{name}=")
    assert {"httponly", "path=/", "samesite=lax"} <= parts
    assert ("secure" in parts) == bool(public_url)


def test_a_new_password_ends_every_session(quick_client, visitor, signed_in):
    browser = signed_in(quick_client, "editor")
    signed_in(quick_client, "editor")
    form = 'form[action="/admin/account/password"]'
    page = browser.get("/admin/account")

    short = browser.submit(page, form=form, status=422, password=PASSWORD, new_password="short")
    wrong = browser.submit(page, form=form, status=422, password="wrong", new_password="another long one")
    left = browser.submit(page, form=form, password=PASSWORD, new_password="another long one")

    assert short.select_one("#new_password-error")
    assert wrong.select_one("#password-error")
    assert left.heading == "Sign in"
    assert "password is changed" in left.select_one("[role=status]").text
    with reading(quick_client.app.state.engine) as session:
        user = accounts.user_named(session, address("editor"))
        assert session.scalars(select(SignedIn)).all() == []
        assert passwords.is_right("another long one", user.password_hash)


def test_a_key_is_shown_once_and_kept_as_a_hash(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    form = 'form[action="/admin/account/keys"]'

    made = browser.submit(browser.get("/admin/account"), form=form, name="nightly", scope="editor")
    key = made.select_one(".note code").get_text()
    again = browser.get("/admin/account")

    assert key not in str(again)
    assert "nightly" in again.get_text()
    with reading(quick_client.app.state.engine) as session:
        kept = session.scalars(select(ApiKey)).one()
        assert kept.key_hash == accounts.digest(key) != key
    quick_client.cookies.clear()
    assert quick_client.get("/admin/api/draft", headers={"authorization": f"Bearer {key}"}).status_code == 200
    with reading(quick_client.app.state.engine) as session:
        assert session.scalars(select(ApiKey)).one().last_used_at is not None


def test_a_key_can_do_at_most_what_its_owner_can(quick_client, signed_in):
    browser = signed_in(quick_client, "viewer")
    data = {"name": "more", "scope": "approver", "days": "30"}

    page = browser.post("/admin/account/keys", data=data, status=422)

    assert page.select_one("#scope-error")


def test_wrong_passwords_make_the_next_one_wait_longer_and_never_forbid_it(engine):
    email, waits = address("viewer"), []
    for attempt in range(9):
        with transaction(engine) as session:
            waits.append(throttle.wait_s(session, email, source="10.0.0.1", now=NOW + timedelta(seconds=60 * attempt)))
            throttle.failed(session, email, source="10.0.0.1", now=NOW + timedelta(seconds=60 * attempt))

    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 8]


def test_guesses_at_once_stand_in_a_queue(engine):
    email, told = address("viewer"), []
    for _ in range(6):
        with transaction(engine) as session:
            throttle.failed(session, email, source="10.0.0.1", now=NOW)
    for _ in range(30):
        try:
            with transaction(engine) as session:
                throttle.wait_s(session, email, source="10.0.0.1", now=NOW)
        except TooManyRequests as error:
            told.append(error.headers["retry-after"])

    assert len(told) > 20
    assert all(int(seconds) > 0 for seconds in told)


def test_nobody_can_make_somebody_else_wait(engine):
    email = address("viewer")
    for _ in range(50):
        with transaction(engine) as session:
            throttle.failed(session, email, source="10.0.0.1", now=NOW)

    with transaction(engine) as session:
        assert throttle.wait_s(session, email, source="10.0.0.2", now=NOW) == 0


def test_the_right_password_ends_the_waiting(engine):
    email = address("viewer")
    for _ in range(8):
        with transaction(engine) as session:
            throttle.failed(session, email, source="10.0.0.1", now=NOW)
    with transaction(engine) as session:
        throttle.succeeded(session, email, source="10.0.0.1", now=NOW)

    with transaction(engine) as session:
        assert throttle.wait_s(session, email, source="10.0.0.1", now=NOW) == 0


@pytest.mark.parametrize(
    ("email", "role", "password", "told"),
    [
        ("nobody", "viewer", PASSWORD, "email"),
        ("new@example.org", "boss", PASSWORD, "role"),
        ("new@example.org", "viewer", "short", "at least 12 characters"),
        ("VIEWER@example.org", "viewer", PASSWORD, "There is an account"),
    ],
)
def test_an_account_that_cannot_be_made_is_told(engine, email, role, password, told):
    with pytest.raises(AppError, match=told), transaction(engine) as session:
        accounts.create_user(session, email, role=role, password=password, actor="tests")


def test_making_an_account_is_in_the_audit_trail_without_its_password(engine):
    with transaction(engine) as session:
        accounts.create_user(session, "new@example.org", role="editor", password=PASSWORD, actor="tests")

    with reading(engine) as session:
        entry = session.scalars(select(AuditEntry)).one()
        user = session.scalars(select(User).where(User.email == "new@example.org")).one()
    assert (entry.actor, entry.action, entry.after) == (
        "tests",
        "account",
        {"email": "new@example.org", "role": "editor"},
    )
    assert user.password_hash.startswith("$argon2id$")


def test_one_session_of_many_can_be_ended_and_nobody_elses(quick_client, signed_in):
    signed_in(quick_client, "viewer")
    signed_in(quick_client, "editor")
    browser = signed_in(quick_client, "editor")
    with reading(quick_client.app.state.engine) as session:
        foreign, forgotten, own = session.scalars(select(SignedIn.id).order_by(SignedIn.id)).all()

    page = browser.get("/admin/account")
    forms = [form["action"] for form in page.select("form") if "/sessions/" in form["action"]]
    browser.submit(page, form=f'form[action="{forms[0]}"]')
    refused = quick_client.post(f"/admin/account/sessions/{foreign}/end")

    assert forms == [f"/admin/account/sessions/{forgotten}/end"]
    assert refused.status_code == 404
    with reading(quick_client.app.state.engine) as session:
        assert set(session.scalars(select(SignedIn.id))) == {foreign, own}


def test_a_browser_that_was_signed_in_before_waits_for_nobody_elses_mistakes(quick_client, visitor):
    visitor.submit(visitor.get("/admin/sign-in"), email=address("viewer"), password=PASSWORD)
    known = quick_client.cookies.get("whichrig-browser")
    now = datetime.now(UTC)
    with transaction(quick_client.app.state.engine) as session:
        for _ in range(100):
            throttle.failed(session, address("viewer"), source="testclient", now=now)
        others = [throttle.wait_s(session, address("viewer"), source="testclient", now=now) for _ in range(3)]

        own = throttle.wait_s(session, address("viewer"), source="testclient", now=now, browser=known)
        foreign = throttle.wait_s(session, address("editor"), source="10.0.0.9", now=now, browser=known)
        for _ in range(throttle.FREE_FAILURES + 1):
            throttle.failed(session, address("viewer"), source="testclient", now=now, browser=known)
        guessing = throttle.wait_s(session, address("viewer"), source="testclient", now=now, browser=known)

    assert len(known) == 43
    assert others == [8, 16, 24]
    assert (own, foreign, guessing) == (0, 0, 2)
