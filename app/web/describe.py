"""The answers as a person reads them back: what was understood, and what is assumed."""

from dataclasses import dataclass

from app import formatting
from app.languages import say
from app.questionnaire.amounts import Amount, amount_of, day
from app.questionnaire.answers import Answers
from app.questionnaire.flow import fields_of, path, sound
from app.questionnaire.questions import UNKNOWN, Field, countries

DIGITS = 10
"""Significant digits that are repeated: enough for any number people type."""

MILLION = 1e6
"""From here on numbers stand in words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One answer."""

    step: str
    name: str
    text: str
    assumed: bool


def lines(answers: Answers) -> tuple[Line, ...]:
    """Every answer with its question, in order; fields that were left empty and assume nothing are left out."""
    answers = sound(answers)
    return tuple(
        line
        for question in path(answers)
        for each in fields_of(question, answers)
        if (line := _line(question.step, question.short, each, answers)) is not None
    )


def echo(asked: Field, text: str) -> str:
    """What was understood of an answer: "250,000 rows"."""
    chosen = asked.label_of(text)
    if chosen:
        return say(chosen)
    if asked.kind == "date":
        return formatting.day(day(text))
    found = amount_of(asked, text) if asked.measure else None
    return text if found is None else _with_noun(asked, found)


def _line(step: str, short: str, asked: Field, answers: Answers) -> Line | None:
    name = say(asked.label if asked.label and asked.id != step else short)
    text = _text(asked, answers)
    if text:
        return Line(step, name, text, assumed=False)
    covered = asked.id == "model" and answers.get("model_name")
    return Line(step, name, say(asked.assumed), assumed=True) if asked.assumed and not covered else None


def _text(asked: Field, answers: Answers) -> str:
    if asked.kind == "cards":
        names = [card.name if card.count == 1 else f"{card.count} × {card.name}" for card in answers.cards]
        return formatting.all_of(names)
    if asked.kind == "ticks":
        return ", ".join(say(label) for one in answers.all(asked.id) if (label := asked.label_of(one)))
    value = answers.get(asked.id)
    if asked.kind == "country":
        return say(countries().get(value, ""))
    if asked.id == "model" and value == "named":
        return ""
    return "" if value in {"", UNKNOWN} else echo(asked, value)


def _with_noun(asked: Field, found: Amount) -> str:
    if asked.measure == "money":
        told = formatting.usd_exactly(found.value) if found.value < MILLION else formatting.usd(found.value)
        rest = asked.noun.removeprefix("USD").strip()
        told = f"{told} {say(rest)}" if rest else told
    else:
        number = f"{found.value:,.{DIGITS}g}" if found.value < MILLION else ""
        number = formatting.local(number) if number else formatting.large(found.value)
        told = f"{number} {say(asked.noun)}".strip()
    return f"{told} ({found.foreign})" if found.foreign else told
