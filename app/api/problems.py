"""The one shape of errors, for the API's description."""

from typing import Any

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}

_SCHEMA = {
    "title": "Problem",
    "description": "An error as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "suggestions"],
                "properties": {"pointer": _TEXT, "detail": _TEXT, "suggestions": _TEXTS},
            },
        },
        "suggestions": _TEXTS,
    },
}

_WRONG_FIELD = {
    "type": "about:blank",
    "title": "Some fields need correcting",
    "status": 422,
    "detail": "workload.batch_size: Enter a whole number of 1 or more.",
    "errors": [{"pointer": "/workload/batch_size", "detail": "Enter a whole number of 1 or more", "suggestions": []}],
}


def _problem(description: str, *, example: dict[str, Any] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _SCHEMA}
    if example:
        content["example"] = example
    return {"description": description, "content": {"application/problem+json": content}}


WRONG_FIELDS: dict[int | str, dict[str, Any]] = {422: _problem("Fields that need correcting.", example=_WRONG_FIELD)}
NO_SUCH_ENTRY: dict[int | str, dict[str, Any]] = {404: _problem("No such entry; `suggestions` are the nearest names.")}
NOT_READABLE: dict[int | str, dict[str, Any]] = {400: _problem("A body of another kind than is read here.")}
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: _problem("More than is read.")}
MOVED_ON: dict[int | str, dict[str, Any]] = {409: _problem("The catalogue changed since the page before.")}
