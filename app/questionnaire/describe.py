"""The answers as a person reads them back: what was understood, and what is assumed."""

from dataclasses import dataclass

from app.questionnaire.amounts import Amount, amount_of
from app.questionnaire.answers import Answers
from app.questionnaire.flow import fields_of, path, sound
from app.questionnaire.questions import UNKNOWN, Field, countries

DIGITS = 10
"""Significant digits that are repeated: enough for any number people type."""

CARD_JOIN = " and "


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
        return chosen
    found = amount_of(asked, text) if asked.measure else None
    return text if found is None else _with_noun(asked, found)


def _line(step: str, short: str, asked: Field, answers: Answers) -> Line | None:
    name = asked.label if asked.label and asked.id != step else short
    text = _text(asked, answers)
    if text:
        return Line(step, name, text, assumed=False)
    covered = asked.id == "model" and answers.get("model_name")
    return Line(step, name, asked.assumed, assumed=True) if asked.assumed and not covered else None


def _text(asked: Field, answers: Answers) -> str:
    if asked.kind == "cards":
        return CARD_JOIN.join(card.name if card.count == 1 else f"{card.count} × {card.name}" for card in answers.cards)
    if asked.kind == "ticks":
        return ", ".join(label for one in answers.all(asked.id) if (label := asked.label_of(one)))
    value = answers.get(asked.id)
    if asked.kind == "country":
        return countries().get(value, "")
    if asked.id == "model" and value == "named":
        return ""
    return "" if value in {"", UNKNOWN} else echo(asked, value)


def _with_noun(asked: Field, found: Amount) -> str:
    number = f"{found.value:,.{DIGITS}g}" if found.value < 1e6 else _large(found.value)
    told = (
        f"${number}{asked.noun.removeprefix('USD')}" if asked.measure == "money" else f"{number} {asked.noun}".strip()
    )
    return f"{told} ({found.foreign})" if found.foreign else told


def _large(value: float) -> str:
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:,.4g} {word}"
    return f"{value:,.{DIGITS}g}"
