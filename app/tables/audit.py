"""The audit trail: who changed what, when, why, from what and to what. The database refuses to alter or delete it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import SHORT, SLUG_LENGTH, Base, text
from app.tables.moment import Moment


class AuditEntry(Base):
    """One change of one thing, written in the transaction of the change."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "entity", "key"), Index(None, "revision"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(SHORT))
    action: Mapped[str] = mapped_column(String(20))
    """create, update, retire, restore: published. draft, discard: only the draft. account: people and keys."""
    entity: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(SLUG_LENGTH))
    why: Mapped[str] = text(600)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    edited_by: Mapped[str] = text()
    """Who made the edit that was published; the actor is who published it."""
    revision: Mapped[int | None] = mapped_column(Integer)
    """The revision of the catalogue that the change made; NULL: it made none."""
