"""Publishing: the whole draft becomes one new revision, with its audit trail, in one transaction, or not at all."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from app.admin import bench, drafts
from app.admin.bench import Question
from app.admin.edits import Edit, carried_out
from app.catalogue import checks
from app.catalogue.checks import Finding
from app.catalogue.queries import load_snapshot
from app.catalogue.snapshot import Snapshot
from app.db import reading, transaction
from app.errors import Conflict, Forbidden
from app.tables import AuditEntry, CatalogueRevision, DraftChange


@dataclass(frozen=True, slots=True)
class Trial:
    """The catalogue as it would be, and what the plausibility check finds that it does not find now."""

    snapshot: Snapshot
    findings: list[Finding]
    fingerprint: str
    questions: tuple[Question, ...]
    """The saved questions, as the draft leaves them."""


def publish(
    engine: Engine,
    *,
    actor: str,
    why: str,
    fingerprint: str | None = None,
    two_person: bool = False,
    judge: Callable[[Trial], None] | None = None,
    published: Snapshot | None = None,
) -> int:
    """Publish the draft; the new revision. ``fingerprint`` is that of the draft that was tried before.

    A draft that was not tried before is tried now by ``judge``, which raises where it may not be published; what is
    published so far may be at hand.
    """
    known = _known(engine, published) if judge else frozenset()
    with transaction(engine) as session:
        drafts.one_at_a_time(session)
        if two_person:
            _check_other_hands(session, actor)
        if not drafts.count(session):
            raise Conflict("The draft is empty: there is nothing to publish.")
        if fingerprint is not None and fingerprint != fingerprint_of(session):
            raise Conflict("The draft changed while you looked at it. Look again, then publish.")
        revision = apply(session, _drafted(session), actor=actor, why=why)
        if judge:
            judge(_trial(session, known, revision=revision))
        session.execute(delete(DraftChange))  # all of it was read: nobody else writes meanwhile
    return revision


def try_out(engine: Engine, published: Snapshot | None = None) -> Trial:
    """Do as publishing does, read the catalogue, and take everything back; what is published may be at hand."""
    known = _known(engine, published)
    with Session(engine.execution_options(writes=True)) as session:
        drafts.one_at_a_time(session)
        try:
            for _ in carried_out(session, _drafted(session)):
                pass
            return _trial(session, known)  # of the revision that is published: it is looked at, and forgotten
        finally:
            session.rollback()


def _known(engine: Engine, published: Snapshot | None = None) -> frozenset[Finding]:
    """What the plausibility check finds already."""
    with reading(engine) as session:
        return frozenset(checks.check(session, snapshot=published))


def _trial(session: Session, known: frozenset[Finding], *, revision: int | None = None) -> Trial:
    snapshot = load_snapshot(session)
    snapshot = snapshot if revision is None else replace(snapshot, revision=revision)
    findings = [finding for finding in checks.check(session, snapshot=snapshot) if finding not in known]
    return Trial(snapshot, findings, fingerprint_of(session), bench.questions(session))


def fingerprint_of(session: Session) -> str:
    """Changes when anything in the draft changes; numbers alone would not do, since SQLite gives them again."""
    change = DraftChange
    sums = func.count(), func.sum(change.id), func.sum(change.version), func.max(change.changed_at)
    told = session.execute(select(*sums, func.min(change.changed_at))).one()
    return sha256(repr(tuple(told)).encode()).hexdigest()[:16]


def apply(session: Session, edits: Iterable[Edit], *, actor: str, why: str) -> int:
    """Carry out edits in the session's transaction and write their audit trail; the revision they make."""
    revision = session.scalar(select(CatalogueRevision.revision).with_for_update())
    new_revision = (revision or 0) + 1  # app.tables.revision counts up when the transaction commits
    now = datetime.now(UTC)
    for several in carried_out(session, edits):
        entries = [
            {
                "at": now,
                "actor": actor,
                "action": done.edit.action,
                "entity": done.edit.entity.name,
                "key": done.key,
                "why": done.edit.why or why.strip()[: drafts.LONGEST_WHY],
                "before": done.before,
                "after": done.after,
                "edited_by": done.edit.edited_by,
                "revision": new_revision,
            }
            for done in several
        ]
        if entries:
            session.connection().execute(insert(AuditEntry), entries)
    return new_revision


def _drafted(session: Session) -> Iterator[Edit]:
    """The whole draft, some of it in memory at a time."""
    for several in drafts.in_chunks(session):
        yield from map(Edit.of, several)


def _check_other_hands(session: Session, actor: str) -> None:
    own = drafts.touched_by(session, actor, most=5)
    if own:
        raise Forbidden(f"Somebody else has to publish: {', '.join(own)} are your own edits.")
