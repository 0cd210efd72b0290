"""Saved questions: what administrators ask again before they publish, and what has to come out."""

from sqlalchemy import Boolean, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, Base, Entry, slug_key, text


class SavedQuestionRow(Entry, Base):
    """One question of the test bench. What is expected may be left empty: then only a change is told."""

    __tablename__ = "saved_questions"

    slug: Mapped[str] = slug_key()
    question: Mapped[str] = mapped_column(String(400))
    """In words."""
    query: Mapped[str] = mapped_column(String(LONG))
    """The fields of its answer's address."""
    scenarios: Mapped[str] = text()
    """Slugs of the scenarios that are right, with spaces between them."""
    tiers: Mapped[str] = text()
    """The same of tiers."""
    picks: Mapped[str] = text(400)
    """Slugs of hardware, one of which has to be among the picks."""
    must_pass: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Nothing is published while its answer is wrong."""
    origin: Mapped[str] = mapped_column(String(20), default="own", server_default="own")
    """public: asked in public, at the address; own: an administrator's."""
    url: Mapped[str] = text(600)
    note: Mapped[str] = text(LONG)
