"""Files on their way in: an upload between its pages, and which column of such a file means which field."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import SHORT, Base, text
from app.tables.moment import Moment

HASH_LENGTH = 64
"""Hexadecimal digits of a SHA-256."""


class ImportUpload(Base):
    """One file: uploaded, mapped, tried, put into the draft, perhaps taken out of it again."""

    __tablename__ = "import_uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = text()
    """Of the file."""
    is_json: Mapped[bool] = mapped_column(Boolean)
    content_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """NULL once it is in the draft, or too old."""
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Heading of the file to the field it means; what means nothing is left out."""
    why: Mapped[str] = text(600)
    uploaded_by: Mapped[str] = mapped_column(String(SHORT))
    uploaded_at: Mapped[datetime] = mapped_column(Moment)
    applied_at: Mapped[datetime | None] = mapped_column(Moment)
    entries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How many went into the draft."""
    undone_at: Mapped[datetime | None] = mapped_column(Moment)


class ImportMapping(Base):
    """What the columns of a file with this heading were said to mean; the next such file begins with it."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("entity", "heading_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    heading_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_by: Mapped[str] = mapped_column(String(SHORT))
    changed_at: Mapped[datetime] = mapped_column(Moment)
