"""The page of all settings: every other door's question opens here filled in, and nothing typed is ever lost."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from app import advisor
from app.catalogue.snapshot import Snapshot
from app.contract.answer import RecommendationAnswer
from app.contract.requests import RecommendRequest
from app.errors import Unprocessable
from app.http.computing import computed
from app.http.redirecting import see_other
from app.http.templating import render
from app.web.asking import guided_request, is_guided, knows
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.settings import FOCUS, SettingsPage, settings_url
from app.web.settings_fields import settings_by_id
from app.web.settings_form import Reading, Typed, errors_of, read

router = page_router()

UNPROCESSABLE = 422


@router.get("/settings")
async def show_settings(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """Every setting, filled in with what the address asks."""
    pairs = request.query_params.multi_items()
    typed = _typed(pairs, catalogue)
    focus = request.query_params.get(FOCUS, "")
    focus = focus if focus in settings_by_id() else ""
    if "task" not in typed.texts:  # nothing is asked yet: another door may tell of the hardware first
        return render(SettingsPage.of(typed, errors={}, echoes={}, answer=None, focus=focus, base_url=base_url))
    return await computed(lambda: _page(typed, catalogue, base_url=base_url, focus=focus))


@router.post("/settings")
async def change_settings(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """Take the form: an address that holds what was typed, or what is wrong with it."""
    form = await request.form()
    typed = Typed.of((name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile))
    page = await computed(lambda: _page(typed, catalogue, base_url=base_url, focus=""))
    if page.status_code == UNPROCESSABLE:
        return page
    return see_other(settings_url(urlencode(typed.pairs())))


def _typed(pairs: Iterable[tuple[str, str]], catalogue: Snapshot) -> Typed:
    """The settings of an address: its own fields, or the answers of the guided path."""
    pairs = list(pairs)
    if not is_guided(pairs):
        return Typed.of(pairs)
    return Typed.from_request(guided_request(pairs, catalogue), in_catalogue=knows(catalogue.hardware_names))


def _page(typed: Typed, catalogue: Snapshot, *, base_url: str, focus: str) -> HTMLResponse:
    reading = read(typed, in_catalogue=knows(catalogue.hardware_names))
    errors, answer = dict(reading.errors), None
    if reading.asked is not None:
        try:
            answer = _answer(reading.asked, catalogue, base_url)
        except Unprocessable as refused:
            errors = errors_of(refused.problems)
    told = _certain(reading, errors)
    page = SettingsPage.of(typed, errors=errors, echoes=told, answer=answer, focus=focus, base_url=base_url)
    return render(page, status=UNPROCESSABLE if errors else 200)


def _answer(asked: RecommendRequest, catalogue: Snapshot, base_url: str) -> RecommendationAnswer:
    now = datetime.now(UTC)
    return advisor.recommend(catalogue, asked.workload, constraints=asked.constraints, at=now, base_url=base_url)


def _certain(reading: Reading, errors: dict[str, str]) -> dict[str, str]:
    """What was understood, without the fields that have an error."""
    return {name: text for name, text in reading.echoes.items() if name not in errors}
