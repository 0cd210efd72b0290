"""Reasons become sentences: every code has one template in the TOML files beside this, the same for all doors.

Whoever asks over a page is told in the language that is spoken there, with the template of that language.
"""

import re
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from app import formatting
from app.advice.reasons import Reason
from app.languages import form_of, say, say_finished, say_sum, spoken
from app.worded import worded

TRAINED = {
    "full": worded("all parameters"),
    "lora": worded("LoRA adapters"),
    "qlora": worded("adapters on 4-bit weights (QLoRA)"),
    "frozen": worded("only the last layers"),
    "dreambooth": worded("with DreamBooth"),
}
"""What is trained, by the contract's method."""

FORMATS: dict[str, Callable[[Any], str]] = {
    "gib": formatting.gib,
    "nominal_gib": formatting.nominal_gib,
    "usd": formatting.usd,
    "usd_exactly": formatting.usd_exactly,
    "usd_per_hour": formatting.usd_per_hour,
    "duration": formatting.duration,
    "percent": formatting.percent,
    "flops": formatting.flops,
    "day": formatting.day,
    "large": formatting.large,
    "number": formatting.number,
    "exact": formatting.exact,
    "formula": lambda formula: formatting.formula(say_sum(formula)),
    "trained": lambda method: say(TRAINED.get(method, method)),
}
"""What may stand after the colon of a place, such as ``{memory_gib:gib}``; ``{cards:plural card}`` counts a word.

``{cards:plural Karte|Karten}`` names each form, as other languages need it."""

_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3})+(?= x )")
"""The count of a name such as ``16,384 x H100``: not every language separates thousands by a comma."""

RULE_CODE = "rule"
"""A rule carries its own sentence, which an administrator wrote."""


class _Places(string.Formatter):
    """Fill places by exact name, dots included, with the formats above; attributes and indexes are not looked into."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ARG002
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec.startswith("plural "):
            one, *several = format_spec.removeprefix("plural ").split("|")
            told = formatting.rounded(value) if isinstance(value, float) and value != int(value) else value
            return f"{formatting.exact(told)} {form_of(told, one, *(several or [_plural(one)]))}"
        if format_spec:
            return FORMATS[format_spec](value)
        if isinstance(value, tuple):
            return formatting.all_of(value)
        if isinstance(value, bool):
            return say("yes") if value else say("no")
        if value is None or isinstance(value, float):
            return formatting.number(value)
        return formatting.exact(value) if isinstance(value, int) else _said(str(value))


@cache
def templates() -> dict[str, str]:
    """All sentence templates by code."""
    found: dict[str, str] = {}
    for file in sorted(resources.files("app.wording").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            for code, sentence_of_code in tomllib.loads(file.read_text("utf-8")).items():
                if code in found:
                    raise ValueError(f"{file.name}: the code {code} has two sentences")
                found[code] = sentence_of_code
    return found


def sentence(reason: Reason) -> str:
    """The sentence of a reason.

    >>> sentence(Reason("rule", {"sentence": "It takes {need.memory_gib:gib}.", "need.memory_gib": 9.44}))
    'It takes 9.4 GiB.'
    """
    if reason.code == RULE_CODE:
        return _PLACES.vformat(say(str(reason.values["sentence"])), (), reason.values)
    return _PLACES.vformat(say(templates()[reason.code]), (), reason.values)


def sentences(reasons: Iterable[Reason]) -> str:
    """Several reasons as one paragraph."""
    return " ".join(sentence(reason) for reason in reasons)


def _said(text: str) -> str:
    """A name or note inside a sentence, which may have lost its full stop on the way."""
    text = _THOUSANDS.sub(lambda count: formatting.exact(int(count[0].replace(",", ""))), text)
    found = say_finished(text)
    return say(f"{text}.").removesuffix(".") if found == text and not spoken().english else found


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


_PLACES = _Places()
