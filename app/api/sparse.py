"""Sparse answers: ``?fields=verdict,picks.hardware`` leaves out what a program does not need."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from fastapi import Request, Response
from pydantic import BaseModel

from app.api.paging import FIELDS, LONGEST_FIELDS
from app.errors import Unprocessable
from app.field_problems import FieldProblem, echoed, models_in, nearest

NAME = "fields"
PARAMETER: dict[str, Any] = {
    "name": NAME,
    "in": "query",
    "required": False,
    "description": FIELDS,
    "schema": {"type": "string", "maxLength": LONGEST_FIELDS},
}

Tree = dict[str, "Tree"]
"""Names that stay, each with those inside it; an empty one keeps everything inside."""


def tree_of(request: Request, model: Any) -> Tree | None:
    """What stays of an answer of this type; None for everything. An unknown name is an error with the nearest ones."""
    asked = ",".join(request.query_params.getlist(NAME))
    if not asked.strip(", "):
        return None
    if len(asked) > LONGEST_FIELDS:
        raise Unprocessable([FieldProblem(f"/{NAME}", f"Enter at most {LONGEST_FIELDS:,} characters")])
    tree: Tree = {}
    entries = entry_type(model)
    for path in filter(None, (part.strip() for part in asked.split(","))):
        _check(path, entries)
        inner = tree
        for step in path.split("."):
            inner = inner.setdefault(step, {})
    return tree


def thinned(response: Response, tree: Tree, *, page: bool) -> Response:
    """The answer with only those fields; the frame of a page stays."""
    if response.status_code != 200 or not response.headers.get("content-type", "").startswith("application/json"):
        return response
    whole = json.loads(bytes(response.body))
    kept = {**whole, "items": _thin(whole["items"], tree)} if page else _thin(whole, tree)
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return Response(text, headers=headers, media_type="application/json")


def is_page(model: Any) -> bool:
    """Whether an answer is one page of a list."""
    return isinstance(model, type) and issubclass(model, BaseModel) and "items" in model.model_fields


def entry_type(model: Any) -> Any:
    """What the names are those of: the entry of a page or a list, or the answer itself."""
    if is_page(model):
        return get_args(model.model_fields["items"].annotation)[0]
    return get_args(model)[0] if get_origin(model) is list else model


def _thin(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_thin(one, tree) for one in value]
    if isinstance(value, Mapping):
        return {name: _thin(inner, tree[name]) for name, inner in value.items() if name in tree}
    return value


def _check(path: str, model: Any) -> None:
    """Refuse a name that no answer has; what is inside an object without a shape is not known beforehand."""
    models = list(models_in(model))
    for step in path.split("."):
        if not models:
            return
        fields = _fields(models)
        if step not in fields:
            raise Unprocessable(
                [
                    FieldProblem(
                        f"/{NAME}", f"There is no field named {echoed(path)} in this answer", _near(step, fields)
                    )
                ]
            )
        models = list(models_in(fields[step]))


def _fields(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    return {
        found.alias or name: found.annotation
        for model in models
        for name, found in model.model_fields.items()
        if not found.exclude
    }


def _near(step: str, fields: Mapping[str, Any]) -> list[str]:
    return nearest(step, list(fields)) or list(fields)[:3]
