"""Addresses that administrators name: kept with their audit trail, and guarded against stale edits by a version."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound, PreconditionFailed
from app.sources.feeds import Feed, checked
from app.sources.registry import SOURCES
from app.sources.trail import By, Trail
from app.tables import PriceFeed

ENTITY = "price-feeds"


def create(session: Session, feed: Feed, *, actor: str, now: datetime | None = None) -> PriceFeed:
    """Name a new address."""
    taken = [*SOURCES, *session.scalars(select(PriceFeed.name))]
    checked(feed, taken=taken)
    row = PriceFeed(**as_json(feed), enabled=True, version=1, changed_by=actor, changed_at=now or datetime.now(UTC))
    session.add(row)
    session.flush()
    _note(session, "add", actor=actor, before=None, after=row)
    return row


def update(session: Session, feed: Feed, *, version: int | None, actor: str) -> PriceFeed:
    """Change how an address is read; ``version`` is the one the editor began with."""
    row = named(session, feed.name)
    checked(feed)
    if version is not None and version != row.version:
        raise PreconditionFailed("Somebody else changed this address in between. Look at it and save again.")
    before = told(row)
    for name, value in as_json(feed).items():
        setattr(row, name, value)
    row.enabled = True
    _changed(row, actor)
    session.flush()
    _note(session, "edit", actor=actor, before=before, after=row)
    return row


def switch(session: Session, name: str, *, enabled: bool, actor: str) -> PriceFeed:
    """Read an address again, or no more."""
    row = named(session, name)
    before = told(row)
    row.enabled = enabled
    _changed(row, actor)
    session.flush()
    _note(session, "switch", actor=actor, before=before, after=row)
    return row


def named(session: Session, name: str) -> PriceFeed:
    """The row of an address."""
    row = session.get(PriceFeed, name)
    if row is None:
        raise NotFound(f"There is no address called {name[:60]}.")
    return row


def as_json(feed: Feed) -> dict[str, Any]:
    """The fields of a feed."""
    values = {name: getattr(feed, name) for name in Feed.__dataclass_fields__}
    return values | {"columns": dict(feed.columns), "fixed": dict(feed.fixed)}


def told(row: PriceFeed) -> dict[str, Any]:
    """A row as programs and the audit trail have it."""
    return as_json(Feed.of(row)) | {"enabled": row.enabled, "version": row.version}


def _changed(row: PriceFeed, actor: str) -> None:
    row.version += 1
    row.changed_by, row.changed_at = actor, datetime.now(UTC)


def _note(session: Session, action: str, *, actor: str, before: dict[str, Any] | None, after: PriceFeed) -> None:
    trail = Trail(session, By(actor, f"address of prices: {action}"))
    trail.note(action, ENTITY, key=after.name, before=before, after=told(after))
    trail.write()
