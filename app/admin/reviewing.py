"""What publishing the draft would do: the fields that change, the answers that change, and what forbids it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from app.admin import bench, drafts, publishing, trying
from app.admin.accounts import Caller
from app.admin.bench import Compared
from app.admin.differences import Difference, differences
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.catalogue import checks, startup
from app.catalogue.checks import Finding
from app.catalogue.queries import revision
from app.catalogue.snapshot import Snapshot
from app.db import reading
from app.errors import Conflict
from app.http.published import PublishedCatalogue
from app.tables import DraftChange

SHOWN_AT_ONCE = 100
"""Entries of the draft on one page: an import may bring a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One entry of the draft, against what is published."""

    change: DraftChange
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """The consequences of publishing."""

    fingerprint: str
    findings: list[Finding]
    compared: list[Compared]

    @property
    def blocks(self) -> list[str]:
        """Why it may not be published as it is."""
        wrong = [
            f"{each.entry}, {each.field}: {each.message}" for each in self.findings if each.severity == checks.ERROR
        ]
        failing = [
            f"“{each.question.text}” has to be answered with {each.wrong}"
            + (" (as it is before this draft)" if each.was_wrong else "")
            for each in self.compared
            if each.blocks
        ]
        return wrong + failing


def changed_entries(engine: Engine, *, first: int = 0, most: int = SHOWN_AT_ONCE) -> tuple[list[Changed], int]:
    """The draft, entry by entry, as many as fit on a page; and how many there are."""
    with reading(engine) as session:
        found = []
        for change in drafts.changes(session, first=first, most=most):
            now = entry(session, entity_named(change.entity), key=change.key)
            after = None if change.action == "retire" else change.values
            before = None if change.action == "restore" else now.published
            found.append(Changed(change, differences(before, after)))
        return found, drafts.count(session)


def review(engine: Engine) -> Review:
    """Ask the saved questions of the catalogue as it is and as it would be."""
    before = _present(engine)
    with reading(engine) as session:
        known = _looked_up(engine, before.revision, publishing.fingerprint_of(session))
    if known is not None:
        return known
    trial = publishing.try_out(engine, before)
    found = Review(trial.fingerprint, trial.findings, bench.compare(before, trial.snapshot, asked=trial.questions))
    _reviewed[:] = [(engine, before.revision, datetime.now(UTC).date(), found), *_reviewed[: KEPT_REVIEWS - 1]]
    return found


def at_hand(engine: Engine) -> tuple[Review | None, str]:
    """The review that is known or takes little time, and the fingerprint of the draft; none of a very large draft."""
    before = _present(engine)
    with reading(engine) as session:
        size, fingerprint = drafts.count(session), publishing.fingerprint_of(session)
    known = _looked_up(engine, before.revision, fingerprint)
    if known is None and size <= TRIED_BESIDE:
        known = review(engine)
    return known, known.fingerprint if known else fingerprint


def _present(engine: Engine) -> Snapshot:
    """The published catalogue, also when another process has published just now."""
    before = startup.current(engine)
    with reading(engine) as session:
        newest = revision(session)
    return before if before.revision == newest else startup.prepare(engine)


TRIED_BESIDE = 2_000
"""A larger draft is tried in the transaction that publishes it: writing it twice would take longer than others wait."""
KEPT_REVIEWS = 2
_reviewed: list[tuple[Engine, int, date, Review]] = []
"""The newest first. Asking all the questions takes seconds, and looking at the draft and publishing it asks twice."""


def _looked_up(engine: Engine, at: int, fingerprint: str) -> Review | None:
    today = datetime.now(UTC).date()
    for own, number, day, found in _reviewed:
        if own is engine and (number, day, found.fingerprint) == (at, today, fingerprint):
            return found
    return None


def unchanged(engine: Engine) -> list[Compared]:
    """The saved questions as they are answered now, with nothing in the draft to compare to."""
    with reading(engine) as session:
        asked = bench.questions(session)
    found = bench.answers(startup.current(engine), asked, at=datetime.now(UTC))
    return [Compared(question, answered, answered) for question, answered in zip(asked, found, strict=True)]


def questions_where(engine: Engine, condition: str) -> list[str]:
    """The saved questions for which a condition holds, as the catalogue is published."""
    with reading(engine) as session:
        asked = bench.questions(session)
    return trying.held_by(startup.current(engine), condition, asked=asked)


def publish_reviewed(
    engine: Engine,
    catalogue: PublishedCatalogue,
    *,
    caller: Caller,
    why: str,
    two_person: bool,
    fingerprint: str | None = None,
) -> int:
    """Publish unless something forbids it; this process answers from the new revision at once."""
    before = _present(engine)
    found, _ = at_hand(engine)
    if found is not None:
        _stop(found)
        if fingerprint is not None and fingerprint != found.fingerprint:
            raise Conflict("The draft changed while you looked at it. Look again, then publish.")

    tried: list[Snapshot] = []

    def judge(trial: publishing.Trial) -> None:
        musts = [each for each in trial.questions if each.must_pass]  # no other answer can forbid it
        _stop(Review(trial.fingerprint, trial.findings, bench.failing(before, trial.snapshot, asked=musts)))
        tried.append(trial.snapshot)

    with startup.replacing(engine):
        revision = publishing.publish(
            engine,
            actor=caller.email,
            why=why,
            fingerprint=found.fingerprint if found else fingerprint,
            two_person=two_person,
            judge=None if found else judge,
            published=before,
        )
        if tried:  # in the transaction that published it: nothing came between
            startup.hold(engine, tried[0])
        else:
            after = startup.prepare(engine)
            if found and after.revision == before.revision + 1:  # it is the catalogue that was tried
                bench.remember(after, found.compared)
    catalogue.refresh()
    return revision


def _stop(found: Review) -> None:
    if found.blocks:
        raise Conflict("Publishing stops: " + "; ".join(found.blocks) + ".")
