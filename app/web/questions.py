"""The guided path: one question a page, then a summary. The answers travel in the address; nothing is stored."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.snapshot import Snapshot
from app.engine.size_in_name import size_in_name
from app.errors import NotFound
from app.formatting import one_of
from app.http.redirecting import see_other
from app.http.templating import render
from app.languages import say
from app.questionnaire import flow
from app.questionnaire.answers import Answers
from app.questionnaire.questions import STEPS
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.questions import CHECKING, CheckPage, QuestionPage, address

router = page_router()

UNPROCESSABLE = 422
NAMED_IN_AN_ERROR = 3

Step = Annotated[str, Path(max_length=20)]


@router.get("/q/{step}")
async def show_question(step: Step, request: Request, base_url: BaseUrlDep) -> Response:
    """One question, with what was answered before."""
    answers, checking = _asked(request)
    page = _question_page(step, answers, checking=checking, base_url=base_url)
    return page or see_other(address(f"/q/{flow.after(step, answers) or 'goal'}", answers))


@router.post("/q/{step}")
async def answer_question(step: Step, request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """Take an answer and lead on to the next question, or say what is wrong with it."""
    before, checking = _asked(request)
    question = flow.question_of(_known(step), before)
    if question is None:
        return see_other(address("/q/goal", before))
    form = await request.form()
    given = [(name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile)]
    answers = before.replaced(question, given)
    errors = flow.open_fields(question, answers) or unknown_model(answers, catalogue)
    if errors:
        page = QuestionPage.of(question, answers, checking=checking, errors=errors, base_url=base_url)
        return render(page, status=UNPROCESSABLE)
    return see_other(_next(step, flow.sound(answers), checking=checking))


@router.get("/check")
async def check_answers(request: Request, catalogue: CatalogueDep) -> HTMLResponse:
    """Every answer, to check and change."""
    answers, _ = _asked(request)
    return render(CheckPage.of(answers, remarks=tuple(_remarks(answers, catalogue))))


def _asked(request: Request) -> tuple[Answers, bool]:
    pairs = request.query_params.multi_items()
    return flow.sound(Answers.of(pairs)), CHECKING in pairs


def _known(step: str) -> str:
    if step not in STEPS:
        raise NotFound(say("There is no question “{name}”.", name=step), suggestions=STEPS)
    return step


def _question_page(step: str, answers: Answers, *, checking: bool, base_url: str) -> HTMLResponse | None:
    """The page of a step; None when the answers skip it."""
    question = flow.question_of(_known(step), answers)
    if question is None:
        return None
    return render(QuestionPage.of(question, answers, checking=checking, errors={}, base_url=base_url))


def _next(step: str, answers: Answers, *, checking: bool) -> str:
    """After a change: what it left open, else the summary. Otherwise the next question, and the summary at the end."""
    following = flow.open_step(answers) if checking else flow.after(step, answers)
    return address(f"/q/{following}", answers, checking=checking) if following else address("/check", answers)


def unknown_model(answers: Answers, catalogue: Snapshot) -> dict[str, str]:
    """The error of a model's name that says nothing to us, by field."""
    name = answers.get("model_name")
    found = catalogue.model_names.resolve(name) if name else None
    if found is None or isinstance(found, Match) or size_in_name(name):
        return {}
    if isinstance(found, Ambiguous):
        nearest: Sequence[str] = [catalogue.model_names.names[slug] for slug in found.slugs]
    else:
        nearest = found.names
    if not nearest:
        told = say("We do not know the model “{name}”. Or empty this field and choose a size.", name=name)
        return {"model_name": told}
    meant = one_of(nearest[:NAMED_IN_AN_ERROR])
    told = say(
        "We do not know the model “{name}”. Did you mean {names}? Or empty this field and choose a size.",
        name=name,
        names=meant,
    )
    return {"model_name": told}


def _remarks(answers: Answers, catalogue: Snapshot) -> list[str]:
    """Names of cards that need a second look."""
    remarks = []
    for card in answers.cards:
        found = catalogue.hardware_names.resolve(card.name)
        if isinstance(found, Ambiguous):
            several = one_of([catalogue.hardware_names.names[slug] for slug in found.slugs])
            remarks.append(
                say(
                    "“{name}” is the name of several cards: {names}. Say which, for a better answer.",
                    name=card.name,
                    names=several,
                )
            )
        elif not isinstance(found, Match):
            remarks.append(
                say("We do not know “{name}” by this name. Add its memory, like “card with 12 GB”.", name=card.name)
            )
    return remarks
