"""The start page, and how answers are decided."""

from fastapi.responses import HTMLResponse

from app.templating import render
from app.web.dependencies import CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.home import HomePage, ScenariosPage

router = page_router()
shared = page_router(shared=True)


@router.get("/")
async def show_home(catalogue: CatalogueDep) -> HTMLResponse:
    """Where everybody starts."""
    return render(HomePage.of(catalogue))


@shared.get("/scenarios")
async def explain_scenarios(catalogue: CatalogueDep) -> HTMLResponse:
    """The four kinds of answer, the tiers and the rules."""
    return render(ScenariosPage.of(catalogue.policy))
