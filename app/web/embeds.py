"""A verdict inside other people's pages: the small page for a frame, and what oEmbed tells a publishing program."""

from datetime import UTC, datetime
from html import escape
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app import advisor
from app.catalogue.snapshot import Snapshot
from app.contract.answer import RecommendationAnswer
from app.db import reading
from app.errors import NotFound, NotOffered
from app.http.computing import computed
from app.http.templating import render
from app.tables import SavedAnswer
from app.web.asking import request_of
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.headers import CONTENT_SECURITY_POLICY
from app.web.negotiation import page_router
from app.web.pages.embed import EmbedPage

router = page_router()

WIDTH, HEIGHT = 600, 200
LEAST_WIDTH, LEAST_HEIGHT = 220, 120
KEPT_S = 3_600
FRAMED = {
    "content-security-policy": CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *"),
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": f"public, max-age={KEPT_S}",
}
"""The one page that others may frame: it has no form, and nothing in it does anything but lead to the answer."""

Side = Annotated[int | None, Query(ge=1, le=10_000)]


@router.get("/embed")
async def show_embed(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """The verdict of the question in the address, for a frame in another page."""
    pairs = request.query_params.multi_items()
    answer = await computed(lambda: _answer(pairs, catalogue, base_url=base_url))
    response = render(EmbedPage.of(answer))
    response.headers.update(FRAMED)
    return response


@router.get("/oembed")
async def show_oembed(
    request: Request,
    *,
    catalogue: CatalogueDep,
    base_url: BaseUrlDep,
    url: Annotated[str, Query(max_length=30_000)],
    maxwidth: Side = None,
    maxheight: Side = None,
    format: str = "json",  # noqa: A002 - oEmbed's own name
) -> Response:
    """The answer behind a link of this site as oEmbed has it (https://oembed.com): a frame with its verdict."""
    if format != "json":
        raise NotOffered("Only format=json is offered.")
    question = _question(request, url, base_url=base_url)
    answer = await computed(lambda: _answer(parse_qsl(question, keep_blank_values=True), catalogue, base_url=base_url))
    width, height = min(WIDTH, maxwidth or WIDTH), min(HEIGHT, maxheight or HEIGHT)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        raise NotFound(f"The verdict takes at least {LEAST_WIDTH} x {LEAST_HEIGHT} pixels.")
    source = escape(f"{base_url}/embed?{answer.links.html.partition('?')[2]}")
    title = escape(answer.verdict)
    frame = f'<iframe src="{source}" width="{width}" height="{height}" title="{title}" loading="lazy"></iframe>'
    told = {
        "type": "rich", "version": "1.0", "title": answer.verdict, "provider_name": "WhichRig",
        "provider_url": base_url, "cache_age": KEPT_S, "html": frame, "width": width, "height": height,
    }  # fmt: skip
    headers = {"cache-control": f"public, max-age={KEPT_S}", "access-control-allow-origin": "*"}
    return JSONResponse(told, headers=headers)


def _question(request: Request, url: str, *, base_url: str) -> str:
    """The question behind a link of this site: in its query, or kept under a short link."""
    asked, own = urlsplit(url), urlsplit(base_url)
    if (asked.netloc, asked.path) in {(own.netloc, "/result"), (own.netloc, "/recommend"), (own.netloc, "/embed")}:
        return asked.query
    if asked.netloc == own.netloc and asked.path.startswith("/r/"):
        with reading(request.app.state.engine) as session:
            saved = session.get(SavedAnswer, asked.path.removeprefix("/r/")[:60])
            if saved is not None:
                return saved.question
    raise NotFound("That address is no answer of this site.")


def _answer(pairs: list[tuple[str, str]], catalogue: Snapshot, *, base_url: str) -> RecommendationAnswer:
    asked = request_of(pairs, catalogue)
    return advisor.recommend(
        catalogue, asked.workload, constraints=asked.constraints, at=datetime.now(UTC), base_url=base_url
    )
