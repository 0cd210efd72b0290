"""The start page, and how answers are decided."""

from fastapi import Response
from fastapi.responses import HTMLResponse

from app.http.computing import computed
from app.http.templating import render
from app.languages import say
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.home import HOME_DESCRIPTION, CommonQuestionsPage, HomePage, ScenariosPage
from app.web.preview import Preview, preview_response

router = page_router()
shared = page_router(shared=True)


@router.get("/")
async def show_home(catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """Where everybody starts."""
    return render(HomePage.of(catalogue, base_url=base_url))


@router.get("/preview.png")
async def draw_site() -> Response:
    """The picture that stands beside links to pages that have none of their own."""
    title = say("Which hardware do you need for machine learning?")
    return await computed(
        lambda: preview_response(Preview(say("Four doors to one answer"), title, told=say(HOME_DESCRIPTION)))
    )


@router.get("/questions")
async def list_common_questions(base_url: BaseUrlDep) -> HTMLResponse:
    """Questions that many people ask, each with its answer."""
    return render(CommonQuestionsPage.of(base_url=base_url))


@shared.get("/scenarios")
async def explain_scenarios(catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """The four kinds of answer, the tiers and the rules."""
    return render(ScenariosPage.of(catalogue.policy, base_url=base_url))
