"""The test bench as a page: every saved question with what is answered now, and what would be with the draft."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.admin import bench, drafts, reviewing
from app.admin.access import Viewer
from app.admin.bench import PARTS, Answered, Compared
from app.admin.differences import Difference
from app.admin.forms import Frame, Option, options
from app.errors import Conflict
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

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
    now: str
    wrong: str
    blocks: bool
    differences: tuple[Difference, ...]


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


@router.get("/bench")
def show_bench(
    request: Request, caller: Viewer, session: SessionDep, show: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Every saved question, what it is answered with, and whether that is right."""
    engine = request.app.state.engine
    drafted, stopped = drafts.count(session), ""
    try:
        compared = reviewing.review(engine).compared if drafted else reviewing.unchanged(engine)
    except Conflict as conflict:
        compared, stopped = reviewing.unchanged(engine), conflict.detail
    show = show if show in SHOWN else ""
    views = tuple(_view(each) for each in compared if _is_shown(each, show))
    changed, wrong = sum(bool(each.changed) for each in compared), sum(bool(each.wrong) for each in compared)
    blocking = sum(each.blocks for each in compared)
    told = (
        f"{len(compared)} questions: {changed} change with the draft, {wrong} are wrong, {blocking} of them must pass."
    )
    page = BenchPage(
        "Test bench",
        Frame.of(caller),
        options(list(SHOWN), show, labels=SHOWN),
        views,
        told,
        drafted,
        stopped,
    )
    return render(page)


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


def _view(compared: Compared) -> QuestionView:
    question, after = compared.question, compared.after
    now = ", ".join(part for part in (after.scenario, after.tier, after.best) if part)
    return QuestionView(
        slug=question.slug,
        text=question.text,
        url=f"/admin/entries/questions/{question.slug}",
        result_url=f"/result?{question.query}",
        expects=question.expects,
        must_pass=question.must_pass,
        now=now,
        wrong=compared.wrong,
        blocks=compared.blocks,
        differences=differing(compared),
    )
