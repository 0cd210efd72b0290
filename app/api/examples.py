"""Examples and query fields for the API's description: real requests, and what they were answered."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.openapi.models import Example

from app.api.problems import WRONG_FIELDS
from app.contract.field_help import field_help
from app.contract.flat_query import PLACES
from app.contract.requests import RecommendRequest

EXAMPLES = Path(__file__).with_name("examples.json")
"""Operation to requests and one answer; docs/make_examples.py brings the answers up to date."""


@cache
def examples() -> dict[str, dict[str, Any]]:
    """All examples by operation."""
    loaded: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return loaded


def requests_of(operation: str) -> dict[str, Example]:
    """The requests that show an operation."""
    return {
        name: Example(summary=shown["summary"], value=shown["request"])
        for name, shown in examples()[operation]["requests"].items()
    }


def answer_of(operation: str) -> dict[int | str, dict[str, Any]]:
    """A real answer of an operation, and the shape of its errors."""
    answer = examples()[operation].get("answer")
    shown: dict[int | str, dict[str, Any]] = {**WRONG_FIELDS}
    if answer is not None:
        shown[200] = {"content": {"application/json": {"example": answer}}}
    return shown


def query_parameters() -> list[dict[str, Any]]:
    """The flat query fields of a question, described by the request's own schema."""
    schema = RecommendRequest.model_json_schema()
    return [_parameter(name, _resolved(schema, path)) for name, path in PLACES.items()]


_REPEATED = {"existing_hardware", "considering"}


def _parameter(name: str, field: dict[str, Any]) -> dict[str, Any]:
    help_of = field_help()["workload"] | field_help()["constraints"]
    repeated = name in _REPEATED
    schema: dict[str, Any] = {"type": "array", "items": {"type": "string"}} if repeated else _plain(field)
    return {
        "name": name,
        "in": "query",
        "required": name == "task",
        "description": help_of[name],
        "schema": schema,
    }


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A field's schema without null: a query field that is not given is left out."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    inner = {key: value for key, value in choices[0].items() if key not in {"title", "default"}}
    if inner.get("type") in {"array", "object"} or len(choices) > 1:
        return {"type": "string"}
    return inner


def _resolved(schema: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The schema of the field at a path."""
    found: dict[str, Any] = schema
    for step in path:
        for choice in found.get("anyOf", []):
            found = choice if "$ref" in choice else found
        if "$ref" in found:
            found = schema["$defs"][found["$ref"].rsplit("/", maxsplit=1)[-1]]
        found = found["properties"][step]
    return found
