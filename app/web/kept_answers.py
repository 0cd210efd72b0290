"""Short links: an answer as it was on the day it was kept, and what today's data make of the same question."""

from base64 import b32encode
from datetime import UTC, datetime
from hashlib import sha256
from time import time
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Form, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import advisor
from app.catalogue.snapshot import Snapshot
from app.contract.answer import RecommendationAnswer
from app.errors import NotFound, TooManyRequests, Unavailable
from app.formatting import day
from app.http.rate_counts import Counts, Limit, OwnCounts, Verdict, client_of
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.languages import ENGLISH, known_languages, say, speaking, spoken
from app.questionnaire.answers import Answers
from app.tables import SavedAnswer
from app.tables.answers import KEY_LENGTH
from app.web.asking import request_of
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.differences import DifferencesPage
from app.web.pages.result import KeptView, ResultPage
from app.web.preview import Preview, preview_response

router = page_router()

PER_CLIENT = Limit(60, 3_600)
"""Answers that one address may keep in an hour."""
MOST_KEPT = 200_000
"""Answers that are kept in all: some ten gigabytes."""
_counts = OwnCounts(keep_s=PER_CLIENT.seconds)
TRANSLATED = "in_other_languages"
"""Where a kept answer holds itself in other languages."""

Question = Annotated[str, Form(max_length=30_000)]
Slug = Annotated[str, Path(max_length=100)]


@router.post("/r")
def keep_answer(
    question: Question, request: Request, catalogue: CatalogueDep, *, base_url: BaseUrlDep, session: SessionDep
) -> RedirectResponse:
    """Keep today's answer to a question under a short link; the same answer has one link, however often it is kept."""
    _allow(request)
    answer = _answer(question, catalogue, base_url)
    made = answer.provenance
    slug = _slug(f"{made.catalogue_revision}\n{made.engine_version}\n{answer.links.html.partition('?')[2]}")
    if session.get(SavedAnswer, slug) is None:
        _check_room(session)
        session.add(
            SavedAnswer(
                slug=slug,
                question=answer.links.html.partition("?")[2],
                answer=_told(question, catalogue, base_url),
                catalogue_revision=made.catalogue_revision,
                engine_version=made.engine_version,
                created_at=datetime.now(UTC),
            )
        )
    return see_other(f"/r/{slug}")


@router.get("/r/{slug}")
def show_kept_answer(slug: Slug, session: SessionDep) -> HTMLResponse:
    """The answer as it was kept."""
    saved = _saved(session.get(SavedAnswer, slug))
    kept = KeptView(slug, day(saved.created_at.date()), f"/r/{slug}/differences")
    answer = _read(saved.answer)
    return render(ResultPage.of(answer, answers=Answers(), kept=kept))


@router.get("/r/{slug}/preview.png")
def draw_kept_answer(slug: Slug, session: SessionDep) -> Response:
    """The answer as the picture that stands beside its short link."""
    saved = _saved(session.get(SavedAnswer, slug))
    return preview_response(Preview.of(RecommendationAnswer.model_validate(saved.answer)))


@router.get("/r/{slug}/differences")
def show_differences(slug: Slug, catalogue: CatalogueDep, base_url: BaseUrlDep, session: SessionDep) -> HTMLResponse:
    """The same question with today's data, and what is different."""
    saved = _saved(session.get(SavedAnswer, slug))
    now = _answer(saved.question, catalogue, base_url)
    before = _read(saved.answer)
    return render(DifferencesPage.of(before, now, slug=slug, kept_on=day(saved.created_at.date())))


def _answer(question: str, catalogue: Snapshot, base_url: str) -> RecommendationAnswer:
    asked = request_of(parse_qsl(question, keep_blank_values=True), catalogue)
    return advisor.recommend(
        catalogue, asked.workload, constraints=asked.constraints, at=datetime.now(UTC), base_url=base_url
    )


def _told(question: str, catalogue: Snapshot, base_url: str) -> dict[str, object]:
    """The answer in English, as programs have it, and beside it in every other language, so that all can read it."""
    told = {}
    for code in known_languages():
        with speaking(code):
            told[code] = _answer(question, catalogue, base_url).model_dump(mode="json", by_alias=True)
    return {**told.pop(ENGLISH), TRANSLATED: told}


def _read(kept: dict[str, Any]) -> RecommendationAnswer:
    """A kept answer in the language that is spoken, or in English where it was kept before that was known."""
    return RecommendationAnswer.model_validate(kept.get(TRANSLATED, {}).get(spoken().code, kept))


def _allow(request: Request) -> None:
    """Nobody keeps answers by the thousand, whichever of the processes takes them."""
    found = _hit(request.app.state.counts, f"keep {client_of(request.scope)}")
    if not found.allowed:
        told = say(
            "At most {count} answers an hour are kept for one visitor. The link to the answer works without that too.",
            count=PER_CLIENT.amount,
        )
        raise TooManyRequests(told, headers={"retry-after": str(found.wait_s)})


def _hit(counts: Counts, client: str) -> Verdict:
    """Count; while the shared counts cannot be reached, each process counts for itself."""
    try:
        return counts.hit(client, PER_CLIENT, cost=1, now=time())
    except SQLAlchemyError:
        return _counts.hit(client, PER_CLIENT, cost=1, now=time())


def _check_room(session: Session) -> None:
    if (session.scalar(select(func.count()).select_from(SavedAnswer)) or 0) >= MOST_KEPT:
        raise Unavailable(
            say("No more answers can be kept here. The link to the answer works without keeping it, with newest data.")
        )


def _saved(found: SavedAnswer | None) -> SavedAnswer:
    if found is None:
        raise NotFound(say("No answer was kept under this link. It may be mistyped."))
    return found


def _slug(text: str) -> str:
    return b32encode(sha256(text.encode()).digest()).decode().lower()[:KEY_LENGTH]
