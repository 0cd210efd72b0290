"""Signing in at a provider that runs in a process of its own; and every way in which that can fail."""

import socket
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from typer.testing import CliRunner

from app.admin import passwords
from app.admin.sign_in_page import inside
from app.admin.single_sign_on_pages import COOKIE, Begun
from app.cli import build
from app.db import reading, transaction
from app.main import create_app
from app.settings import Settings
from app.tables import AuditEntry, Identity, SignedIn, User
from tests.admin.identity_provider import agreed, provider

START = "/admin/sign-in/provider"


@pytest.fixture(scope="module")
def issuer():
    with provider() as address:
        yield address


@pytest.fixture
def service(sqlite_copy, issuer):
    """The service with that provider; settings as a test likes them."""
    opened = []

    def make(**changes) -> TestClient:
        settings = Settings(
            **{
                "database_url": sqlite_copy,
                "oidc_issuer": issuer,
                "oidc_client_id": "rig",
                "oidc_client_secret": "s3",
                "oidc_label": "Acme ID",
            }
            | changes
        )
        client = TestClient(create_app(settings), follow_redirects=False)
        opened.append(client.__enter__())
        return opened[-1]

    yield make
    for client in opened:
        client.__exit__(None, None, None)


def sign_in(client: TestClient, subject: str, **changes: str):
    """All the way there and back."""
    return client.get(agreed(client.get(START).headers["location"], subject, **changes))


def user_of(client: TestClient, email: str) -> User | None:
    with reading(client.app.state.engine) as session:
        return session.scalar(select(User).where(User.email == email))


def test_somebody_with_an_account_comes_in_and_goes_where_they_wanted(service):
    client = service()
    left = client.get(f"{START}?after=/admin/account")

    back = client.get(agreed(left.headers["location"], "a1"))

    assert (back.status_code, back.headers["location"]) == (303, "/admin/account")
    assert "editor@example.org" in client.get("/admin/account").text
    assert client.cookies.get(COOKIE) is None


def test_the_provider_is_asked_with_state_nonce_and_the_hash_of_a_secret(service):
    client = service()

    asked = parse_qs(urlsplit(client.get(START).headers["location"]).query)

    begun = Begun.of(client.cookies[COOKIE].strip('"'))
    challenge = urlsafe_b64encode(sha256(begun.verifier.encode()).digest()).decode().rstrip("=")
    assert asked == {
        "response_type": ["code"],
        "client_id": ["rig"],
        "redirect_uri": ["http://testserver/admin/sign-in/provider/return"],
        "scope": ["openid email profile"],
        "state": [begun.state],
        "nonce": [begun.nonce],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }
    assert len({begun.state, begun.nonce, begun.verifier}) == 3


def test_it_is_a_session_like_any_other_and_can_be_revoked(service):
    client = service()
    sign_in(client, "a1")
    with transaction(client.app.state.engine) as session:
        assert session.scalars(select(SignedIn)).one().through_provider
        session.delete(session.scalars(select(SignedIn)).one())

    assert client.get("/admin/account").status_code == 401


def test_signing_out_ends_the_session_and_shows_the_way_out_of_the_provider(service, issuer):
    client = service()
    sign_in(client, "a1")

    out = client.post("/admin/sign-out")

    assert f"{issuer}/oauth2/end_session?client_id=rig" in out.text
    assert client.get("/admin").status_code == 401


def test_passwords_still_work_and_the_page_offers_both(service):
    client = service()

    page = client.get("/admin/sign-in").text
    answer = client.post("/admin/sign-in", data={"email": "editor@example.org", "password": "correct horse battery"})

    assert "Sign in with Acme ID" in page
    assert answer.status_code == 303
    assert client.post("/admin/sign-out").status_code == 303


def test_without_settings_there_is_no_way_in_by_a_provider(quick_client):
    assert "Sign in with" not in quick_client.get("/admin/sign-in").text
    assert quick_client.get(START).status_code == 404


def test_somebody_without_an_account_stays_outside_unless_the_settings_let_them_in(service):
    client = service()
    refused = sign_in(client, "b2")
    assert refused.status_code == 403
    assert "There is no account for new@example.org here" in refused.text
    assert user_of(client, "new@example.org") is None

    open_to_all = service(oidc_new_accounts=True)
    assert sign_in(open_to_all, "b2").status_code == 303
    made = user_of(open_to_all, "new@example.org")
    assert (made.role, made.password_hash) == ("viewer", "")
    with reading(open_to_all.app.state.engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.key == "new@example.org")).all()
    assert [entry.why for entry in noted] == ["account created", "came in through single sign-on for the first time"]


def test_an_account_without_a_password_has_none_that_could_be_guessed(service):
    client = service(oidc_new_accounts=True)
    sign_in(client, "b2")

    assert "has no password" in client.get("/admin/account").text
    assert not passwords.is_right("nobody has this password", "")
    assert not passwords.is_right("", "")


def test_the_highest_role_of_the_groups_counts_at_each_sign_in(service):
    client = service(oidc_new_accounts=True, oidc_roles="staff=editor, admins=approver")
    assert sign_in(client, "b2").status_code == 303
    assert user_of(client, "new@example.org").role == "approver"

    later = service(oidc_new_accounts=True, oidc_roles="staff=editor")
    assert sign_in(later, "b2").status_code == 303
    assert user_of(later, "new@example.org").role == "editor"


def test_somebody_in_no_group_that_has_a_role_stays_outside(service):
    client = service(oidc_new_accounts=True, oidc_roles="staff=editor")

    refused = sign_in(client, "e5")

    assert refused.status_code == 403
    assert "none of the groups" in refused.text
    assert sign_in(service(oidc_new_accounts=True, oidc_roles="staff=editor, *=viewer"), "e5").status_code == 303


@pytest.mark.parametrize(
    ("subject", "told"),
    [("c3", "unsure@example.org is not verified there"), ("d4", "silent@example.org is not verified there")],
)
def test_an_address_that_is_not_verified_opens_nothing(service, subject, told):
    client = service(oidc_new_accounts=True)

    refused = sign_in(client, subject)

    assert refused.status_code == 403
    assert told in refused.text


def test_silence_about_an_address_can_be_trusted_but_a_no_never(service):
    client = service(oidc_new_accounts=True, oidc_trust_emails=True)

    assert sign_in(client, "d4").status_code == 303
    assert sign_in(client, "c3").status_code == 403


def test_a_known_subject_keeps_its_account_when_the_address_changes(service, issuer):
    client = service()
    sign_in(client, "a1")
    with transaction(client.app.state.engine) as session:
        session.scalars(select(User).where(User.email == "editor@example.org")).one().email = "other@example.org"

    assert sign_in(client, "a1").status_code == 303
    with reading(client.app.state.engine) as session:
        found = session.scalars(select(Identity)).one()
        assert (found.issuer, found.subject) == (issuer, "a1")
    assert "other@example.org" in client.get("/admin/account").text


def test_a_shut_account_stays_shut(service):
    client = service()
    with transaction(client.app.state.engine) as session:
        session.scalars(select(User).where(User.email == "editor@example.org")).one().disabled = True

    refused = sign_in(client, "a1")

    assert refused.status_code == 403
    assert "is shut" in refused.text


def test_an_answer_to_another_attempt_is_refused(service):
    client = service()

    refused = sign_in(client, "a1", state="somebody-elses")

    assert refused.status_code == 403
    assert "another attempt" in refused.text
    assert client.get("/admin").status_code == 401


def test_a_token_for_another_question_is_refused(service):
    refused = sign_in(service(), "a1", nonce="somebody-elses")

    assert refused.status_code == 403
    assert "it answers another question" in refused.text


def test_an_answer_without_a_question_is_refused(service):
    client = service()
    back = agreed(client.get(START).headers["location"], "a1")
    client.cookies.clear()

    refused = client.get(back)

    assert refused.status_code == 403
    assert "not begun in this browser" in refused.text


def test_a_code_works_once(service):
    client = service()
    left = client.get(START)
    kept = client.cookies[COOKIE]
    back = agreed(left.headers["location"], "a1")
    assert client.get(back).status_code == 303
    client.cookies.clear()
    client.cookies.set(COOKIE, kept)

    again = client.get(back)

    assert again.status_code == 403
    assert "no longer knows this attempt" in again.text


def test_somebody_who_does_not_agree_is_told_so(service):
    client = service()

    refused = client.get(agreed(client.get(START).headers["location"], "a1", agrees=False))

    assert refused.status_code == 403
    assert "you did not agree there" in refused.text


def test_an_expired_token_is_refused(service):
    with provider(tokens_last_s=-600) as issuer:
        refused = sign_in(service(oidc_issuer=issuer), "a1")

    assert refused.status_code == 403
    assert "it has expired" in refused.text


def test_a_token_for_somebody_else_is_refused(service):
    refused = sign_in(service(), "a1", client_id="another-service")

    assert refused.status_code == 403


def test_a_provider_that_is_down_leaves_the_way_by_password(service):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        client = service(oidc_issuer=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        refused = client.get(START)

    assert refused.status_code == 503
    assert "Acme ID cannot be used at the moment" in refused.text
    assert 'type="password"' in refused.text


def test_a_provider_that_goes_down_in_between_is_told_as_well(service):
    with provider() as issuer:
        client = service(oidc_issuer=issuer)
        back = agreed(client.get(START).headers["location"], "a1")

    assert client.get(back).status_code == 503


def test_a_provider_that_calls_itself_something_else_is_not_used(service, issuer):
    assert service(oidc_issuer=f"{issuer}/").get(START).status_code == 503


def test_nobody_is_led_elsewhere_after_signing_in(service):
    client = service()
    left = client.get(START, params={"after": "//elsewhere.example"})

    assert client.get(agreed(left.headers["location"], "a1")).headers["location"] == "/admin"
    assert [inside(path) for path in ("https://elsewhere.example", "/\\elsewhere", "/", "/admin/../x\n")] == [
        "/admin"
    ] * 4


def test_an_account_without_a_password_is_made_for_single_sign_on(service, sqlite_copy, monkeypatch):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", sqlite_copy)
    command = ["admin", "create-user", "--email", "New@example.org", "--role", "editor", "--no-password"]
    made, again = (CliRunner().invoke(build(), command) for _ in range(2))
    client = service()

    assert (made.exit_code, again.exit_code) == (0, 1)
    assert sign_in(client, "b2").status_code == 303
    assert (user_of(client, "new@example.org").role, user_of(client, "new@example.org").password_hash) == ("editor", "")
    form = {"email": "new@example.org", "password": "nobody has this password"}
    assert client.post("/admin/sign-in", data=form).status_code == 422
