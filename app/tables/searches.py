"""Searches that found nothing: words and how often, by day; never who."""

from datetime import date

from sqlalchemy import Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

LONGEST_WORDS = 60


class UnansweredSearch(Base):
    """How often the same words found nothing in the same place on one day."""

    __tablename__ = "unanswered_searches"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    place: Mapped[str] = mapped_column(String(20), primary_key=True)
    """hardware, models or cloud."""
    words: Mapped[str] = mapped_column(String(LONGEST_WORDS), primary_key=True)
    times: Mapped[int] = mapped_column(Integer)
