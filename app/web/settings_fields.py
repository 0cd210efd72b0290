"""All settings of a question as data, from ``settings_fields.toml``: sections, fields, and what may be chosen."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from app.advice.constraints import Constraints
from app.engine.workload import ModelChoice, Workload
from app.languages import say
from app.questionnaire.questions import countries
from app.web.labels import label
from app.worded import worded

_FILE = Path(__file__).with_name("settings_fields.toml")
_YES_NO = (("true", worded("Yes")), ("false", worded("No")))


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a question."""

    id: str
    """Its name in links."""
    kind: str
    """choice, yes_no, country, number, size, text, list, lines or config."""
    label: str
    why: str
    """Why it matters."""
    default: str
    """What happens when it is left empty."""
    unit: str = ""
    measure: str = ""
    example: str = ""

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """What may be chosen: value and word."""
        if self.kind == "yes_no":
            return tuple((value, say(word)) for value, word in _YES_NO)
        if self.kind == "country":
            return tuple((code, say(name)) for code, name in countries().items())
        if self.kind != "choice":
            return ()
        return tuple((each, label(f"option_{self.id}", each)) for each in _choices(self.id))


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together."""

    id: str
    title: str
    intro: str
    learn: str
    """Page that explains the formulas."""
    settings: tuple[Setting, ...]
    open: bool = False
    """Whether it stands open from the start."""


@cache
def sections() -> tuple[Section, ...]:
    """Every section, in order."""
    with _FILE.open("rb") as file:
        return tuple(_section(raw) for raw in tomllib.load(file)["section"])


@cache
def settings_by_id() -> dict[str, Setting]:
    """Every setting by its name."""
    return {setting.id: setting for section in sections() for setting in section.settings}


def _section(raw: dict[str, Any]) -> Section:
    settings = tuple(Setting(**entry) for entry in raw["field"])
    return Section(settings=settings, **{name: value for name, value in raw.items() if name != "field"})


def _choices(name: str) -> tuple[str, ...]:
    """The values that the contract allows for a field."""
    for model in (Workload, ModelChoice, Constraints):
        if name in model.model_fields:
            return tuple(value for found in _literals(model.model_fields[name].annotation) for value in found)
    return ()


def _literals(annotation: object) -> Iterator[tuple[str, ...]]:
    if get_origin(annotation) is Literal:
        yield get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _literals(part)
