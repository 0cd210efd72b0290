"""``/admin/api`` for the health of the catalogue and for refreshed prices: runs, changes that wait, named addresses."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from app.admin import price_work
from app.admin.access import Approver, Editor, Viewer
from app.admin.api import IfMatch, PreconditionRequired
from app.admin.health import health
from app.errors import PreconditionFailed
from app.http.request_session import SessionDep
from app.tables import PriceFeed

router = APIRouter(prefix="/admin/api", include_in_schema=False)

CREATED, ACCEPTED, NO_CONTENT = 201, 202, 204
PER_PAGE = 200
Page = Annotated[int, Query(ge=1, le=100_000)]
Reason = Annotated[str, Field(max_length=600)]


class RefreshQuestion(BaseModel):
    """Which sources; none: all that run by themselves."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=100)] = []
    dry_run: bool = False


class Acceptance(BaseModel):
    """Why a change is taken over; an unknown device has to be named."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = ""
    accelerator: Annotated[str, Field(max_length=200)] = ""


class Rejection(BaseModel):
    """Why a change is left alone."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class FeedFields(BaseModel):
    """How an address is read."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=200)]
    address: Annotated[str, Field(max_length=600)]
    licence: Annotated[str, Field(max_length=200)] = ""
    columns: dict[str, Annotated[str, Field(max_length=200)]] = {}
    fixed: dict[str, Annotated[str, Field(max_length=200)]] = {}
    currency: str = "USD"
    price_for: str = "instance"
    complete: bool = False


class NewFeed(FeedFields):
    """The same with its name."""

    name: str


class StaleFeed(PreconditionFailed):
    """Somebody else changed the address in between; both versions are told."""

    def __init__(self, now: dict[str, Any], yours: dict[str, Any]) -> None:
        super().__init__("Somebody else changed this address in between. Look at both versions and save again.")
        self._told = {"current": now, "yours": yours}

    def problem(self) -> dict[str, object]:
        """The problem object, with both versions."""
        return {**super().problem(), **self._told}


@router.get("/health")
def show_health(_caller: Viewer, session: SessionDep) -> JSONResponse:
    """What needs attention: old prices, facts without a source, support, disagreements, searches, refreshes."""
    found = health(session, today=datetime.now(UTC).date())
    return JSONResponse(jsonable_encoder(found))


@router.get("/price-refreshes")
def list_refreshes(_caller: Viewer, session: SessionDep, request: Request) -> JSONResponse:
    """Refreshes that somebody started, and the sources there are."""
    from app.sources.registry import ONLY_ON_REQUEST, all_sources

    state = request.app.state
    sources = [
        {"name": key, "title": source.title, "url": source.url, "only_on_request": key in ONLY_ON_REQUEST}
        for key, source in all_sources(state.engine, state.settings).items()
    ]
    found = [price_work.job_as_json(job) for job in price_work.last_jobs(session)]
    return JSONResponse({"refreshes": found, "sources": sources})


@router.post("/price-refreshes")
def start_refresh(
    question: RefreshQuestion, caller: Editor, session: SessionDep, *, request: Request, later: BackgroundTasks
) -> JSONResponse:
    """Start a refresh, or try one without writing anything; it goes on beside the requests."""
    state = request.app.state
    number = price_work.start(
        session, state.engine, settings=state.settings, names=question.sources, dry_run=question.dry_run, caller=caller
    )
    later.add_task(price_work.begin, state.engine, state.settings, number=number)
    told = price_work.job_as_json(price_work.job_named(session, number))
    location = {"location": f"/admin/api/price-refreshes/{number}"}
    return JSONResponse(told, ACCEPTED, headers=location, background=later)


@router.get("/price-refreshes/{number}")
def show_refresh(number: int, _caller: Viewer, session: SessionDep) -> JSONResponse:
    """How a refresh stands, and what it did."""
    return JSONResponse(price_work.job_as_json(price_work.job_named(session, number)))


@router.get("/price-runs")
def list_runs(
    _caller: Viewer, session: SessionDep, *, source: Annotated[str, Query(max_length=60)] = "", page: Page = 1
) -> JSONResponse:
    """Runs of sources, newest first."""
    found, total = price_work.runs(session, source=source, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    return JSONResponse({"runs": [price_work.run_as_json(run) for run in found], "total": total, "page": page})


@router.get("/price-runs/{number}")
def show_run(number: int, _caller: Viewer, session: SessionDep) -> JSONResponse:
    """One run with the reasons why rows were left out."""
    return JSONResponse(price_work.run_as_json(price_work.run_numbered(session, number)))


@router.get("/held-changes")
def list_held_changes(
    _caller: Viewer,
    session: SessionDep,
    *,
    state: Literal["waiting", "accepted", "dismissed", "withdrawn"] = "waiting",
    page: Page = 1,
) -> JSONResponse:
    """Changes that a person decides about."""
    found, total = price_work.held_changes(session, decision=state, first=(page - 1) * PER_PAGE, most=PER_PAGE)
    return JSONResponse({"changes": [each.as_json() for each in found], "total": total, "page": page})


@router.get("/held-changes/{number}")
def show_held_change(number: int, _caller: Viewer, session: SessionDep) -> JSONResponse:
    """One held change beside what is published."""
    return JSONResponse(price_work.held_change(session, number).as_json())


@router.post("/held-changes/{number}/acceptance")
def accept_change(
    number: int, acceptance: Acceptance, caller: Approver, *, session: SessionDep, request: Request
) -> JSONResponse:
    """Take a held change over."""
    done = price_work.accept(
        request.app.state.engine,
        session,
        number=number,
        caller=caller,
        accelerator=acceptance.accelerator,
        reason=acceptance.reason,
    )
    return JSONResponse({"done": done, **price_work.held_change(session, number).as_json()})


@router.post("/held-changes/{number}/rejection")
def reject_change(number: int, rejection: Rejection, caller: Approver, session: SessionDep) -> JSONResponse:
    """Leave the catalogue as it is."""
    price_work.reject(session, number=number, caller=caller, reason=rejection.reason)
    return JSONResponse(price_work.held_change(session, number).as_json())


@router.get("/price-feeds")
def list_feeds(_caller: Viewer, session: SessionDep) -> JSONResponse:
    """CSV addresses that administrators named."""
    from app.sources.feed_store import told

    rows = session.scalars(select(PriceFeed).order_by(PriceFeed.name))
    return JSONResponse({"feeds": [told(row) for row in rows]})


@router.post("/price-feeds")
def create_feed(fields: NewFeed, caller: Approver, session: SessionDep) -> JSONResponse:
    """Name an address."""
    from app.sources import feed_store
    from app.sources.feeds import Feed

    row = feed_store.create(session, Feed(**fields.model_dump()), actor=caller.email)
    return _feed(row, CREATED)


@router.get("/price-feeds/{name}")
def show_feed(name: str, _caller: Viewer, session: SessionDep) -> JSONResponse:
    """One address."""
    from app.sources import feed_store

    return _feed(feed_store.named(session, name))


@router.put("/price-feeds/{name}")
def replace_feed(
    name: str, fields: FeedFields, *, caller: Approver, session: SessionDep, if_match: IfMatch = None
) -> JSONResponse:
    """Change how an address is read."""
    from app.sources import feed_store
    from app.sources.feeds import Feed

    row = feed_store.named(session, name)
    if if_match is None:
        raise PreconditionRequired("Send If-Match with the ETag of the address as you read it.")
    if if_match.removeprefix("W/").strip('"') not in {str(row.version), "*"}:
        raise StaleFeed(feed_store.told(row), fields.model_dump())
    return _feed(feed_store.update(session, Feed(name, **fields.model_dump()), version=None, actor=caller.email))


@router.delete("/price-feeds/{name}")
def switch_feed_off(name: str, caller: Approver, session: SessionDep) -> Response:
    """Read an address no more; its prices stay."""
    from app.sources import feed_store

    feed_store.switch(session, name, enabled=False, actor=caller.email)
    return Response(status_code=NO_CONTENT)


def _feed(row: PriceFeed, status: int = 200) -> JSONResponse:
    from app.sources.feed_store import told

    headers = {"etag": f'"{row.version}"', "cache-control": "no-store"}
    if status == CREATED:
        headers["location"] = f"/admin/api/price-feeds/{row.name}"
    return JSONResponse(told(row), status, headers=headers)
