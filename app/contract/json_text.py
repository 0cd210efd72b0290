"""JSON from outside: parsed with a limit on nesting; what cannot be read becomes an error that says where."""

import re

from pydantic_core import from_json

from app.errors import Unprocessable
from app.field_problems import FieldProblem

DEEPEST = 200
"""Levels of nesting that are read; no request of ours has ten."""

_LONGEST_POINTER = 5
"""Steps of a pointer into something nested too deeply: enough to name the field."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]')
_ID = re.compile(r'"id"\s*:\s*"([^"\\]{1,200})"')


def parse(text: str | bytes) -> object:
    """The value that JSON text means."""
    try:
        return from_json(text)
    except ValueError as error:
        reason = str(error)
    if "recursion limit" in reason:
        detail = f"This is nested too deeply: at most {DEEPEST} levels are read"
        raise Unprocessable([FieldProblem(_deep_pointer(_as_text(text)), detail)])
    raise Unprocessable([FieldProblem("", f"This is not valid JSON: {reason}")])


def identity_in(text: str) -> str | None:
    """The id in a line that cannot be read as a whole, so that its error finds its way home."""
    found = _ID.search(text)
    return found[1] if found else None


def _as_text(text: str | bytes) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _deep_pointer(text: str) -> str:
    """Where the nesting begins that goes too deep."""
    path: list[str] = []
    name = ""
    for mark in _TOKEN.findall(text):
        if mark in "[{":
            path.append(name)
            name = "0" if mark == "[" else ""
        elif mark in "]}":
            del path[-1:]
        elif mark.startswith('"'):
            name = mark[1:-1]
        if len(path) > DEEPEST:
            break
    return "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in path[1 : 1 + _LONGEST_POINTER])
