"""Content negotiation: a page for browsers, JSON for programs, at one address; and the language of a page."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.types import Scope

from app.languages import ENGLISH, known_languages

LANGUAGE_FIELD = "lang"
"""Field of an address that chooses a language."""

LANGUAGE_COOKIE = "language"
"""Remembers what was chosen."""

VARY = "Accept, Accept-Language, Cookie"
"""What pages depend on beside their address."""


def prefers_html(request: Request) -> bool:
    """Whether the caller would rather have a page; one that takes anything gets JSON."""
    accept = _qualities(request.headers.get("accept", "*/*"))
    return _quality(accept, "text/html") > _quality(accept, "application/json")


def _qualities(accept: str) -> dict[str, float]:
    qualities = {}
    for part in accept.split(","):
        kind, *parameters = [piece.strip().lower() for piece in part.split(";")]
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            qualities[kind] = float(weight)
        except ValueError:
            qualities[kind] = 0.0
    return qualities


def _quality(accept: dict[str, float], kind: str) -> float:
    candidates = (kind, kind.split("/", maxsplit=1)[0] + "/*", "*/*")
    return next((accept[candidate] for candidate in candidates if candidate in accept), 0.0)


def chosen_language(request: Request) -> str | None:
    """The language that an address asks for; None where it names none that we know."""
    asked = request.query_params.get(LANGUAGE_FIELD)
    return asked if asked in known_languages() else None


def language_of(request: Request) -> str:
    """The language to speak to a visitor: that of the address, else the one chosen before, else the browser's."""
    return (
        chosen_language(request)
        or _known(request.cookies.get(LANGUAGE_COOKIE, ""))
        or _preferred(_qualities(request.headers.get("accept-language", "")))
        or ENGLISH
    )


def without_language(scope: Scope) -> Scope:
    """A request whose address no longer names a language, so that every page may have one in its address."""
    if f"{LANGUAGE_FIELD}=".encode() not in scope["query_string"]:
        return scope
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name != LANGUAGE_FIELD]
    return {**scope, "query_string": urlencode(kept).encode("latin-1")}


def in_language(address: str, code: str) -> str:
    """A page's address in a language, which a visitor's own choice does not overrule.

    >>> in_language("/result?task=learn", "de"), in_language("/", "de")
    ('/result?task=learn&lang=de', '/?lang=de')
    """
    return f"{address}{'&' if '?' in address else '?'}{LANGUAGE_FIELD}={code}"


def _known(code: str) -> str | None:
    return code if code in known_languages() else None


def _preferred(qualities: Mapping[str, float]) -> str | None:
    """The best of what a browser accepts: de-AT is served with de."""
    ranked = sorted((tag for tag, quality in qualities.items() if quality > 0), key=lambda tag: -qualities[tag])
    return next((code for tag in ranked if (code := _known(tag.partition("-")[0]))), None)
