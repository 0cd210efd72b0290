"""The box to try rules in: a saved question or a pasted one, and what every rule makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.admin import bench, trying
from app.admin.asked import query_of
from app.admin.forms import FormField, Option, options, told
from app.advice.policy import Rule
from app.catalogue.snapshot import Snapshot
from app.errors import AppError, Unprocessable
from app.field_problems import FieldProblem

KIND_TITLES = {"scenario": "Which kind of answer", "tier": "Which class of hardware", "warning": "Which warnings"}


@dataclass(frozen=True, slots=True)
class TriedView:
    """One rule, tried."""

    place: int
    slug: str
    url: str
    priority: int
    holds: bool
    wins: bool
    is_edited: bool
    outcome: str
    condition: str


@dataclass(frozen=True, slots=True)
class KindView:
    """The rules of one kind, in the order in which they are tried."""

    title: str
    decided: str
    fired: tuple[TriedView, ...]
    rest: tuple[TriedView, ...]


@dataclass(frozen=True, slots=True)
class TrialView:
    """The box, and what came out."""

    questions: tuple[Option, ...]
    pasted: FormField
    asked_of: str
    """The question that was tried, in words or fields."""
    result_url: str
    save_url: str
    values: tuple[tuple[str, str], ...]
    kinds: tuple[KindView, ...]
    problem: str


def blank(session: Session) -> TrialView:
    """The box before anything was tried."""
    return _view(session, {}, asked="", problem="")


def tried(session: Session, snapshot: Snapshot, *, form: Mapping[str, str], edited: Rule | None) -> TrialView:
    """Try the rules on what the form names; an edited rule stands in the place of the one with its name."""
    try:
        query = _query(session, form)
        found = trying.trial(snapshot, query, edited=edited)
    except Unprocessable as error:
        return _view(session, form, asked="", problem="; ".join(told(problem) for problem in error.problems))
    except AppError as error:
        return _view(session, form, asked="", problem=error.detail)
    values = found.values(edited.condition) if edited else found.values(" ".join(_won(found)))
    kinds = tuple(_kind(found, kind, title) for kind, title in KIND_TITLES.items())
    return _view(session, form, asked=query, problem="", values=values, kinds=kinds)


def _query(session: Session, form: Mapping[str, str]) -> str:
    pasted = form.get("try_text", "").strip()
    if pasted:
        return query_of(pasted, session)
    chosen = form.get("try_question", "")
    for question in bench.questions(session):
        if question.slug == chosen:
            return question.query
    raise Unprocessable([FieldProblem("/try_text", "Choose a saved question, or paste one")])


def _won(found: trying.Trial) -> list[str]:
    return [each.rule.condition for each in found.tried if each.wins]


def _kind(found: trying.Trial, kind: str, title: str) -> KindView:
    of_kind = [each for each in found.tried if each.rule.kind == kind]
    views = [_tried(place, each) for place, each in enumerate(of_kind, start=1)]
    fired = tuple(view for view in views if view.holds or view.is_edited)
    return KindView(title, found.decided(kind), fired, tuple(view for view in views if view not in fired))


def _tried(place: int, each: trying.Tried) -> TriedView:
    rule = each.rule
    url = f"/admin/entries/rules/{rule.slug}"
    return TriedView(
        place, rule.slug, url, rule.priority, each.holds, each.wins, each.is_edited, rule.outcome, rule.condition
    )


def _view(
    session: Session,
    form: Mapping[str, str],
    *,
    asked: str,
    problem: str,
    values: tuple[tuple[str, str], ...] = (),
    kinds: tuple[KindView, ...] = (),
) -> TrialView:
    questions = bench.questions(session)
    labels = {"": "none: the pasted one", **{each.slug: each.text for each in questions}}
    text = next((each.text for each in questions if each.query == asked), asked)
    return TrialView(
        questions=options(list(labels), form.get("try_question", ""), labels=labels),
        pasted=FormField(
            "try_text",
            "Or paste one",
            "long",
            form.get("try_text", ""),
            hint="The address of an answer, or a request as JSON.",
            error=problem,
        ),
        asked_of=text,
        result_url=f"/result?{asked}" if asked else "",
        save_url=f"/admin/new/questions?{urlencode({'query': asked})}" if asked and text == asked else "",
        values=values,
        kinds=kinds,
        problem=problem,
    )
