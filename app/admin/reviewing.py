"""What publishing the draft would do: the fields that change, the answers that change, and what forbids it."""

from dataclasses import dataclass

from sqlalchemy import Engine

from app.admin import bench, drafts, publishing
from app.admin.accounts import Caller
from app.admin.bench import Compared
from app.admin.differences import Difference, differences
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.catalogue import checks, startup
from app.catalogue.checks import Finding
from app.catalogue.queries import load_snapshot
from app.db import reading
from app.errors import Conflict, Forbidden
from app.published import PublishedCatalogue
from app.tables import DraftChange


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
            f"“{each.question.text}” has to be answered with {each.question.scenario}, not {each.after.scenario}"
            for each in self.compared
            if each.blocks
        ]
        return wrong + failing


def changed_entries(engine: Engine) -> list[Changed]:
    """The draft, entry by entry."""
    with reading(engine) as session:
        found = []
        for change in drafts.changes(session):
            now = entry(session, entity_named(change.entity), key=change.key)
            after = None if change.action == "retire" else change.values
            before = None if change.action == "restore" else now.published
            found.append(Changed(change, differences(before, after)))
        return found


def review(engine: Engine) -> Review:
    """Ask the saved questions of the catalogue as it is and as it would be."""
    with reading(engine) as session:
        before = load_snapshot(session)
    trial = publishing.try_out(engine)
    return Review(trial.fingerprint, trial.findings, bench.compare(before, trial.snapshot))


def questions_where(engine: Engine, condition: str) -> list[str]:
    """The saved questions for which a condition holds, as the catalogue is published."""
    with reading(engine) as session:
        return bench.held_by(load_snapshot(session), condition)


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
    if two_person:
        _check_other_hands(engine, caller)
    found = review(engine)
    if found.blocks:
        raise Conflict("Publishing stops: " + "; ".join(found.blocks) + ".")
    if fingerprint is not None and fingerprint != found.fingerprint:
        raise Conflict("The draft changed while you looked at it. Look again, then publish.")
    revision = publishing.publish(engine, actor=caller.email, why=why, fingerprint=found.fingerprint)
    startup.prepare(engine)
    catalogue.refresh()
    return revision


def _check_other_hands(engine: Engine, caller: Caller) -> None:
    with reading(engine) as session:
        own = [change.key for change in drafts.changes(session) if change.changed_by == caller.email]
    if own:
        raise Forbidden(f"Somebody else has to publish: {', '.join(own[:5])} are your own edits.")
