"""The result: a question's answer as a page, as text, and as a table."""

from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from app import advisor
from app.advice.variants import Variants
from app.catalogue.snapshot import Snapshot
from app.contract.answer import RecommendationAnswer
from app.contract.flat_query import query_string
from app.contract.requests import RecommendRequest
from app.engine.workload import ModelChoice
from app.errors import AppError, Unprocessable
from app.http.computing import computed
from app.http.redirecting import see_other
from app.http.templating import render
from app.languages import ENGLISH, speaking
from app.questionnaire.flow import question_of
from app.web.asking import Pairs, guided_answers, is_guided, knows, request_of
from app.web.badge import badge_svg, badge_text, faulty_text
from app.web.currency import currency_in
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.questions import QuestionPage
from app.web.pages.result import ResultPage
from app.web.preview import Preview, preview_response
from app.web.questions import unknown_model
from app.web.result_text import as_csv, as_markdown
from app.web.settings_fields import settings_by_id
from app.web.settings_form import Typed, read

router = page_router()

UNPROCESSABLE = 422


@router.get("/result")
async def show_result(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """Which hardware the work needs, and why; a model that nobody knows leads back to its question."""
    pairs = request.query_params.multi_items()
    answers = guided_answers(pairs)
    question = question_of("size", answers)
    errors = unknown_model(answers, catalogue)
    if errors and question is not None:
        page = QuestionPage.of(question, answers, checking=True, errors=errors, base_url=base_url)
        return render(page, status=UNPROCESSABLE)
    try:
        asked = request_of(pairs, catalogue)
    except Unprocessable:
        understood = _understood(pairs, catalogue)
        if understood is None:
            raise
        return see_other(f"/result?{query_string(understood)}")
    answer, variants = await computed(lambda: _answered(request, catalogue, base_url, asked=asked))
    shown = ResultPage.of(
        answer,
        answers=answers,
        rates=catalogue.market.exchange_rates,
        variants=variants,
        tiers=catalogue.policy.tiers,
    )
    return render(shown)


def _answered(
    request: Request, catalogue: Snapshot, base_url: str, *, asked: RecommendRequest
) -> tuple[RecommendationAnswer, Variants]:
    """The answer, and other ways of doing the work with the model that the answer is about."""
    answer = _answer(request, catalogue, base_url)
    taken = next((str(each.value) for each in answer.assumptions if each.field == "model"), None)
    workload = asked.workload
    if workload.model is None and taken in catalogue.models:
        workload = workload.model_copy(update={"model": ModelChoice(name=taken)})
    return answer, advisor.variants(catalogue, workload)


def _understood(pairs: Pairs, catalogue: Snapshot) -> RecommendRequest | None:
    """The question of an address whose amounts are written as people write them: 200h, €500; None if that fails too."""
    if is_guided(pairs) or any(name not in settings_by_id() for name, _ in pairs):
        return None
    return read(Typed.of(pairs), in_catalogue=knows(catalogue.hardware_names)).asked


@router.get("/result.md")
async def download_markdown(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """The answer as Markdown, for notes and tickets."""
    text = as_markdown(await computed(lambda: _answer(request, catalogue, base_url)))
    return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")


@router.get("/result.csv")
async def download_table(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """What to buy and what to rent, one line each, in dollars and in what people pay in where they live."""
    headers = {"content-disposition": 'attachment; filename="whichrig.csv"'}
    asked = request_of(request.query_params.multi_items(), catalogue)
    currency = currency_in(asked.constraints.country or "", catalogue.market.exchange_rates)
    text = as_csv(await computed(lambda: _answer(request, catalogue, base_url)), currency=currency)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/result/preview.png")
async def draw_preview(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """The answer as the picture that stands beside links to it."""
    return await computed(lambda: preview_response(Preview.of(_answer(request, catalogue, base_url))))


@router.get("/badge.svg")
async def draw_badge(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """The answer as a small picture for a README: "needs 24 GB · one GPU"; pages get one of faulty questions too."""
    with speaking(ENGLISH):  # one picture for all readers of the page that shows it
        status, kept = 200, "public, max-age=3600"
        try:
            text = badge_text(await computed(lambda: _answer(request, catalogue, base_url)))
        except AppError as error:
            if "image/" not in request.headers.get("accept", ""):
                raise
            text, status, kept = faulty_text(), error.status, "no-store"
    headers = {"cache-control": kept, "cross-origin-resource-policy": "cross-origin"}
    return Response(badge_svg(text), status_code=status, media_type="image/svg+xml", headers=headers)


def _answer(request: Request, catalogue: Snapshot, base_url: str) -> RecommendationAnswer:
    asked = request_of(request.query_params.multi_items(), catalogue)
    return advisor.recommend(
        catalogue, asked.workload, constraints=asked.constraints, at=datetime.now(UTC), base_url=base_url
    )
