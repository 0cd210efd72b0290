"""Words for the names of fields and values, from ``labels.toml``; what has none is spelled without underscores."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from app import formatting
from app.contract.answer import PriceAnswer
from app.languages import say, spoken
from app.questionnaire.questions import countries

FIGURES = 3
"""Of a value that was worked out before it was assumed."""

_CODED = re.compile(r"^(.+), [A-Z]{2}$")
"""A place and the code of its country, which says nothing more where the place is a country."""

_FILE = Path(__file__).with_name("labels.toml")


@cache
def _labels() -> dict[str, dict[str, Any]]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def label(topic: str, name: str) -> str:
    """A word for a value.

    >>> label("role", "best_fit"), label("assumption", "head_dim")
    ('Best fit', 'Head dim')
    """
    found = _labels()[topic].get(name, _spelled(name))
    return say(found if isinstance(found, str) else str(found[0]))


def details(topic: str, name: str) -> tuple[str, ...]:
    """A word for a value and what belongs to it: its mark, or its meaning."""
    word, *others = _labels()[topic].get(name, (_spelled(name), ""))
    return (say(word), *(say(each) if " " in each else each for each in others))


def lowered(word: str) -> str:
    """A word inside a line, as English writes it; other languages keep their capitals.

    >>> lowered("Desktop")
    'desktop'
    """
    return word.lower() if spoken().english else word


def rule_name(slug: str) -> str:
    """A rule in a few words, which its slug is made of.

    >>> rule_name("one-card-trains-it")
    'one card trains it'
    """
    return say(slug.replace("-", " "))


def place(region: str) -> str:
    """Where something is to be had, as its provider says it: countries and words in the language of the page.

    >>> place("Japan, JP"), place("us-west4 (Las Vegas, cheapest region)"), place("-")
    ('Japan', 'us-west4 (Las Vegas, cheapest region)', '')
    """
    told = _CODED.sub(lambda found: found[1] if found[1] in _places() else found[0], region.strip("-"))
    return _names_of_places().sub(lambda found: say(found[0]), told)


@cache
def _places() -> frozenset[str]:
    return frozenset(countries().values()) | frozenset(_labels()["place"].values())


@cache
def _names_of_places() -> re.Pattern[str]:
    longest_first = sorted(_places(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


def seen(price: PriceAnswer) -> str:
    """In which condition something was offered, and when."""
    return say(
        "{condition}, seen {day}", condition=label("condition", price.condition), day=formatting.day(price.as_of)
    )


def step_of(field: str) -> str:
    """The question that changes an assumed value; "" when none does."""
    return str(_labels()["step"].get(field, ""))


def flat_name(field: str) -> str:
    """The name that an assumed value has in links and on the page of all settings.

    >>> flat_name("dataset.rows"), flat_name("batch_size")
    ('rows', 'batch_size')
    """
    return field.rpartition(".")[2]


def assumed_value(value: object, field: str = "") -> str:
    """A value that was assumed, for people; in the words of its field where that has some.

    >>> assumed_value(True), assumed_value(2048.0), assumed_value(8.03e9), assumed_value("sgd_momentum", "optimizer")
    ('yes', '2,048', '8.03 billion', 'SGD with momentum')
    """
    words = _labels().get(f"option_{flat_name(field)}", {})
    if isinstance(value, str) and value in words:
        return say(str(words[value]))
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, int | float):
        if value >= 1e6:
            return formatting.large(value)
        return formatting.exact(value) if value == int(value) else formatting.number(value, figures=FIGURES)
    return formatting.unknown() if value is None else str(value)


def _spelled(name: str) -> str:
    words = name.replace("_", " ").replace(".", " ")
    return words[:1].upper() + words[1:]
