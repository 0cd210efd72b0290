"""A question, and the answers to check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import urlencode

from app.languages import say
from app.questionnaire import flow
from app.questionnaire.answers import Answers
from app.questionnaire.questions import Field, Question, countries
from app.web import describe
from app.web.pages.head import Head
from app.worded import worded

CARD_ROWS = 2
"""Rows for graphics cards that an empty form has; one more than there are answers otherwise."""

ABOUT = worded(
    "A few plain questions about your machine-learning work, and which hardware it needs. You may need nothing new."
)

CHECKING = ("from", "check")
"""Says that a question was opened from the summary, so that Continue leads back there."""


def address(path: str, answers: Answers, *, checking: bool = False) -> str:
    """A page's address with the answers in it."""
    query = urlencode([*answers.pairs(), *([CHECKING] if checking else [])])
    return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class OptionView:
    """One answer to choose."""

    element: str
    """Id of its control."""
    value: str
    label: str
    hint: str
    checked: bool


@dataclass(frozen=True, slots=True)
class CardRow:
    """Name and number of one graphics card."""

    row: int
    name: str
    count: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One thing that is asked, with what was answered so far."""

    id: str
    type: str
    """Macro that draws it."""
    label: str
    is_heading: bool
    """Whether the label is the page's heading."""
    hint: str
    error: str
    options: tuple[OptionView, ...]
    value: str
    exact: str
    """Label of the number that may be given instead of an option; empty: none."""
    echo: str
    """What was understood of the number."""
    rows: tuple[CardRow, ...]

    @property
    def described_by(self) -> str:
        """Ids of the hint and the error, for the control."""
        told = (("hint", self.hint), ("error", self.error), ("echo", self.echo))
        return " ".join(f"{self.id}-{name}" for name, text in told if text)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer on the summary."""

    name: str
    text: str
    assumed: bool
    change_url: str


@dataclass(frozen=True, slots=True)
class ErrorView:
    """One line of the error summary."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """One question."""

    template: ClassVar[str] = "questions/question.html"

    title: str
    help: str
    progress: str
    progress_percent: int
    back_url: str
    action: str
    skip_url: str
    """Address of the result with the answers so far; empty on the first page."""
    notice: str
    change: str
    """What the answer changes."""
    how_to_look: bool
    fields: tuple[FieldView, ...]
    errors: tuple[ErrorView, ...]
    answers: tuple[AnswerView, ...]
    head: Head

    @classmethod
    def of(
        cls, question: Question, answers: Answers, *, checking: bool, errors: Mapping[str, str], base_url: str
    ) -> Self:
        """The page of a question; ``errors`` says by field what is wrong with its answers."""
        sound = flow.sound(answers)
        steps = [each.step for each in flow.path(sound)]
        place, of = steps.index(question.step) + 1, flow.steps_of(sound)
        before = flow.before(question.step, sound)
        back = "/check" if checking else f"/q/{before}" if before else "/"
        return cls(
            title=say(question.title),
            help=say(question.help),
            progress=say("Step {place} of {of}", place=place, of=of)
            if "goal" in sound.values
            else say("Step {place} of {of} at most", place=place, of=of),
            progress_percent=round(100 * place / of),
            back_url=address(back, sound),
            action=address(f"/q/{question.step}", sound, checking=checking),
            skip_url=address("/result", sound) if place > 1 else "",
            notice=say(flow.notice(question.step, sound)),
            change=say(question.change),
            how_to_look=question.how_to_look,
            fields=tuple(_field(each, question, answers, errors) for each in flow.fields_of(question, answers)),
            errors=tuple(
                ErrorView(_target(each), say(errors[each.id])) for each in question.fields if each.id in errors
            ),
            answers=tuple(view for view in answer_views(sound) if not view.assumed),
            head=Head.of(
                say(question.title),
                say(ABOUT),
                url=f"{base_url}/q/{question.step}",
                indexed=question.step == "goal" and not sound.values,
            ),
        )


@dataclass(frozen=True, slots=True)
class CheckPage:
    """Every answer, to check and change."""

    template: ClassVar[str] = "questions/check.html"

    title: str
    back_url: str
    result_url: str
    answers: tuple[AnswerView, ...]
    any_assumed: bool
    remarks: tuple[str, ...]
    """What was not understood."""

    @classmethod
    def of(cls, answers: Answers, *, remarks: tuple[str, ...]) -> Self:
        """The summary of these answers."""
        views = answer_views(answers)
        return cls(
            title=say("Check your answers"),
            back_url=address("/q/limits", answers),
            result_url=address("/result", answers),
            answers=views,
            any_assumed=any(view.assumed for view in views),
            remarks=remarks,
        )


def answer_views(answers: Answers) -> tuple[AnswerView, ...]:
    """The answers with the addresses that change them."""
    return tuple(
        AnswerView(line.name, line.text, line.assumed, address(f"/q/{line.step}", answers, checking=True))
        for line in describe.lines(answers)
    )


def _field(asked: Field, question: Question, answers: Answers, errors: Mapping[str, str]) -> FieldView:
    value = answers.get(asked.id)
    chosen = asked.label_of(value) is not None or value in countries()
    return FieldView(
        id=asked.id,
        type=asked.kind,
        label=say(asked.label or question.title),
        is_heading=not asked.label,
        hint=say(asked.hint),
        error=say(errors.get(asked.id, "")),
        options=_options(asked, answers),
        value="" if chosen else value,
        exact=say(asked.exact),
        echo="" if chosen or not value or not asked.measure or asked.id in errors else describe.echo(asked, value),
        rows=_card_rows(answers) if asked.kind == "cards" else (),
    )


def _options(asked: Field, answers: Answers) -> tuple[OptionView, ...]:
    offered = [(each.id, say(each.label), say(each.hint)) for each in asked.options]
    if asked.kind == "country":
        offered = [(code, name, "") for code, name in country_names()]
    given = answers.all(asked.id) if asked.kind == "ticks" else (answers.get(asked.id),)
    return tuple(
        OptionView(asked.id if place == 0 else f"{asked.id}-{value}", value, label, hint, value in given)
        for place, (value, label, hint) in enumerate(offered)
    )


def _card_rows(answers: Answers) -> tuple[CardRow, ...]:
    names, counts = answers.all("card_name"), answers.all("card_count")
    rows = max(CARD_ROWS, len(names) + 1)
    filled = [*zip(names, counts, strict=True), *[("", "")] * rows][:rows]
    return tuple(CardRow(number, name, count) for number, (name, count) in enumerate(filled, start=1))


def country_names() -> list[tuple[str, str]]:
    """Code and name of every country, by name."""
    return sorted(((code, say(name)) for code, name in countries().items()), key=lambda each: each[1])


def _target(asked: Field) -> str:
    """Id of the control that an error leads to."""
    return "card_name-1" if asked.kind == "cards" else asked.id
