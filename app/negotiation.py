"""Content negotiation: a page for browsers, JSON for programs, at one address."""

from fastapi import Request


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
