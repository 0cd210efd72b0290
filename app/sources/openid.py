"""Talking to an OpenID Connect provider: its description, a code for tokens, its keys, and what it says about somebody.

OpenID Connect Core 1.0 and Discovery 1.0, https://openid.net/specs/; PKCE is RFC 7636.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from app import __version__

WITHIN_S = 8.0
"""For one answer of the provider. [s]"""
LARGEST_BYTES = 1024 * 1024
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
KINDS_OF_KEYS = frozenset({"RSA", "EC"})


class ProviderError(Exception):
    """The provider cannot be used; the message says why, for the log and for administrators."""


class RefusedByProvider(ProviderError):
    """The provider answered, and says no: ``code`` is its own word for why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Description:
    """Where a provider does what."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    secret_in_form: bool = False
    """Whether it wants the client's secret in the form rather than in the header."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who this service is at the provider; without a secret it is a public client."""

    id: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for."""

    id_token: str
    access_token: str


def describe(issuer: str) -> Description:
    """The provider's description of itself, which has to name the same issuer."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    told = _asked("GET", address)
    if told.get("issuer") != issuer:
        raise ProviderError(f"{address} names the issuer {str(told.get('issuer'))[:200]!r}, not {issuer!r}")
    needed = {name: _address(told, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    wanted = {name: _address(told, name) for name in ("userinfo_endpoint", "end_session_endpoint") if told.get(name)}
    ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    in_form = "client_secret_basic" not in ways and "client_secret_post" in ways
    return Description(issuer, **needed, **wanted, secret_in_form=in_form)


def exchange(provider: Description, client: Client, *, code: str, verifier: str, back: str) -> Tokens:
    """The tokens for a code, which proves with ``verifier`` that the one who asked for it is the one who uses it."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    auth: tuple[str, str] | None = None
    if not client.secret or provider.secret_in_form:
        form |= {"client_id": client.id} | ({"client_secret": client.secret} if client.secret else {})
    else:
        auth = (quote(client.id, safe=""), quote(client.secret, safe=""))  # RFC 6749, section 2.3.1
    told = _asked("POST", provider.token_endpoint, form=form, auth=auth)
    if not isinstance(told.get("id_token"), str):
        raise ProviderError(f"{provider.token_endpoint} answered without an id_token")
    return Tokens(told["id_token"], str(told.get("access_token") or ""))


def keys(provider: Description) -> list[dict[str, Any]]:
    """The public keys that it signs with."""
    found = _asked("GET", provider.jwks_uri).get("keys")
    if not isinstance(found, list):
        raise ProviderError(f"{provider.jwks_uri} has no keys")
    return [
        key
        for key in found
        if isinstance(key, dict) and key.get("kty") in KINDS_OF_KEYS and key.get("use", "sig") == "sig"
    ]


def about(provider: Description, tokens: Tokens) -> dict[str, Any]:
    """What the provider says about the owner of the tokens beyond the identity token."""
    if not provider.userinfo_endpoint or not tokens.access_token:
        return {}
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    return _asked("GET", provider.userinfo_endpoint, headers=headers)


def is_safe(address: str) -> bool:
    """Whether secrets may be sent there: HTTPS, or this machine.

    >>> is_safe("https://id.example.org"), is_safe("http://localhost:9400"), is_safe("http://id.example.org")
    (True, True, False)
    """
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def _address(told: Mapping[str, Any], name: str) -> str:
    address = told.get(name)
    if not isinstance(address, str) or not is_safe(address):
        raise ProviderError(f"The provider's {name} is no https:// address: {str(address)[:200]!r}")
    return address


def _asked(
    method: str,
    address: str,
    *,
    form: dict[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    if not is_safe(address):
        raise ProviderError(f"{address}: only https:// is asked, or this machine itself")
    sent = {"user-agent": f"WhichRig/{__version__} (single sign-on)", "accept": "application/json"} | (headers or {})
    try:
        with (
            httpx.Client(timeout=WITHIN_S, follow_redirects=False) as client,
            client.stream(method, address, data=form, auth=auth, headers=sent) as response,
        ):
            return _read(response, address)
    except httpx.HTTPError as error:
        raise ProviderError(f"{address} cannot be reached: {error or type(error).__name__}") from error


def _read(response: httpx.Response, address: str) -> dict[str, Any]:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > LARGEST_BYTES:
            raise ProviderError(f"{address} answers more than {LARGEST_BYTES // 1024} KiB")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if response.status_code >= 400 and isinstance(told, dict) and told.get("error"):
        code = str(told["error"])[:60]
        raise RefusedByProvider(f"{address}: {code} {str(told.get('error_description', ''))[:200]}", code=code)
    if response.status_code != 200:
        raise ProviderError(f"{address}: status {response.status_code}")
    if not isinstance(told, dict):
        raise ProviderError(f"{address} does not answer with a JSON object")
    return told
