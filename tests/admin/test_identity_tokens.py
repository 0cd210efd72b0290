"""Tokens that we sign ourselves, to tell the genuine from all others."""

import pytest
from joserfc import jwk, jwt

from app.admin.identity_tokens import BadToken, Expected, claims_of

NOW = 1_790_000_000
KEY = jwk.RSAKey.generate_key(2048, parameters={"kid": "one"})
OTHER = jwk.RSAKey.generate_key(2048, parameters={"kid": "one"})
PUBLIC = [KEY.as_dict(private=False)]
EXPECTED = Expected("https://id.example.org", "rig", "n1")
CLAIMS = {"iss": "https://id.example.org", "aud": "rig", "sub": "a1", "nonce": "n1", "iat": NOW, "exp": NOW + 300}


def signed(key=KEY, header=None, **changes) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one"} | (header or {}), claims, key)


def test_a_genuine_token_is_believed():
    assert claims_of(signed(), PUBLIC, expected=EXPECTED, now=NOW)["sub"] == "a1"
    assert claims_of(signed(aud=["rig", "x"], azp="rig"), PUBLIC, expected=EXPECTED, now=NOW)["sub"] == "a1"
    assert claims_of(signed(exp=NOW - 30), PUBLIC, expected=EXPECTED, now=NOW)["sub"] == "a1"


def test_a_key_without_a_name_is_tried():
    nameless = {name: value for name, value in PUBLIC[0].items() if name != "kid"}

    assert claims_of(jwt.encode({"alg": "RS256"}, CLAIMS, KEY), [nameless], expected=EXPECTED, now=NOW)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"iss": "https://id.example.com"}, "another issuer"),
        ({"aud": "somebody"}, "meant for somebody else"),
        ({"aud": None}, "meant for somebody else"),
        ({"aud": ["rig", "x"]}, "issued to somebody else"),
        ({"azp": "x"}, "issued to somebody else"),
        ({"exp": NOW - 61}, "has expired"),
        ({"exp": None}, "no time exp"),
        ({"exp": "tomorrow"}, "no time exp"),
        ({"iat": NOW + 600}, "from the future"),
        ({"nbf": NOW + 600}, "from the future"),
        ({"nonce": "n2"}, "another question"),
        ({"nonce": None}, "another question"),
        ({"sub": ""}, "who it is about"),
        ({"sub": "x" * 256}, "who it is about"),
    ],
)
def test_a_token_that_says_something_else_is_refused(changes, told):
    with pytest.raises(BadToken, match=told):
        claims_of(signed(**changes), PUBLIC, expected=EXPECTED, now=NOW)


def test_a_token_that_somebody_else_signed_is_refused():
    with pytest.raises(BadToken, match="no key of the provider"):
        claims_of(signed(OTHER), PUBLIC, expected=EXPECTED, now=NOW)
    with pytest.raises(BadToken, match="no key of the provider"):
        claims_of(signed(), [], expected=EXPECTED, now=NOW)


def test_a_token_without_a_signature_or_signed_with_a_public_key_is_refused():
    secret = jwk.OctKey.import_key(str(PUBLIC[0]["n"]))
    symmetric = jwt.encode({"alg": "HS256", "kid": "one"}, CLAIMS, secret)
    head, body, _ = signed().split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{body}."

    for token in (symmetric, unsigned, f"{head}.{body}.", "a.b", ""):
        with pytest.raises(BadToken):
            claims_of(token, PUBLIC, expected=EXPECTED, now=NOW)
