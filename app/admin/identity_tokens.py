"""Whether an identity token is genuine, fresh, meant for us and the answer to our question."""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

ALGORITHMS = ("RS256", "PS256", "ES256")
"""Never "none", and nothing whose key could be one of the public ones."""
LEEWAY_S = 60
"""By how much the two clocks may differ. [s]"""
LONGEST_SUBJECT = 255


class BadToken(Exception):
    """The token proves nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to say."""

    issuer: str
    client_id: str
    nonce: str


def claims_of(
    token: str, keys: Sequence[Mapping[str, Any]], *, expected: Expected, now: float | None = None
) -> dict[str, Any]:
    """What a token says, after every check of OpenID Connect Core, section 3.1.3.7."""
    claims = _signed(token, keys)
    moment = time.time() if now is None else now
    if claims.get("iss") != expected.issuer:
        raise BadToken("it comes from another issuer")
    audience = claims.get("aud")
    meant_for = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in meant_for:
        raise BadToken("it is meant for somebody else")
    authorized = claims.get("azp")
    if (authorized is None and len(meant_for) > 1) or authorized not in {None, expected.client_id}:
        raise BadToken("it was issued to somebody else")
    if moment > _number(claims, "exp") + LEEWAY_S:
        raise BadToken("it has expired")
    if _number(claims, "iat") > moment + LEEWAY_S or moment + LEEWAY_S < _number(claims, "nbf", missing=0.0):
        raise BadToken("it is from the future: a clock is wrong")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise BadToken("it answers another question")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise BadToken("it does not say who it is about")
    return claims


def _signed(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise BadToken("it cannot be read") from error
    if header.get("alg") not in ALGORITHMS:
        raise BadToken(f"it is signed with {str(header.get('alg'))[:20]}, not with {', '.join(ALGORITHMS)}")
    fitting = [key for key in keys if header.get("kid") in {None, key.get("kid")}]
    for key in fitting:
        try:
            return dict(jwt.decode(token, jwk.import_key(dict(key)), algorithms=list(ALGORITHMS)).claims)
        except (JoseError, ValueError):
            continue
    raise BadToken("no key of the provider has signed it")


def _number(claims: Mapping[str, Any], name: str, *, missing: float | None = None) -> float:
    value = claims.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"it has no time {name}")
    return float(value)
