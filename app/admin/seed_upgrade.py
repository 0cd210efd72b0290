"""A newer seed: entries that nobody has touched follow it, as one revision; the others are told and wait."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, bindparam, delete, insert
from sqlalchemy.orm import Session

from app import __version__
from app.admin import drafts, publishing, seed_documents
from app.admin.entities import Entity
from app.admin.seed_comparison import ACTOR, Comparison, Difference, compare, entry_of
from app.catalogue import seed
from app.catalogue.queries import load_snapshot
from app.db import reading, transaction
from app.tables import AuditEntry, SeedEntry

KEPT = "keep"
"""Somebody decided against the seed."""
_WORDS = {"create": "new", "update": "changed", "retire": "retired"}


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a newer seed."""

    revision: int | None
    """None: nothing had to change."""
    counts: Mapping[str, int]
    differences: tuple[Difference, ...]
    newer_here: int

    @property
    def is_news(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.revision or self.differences or self.newer_here)

    @property
    def told(self) -> str:
        """In one line."""
        done = (
            ", ".join(f"{count} {_WORDS[name]}" for name, count in sorted(self.counts.items())) or "nothing to change"
        )
        revision = f" as revision {self.revision}" if self.revision else ""
        waiting = f"; {len(self.differences)} differ and wait for a decision at /admin/seed" if self.differences else ""
        newer = f"; {self.newer_here} prices that were read here are newer" if self.newer_here else ""
        return f"{_version()}: {done}{revision}{waiting}{newer}"


def is_current(engine: Engine) -> bool:
    """Whether this seed was looked at already."""
    with reading(engine) as session:
        return seed.seen(session)


def look(engine: Engine) -> Followed:
    """What following this seed would do; nothing is written."""
    with reading(engine) as session:
        return _told(compare(session), None)


def follow(engine: Engine) -> Followed | None:
    """Take a newer seed over, in one transaction; None when there is none."""
    if is_current(engine):
        return None
    with transaction(engine) as session:
        drafts.one_at_a_time(session)
        if seed.seen(session):
            return None
        found = compare(session)
        edits = [move.edit for move in found.moves]
        revision = publishing.apply(session, edits, actor=ACTOR, why=_version()) if edits else None
        _remember(session, found)
        load_snapshot(session)  # nothing is kept that cannot be read
    return _told(found, revision)


def decide(session: Session, *, table: Entity, identity: str, take: bool, actor: str) -> None:
    """Draft what the seed has; or keep what is here, until the seed changes it again."""
    drafts.one_at_a_time(session)
    found = next((d for d in compare(session).differences if (d.entity, d.identity) == (table, identity)), None)
    if found is None:
        raise table.unknown(identity)
    if take and found.key:
        drafts.put_back(session, table, key=found.key, document=found.seed, why=_version(), actor=actor)
    elif take and found.seed is not None:
        drafts.create(session, table, values=found.seed, why=_version(), actor=actor)
    else:
        _keep(session, found, actor)


def _keep(session: Session, found: Difference, actor: str) -> None:
    name = found.entity.name
    session.execute(delete(SeedEntry).where(SeedEntry.entity == name, SeedEntry.identity == found.identity))
    if found.seed is not None:
        session.add(entry_of(found.entity, found.identity, key=found.key, document=found.seed))
    session.add(
        AuditEntry(
            at=datetime.now(UTC),
            actor=actor,
            action=KEPT,
            entity=name,
            key=(found.key or found.identity)[:120],
            why=f"kept, against the {_version()}",
            before=found.seed,
            after=found.here,
        )
    )


def _remember(session: Session, found: Comparison) -> None:
    """What was taken over; entries that the database has numbered are found by what tells them apart."""
    numbered: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for entity in {move.edit.entity.name: move.edit.entity for move in found.moves if move.is_new_number}.values():
        numbered[entity.name] = seed_documents.keys_of(session, entity)
    taken = {(each.entity, each.identity): each for each in found.settled}
    for move in found.moves:
        name, identity = move.edit.entity.name, move.identity
        if move.edit.action == "retire":
            found.dropped.append((name, identity))
            continue
        key = numbered[name][identity] if move.is_new_number else move.edit.key
        taken[name, identity] = entry_of(move.edit.entity, identity, key=key, document=move.edit.values)
    taken[seed.STATE, seed.STATE] = SeedEntry(
        entity=seed.STATE, identity=seed.STATE, key=__version__, digest=seed.fingerprint()
    )
    outdated = [{"name": name, "which": identity} for name, identity in (*found.dropped, *taken)]
    here = SeedEntry.entity == bindparam("name"), SeedEntry.identity == bindparam("which")
    session.connection().execute(delete(SeedEntry).where(*here), outdated)
    session.connection().execute(insert(SeedEntry), [_row(each) for each in taken.values()])


def _row(entry: SeedEntry) -> dict[str, str]:
    return {"entity": entry.entity, "identity": entry.identity, "key": entry.key, "digest": entry.digest}


def _told(found: Comparison, revision: int | None) -> Followed:
    counts = Counter(move.edit.action for move in found.moves)
    return Followed(revision, counts, tuple(found.differences), found.newer_here)


def _version() -> str:
    return f"seed of version {__version__}"
