"""The test bench as a page: every saved question with what is answered now, and what would be with the draft."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.admin import bench, drafts, reviewing
from app.admin.access import Viewer
from app.admin.bench import PARTS, Answered, Compared, Question
from app.admin.differences import Difference
from app.admin.forms import Frame, Option, options
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

Answers = Annotated[Literal["", "all"], Query()]
"""Whether the saved questions are asked, which takes a while."""

PART_NAMES = {
    "scenario": "Kind of answer",
    "tier": "Tier",
    "best": "Best pick",
    "price": "Its price",
    "memory": "Memory needed",
    "time": "Time",
    "cost": "Cost",
    "others": "Other picks",
    "rent": "To rent",
    "warnings": "Warnings",
}
SHOWN = {"": "All", "changed": "Those that change", "wrong": "Those that are wrong", "own": "Our own"}


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One saved question with its answers."""

    slug: str
    text: str
    url: str
    result_url: str
    expects: str
    must_pass: bool
    now: str = ""
    """What is answered; empty where it was not asked."""
    wrong: str = ""
    blocks: bool = False
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchPage:
    """All saved questions."""

    template: ClassVar[str] = "admin/bench.html"

    title: str
    frame: Frame
    shown: tuple[Option, ...]
    questions: tuple[QuestionView, ...]
    told: str
    drafted: int
    stopped: str
    """Why the draft cannot be tried."""
    ask_url: str = ""
    """Where the questions are asked; empty where that is done."""


@router.get("/bench")
def show_bench(
    request: Request,
    caller: Viewer,
    session: SessionDep,
    show: Annotated[str, Query(max_length=20)] = "",
    answers: Answers = "",
) -> Response:
    """Every saved question; once they were asked, what it is answered with, and whether that is right."""
    found = reviewing.asked(request.app.state.engine, ask=answers == "all")
    show = show if show in SHOWN else ""
    compared = found.compared
    page = BenchPage(
        "Test bench",
        Frame.of(caller),
        options(list(SHOWN), show, labels=SHOWN),
        tuple(_unanswered(found.questions, show) if compared is None else _answered(compared, show)),
        _told(found),
        drafts.count(session),
        found.stopped,
        ask_url=f"/admin/bench?show={show}&answers=all" if compared is None else "",
    )
    return render(page)


def _told(found: reviewing.Asked) -> str:
    compared = found.compared
    if compared is None:
        musts = sum(each.must_pass for each in found.questions)
        return f"{len(found.questions)} questions, of which {musts} must pass."
    changed, wrong = sum(bool(each.changed) for each in compared), sum(bool(each.wrong) for each in compared)
    blocking = sum(each.blocks for each in compared)
    return (
        f"{len(compared)} questions: {changed} change with the draft, {wrong} are wrong, {blocking} of them must pass."
    )


def _unanswered(questions: tuple[Question, ...], show: str) -> Iterator[QuestionView]:
    """Of questions that were not asked nobody knows which answers change, or are wrong."""
    return (_view(each) for each in questions if show == "" or (show == "own" and each.origin == "own"))


def _answered(compared: list[Compared], show: str) -> Iterator[QuestionView]:
    return (_with_answer(each) for each in compared if _is_shown(each, show))


def differing(compared: Compared) -> tuple[Difference, ...]:
    """How an answer changes, part by part."""
    before, after = compared.before, compared.after
    return tuple(
        Difference(PART_NAMES[name], _part(before, name, beside=after), _part(after, name, beside=before))
        for name in PARTS
        if name in compared.changed
    )


def _part(answered: Answered, name: str, *, beside: Answered) -> str:
    """A part of an answer; of the warnings those that the other answer does not give."""
    if name == "warnings":
        own = [each for each in answered.warnings if each not in beside.warnings]
        return " ".join(own) or ("" if answered.warnings else bench.NOTHING)
    return str(getattr(answered, name)) or bench.NOTHING


def _is_shown(compared: Compared, show: str) -> bool:
    wanted = {
        "changed": bool(compared.changed),
        "wrong": bool(compared.wrong),
        "own": compared.question.origin == "own",
    }
    return wanted.get(show, True)


def _view(question: Question) -> QuestionView:
    return QuestionView(
        slug=question.slug,
        text=question.text,
        url=f"/admin/entries/questions/{question.slug}",
        result_url=f"/result?{question.query}",
        expects=question.expects,
        must_pass=question.must_pass,
    )


def _with_answer(compared: Compared) -> QuestionView:
    after = compared.after
    return replace(
        _view(compared.question),
        now=", ".join(part for part in (after.scenario, after.tier, after.best) if part),
        wrong=compared.wrong,
        blocks=compared.blocks,
        differences=differing(compared),
    )
