"""What a person answered: a frozen set of form fields that travels in an address, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.questionnaire.amounts import amount_of, hours_until
from app.questionnaire.questions import UNKNOWN, Field, Question, countries, field_names

LONGEST = 200
"""Characters of one answer; what is longer is no answer to these questions."""

MOST = 10
"""Values of one field: ticks, or cards."""

MOST_DEVICES = 100_000


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card, in the person's words."""

    name: str
    count: int = 1


@dataclass(frozen=True)
class Answers:
    """The fields that were filled in, as they were written. Fields nobody knows are left out."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Answers":
        """The answers in the pairs of a form or a query."""
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            if name in field_names() and len(values.setdefault(name, [])) < MOST:
                values[name].append(" ".join(value.split())[:LONGEST])
        cards = list(zip(values.pop("card_name", []), values.pop("card_count", []) + [""] * MOST, strict=False))
        kept = {name: tuple(one for one in given if one) for name, given in values.items()}
        kept["card_name"] = tuple(name for name, _ in cards if name)
        kept["card_count"] = tuple(count or "1" for name, count in cards if name)
        return cls({name: given for name, given in kept.items() if given})

    def get(self, name: str) -> str:
        """The answer to a field, "" when there is none. What was typed wins over what was chosen beside it."""
        given = self.values.get(name, ())
        return given[-1] if given else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every answer to a field that takes several."""
        return self.values.get(name, ())

    def known(self, name: str) -> str:
        """The answer, "" also when it is "I don't know"."""
        value = self.get(name)
        return "" if value == UNKNOWN else value

    @property
    def cards(self) -> tuple[Card, ...]:
        """The graphics cards; a count that cannot be read counts as one."""
        pairs = zip(self.all("card_name"), self.all("card_count"), strict=True)
        return tuple(Card(name, count_of(count) or 1) for name, count in pairs)

    def pairs(self) -> list[tuple[str, str]]:
        """The answers as the pairs of a query."""
        return [(name, value) for name, given in self.values.items() for value in given]

    def replaced(self, question: Question, pairs: Iterable[tuple[str, str]]) -> "Answers":
        """These answers, with those to one question given anew."""
        names = {name for each in question.fields for name in each.names}
        kept = [(name, value) for name, value in self.pairs() if name not in names]
        return Answers.of([*kept, *((name, value) for name, value in pairs if name in names)])


def count_of(text: str) -> int | None:
    """How many, as a whole number from 1 on; None when it is none.

    >>> count_of("2"), count_of("x"), count_of("0")
    (2, None, None)
    """
    return (
        int(text) if text.isascii() and text.isdecimal() and len(text) < 7 and 0 < int(text) <= MOST_DEVICES else None
    )


def problems(question: Question, answers: Answers) -> dict[str, str]:
    """What is wrong with the answers to a question: field id to what to do about it."""
    return {each.id: each.error for each in question.fields if not _acceptable(each, answers)}


def _acceptable(asked: Field, answers: Answers) -> bool:
    value = answers.get(asked.id)
    if asked.kind == "ticks":
        return all(asked.label_of(one) for one in answers.all(asked.id))
    if asked.kind == "country":
        return not value or value in countries()
    if asked.kind == "date":
        return not value or hours_until(value) is not None
    if asked.kind == "cards":
        named = bool(answers.cards) or answers.get("have") != "gpu"
        return named and all(count_of(count) for count in answers.all("card_count"))
    if asked.kind == "text":
        return bool(value) or not (asked.id == "model_name" and answers.get("model") == "named")
    if not value:
        return not asked.required
    if asked.label_of(value) or value == UNKNOWN:
        return True
    return bool(asked.measure) and amount_of(asked, value) is not None
