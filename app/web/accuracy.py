"""The accuracy page: predicted against measured."""

from fastapi.responses import HTMLResponse

from app.accuracy.report import shipped
from app.templating import render
from app.web.dependencies import BaseUrlDep
from app.web.negotiation import page_router
from app.web.pages.accuracy import AccuracyPage

router = page_router(shared=True)


@router.get("/accuracy")
async def explain_accuracy(base_url: BaseUrlDep) -> HTMLResponse:
    """How far estimates are from what people measured, the worst cases included."""
    return render(AccuracyPage.of(shipped(), base_url=base_url))
