"""The first page of the administration: what needs attention."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app import formatting
from app.admin import drafts
from app.admin.access import Viewer
from app.admin.accounts import Caller
from app.admin.entities import ENTITIES
from app.admin.forms import Frame, moment
from app.admin.health import Age, health
from app.catalogue.queries import revision
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

MOST_LINES = 25


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to look at, with the way to it."""

    name: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """The state of the catalogue."""

    template: ClassVar[str] = "admin/start.html"

    title: str
    frame: Frame
    revision: int
    drafted: int
    tables: tuple[Note, ...]
    ages: tuple[Age, ...]
    unsourced: tuple[Note, ...]
    ending: tuple[Note, ...]
    disagreements: tuple[Note, ...]
    findings: tuple[str, ...]
    failed: tuple[Note, ...]
    unanswered: tuple[str, ...]


@router.get("")
def show_start(request: Request, caller: Viewer, session: SessionDep) -> Response:
    """The ways to all entries, and what needs attention."""
    tables = tuple(Note(each.title, f"/admin/entries/{each.name}", "") for each in ENTITIES.values())
    return render(_page("Administration", caller, request=request, session=session, tables=tables))


@router.get("/health")
def show_health(request: Request, caller: Viewer, session: SessionDep) -> Response:
    """What needs attention, alone."""
    return render(_page("Health of the catalogue", caller, request=request, session=session))


def _page(
    title: str, caller: Caller, *, request: Request, session: Session, tables: tuple[Note, ...] = ()
) -> StartPage:
    found = health(session, today=datetime.now(UTC).date(), snapshot=request.app.state.catalogue.current())
    return StartPage(
        title=title,
        frame=Frame.of(caller),
        revision=revision(session),
        drafted=drafts.count(session),
        tables=tables,
        ages=tuple(found.ages),
        unsourced=tuple(
            Note(slug, f"/admin/entries/hardware/{slug}", text) for slug, text in found.unsourced[:MOST_LINES]
        ),
        ending=tuple(
            Note(slug, f"/admin/entries/software-support/{slug}", f"{text}; {count} device{'s' * (count != 1)}")
            for slug, text, count in found.ending[:MOST_LINES]
        ),
        disagreements=tuple(
            Note(
                f"{each.accelerator}, {each.condition}",
                f"/admin/entries/prices?q={each.accelerator}",
                formatting.usd_between(each.low, each.high),
            )
            for each in found.disagreements[:MOST_LINES]
        )
        + tuple(
            Note(ENTITIES[name].title, f"/admin/entries/{name}?state=conflicting", f"{count} contradict each other")
            for name, count in found.conflicting
        ),
        findings=tuple(f"{f.severity}: {f.entry}, {f.field}: {f.message}" for f in found.findings[:MOST_LINES]),
        failed=tuple(
            Note(each.source, f"/admin/price-runs/{each.run}", f"{moment(each.at)}: {each.error}")
            for each in found.failed
        ),
        unanswered=tuple(
            f"“{each.words}” in {each.place}: {each.times} ×, last on {each.last.isoformat()}"
            for each in found.unanswered[:MOST_LINES]
        ),
    )
