"""Read the page of all settings: what people typed becomes the fields of a link, free units understood."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.contract.flat_query import PLACES, decode, encode
from app.contract.requests import RecommendRequest
from app.errors import Unprocessable
from app.field_problems import FieldProblem
from app.formatting import exact, one_of
from app.languages import say, say_finished, spoken
from app.questionnaire.amounts import amount
from app.web.settings_fields import Setting, settings_by_id

LONGEST = 30_000
"""Characters of one field; an address cannot carry more, and a config.json is far smaller."""

NAMED = 3
"""Nearest names that an error offers."""

_JOINED = {"lines": "\n", "list": ", "}
"""What stands between several values of one field."""


@dataclass(frozen=True)
class Typed:
    """What stands in the form, by field."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Typed":
        """The fields that are filled in; several values of one name are joined, unknown names left out."""
        texts: dict[str, list[str]] = {}
        for name, text in pairs:
            if name in settings_by_id() and text.strip():
                texts.setdefault(name, []).append(text.strip()[:LONGEST])
        return cls({name: _JOINED.get(settings_by_id()[name].kind, "").join(given) for name, given in texts.items()})

    @classmethod
    def from_request(cls, asked: RecommendRequest, *, in_catalogue: Callable[[str], bool]) -> "Typed":
        """A question that was asked elsewhere, ready to edit."""
        return cls.of((name, _unquoted(text, in_catalogue)) for name, text in encode(asked))

    def pairs(self) -> list[tuple[str, str]]:
        """The fields as they were typed, for the address of the page."""
        return [
            (name, line)
            for name, text in self.texts.items()
            for line in (text.splitlines() if settings_by_id()[name].kind == "lines" else [text])
        ]

    def without(self, name: str) -> "Typed":
        """The same with one field empty again."""
        return Typed({other: text for other, text in self.texts.items() if other != name})


@dataclass(frozen=True)
class Reading:
    """What was understood: the question, or what is wrong by field."""

    asked: RecommendRequest | None
    errors: Mapping[str, str]
    echoes: Mapping[str, str]
    """Numbers that were written in another way than ours."""


def read(typed: Typed, *, in_catalogue: Callable[[str], bool]) -> Reading:
    """The question that the form asks."""
    pairs, errors, echoes = [], {}, {}
    for name, text in typed.pairs():
        setting = settings_by_id()[name]
        understood = _understood(setting, text)
        if understood is None:
            places = {"label": say(setting.label), "example": setting.example}
            errors[name] = say("{label}: enter a number, like {example}.", **places)
            continue
        if understood != text and setting.kind == "number" and understood != text.replace(",", ""):
            echoes[name] = f"{exact(float(understood))} {say(setting.unit)}".strip()
        pairs.append((name, understood))
    if "task" not in typed.texts:
        errors["task"] = say("Task: choose what is to be done.")
        pairs.append(("task", "learn"))
    try:
        asked = decode(pairs, in_catalogue=in_catalogue)
    except Unprocessable as refused:
        return Reading(None, errors_of(refused.problems) | errors, echoes)
    return Reading(None if errors else asked, errors, echoes)


def errors_of(problems: Iterable[FieldProblem]) -> dict[str, str]:
    """Problems as sentences by field of the form."""
    return {
        (name := field_of(problem.pointer)): f"{say(settings_by_id()[name].label)}: {_sentence(problem)}"
        for problem in problems
    }


def field_of(pointer: str) -> str:
    """The form field that a JSON pointer means.

    >>> field_of("/workload/dataset/rows"), field_of("/constraints/existing_hardware/0/count"), field_of("/workload")
    ('rows', 'existing_hardware', 'task')
    """
    steps = tuple(pointer.strip("/").split("/"))
    places = {place: name for name, place in PLACES.items()} | {("workload", "model"): "model"}
    while steps:
        if steps in places and places[steps] in settings_by_id():
            return places[steps]
        steps = steps[:-1]
    return "task"


def _sentence(problem: FieldProblem) -> str:
    detail = say_finished(problem.detail).rstrip(".")
    if spoken().english:
        detail = f"{detail[:1].lower()}{detail[1:]}"
    meant = say("Did you mean {names}?", names=one_of(problem.suggestions[:NAMED])) if problem.suggestions else ""
    return f"{detail}. {meant}".rstrip()


def _understood(setting: Setting, text: str) -> str | None:
    """A number in the unit of its field; other texts as they are; None for a number that cannot be read."""
    if setting.kind != "number" or (setting.id == "concurrent_requests" and text.lower() == "max"):
        return text
    found = amount(text, setting.measure)
    return None if found is None else repr(found.value).removesuffix(".0")


def _unquoted(text: str, in_catalogue: Callable[[str], bool]) -> str:
    """People's own words without the quotes that links put around them, where they mean the same."""
    words = text[1:-1] if len(text) > 1 and text.startswith('"') and text.endswith('"') else ""
    return words if words and not in_catalogue(words) else text
