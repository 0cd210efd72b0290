"""Odd facts that somebody looked at and found true."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SLUG_LENGTH, Base, Entry


class AcceptedFinding(Entry, Base):
    """A finding of the plausibility check that is right nevertheless, and why."""

    __tablename__ = "accepted_findings"
    __table_args__ = (UniqueConstraint("rule", "entry"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(60))
    entry: Mapped[str] = mapped_column(String(SLUG_LENGTH))
    reason: Mapped[str] = mapped_column(String(LONG))
