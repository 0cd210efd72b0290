"""The draft: edits that are not published yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import SHORT, SLUG_LENGTH, Base, text
from app.tables.moment import Moment


class DraftChange(Base):
    """What shall become of one entry."""

    __tablename__ = "draft_changes"
    __table_args__ = (UniqueConstraint("entity", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(SLUG_LENGTH))
    action: Mapped[str] = mapped_column(String(20))
    """create, update, retire or restore."""
    base_version: Mapped[int] = mapped_column(Integer)
    """Version of the published entry that the edit began with; 0: there was none."""
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The whole entry as it shall be."""
    why: Mapped[str] = text(600)
    changed_by: Mapped[str] = mapped_column(String(SHORT))
    changed_at: Mapped[datetime] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Counts the edits of this change."""
