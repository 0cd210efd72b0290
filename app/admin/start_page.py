"""The first page of the administration: what needs attention."""

from collections.abc import Iterator
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
from app.admin.health import Age, Health, health
from app.catalogue.queries import revision
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

MOST_LINES = 25
"""Of a section; how many more there are is said."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to look at, with the way to it."""

    text: str
    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Things of one kind that need attention."""

    title: str
    notes: tuple[Note, ...]
    more: int
    """Left off."""
    told: str = ""


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
    sections: tuple[Section, ...]


@router.get("")
def show_start(request: Request, caller: Viewer, session: SessionDep) -> Response:
    """The ways to all entries, and what needs attention."""
    tables = tuple(Note("", each.title, f"/admin/entries/{each.name}") for each in ENTITIES.values())
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
        sections=(
            _section(
                "Facts from memory, without a source",
                [Note(text, slug, f"/admin/entries/hardware/{slug}") for slug, text in found.unsourced],
            ),
            _section("Sources that disagree", list(_disagreements(found))),
            _section(
                "Software support that ends, has ended or is announced",
                [
                    Note(f"{text}; {count} device{'s' * (count != 1)}", slug, f"/admin/entries/software-support/{slug}")
                    for slug, text, count in found.ending
                ],
            ),
            _section(
                "Refreshes of prices that failed",
                [
                    Note(f"{moment(each.at)}: {each.error}", each.source, f"/admin/price-runs/{each.run}")
                    for each in found.failed
                ],
            ),
            _section(
                "Searches without an answer",
                [
                    Note(f"“{each.words}” in {each.place}: {each.times} ×, last on {each.last.isoformat()}")
                    for each in found.unanswered
                ],
                told="Of the last 30 days; words and how often, never who.",
            ),
            _section(
                "Implausible facts",
                [Note(f"{each.severity}: {each.entry}, {each.field}: {each.message}") for each in found.findings],
            ),
        ),
    )


def _section(title: str, notes: list[Note], *, told: str = "") -> Section:
    return Section(title, tuple(notes[:MOST_LINES]), max(0, len(notes) - MOST_LINES), told)


def _disagreements(found: Health) -> Iterator[Note]:
    for name, count in found.conflicting:
        yield Note(f"{count} contradict each other", ENTITIES[name].title, f"/admin/entries/{name}?state=conflicting")
    for each in found.disagreements:
        yield Note(
            formatting.usd_between(each.low, each.high),
            f"{each.accelerator}, {each.condition}",
            f"/admin/entries/prices?q={each.accelerator}",
        )
