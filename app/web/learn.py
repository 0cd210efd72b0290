"""Learn pages and the glossary."""

from fastapi.responses import HTMLResponse

from app.errors import NotFound
from app.field_problems import nearest
from app.learn.lesson import lesson, lessons
from app.learn.worked import WORKED
from app.templating import render
from app.web.dependencies import CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.glossary import GlossaryPage
from app.web.pages.learn import LearnPage, LessonPage

router = page_router()


@router.get("/learn")
async def list_lessons() -> HTMLResponse:
    """Everything there is to read."""
    return render(LearnPage.of(lessons()))


@router.get("/learn/glossary")
async def show_glossary() -> HTMLResponse:
    """Every term of this site in plain words."""
    return render(GlossaryPage.of())


@router.get("/learn/{slug}")
async def show_lesson(slug: str, catalogue: CatalogueDep) -> HTMLResponse:
    """One idea, with numbers worked out from the catalogue of today."""
    found = lesson(slug)
    if found is None:
        near = nearest(slug, [each.slug for each in lessons()])
        raise NotFound(f"There is no page called “{slug[:80]}”.", suggestions=[f"/learn/{each}" for each in near])
    return render(LessonPage.of(found, WORKED[slug](catalogue)))
