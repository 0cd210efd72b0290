"""Signing in at an OpenID Connect provider: authorization code with PKCE, state and nonce; then a session like any."""

import base64
import hmac
import json
import logging
import secrets
import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.admin import accounts, single_sign_on
from app.admin.access import cookie_of, set_cookie
from app.admin.sign_in_page import SignInPage, inside
from app.db import transaction
from app.errors import AppError, Forbidden, NotFound, Unavailable
from app.http.redirecting import see_other
from app.http.templating import absolute_url, render
from app.settings import Settings

if TYPE_CHECKING:
    from app.sources.openid import Description

log = logging.getLogger(__name__)

router = APIRouter(prefix="/admin/sign-in/provider", include_in_schema=False)

BACK = "/admin/sign-in/provider/return"
COOKIE = "whichrig-sign-in"
LASTS_S = 600
"""How long one may take to sign in at the provider. [s]"""
LONGEST = 4000
DESCRIBED_FOR_S = 600.0
"""How long the provider's description of itself is trusted, so that visitors cannot make us ask for it. [s]"""

Word = Annotated[str, Query(max_length=LONGEST)]


@dataclass(frozen=True, slots=True)
class Begun:
    """What a browser keeps between leaving for the provider and coming back."""

    state: str
    nonce: str
    verifier: str
    after: str

    @classmethod
    def anew(cls, after: str) -> "Begun":
        """Fresh secrets."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), after)

    @classmethod
    def of(cls, cookie: str) -> "Begun | None":
        """What the cookie holds."""
        try:
            told = json.loads(base64.urlsafe_b64decode(cookie.encode()))
            return cls(**{name: str(told[name]) for name in cls.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def cookie(self) -> str:
        """The same as a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, S256)."""
        return base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")


@router.get("")
def leave_for_provider(request: Request, after: str = "/admin") -> Response:
    """Send the browser to the provider."""
    settings = _settings(request)
    try:
        provider = _described(settings)
    except AppError as error:
        return _told(settings, error, after=inside(after))
    begun = Begun.anew(inside(after))
    question = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": absolute_url(request, BACK),
        "scope": settings.oidc_scopes,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in provider.authorization_endpoint else "?"
    response = see_other(f"{provider.authorization_endpoint}{joint}{urlencode(question)}")
    cookie = cookie_of(request, COOKIE)
    response.set_cookie(
        cookie.name, begun.cookie, max_age=LASTS_S, path="/", secure=cookie.secure, httponly=True, samesite="lax"
    )
    response.headers["cache-control"] = "no-store"
    return response


@router.get("/return")
def come_back(request: Request, *, code: Word = "", state: Word = "", error: Word = "") -> Response:
    """Check what the provider sent along, and begin a session."""
    settings = _settings(request)
    cookie = cookie_of(request, COOKIE)
    begun = Begun.of(request.cookies.get(cookie.name, ""))
    after = inside(begun.after) if begun else "/admin"
    try:
        token = _session_of(request, begun, code=code, state=state, error=error)
    except AppError as problem:
        response: Response = _told(settings, problem, after=after)
    else:
        response = see_other(after)
        set_cookie(request, response, token=token)
    response.delete_cookie(cookie.name, path="/", secure=cookie.secure, httponly=True, samesite="lax")
    response.headers["cache-control"] = "no-store"
    return response


def _session_of(request: Request, begun: Begun | None, *, code: str, state: str, error: str) -> str:
    settings = _settings(request)
    if begun is None:
        raise Forbidden(
            "Signing in was not begun in this browser, or more than ten minutes ago. Begin again from this page."
        )
    if error:  # begins no session, so it matters little whose answer it is
        log.warning("the identity provider refused a sign-in: %s", error[:60])
        reason = "you did not agree there" if error == "access_denied" else "it refused, and its log says why"
        raise Forbidden(f"{settings.oidc_label} did not let you in: {reason}.")
    if not hmac.compare_digest(begun.state.encode(), state.encode()) or not code:
        raise Forbidden("This answer belongs to another attempt to sign in. Begin again from this page.")
    claims = _claims(request, begun, code=code)
    with transaction(request.app.state.engine) as session:
        user = single_sign_on.account_of(session, single_sign_on.Person.of(claims, settings), settings=settings)
        browser = request.headers.get("user-agent", "")
        return accounts.signed_in(session, user, browser=browser, through_provider=True)


def _claims(request: Request, begun: Begun, *, code: str) -> dict[str, object]:
    """What the provider says about the visitor, checked."""
    from app.admin.identity_tokens import BadToken, Expected, claims_of
    from app.sources import openid

    settings = _settings(request)
    provider = _described(settings)
    client = openid.Client(settings.oidc_client_id, settings.oidc_client_secret)
    try:
        tokens = openid.exchange(provider, client, code=code, verifier=begun.verifier, back=absolute_url(request, BACK))
        expected = Expected(provider.issuer, client.id, begun.nonce)
        claims = claims_of(tokens.id_token, openid.keys(provider), expected=expected)
        if "email" not in claims:
            more = openid.about(provider, tokens)
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
    except openid.RefusedByProvider as error:
        log.warning("the identity provider refused: %s", error)
        raise Forbidden(
            f"{settings.oidc_label} no longer knows this attempt ({error.code}). Begin again from this page."
        ) from error
    except openid.ProviderError as error:
        raise _unavailable(settings, error) from error
    except BadToken as error:
        log.warning("an identity token was refused: %s", error)
        raise Forbidden(f"The answer of {settings.oidc_label} cannot be trusted: {error}. Begin again.") from error
    return claims


def provider_sign_out(settings: Settings) -> str:
    """Where one signs out of the provider as well; empty when it does not say, or cannot be reached."""
    if not settings.oidc_issuer:
        return ""
    try:
        address = _described(settings).end_session_endpoint
    except AppError:
        return ""
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode({'client_id': settings.oidc_client_id})}" if address else ""


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    if not settings.oidc_issuer:
        raise NotFound("Single sign-on is not set up here.")
    return settings


def _described(settings: Settings) -> "Description":
    from app.sources.openid import ProviderError, describe

    known = _KNOWN.get(settings.oidc_issuer)
    if known is not None and time.monotonic() - known[0] < DESCRIBED_FOR_S:
        return known[1]
    try:
        found = describe(settings.oidc_issuer)
    except ProviderError as error:
        raise _unavailable(settings, error) from error
    _KNOWN[settings.oidc_issuer] = (time.monotonic(), found)
    return found


_KNOWN: dict[str, tuple[float, "Description"]] = {}


def _unavailable(settings: Settings, error: Exception) -> Unavailable:
    log.warning("the identity provider cannot be used: %s", error)
    return Unavailable(
        f"{settings.oidc_label} cannot be used at the moment; the log says why. "
        "Whoever has a password here can sign in with it."
    )


def _told(settings: Settings, error: AppError, *, after: str) -> Response:
    return render(SignInPage.of(after, provider=settings.oidc_label, problem=error.detail), status=error.status)
