"""Scenarios, tiers and rules: how answers are decided, as data."""

from datetime import date

from sqlalchemy import Date, Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, Base, Entry, slug_key, text


class ScenarioRow(Entry, Base):
    """One of the kinds of answer."""

    __tablename__ = "scenarios"

    slug: Mapped[str] = slug_key()
    number: Mapped[int] = mapped_column(Integer, unique=True)
    title: Mapped[str] = mapped_column(String(SHORT))
    summary: Mapped[str] = text(LONG)


class TierRow(Entry, Base):
    """A class of hardware by memory."""

    __tablename__ = "tiers"

    slug: Mapped[str] = slug_key()
    title: Mapped[str] = mapped_column(String(SHORT))
    memory_gib_min: Mapped[float | None] = mapped_column(Float)
    memory_gib_max: Mapped[float | None] = mapped_column(Float)
    position: Mapped[int] = mapped_column(Integer, unique=True)
    description: Mapped[str] = text(LONG)


class RuleRow(Entry, Base):
    """A condition, what follows from it, and who answers for it."""

    __tablename__ = "rules"

    slug: Mapped[str] = slug_key()
    kind: Mapped[str] = mapped_column(String(20))
    priority: Mapped[int] = mapped_column(Integer)
    condition: Mapped[str] = mapped_column(String(LONG))
    outcome: Mapped[str] = mapped_column(String(SHORT))
    reason: Mapped[str] = mapped_column(String(LONG))
    valid_from: Mapped[date] = mapped_column(Date)
    last_checked: Mapped[date] = mapped_column(Date)
    owner: Mapped[str] = text()
    source: Mapped[str] = text(600)
