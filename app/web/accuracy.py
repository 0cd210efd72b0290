"""The accuracy pages: predicted against measured."""

from fastapi.responses import HTMLResponse

from app.accuracy.report import KINDS, shipped
from app.errors import NotFound
from app.field_problems import nearest
from app.http.templating import render
from app.languages import say
from app.web.dependencies import BaseUrlDep
from app.web.negotiation import page_router
from app.web.pages.accuracy import AccuracyPage, AccuracySourcesPage

router = page_router(shared=True)


@router.get("/accuracy")
async def explain_accuracy(base_url: BaseUrlDep) -> HTMLResponse:
    """How far estimates are from what people measured, the worst cases included."""
    return render(AccuracyPage.of(shipped(), base_url=base_url))


@router.get("/accuracy/{kind}")
async def list_sources(kind: str, base_url: BaseUrlDep) -> HTMLResponse:
    """How far estimates of one quantity are from what each source measured."""
    found = next((each for each in shipped().kinds if each.kind == kind), None)
    if found is None:
        raise NotFound(
            say("There is no page called “{name}”.", name=kind[:80]),
            suggestions=[f"/accuracy/{near}" for near in nearest(kind, KINDS)],
        )
    return render(AccuracySourcesPage.of(found, base_url=base_url))
