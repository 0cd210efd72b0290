"""A command's options from the fields of its request: every field is an option of the same name."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args

import typer

from app.advice.constraints import Constraints
from app.contract.field_help import field_help
from app.contract.flat_query import REPEATABLE, Places
from app.engine.workload import DatasetChoice, HardwareChoice, ModelChoice, Workload

_MODELS = (Workload, Constraints, ModelChoice, DatasetChoice, HardwareChoice)


def with_flags(places: Places, run: Callable[..., None]) -> Callable[..., None]:
    """``run`` with one more option for each field; it gets the fields that were given as ``pairs``."""
    named = [parameter for name, parameter in inspect.signature(run).parameters.items() if name != "pairs"]
    fields = {name: _option(name, path[0]) for name, path in places.items()}

    def command(**given: Any) -> None:
        run(pairs=_pairs(given, places), **{name: value for name, value in given.items() if name not in places})

    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in fields.items()
    ]
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in named]
    command.__signature__ = inspect.Signature([*own, *flags])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *flags)}
    command.__doc__ = run.__doc__
    return command


def _option(name: str, part: str) -> Any:
    """The type and the help of a field's option."""
    flag, sentence = "--" + name.replace("_", "-"), field_help()[part][name]
    annotation = _annotation(name)
    if bool in get_args(annotation):
        return Annotated[bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", help=sentence)]
    words = [str(word) for word in _words(annotation)]
    described = f"{sentence} One of: {', '.join(words)}." if len(words) > 1 else sentence
    option = typer.Option(flag, help=described, metavar=_metavar(annotation, words))
    return Annotated[list[str] | None, option] if name in REPEATABLE else Annotated[str | None, option]


def _annotation(name: str) -> Any:
    """The type of a field, wherever in the request it stands; a name where the field is an object."""
    if name in {"model", "dataset"}:
        return str
    return next(model.model_fields[name].annotation for model in _MODELS if name in model.model_fields)


def _words(annotation: Any) -> list[Any]:
    """The values to choose from."""
    found = [word for part in get_args(annotation) for word in _words(part)]
    return found or [part for part in get_args(annotation) if isinstance(part, str)]


def _metavar(annotation: Any, words: list[str]) -> str:
    if len(words) > 1:
        return "WORD"
    return "NUMBER" if {int, float} & set(_types(annotation)) else "TEXT"


def _types(annotation: Any) -> list[Any]:
    """The plain types that an annotation is made of."""
    return [annotation, *(plain for part in get_args(annotation) for plain in _types(part))]


def _pairs(given: Mapping[str, Any], places: Places) -> list[tuple[str, str]]:
    """The options that were given, as flat query fields."""
    pairs = []
    for name in places:
        value = given[name]
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, list | tuple):
            pairs += [(name, text) for text in value]
        elif value is not None:
            pairs.append((name, value))
    return pairs
