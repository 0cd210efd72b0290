"""Learn pages and the glossary."""

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from app.errors import NotFound, Unavailable
from app.field_problems import nearest
from app.http.computing import computed
from app.http.templating import render
from app.languages import say
from app.learn.lesson import Lesson, lesson, lessons
from app.learn.tries import try_it
from app.learn.worked import WORKED
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.glossary import GlossaryPage
from app.web.pages.learn import LearnPage, LessonPage
from app.web.preview import Preview, preview_response

router = page_router()


@router.get("/learn")
async def list_lessons(base_url: BaseUrlDep) -> HTMLResponse:
    """Everything there is to read."""
    return render(LearnPage.of(lessons(), base_url=base_url))


@router.get("/learn/glossary")
async def show_glossary(base_url: BaseUrlDep) -> HTMLResponse:
    """Every term of this site in plain words."""
    return render(GlossaryPage.of(base_url=base_url))


@router.get("/learn/{slug}/preview.png")
async def draw_lesson(slug: str) -> Response:
    """The idea of a page as the picture that stands beside links to it."""
    found = _lesson(slug)
    return await computed(lambda: preview_response(Preview(say("Learn"), say(found.title), told=say(found.idea))))


@router.get("/learn/{slug}")
async def show_lesson(slug: str, request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """One idea, with numbers worked out from the catalogue of today."""
    found = _lesson(slug)
    try:
        worked = WORKED[slug](catalogue)
    except LookupError as missing:
        told = say("This page needs something that the catalogue does not hold now: {name}.", name=str(missing))
        raise Unavailable(told) from missing
    tried = await computed(lambda: try_it(slug, dict(request.query_params), catalogue=catalogue))
    return render(LessonPage.of(found, worked, tried=tried, base_url=base_url))


def _lesson(slug: str) -> Lesson:
    found = lesson(slug)
    if found is None:
        near = nearest(slug, [each.slug for each in lessons()])
        raise NotFound(
            say("There is no page called “{name}”.", name=slug[:80]), suggestions=[f"/learn/{each}" for each in near]
        )
    return found
