"""What is wrong with which field, in words for people: pydantic's findings as FieldProblems."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_NEAREST = 3
"""How many suggestions are offered at most."""

_MOST_PROBLEMS = 100
"""How many findings are told at most: a hostile request can have thousands."""

_LONGEST_ECHO = 60
"""Characters of a wrong value that are repeated to its author."""

_PLACES = {"body", "query", "path", "header", "cookie"}
"""FastAPI's first step of a location."""

_TYPE_STEPS = {"int", "float", "str", "bool", "dict", "list", "tuple", "none", "nullable", "constrained-int"}
"""Steps that pydantic adds to a location for the branch of a union; no field of ours is named so."""

_BOUND = {
    "ge": ("Enter a number of {bound} or more", "Enter a whole number of {bound} or more"),
    "gt": ("Enter a number above {bound}", "Enter a whole number above {bound}"),
    "le": ("Enter a number of {bound} or less", "Enter a whole number of {bound} or less"),
    "lt": ("Enter a number below {bound}", "Enter a whole number below {bound}"),
}
"""What to enter, for any number and for whole ones."""

_ROOT = "Send a JSON object, with the header Content-Type: application/json"

_FIXED = {
    "missing": "Give a value: this field is required",
    "bool_type": "Enter true or false",
    "bool_parsing": "Enter true or false",
    "dict_type": "Enter an object with named fields",
    "finite_number": "Enter a finite number",
    "float_parsing": "Enter a number",
    "float_type": "Enter a number",
    "int_from_float": "Enter a whole number",
    "int_parsing": "Enter a whole number",
    "int_parsing_size": "Enter a smaller whole number",
    "int_type": "Enter a whole number",
    "list_type": "Enter a list",
    "model_attributes_type": "Enter an object with named fields",
    "model_type": "Enter an object with named fields",
    "string_type": "Enter text",
    "date_from_datetime_parsing": "Enter a date like 2026-10-01",
    "date_parsing": "Enter a date like 2026-10-01",
    "date_type": "Enter a date like 2026-10-01",
}


_PATTERNS = {"^[A-Za-z]{2}$": "Enter two letters as in ISO 3166, such as DE"}
"""What to enter where a field has a form of its own."""
_OTHER_PATTERN = "Use only the characters this field allows"

_NO_OBJECT = {"dict_type", "missing", "model_attributes_type", "model_type"}
"""Findings about a whole request that is no object."""


@dataclass(frozen=True)
class FieldProblem:
    """One thing to correct: where (a JSON pointer), what to do about it, and the nearest values that would do."""

    pointer: str
    detail: str
    suggestions: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The problem in one line, with its field."""
        return f"{self.pointer.removeprefix('/').replace('/', '.') or 'The request'}: {self.detail}."

    def as_json(self) -> dict[str, object]:
        """The entry under ``errors``."""
        return {"pointer": self.pointer, "detail": self.detail, "suggestions": self.suggestions}


def nearest(value: object, names: Sequence[str]) -> list[str]:
    """The names most like a value, best first.

    >>> nearest("batchsize", ["batch_size", "task", "image_size"])
    ['batch_size']
    """
    folded = {_folded(name): name for name in reversed(names)}
    return [
        folded[match]
        for match in get_close_matches(_folded(str(value)[:_LONGEST_ECHO]), folded, n=_NEAREST, cutoff=0.6)
    ]


def likely(value: object, names: Sequence[str]) -> list[str]:
    """Words to choose from that may be meant: those that hold the value or begin alike, and the nearest.

    >>> likely("video", ["image_generation", "video_generation"]), likely("recsys", ["text", "recommendation"])
    (['video_generation'], ['recommendation'])
    """
    said = _folded(str(value)[:_LONGEST_ECHO])
    alike = [name for name in names if len(said) > 1 and (said in _folded(name) or _folded(name)[:3] == said[:3])]
    return list(dict.fromkeys([*alike, *nearest(value, names)]))[:_NEAREST]


def field_problems(errors: Sequence[ErrorDetails], *, model: type[BaseModel] | None = None) -> list[FieldProblem]:
    """Pydantic's findings, one for each field; ``model`` lends its field names to the suggestions."""
    found: dict[str, FieldProblem] = {}
    for error in errors[:_MOST_PROBLEMS]:
        problem = _problem(error, model)
        earlier = found.get(problem.pointer)
        found[problem.pointer] = _either(earlier, problem) if earlier else problem
    return list(found.values())


def _either(first: FieldProblem, second: FieldProblem) -> FieldProblem:
    """Two branches of a union that both refused a value: satisfying one of them is enough."""
    if second.detail in first.detail:
        return first
    detail = f"{first.detail}, or {second.detail[0].lower()}{second.detail[1:]}"
    return FieldProblem(first.pointer, detail, list(dict.fromkeys(first.suggestions + second.suggestions)))


def _problem(error: ErrorDetails, model: type[BaseModel] | None) -> FieldProblem:
    steps = _steps(error)
    pointer = "".join("/" + _printable(step).replace("~", "~0").replace("/", "~1") for step in steps)
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        names = _field_names(model, steps[:-1])
        return FieldProblem(pointer, f"There is no field named {echoed(steps[-1])} here", nearest(steps[-1], names))
    if error["type"] in {"literal_error", "enum"}:
        names = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return FieldProblem(pointer, f"Choose {_listed(names)}", likely(error["input"], names))
    detail = _detail(error, context) if steps or error["type"] not in _NO_OBJECT else _ROOT
    return FieldProblem(pointer, detail, [str(name) for name in context.get("suggestions", [])])


def _steps(error: ErrorDetails) -> list[str | int]:
    """The location without FastAPI's place and without the branches of unions."""
    steps = list(error["loc"])
    if steps and steps[0] in _PLACES:
        steps = steps[1:]
    if error["type"] == "json_invalid":
        return []
    if error["type"] in {"extra_forbidden", "missing"}:
        return [step for step in steps[:-1] if not _is_branch(step)] + steps[-1:]
    return [step for step in steps if not _is_branch(step)]


def _is_branch(step: str | int) -> bool:
    return isinstance(step, str) and (step in _TYPE_STEPS or step[:1].isupper() or bool(re.search(r"[\[(]", step)))


def _detail(error: ErrorDetails, context: dict[str, Any]) -> str:
    kind = error["type"]
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _WITH_CONTEXT:
        return _WITH_CONTEXT[kind](error, context)
    return error["msg"].removeprefix("Value error, ").rstrip(".")


def _bounded(_error: ErrorDetails, context: dict[str, Any]) -> str:
    name = next(name for name in _BOUND if name in context)
    bound = context[name]
    whole = isinstance(bound, int)
    text = f"{bound:,}" if whole else f"{bound:,.15g}"
    return _BOUND[name][whole].format(bound=text)


_WITH_CONTEXT: dict[str, Callable[[ErrorDetails, dict[str, Any]], str]] = {
    "greater_than": _bounded,
    "greater_than_equal": _bounded,
    "json_invalid": lambda _, context: f"This is not valid JSON: {context.get('error', 'it cannot be read')}",
    "less_than": _bounded,
    "less_than_equal": _bounded,
    "string_too_long": lambda _, context: f"Enter at most {context['max_length']:,} characters",
    "string_pattern_mismatch": lambda _, context: _PATTERNS.get(context.get("pattern", ""), _OTHER_PATTERN),
    "string_too_short": lambda _, context: (
        f"Enter at least {context['min_length']:,} characters" if context["min_length"] > 1 else "Enter some text"
    ),
    "too_long": lambda _, context: f"Enter a list of at most {context['max_length']:,}",
    "too_short": lambda _, context: f"Enter a list of at least {context['min_length']:,}",
}


def _field_names(model: type[BaseModel] | None, steps: Sequence[str | int]) -> list[str]:
    """The names of the fields at a location, as far as the model tells."""
    models = [model] if model else []
    for step in steps:
        if isinstance(step, str):
            fields = [one.model_fields[step] for one in models if step in one.model_fields]
            models = [inner for found in fields for inner in models_in(found.annotation)]
    return [found.alias or name for one in models for name, found in one.model_fields.items()]


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The pydantic models that an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def echoed(value: object) -> str:
    """A value of the caller in quotation marks, cut short where it is long.

    >>> echoed("resnet-5")
    '“resnet-5”'
    """
    text = _printable(value)
    return f"“{text[:_LONGEST_ECHO]}{'…' if len(text) > _LONGEST_ECHO else ''}”"


def _printable(value: object) -> str:
    """Text that UTF-8 can carry; JSON lets half a surrogate pair through."""
    return str(value).encode("utf-8", "replace").decode()


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)
