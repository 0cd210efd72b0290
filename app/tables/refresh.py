"""What refreshing prices leaves behind: a record of each run, changes held for a person, validators, and the lease."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, Base, text

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
    """moved, unknown_accelerator, vanished or suspicious."""
    identity: Mapped[str] = mapped_column(String(SHORT * 3))
    """Provider, instance, region, accelerator and count, separated by bars."""
    detail: Mapped[str] = mapped_column(String(LONG))
    payload: Mapped[str] = mapped_column(Text)
    """JSON: the offer as the source has it."""
    decision: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    """waiting, accepted or dismissed."""
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = text()


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
