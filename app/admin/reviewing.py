"""What publishing the draft would do: the fields that change, the answers that change, and what forbids it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from app.admin import bench, drafts, publishing, trying
from app.admin.accounts import Caller
from app.admin.bench import Compared, Question
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
        failing = [
            f"“{each.question.text}” has to be answered with {each.wrong}"
            + (" (as it is before this draft)" if each.was_wrong else "")
            for each in self.compared
            if each.blocks
        ]
        return forbidding(self.findings) + failing


def forbidding(findings: list[Finding]) -> list[str]:
    """Findings that no catalogue may be published with."""
    return [f"{each.entry}, {each.field}: {each.message}" for each in findings if each.severity == checks.ERROR]


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


@dataclass(frozen=True, slots=True)
class Glance:
    """What is known of the draft without asking the saved questions; of a very large one only which it is."""

    fingerprint: str
    findings: list[Finding]
    review: Review | None
    """Where the questions were asked already."""


class Stopped(Conflict):
    """What stands in the way of publishing."""

    def __init__(self, blocks: list[str]) -> None:
        super().__init__("Publishing stops: " + "; ".join(blocks) + ".")
        self.blocks = tuple(blocks)


def review(engine: Engine) -> Review:
    """Ask the saved questions of the catalogue as it is and as it would be."""
    tried = _tried(engine, _present(engine))
    if tried.review is None:
        trial = tried.trial
        compared = bench.compare(tried.before, trial.snapshot, asked=trial.questions)
        tried.review = Review(trial.fingerprint, trial.findings, compared)
    return tried.review


def glance(engine: Engine) -> Glance:
    """The draft as the plausibility check sees it: quick, where asking all the questions takes many seconds."""
    before = _present(engine)
    with reading(engine) as session:
        size, fingerprint = drafts.count(session), publishing.fingerprint_of(session)
    known = _looked_up(engine, before, fingerprint)
    if known is None and size > TRIED_BESIDE:
        return Glance(fingerprint, [], None)
    known = known or _tried(engine, before)
    return Glance(known.trial.fingerprint, known.trial.findings, known.review)


def _present(engine: Engine) -> Snapshot:
    """The published catalogue, also when another process has published just now."""
    before = startup.current(engine)
    with reading(engine) as session:
        newest = revision(session)
    return before if before.revision == newest else startup.prepare(engine)


TRIED_BESIDE = 2_000
"""A larger draft is tried in the transaction that publishes it: writing it twice would take longer than others wait."""
KEPT_TRIALS = 2


@dataclass(slots=True)
class _Tried:
    """A draft that was tried on one day against what was published then."""

    engine: Engine
    before: Snapshot
    day: date
    trial: publishing.Trial
    review: Review | None = None
    """Once the saved questions were asked."""


_trials: list[_Tried] = []
"""The newest first: the draft is looked at, asked about and published, one after the other."""


def _tried(engine: Engine, before: Snapshot) -> _Tried:
    with reading(engine) as session:
        known = _looked_up(engine, before, publishing.fingerprint_of(session))
    if known is None:
        known = _Tried(engine, before, datetime.now(UTC).date(), publishing.try_out(engine, before))
        _trials[:] = [known, *_trials[: KEPT_TRIALS - 1]]
    return known


def _looked_up(engine: Engine, before: Snapshot, fingerprint: str) -> _Tried | None:
    today = datetime.now(UTC).date()
    for each in _trials:
        same = each.engine is engine and each.before.revision == before.revision
        if same and (each.day, each.trial.fingerprint) == (today, fingerprint):
            return each
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """The saved questions, with their answers where they have been asked."""

    questions: tuple[Question, ...]
    compared: list[Compared] | None
    stopped: str = ""
    """Why the draft cannot be tried; these are the published answers."""


def asked(engine: Engine, *, ask: bool) -> Asked:
    """The saved questions as published and with the draft; unless told to ask, only with what is known already."""
    with reading(engine) as session:
        size, questions = drafts.count(session), bench.questions(session)
    if not size:
        return Asked(questions, _unchanged(engine, questions, ask=ask))
    try:
        known = review(engine) if ask else glance(engine).review
    except Conflict as conflict:
        return Asked(questions, _unchanged(engine, questions, ask=ask), conflict.detail)
    return Asked(questions, known.compared if known else None)


def _unchanged(engine: Engine, questions: tuple[Question, ...], *, ask: bool) -> list[Compared] | None:
    """The saved questions as they are answered now, with nothing in the draft to compare to."""
    published = startup.current(engine)
    now = datetime.now(UTC)
    found = bench.answers(published, questions, at=now) if ask else bench.answered(published, questions)
    if found is None:
        return None
    return [Compared(question, answer, answer) for question, answer in zip(questions, found, strict=True)]


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
    beside = _judged_beside(engine, before, fingerprint)
    tried: list[Snapshot] = []

    def judge(trial: publishing.Trial) -> None:
        _stop(_musts(before, trial))
        tried.append(trial.snapshot)

    with startup.replacing(engine):
        revision = publishing.publish(
            engine,
            actor=caller.email,
            why=why,
            fingerprint=beside.fingerprint if beside else fingerprint,
            two_person=two_person,
            judge=None if beside else judge,
            published=before,
        )
        if tried:  # in the transaction that published it: nothing came between
            startup.hold(engine, tried[0])
        else:
            after = startup.prepare(engine)
            if beside and after.revision == before.revision + 1:  # it is the catalogue that was tried
                bench.carry(beside.snapshot, after)
    catalogue.refresh()
    return revision


def _judged_beside(engine: Engine, before: Snapshot, fingerprint: str | None) -> publishing.Trial | None:
    """The draft, judged while others go on writing; None of an empty or a very large one."""
    with reading(engine) as session:
        size = drafts.count(session)
    if not 0 < size <= TRIED_BESIDE:
        return None
    tried = _tried(engine, before)
    if fingerprint is not None and fingerprint != tried.trial.fingerprint:
        raise Conflict("The draft changed while you looked at it. Look again, then publish.")
    _stop(tried.review or _musts(before, tried.trial))
    return tried.trial


def _musts(before: Snapshot, trial: publishing.Trial) -> Review:
    """What forbids publishing: no answer but of a question that must pass can."""
    musts = [each for each in trial.questions if each.must_pass]
    return Review(trial.fingerprint, trial.findings, bench.failing(before, trial.snapshot, asked=musts))


def _stop(found: Review) -> None:
    if found.blocks:
        raise Stopped(found.blocks)
