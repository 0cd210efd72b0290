"""Answers that people kept: the question, the answer of that day, and from which data it came."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base
from app.tables.moment import Moment

KEY_LENGTH = 12


class SavedAnswer(Base):
    """One answer under a short link; it is never changed."""

    __tablename__ = "saved_answers"

    slug: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    """Drawn from the question, the data and the engine: keeping the same answer twice gives the same link."""
    question: Mapped[str] = mapped_column(Text)
    """The query of its link."""
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    catalogue_revision: Mapped[int] = mapped_column(Integer)
    engine_version: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Moment)
