"""A question as flat query fields, so that an answer has a link: ``/recommend?task=train&model=resnet-50``.

Every scalar field of the workload and the constraints goes by its own name. Three fields are short forms:
``model`` and ``dataset`` hold a name (their other fields stand beside them by their own names), and
``existing_hardware`` and ``considering`` hold ``RTX 3090 x2``. Text in double quotes is a description in the
person's own words; without quotes it is a catalogue name where the catalogue knows it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from app.advice.constraints import Constraints, OwnedHardware
from app.contract.requests import EstimateRequest, RecommendRequest
from app.engine.workload import DatasetChoice, HardwareChoice, ModelChoice, Workload
from app.errors import Unprocessable
from app.field_problems import FieldProblem, field_problems, nearest

Request = TypeVar("Request", bound=BaseModel)

_PARTS: Mapping[str, type[BaseModel]] = {"model": ModelChoice, "dataset": DatasetChoice}
"""Objects inside the workload whose fields stand flat in the query."""

_HARDWARE = ("existing_hardware", "considering")
_LISTS = ("vendors", "providers", "regions")
_COUNTED = re.compile(r"^(?P<name>.*?)(?:\s+[x\u00d7*]\s*(?P<count>\d{1,9}))?$", re.DOTALL)


def _workload_places() -> dict[str, tuple[str, ...]]:
    places: dict[str, tuple[str, ...]] = {name: ("workload", name) for name in Workload.model_fields}
    for part, model in _PARTS.items():
        places |= {name: ("workload", part, name) for name in model.model_fields if name != "name"}
        places[part] = ("workload", part, "name")
    return places


Places = Mapping[str, tuple[str, ...]]

PLACES: Places = _workload_places() | {name: ("constraints", name) for name in Constraints.model_fields}
"""Query field of a recommendation to its path in the request: ``tokens`` is ``workload.dataset.tokens``."""

ESTIMATE_PLACES: Places = _workload_places() | {name: ("hardware", name) for name in HardwareChoice.model_fields}
"""The same for an estimate."""

REPEATABLE = frozenset({*_HARDWARE, *_LISTS, "image_size"})
"""Fields that may stand in a query more than once."""


def decode(pairs: Iterable[tuple[str, str]], *, in_catalogue: Callable[[str], bool]) -> RecommendRequest:
    """The request that query fields mean; every field that is wrong is named at once."""
    return _decoded(pairs, request_type=RecommendRequest, places=PLACES, in_catalogue=in_catalogue)


def decode_estimate(pairs: Iterable[tuple[str, str]]) -> EstimateRequest:
    """The estimate request that flat fields mean."""
    return _decoded(pairs, request_type=EstimateRequest, places=ESTIMATE_PLACES, in_catalogue=bool)


def encode(request: RecommendRequest) -> list[tuple[str, str]]:
    """The query fields of a request: decoding them gives the same request."""
    pairs = _fields_of(request.workload, skip=_PARTS)
    for part in _PARTS:
        choice = getattr(request.workload, part)
        pairs += [(part if name == "name" else name, text) for name, text in _fields_of(choice)]
    pairs += _fields_of(request.constraints, skip=_HARDWARE)
    for name in _HARDWARE:
        owned = getattr(request.constraints, name)
        pairs += [(name, hardware_text(one)) for one in owned or ()] or [(name, "")] * (owned is not None)
    return pairs


def query_string(request: RecommendRequest) -> str:
    """The query of a request's link, without the question mark."""
    return urlencode(encode(request))


def _decoded(
    pairs: Iterable[tuple[str, str]],
    *,
    request_type: type[Request],
    places: Places,
    in_catalogue: Callable[[str], bool],
) -> Request:
    request: dict[str, Any] = {name: {} for name in request_type.model_fields}
    problems: list[FieldProblem] = []
    for name, given in _grouped(pairs).items():
        if name not in places:
            detail = f"There is no field named “{name[:60]}” here"
            problems.append(FieldProblem(f"/{name[:60]}", detail, nearest(name, list(places))))
        elif len(given) > 1 and name not in REPEATABLE:
            pointer = "/" + "/".join(places[name])
            problems.append(FieldProblem(pointer, "Give one value: this field stands here more than once"))
        else:
            _put(request, places[name], _value(name, given, in_catalogue=in_catalogue))
    try:
        decoded = request_type.model_validate(request)
    except ValidationError as error:
        problems += field_problems(error.errors(include_url=False), model=request_type)
    if problems:
        raise Unprocessable(problems)
    return decoded


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _put(request: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for step in path[:-1]:
        request = request.setdefault(step, {})
    request[path[-1]] = value


def _value(name: str, given: list[str], *, in_catalogue: Callable[[str], bool]) -> object:
    if name in _HARDWARE:
        return [hardware_in_words(text, in_catalogue) for text in given if text.strip()]
    if name in _LISTS:
        return [part.strip() for text in given for part in text.split(",") if part.strip()]
    if name == "image_size":
        sizes = [part.strip() for text in given for part in re.split(r"[,x\u00d7]", text)]
        return sizes if len(sizes) > 1 else sizes[0]
    if name == "hf_config":
        return _object(given[0])
    return given[0]


def _object(text: str) -> object:
    """A config.json in the query; what is none goes on as text, for the validation to name the field."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def hardware_in_words(text: str, in_catalogue: Callable[[str], bool]) -> dict[str, object]:
    """Hardware as a request has it, from ``RTX 3090 x2`` or ``"own words"``."""
    name, count = _name_and_count(text.strip())
    if name.startswith('"') and name.endswith('"') and len(name) > 1:
        return {"description": name[1:-1], "count": count}
    return {"accelerator" if in_catalogue(name) else "description": name, "count": count}


def _name_and_count(text: str) -> tuple[str, int]:
    found = _COUNTED.match(text)
    if found is None or not found["count"]:
        return text, 1
    return found["name"].strip(), int(found["count"])


def hardware_text(owned: OwnedHardware) -> str:
    """Hardware as it is written in an address.

    >>> hardware_text(OwnedHardware(accelerator="rtx-3090", count=2))
    'rtx-3090 x2'
    """
    name = owned.accelerator if owned.accelerator is not None else f'"{owned.description}"'
    return name if owned.count == 1 and _name_and_count(name) == (name, 1) else f"{name} x{owned.count}"


def _fields_of(choice: BaseModel | None, *, skip: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The fields that are set, as text."""
    if choice is None:
        return []
    values = {name: getattr(choice, name) for name in type(choice).model_fields if name not in skip}
    return [(name, _text(value)) for name, value in values.items() if value is not None]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    return str(value)
