"""What refreshing prices leaves behind: a record of each run, changes held for a person, validators, and the lease."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, Base, text
from app.tables.moment import Moment

SOURCE_LENGTH = 60


class RefreshRun(Base):
    """One run of one source. Kept for ever."""

    __tablename__ = "refresh_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH), index=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str] = mapped_column(String(20))
    """applied, unchanged, refused or failed."""
    message: Mapped[str] = text(LONG)
    rows_seen: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rows_new: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rows_changed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rows_unchanged: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rows_vanished: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rows_held: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rows_rejected: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    rejections: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    """JSON: how many rows for each reason."""
    asked_by: Mapped[str] = text()
    """Who started it; empty: the schedule."""


class HeldChange(Base):
    """A change that a person decides about, because it looks wrong."""

    __tablename__ = "held_changes"
    __table_args__ = (
        UniqueConstraint("source", "kind", "identity"),
        Index(None, "decision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("refresh_runs.id"))
    """The last run that saw it."""
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH))
    kind: Mapped[str] = mapped_column(String(20))
    """moved, unknown_accelerator, unknown_provider, vanished or suspicious."""
    identity: Mapped[str] = mapped_column(String(SHORT * 3))
    """Provider, instance, region, accelerator and count, separated by bars."""
    detail: Mapped[str] = mapped_column(String(LONG))
    payload: Mapped[str] = mapped_column(Text)
    """JSON: the offer as the source has it."""
    decision: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    """waiting, accepted, dismissed, or withdrawn by the source itself."""
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = text()
    reason: Mapped[str] = text(600)
    """Why it was decided so."""


class SourceValidator(Base):
    """The entity tag of an address that was read and applied, so that it is not read again before it changes."""

    __tablename__ = "source_validators"

    address: Mapped[str] = mapped_column(String(600), primary_key=True)
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH), index=True)
    etag: Mapped[str] = mapped_column(String(400))
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WorkLease(Base):
    """Who may do a piece of work that only one process may do at a time, and until when."""

    __tablename__ = "work_leases"

    name: Mapped[str] = mapped_column(String(SOURCE_LENGTH), primary_key=True)
    holder: Mapped[str] = mapped_column(String(SHORT))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FetchedPage(Base):
    """One page of a run that has not ended yet: a run that dies on page N goes on from there."""

    __tablename__ = "fetched_pages"

    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the address and what was sent there."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Packed with zlib."""
    read_at: Mapped[datetime] = mapped_column(Moment)


class RefreshJob(Base):
    """A refresh that somebody started from the administration's pages, and what became of it."""

    __tablename__ = "refresh_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    sources: Mapped[str] = text(LONG)
    """Their names, with commas; empty: all that run by themselves."""
    dry_run: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    asked_by: Mapped[str] = mapped_column(String(SHORT))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(10))
    """running, done or failed."""
    progress: Mapped[str] = text(LONG)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    """When the worker last gave a sign of life."""
    report: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """What each source did, or would do."""


class PriceFeed(Base):
    """A CSV address with prices that an administrator named."""

    __tablename__ = "price_feeds"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    title: Mapped[str] = mapped_column(String(SHORT))
    address: Mapped[str] = mapped_column(String(600))
    licence: Mapped[str] = text()
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    """The column of each field."""
    fixed: Mapped[dict[str, str]] = mapped_column(JSON)
    """Fields that are the same in every row."""
    currency: Mapped[str] = mapped_column(String(3), default="USD", server_default="USD")
    price_for: Mapped[str] = mapped_column(String(10), default="instance", server_default="instance")
    """instance or device."""
    complete: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether it is the whole list of its providers, so that what is missing there has vanished."""
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    changed_by: Mapped[str] = mapped_column(String(SHORT))
    changed_at: Mapped[datetime] = mapped_column(Moment)
