"""What search engines ask for: the addresses worth finding, and those that are not."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from fastapi.responses import PlainTextResponse, Response

from app.accuracy.report import KINDS
from app.catalogue.snapshot import Snapshot
from app.learn.lesson import lessons
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.docs import documents

router = page_router()

PAGES = (
    "/", "/q/goal", "/paste", "/fit", "/settings", "/questions", "/hardware", "/models", "/cloud", "/compare", "/learn",
    "/learn/glossary", "/scenarios", "/accuracy", "/docs",
)  # fmt: skip
UNLISTED = ("/admin", "/result.", "/check?", "/q/", "/settings?", "/recommend?")
"""Beginnings of addresses of which there are endlessly many, or which are nobody's business."""


@router.get("/robots.txt")
async def show_robots_rules(base_url: BaseUrlDep) -> PlainTextResponse:
    """Which addresses search engines should leave alone, and where the list of the others is."""
    rules = "".join(f"Disallow: {path}\n" for path in UNLISTED)
    return PlainTextResponse(f"User-agent: *\nAllow: /q/goal$\n{rules}\nSitemap: {base_url}/sitemap.xml\n")


@router.get("/sitemap.xml")
async def list_pages(catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """Every page with an address of its own."""
    entries = "".join(f"  <url><loc>{escape(base_url + path)}</loc></url>\n" for path in _paths(catalogue))
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">\n{entries}</urlset>\n'
    return Response(text, media_type="application/xml")


def _paths(catalogue: Snapshot) -> Iterable[str]:
    yield from PAGES
    yield from (f"/learn/{each.slug}" for each in lessons())
    yield from (f"/docs/{name}" for name in documents())
    yield from (f"/accuracy/{kind}" for kind in KINDS)
    yield from (f"/hardware/{accelerator.slug}" for accelerator in catalogue.devices.accelerators)
