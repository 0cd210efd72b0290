"""create_app(): the service put together. Importing this module does nothing."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from app import __version__
from app.admin import (
    account_pages,
    bench_api,
    bench_pages,
    bulk_pages,
    draft_pages,
    entry_pages,
    feed_pages,
    held_pages,
    list_pages,
    many_api,
    price_pages,
    prices_api,
    seed_pages,
    single_sign_on_pages,
    start_page,
    trail_pages,
    transfer_pages,
    trial_pages,
    upload_pages,
)
from app.admin import api as admin_api
from app.admin import model_pages as admin_model_pages
from app.admin.key_holders import KeyHolders
from app.api import accuracy, batch_lines, estimate, fit, hardware, health, metrics, models, offers, policy, recommend
from app.api.head_requests import HeadAsGet
from app.catalogue.snapshot import Snapshot
from app.db import connect
from app.http import error_responses
from app.http.published import PublishedCatalogue
from app.http.rate_limits import HEADERS as LIMIT_HEADERS
from app.http.rate_limits import Limits, RateLimit, counts_of
from app.http.templating import STATIC
from app.http.unanswered import UnansweredSearches
from app.mcp.door import PATH as MCP_PATH
from app.mcp.door import McpDoor
from app.observability import request_ids
from app.observability.metrics import Metrics
from app.observability.middleware import Observed
from app.observability.tracing import tracer_from
from app.settings import Settings
from app.sources.schedule import scheduled
from app.web import accuracy as accuracy_pages
from app.web import (
    all_settings,
    cloud,
    compare,
    docs_pages,
    embeds,
    home,
    kept_answers,
    learn,
    offer_history,
    paste,
    questions,
    results,
    sitemap,
    theme,
)
from app.web import fit as fit_pages
from app.web import hardware as hardware_pages
from app.web import models as model_pages
from app.web.body_limit import BodyLimit
from app.web.headers import SecurityHeaders, security_headers
from app.web.origin_guard import OriginGuard
from app.web.static_files import VersionedFiles
from app.web.time_limit import TimeLimit

ROUTERS = (
    health.router,
    metrics.router,
    home.router,
    questions.router,
    results.router,
    all_settings.router,
    kept_answers.router,
    embeds.router,
    sitemap.router,
    theme.router,
    learn.router,
    docs_pages.router,
    cloud.router,
    offer_history.router,
    compare.router,
    model_pages.router,
    paste.router,
    home.shared,  # pages first: those at an address that programs use leave programs to the routers below
    hardware_pages.router,
    hardware_pages.table,
    model_pages.shared,
    accuracy_pages.router,
    fit_pages.router,
    recommend.router,
    recommend.links,
    batch_lines.router,
    batch_lines.lines,
    estimate.router,
    fit.router,
    hardware.router,
    models.router,
    offers.router,
    policy.router,
    accuracy.router,
    start_page.router,
    account_pages.router,
    single_sign_on_pages.router,
    draft_pages.router,
    trail_pages.router,
    transfer_pages.router,
    bench_pages.router,
    bulk_pages.router,
    trial_pages.router,
    upload_pages.router,
    many_api.router,
    bench_api.router,
    list_pages.router,
    price_pages.router,
    admin_model_pages.router,
    held_pages.router,
    feed_pages.router,
    entry_pages.router,
    prices_api.router,
    seed_pages.router,
    admin_api.router,
)
"""Every router of the service, in the order in which addresses are tried."""

SMALLEST_COMPRESSED_BYTES = 1024
"""Below this gzip costs more than it saves."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, from given settings or from those of the environment."""
    settings = settings or Settings.from_environment()
    app = FastAPI(
        title="WhichRig",
        version=__version__,
        description="Which hardware do I need for this machine-learning work?",
        lifespan=_lifespan,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    for router in ROUTERS:
        app.include_router(router)
    app.state.mcp = McpDoor(lambda: _published(app), host=settings.host, public_url=settings.public_url)
    app.router.routes.append(Route(MCP_PATH, app.state.mcp, methods=["POST"]))
    app.mount("/static", VersionedFiles(directory=STATIC, check_dir=False), name="static")
    headers = security_headers(https=settings.public_url.startswith("https://"))
    error_responses.install(app, headers)
    app.state.metrics = Metrics(lambda: _revision(app))
    _add_layers(app, settings, headers=headers)
    return app


def _add_layers(app: FastAPI, settings: Settings, *, headers: dict[str, str]) -> None:
    """What every request passes through; the layer added last is the first to see it."""
    origins = frozenset(settings.cors_origins.split(",")) - {""}
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit)
    app.add_middleware(TimeLimit, seconds=settings.request_timeout_s)
    limits = Limits.of(settings)
    app.state.counts = counts_of(settings, keep_s=max(limits.keep_s if limits else 0, kept_answers.PER_CLIENT.seconds))
    if limits:
        app.add_middleware(RateLimit, limits=limits, counts=app.state.counts, holder=KeyHolders())
    app.add_middleware(OriginGuard, trusted=frozenset({settings.public_url} - {""}), callers=origins)
    app.add_middleware(theme.Themed)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED_BYTES)
    app.add_middleware(SecurityHeaders, headers=headers)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "if-none-match", request_ids.HEADER],
            expose_headers=["etag", *LIMIT_HEADERS, "retry-after", request_ids.HEADER],
        )
    app.add_middleware(
        Observed, metrics=app.state.metrics, log_requests=settings.log_requests, tracer=tracer_from(os.environ)
    )


def _revision(app: FastAPI) -> int | None:
    catalogue: PublishedCatalogue | None = getattr(app.state, "catalogue", None)
    return None if catalogue is None else catalogue.current().revision


def _published(app: FastAPI) -> Snapshot:
    catalogue: PublishedCatalogue = app.state.catalogue
    return catalogue.current()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = connect(app.state.settings.database_url)
    app.state.engine = engine
    app.state.catalogue = PublishedCatalogue(engine)
    app.state.searches = UnansweredSearches(engine)
    refreshing = scheduled(engine, app.state.settings)
    following = app.state.catalogue.followed()
    async with following, app.state.searches.followed(), app.state.mcp.open(), refreshing:
        yield
    if counts := getattr(app.state, "counts", None):
        counts.close()
    engine.dispose()
