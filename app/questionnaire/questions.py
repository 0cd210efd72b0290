"""The questions as data, from ``questions.toml``: fields, options, help, what is assumed, and when each is asked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

UNKNOWN = "unknown"
"""The option that stands for "I don't know"."""

STEPS = ("goal", "domain", "size", "frequency", "have", "limits")
"""Names of the pages, in their order."""

Condition = Mapping[str, tuple[str, ...]]
"""Field id to the values it may have; those with an exclamation mark in front it must not have."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    id: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked."""

    id: str
    kind: str
    """choice, ticks, number, text, date, cards or country."""
    error: str
    """What to do when the answer cannot be read."""
    label: str = ""
    """Empty: the question's title is the label."""
    hint: str = ""
    options: tuple[Option, ...] = ()
    measure: str = ""
    """What a number counts: count, pixels, seconds, hours, gigabytes or money."""
    exact: str = ""
    """Label of a number that may be given instead of an option."""
    noun: str = ""
    """What stands behind the number when it is repeated."""
    min: float = 0.0
    max: float = 1e15
    required: bool = False
    assumed: str = ""
    """What is taken when the answer is unknown or missing."""
    when: Condition | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The form fields that hold the answer."""
        return ("card_name", "card_count") if self.kind == "cards" else (self.id,)

    def label_of(self, option_id: str) -> str | None:
        """The label of an option; None for a number or text of the person's own."""
        return next((option.label for option in self.options if option.id == option_id), None)


@dataclass(frozen=True, slots=True)
class Question:
    """One page of the questionnaire."""

    step: str
    title: str
    short: str
    help: str
    change: str
    """What the answer changes."""
    fields: tuple[Field, ...]
    when: Condition | None = None
    how_to_look: bool = False
    """Whether the page explains how to look up one's hardware."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark that a page opens with."""

    step: str
    text: str
    when: Condition


@cache
def questions() -> tuple[Question, ...]:
    """Every question, in the order in which they are tried."""
    return tuple(_question(raw) for raw in _file()["question"])


@cache
def notices() -> tuple[Notice, ...]:
    """Every notice."""
    return tuple(Notice(raw["step"], raw["text"], _condition(raw["when"])) for raw in _file()["notice"])


@cache
def field_names() -> frozenset[str]:
    """Every form field that an answer may use."""
    return frozenset(name for question in questions() for field in question.fields for name in field.names)


@cache
def countries() -> dict[str, str]:
    """ISO 3166 code to name of the countries offered, by name."""
    text = resources.files("app.questionnaire").joinpath("countries.toml").read_text("utf-8")
    return dict(sorted(tomllib.loads(text).items(), key=lambda item: item[1]))


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(resources.files("app.questionnaire").joinpath("questions.toml").read_text("utf-8"))


def _question(raw: dict[str, Any]) -> Question:
    fields = tuple(_field(entry) for entry in raw["field"])
    rest = {name: value for name, value in raw.items() if name not in {"field", "when"}}
    return Question(**rest, fields=fields, when=_condition(raw.get("when", {})))


def _field(raw: dict[str, Any]) -> Field:
    options = tuple(Option(*entry) for entry in raw.get("options", []))
    rest = {name: value for name, value in raw.items() if name not in {"options", "when"}}
    return Field(**rest, options=options, when=_condition(raw.get("when", {})))


def _condition(raw: dict[str, list[str]]) -> Condition:
    return {name: tuple(values) for name, values in raw.items()}
