"""Signing in and out, one's password, sessions and keys."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin import accounts, passwords, throttle
from app.admin.access import Person, drop_cookie, know_browser, known_browser, set_cookie
from app.admin.forms import Entered, ErrorLine, FormField, Frame, error_lines, moment, options
from app.admin.sign_in_page import SignInPage, inside
from app.admin.single_sign_on_pages import provider_sign_out
from app.db import transaction
from app.errors import Unprocessable
from app.field_problems import FieldProblem
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.tables import ApiKey, SignedIn, User

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
USUAL_DAYS = "90"


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser that is signed in."""

    id: int
    browser: str
    since: str
    own: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key, without its secret."""

    id: int
    name: str
    prefix: str
    scope: str
    expires: str
    last_used: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One's own account."""

    template: ClassVar[str] = "admin/account.html"

    title: str
    frame: Frame
    password_fields: tuple[FormField, ...]
    key_fields: tuple[FormField, ...]
    sessions: tuple[SessionLine, ...]
    keys: tuple[KeyLine, ...]
    new_key: str = ""
    errors: tuple[ErrorLine, ...] = ()


@router.get("/sign-in")
def show_sign_in(request: Request, after: str = "/admin") -> Response:
    """The form to sign in."""
    return render(SignInPage.of(inside(after), provider=_provider(request)))


@router.post("/sign-in")
async def sign_in(request: Request, form: Entered) -> Response:
    """Check a password, in its turn, and begin a session."""
    email, password = form.get("email", "")[:200], form.get("password", "")
    source = request.client.host if request.client else ""
    browser = known_browser(request)
    wait_s = await asyncio.to_thread(_turn, request, email, source=source, browser=browser)
    await asyncio.sleep(wait_s)
    token = await asyncio.to_thread(_checked, request, email, password, source=source, browser=browser)
    after = inside(form.get("after", ""))
    if token is None:
        wrong = "The address or the password is wrong"
        page = SignInPage.of(after, email=email, error=wrong, provider=_provider(request))
        return render(page, status=UNPROCESSABLE)
    response = see_other(after)
    set_cookie(request, response, token=token)
    know_browser(request, response, browser=browser)
    return response


@router.post("/sign-out")
def sign_out(request: Request, caller: Person, session: SessionDep) -> Response:
    """End this session; one that began at the provider shows the way to sign out there as well."""
    if not accounts.sign_out(session, caller.session_id):
        return _signed_out(request)
    sign_out_url = provider_sign_out(request.app.state.settings)
    response = render(SignInPage.of("/admin", provider=_provider(request), sign_out_url=sign_out_url))
    drop_cookie(request, response)
    return response


@router.post("/sign-out-everywhere")
def sign_out_everywhere(request: Request, caller: Person, session: SessionDep) -> Response:
    """End all sessions of this account."""
    accounts.sign_out_everywhere(session, caller.user_id)
    return _signed_out(request)


@router.post("/account/sessions/{session_id}/end")
def end_session(session_id: int, caller: Person, session: SessionDep) -> Response:
    """End one session of this account, as in a browser that was left somewhere."""
    accounts.end_session(session, caller, session_id=session_id)
    return see_other("/admin/account")


@router.get("/account")
def show_account(caller: Person, session: SessionDep) -> Response:
    """One's own account."""
    return render(_account_page(session, caller))


@router.post("/account/password")
def change_password(request: Request, caller: Person, session: SessionDep, form: Entered) -> Response:
    """A new password; all sessions end."""
    user = session.get_one(User, caller.user_id)
    try:
        _check_present(user, form.get("password", ""))
        accounts.change_password(session, user, new=form.get("new_password", ""))
    except Unprocessable as error:
        return render(_account_page(session, caller, problems=error.problems), status=UNPROCESSABLE)
    done = "Your password is changed. Sign in with the new one."
    response = render(SignInPage.of("/admin", email=user.email, provider=_provider(request), done=done))
    drop_cookie(request, response)
    return response


@router.post("/account/keys")
def make_key(caller: Person, session: SessionDep, form: Entered) -> Response:
    """A new key, shown this once."""
    days = form.get("days", "")
    try:
        key = accounts.new_key(
            session,
            caller,
            name=form.get("name", ""),
            scope=form.get("scope", ""),
            days=int(days) if days.isdecimal() and len(days) < 5 else 0,
        )
    except Unprocessable as error:
        return render(_account_page(session, caller, problems=error.problems), status=UNPROCESSABLE)
    session.flush()
    return render(_account_page(session, caller, new_key=key))


@router.post("/account/keys/{key_id}/end")
def end_key(key_id: int, caller: Person, session: SessionDep) -> Response:
    """Make a key useless."""
    accounts.end_key(session, caller, key_id=key_id)
    return see_other("/admin/account")


def _turn(request: Request, email: str, *, source: str, browser: str) -> float:
    with transaction(request.app.state.engine) as session:
        return throttle.wait_s(session, email, source=source, now=datetime.now(UTC), browser=browser)


def _checked(request: Request, email: str, password: str, *, source: str, browser: str) -> str | None:
    """The secret of a new session; None when the address or the password is wrong."""
    engine = request.app.state.engine
    with Session(engine) as session:
        user = session.scalar(select(User).where(User.email == email.strip().lower(), User.disabled.is_(False)))
    right = passwords.is_right(password, user.password_hash if user else None)
    with transaction(engine) as session:
        if user is None or not right:
            throttle.failed(session, email, source=source, now=datetime.now(UTC), browser=browser)
            return None
        throttle.succeeded(session, email, source=source, now=datetime.now(UTC), browser=browser)
        return accounts.signed_in(session, user, browser=request.headers.get("user-agent", ""))


def _check_present(user: User, password: str) -> None:
    if not passwords.is_right(password, user.password_hash):
        raise Unprocessable([FieldProblem("/password", "Enter your present password")])


def _provider(request: Request) -> str:
    settings = request.app.state.settings
    return settings.oidc_label if settings.oidc_issuer else ""


def _signed_out(request: Request) -> Response:
    response = see_other("/admin/sign-in")
    drop_cookie(request, response)
    return response


def _account_page(
    session: Session, caller: accounts.Caller, *, problems: list[FieldProblem] | None = None, new_key: str = ""
) -> AccountPage:
    wrong = {problem.pointer.strip("/"): problem.detail for problem in problems or []}
    has_password = bool(session.get_one(User, caller.user_id).password_hash)
    password_fields = (
        ()
        if not has_password
        else (
            FormField("password", "Present password", "password", "", error=wrong.get("password", "")),
            FormField(
                "new_password",
                "New password",
                "password",
                "",
                hint=f"At least {passwords.SHORTEST} characters. Afterwards you sign in again everywhere.",
                error=wrong.get("new_password", ""),
            ),
        )
    )
    scopes = [role for role in accounts.ROLES if caller.may(role)]
    key_fields = (
        FormField("name", "What the key is for", "text", "", error=wrong.get("name", "")),
        FormField(
            "scope", "What it may do", "choice", "", options=options(scopes, "viewer"), error=wrong.get("scope", "")
        ),
        FormField("days", "Days until it expires", "text", USUAL_DAYS, error=wrong.get("days", "")),
    )
    known = [field.id for field in (*password_fields, *key_fields)]
    return AccountPage(
        "Your account",
        Frame.of(caller),
        password_fields,
        key_fields,
        tuple(_sessions(session, caller)),
        tuple(_keys(session, caller)),
        new_key,
        error_lines(problems or [], known),
    )


def _sessions(session: Session, caller: accounts.Caller) -> list[SessionLine]:
    found = session.scalars(select(SignedIn).where(SignedIn.user_id == caller.user_id).order_by(SignedIn.id))
    return [
        SessionLine(each.id, each.browser or "unknown", moment(each.created_at), each.id == caller.session_id)
        for each in found
    ]


def _keys(session: Session, caller: accounts.Caller) -> list[KeyLine]:
    found = session.scalars(select(ApiKey).where(ApiKey.user_id == caller.user_id).order_by(ApiKey.id))
    return [
        KeyLine(
            each.id,
            each.name,
            each.prefix,
            each.scope,
            moment(each.expires_at),
            moment(each.last_used_at) if each.last_used_at else "never",
        )
        for each in found
    ]
