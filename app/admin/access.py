"""Who may come in: the caller of a request from its session cookie or its key, and what each role may do."""

import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response

from app.admin import accounts
from app.admin.accounts import SESSION_LASTS, Caller
from app.admin.throttle import BROWSER_KNOWN_FOR
from app.db import reading, transaction
from app.errors import AppError, Forbidden, Unauthorized
from app.http.negotiation import prefers_html

SIGN_IN = "/admin/sign-in"
COOKIE = "whichrig-session"
BROWSER_COOKIE = "whichrig-browser"
LENGTH_OF_A_SECRET = 43
HOST_ONLY = "__Host-"
BEARER = "bearer "


class SignInFirst(AppError):
    """Leads a visitor to the form."""

    status = 303
    title = "Sign in first"


def caller_of(request: Request) -> Caller | None:
    """Who asks, by key or by session."""
    engine = request.app.state.engine
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith(BEARER):
        key = authorization[len(BEARER) :].strip()
        with reading(engine) as session:
            found = accounts.caller_of_key(session, key)
        if found is None:
            return None
        if found[1]:
            with transaction(engine) as session:
                accounts.note_use(session, key)
        return found[0]
    token = request.cookies.get(cookie_name(request))
    if not token:
        return None
    with reading(engine) as session:
        return accounts.caller_of_session(session, token)


def viewer(request: Request) -> Caller:
    """A caller who may look."""
    return _at_least("viewer", request)


def editor(request: Request) -> Caller:
    """A caller who may edit the draft."""
    return _at_least("editor", request)


def approver(request: Request) -> Caller:
    """A caller who may publish."""
    return _at_least("approver", request)


def person(request: Request) -> Caller:
    """A caller who signed in with a password: accounts are no business of keys."""
    caller = _at_least("viewer", request)
    if caller.session_id is None:
        raise Forbidden("A key cannot do this; sign in with your password.")
    return caller


Viewer = Annotated[Caller, Depends(viewer)]
Editor = Annotated[Caller, Depends(editor)]
Approver = Annotated[Caller, Depends(approver)]
Person = Annotated[Caller, Depends(person)]


def set_cookie(request: Request, response: Response, *, token: str) -> None:
    """Hand the browser its session."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=_https(request),
        httponly=True,
        samesite="lax",
    )


def known_browser(request: Request) -> str:
    """What this browser is known by from the last time somebody signed in here, or from now on."""
    known = request.cookies.get(cookie_of(request, BROWSER_COOKIE).name, "")
    return known if len(known) == LENGTH_OF_A_SECRET else secrets.token_urlsafe(32)


def know_browser(request: Request, response: Response, *, browser: str) -> None:
    """Have the browser tell next time that it was here: wrong passwords of others then do not keep it waiting."""
    cookie = cookie_of(request, BROWSER_COOKIE)
    lasts_s = int(BROWSER_KNOWN_FOR.total_seconds())
    response.set_cookie(
        cookie.name, browser, max_age=lasts_s, path="/", secure=cookie.secure, httponly=True, samesite="lax"
    )


def drop_cookie(request: Request, response: Response) -> None:
    """Take it back."""
    response.delete_cookie(cookie_name(request), path="/", secure=_https(request), httponly=True, samesite="lax")


@dataclass(frozen=True, slots=True)
class CookieOf:
    """A cookie of this request's site."""

    name: str
    secure: bool


def cookie_of(request: Request, name: str) -> CookieOf:
    """With https the browser itself sees to it that no other site can set the cookie."""
    https = _https(request)
    return CookieOf(f"{HOST_ONLY}{name}" if https else name, https)


def cookie_name(request: Request) -> str:
    """The cookie of sessions."""
    return cookie_of(request, COOKIE).name


def _https(request: Request) -> bool:
    return request.url.scheme == "https" or request.app.state.settings.public_url.startswith("https://")


def _at_least(role: str, request: Request) -> Caller:
    caller = caller_of(request)
    if caller is None:
        if prefers_html(request):
            after = quote(request.url.path) if request.method == "GET" else "/admin"
            raise SignInFirst("Sign in first.", headers={"location": f"{SIGN_IN}?after={after}"})
        raise Unauthorized(
            "Sign in, or send a key: Authorization: Bearer wr_….", headers={"www-authenticate": "Bearer"}
        )
    if not caller.may(role):
        raise Forbidden(f"This takes the role {role}; yours is {caller.role}.")
    return caller
