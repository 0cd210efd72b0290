"""Published measurements: what somebody measured, of which work, on which hardware, and where it stands."""

from datetime import date

from sqlalchemy import Date, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, SLUG_LENGTH, Base, Entry, text


class EvidenceRow(Entry, Base):
    """One measured figure of one piece of work."""

    __tablename__ = "evidence"

    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(SLUG_LENGTH), index=True)
    """Slug of a model or an algorithm."""
    accelerator: Mapped[str] = mapped_column(ForeignKey("accelerators.slug"), index=True)
    accelerator_count: Mapped[int] = mapped_column(Integer)
    metric: Mapped[str] = mapped_column(String(30))
    value: Mapped[float] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(20))
    workload: Mapped[str] = mapped_column(String(LONG))
    """The work as JSON, in the form that requests have."""
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    url: Mapped[str] = text(600)
    """The page or file with the figure, in the version that was read."""
    as_of: Mapped[date | None] = mapped_column(Date)
    """When it was measured, as far as it is told."""
    read_on: Mapped[date] = mapped_column(Date)
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(SHORT)
