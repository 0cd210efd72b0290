"""Accelerators: identity in one table, every number in another with its own source, date and confidence."""

from datetime import date

from sqlalchemy import Boolean, Date, Float, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, SLUG_LENGTH, Base, Entry, slug_key, text


class Source(Entry, Base):
    """Where facts were read: a public page, document or file."""

    __tablename__ = "sources"

    key: Mapped[str] = slug_key()
    title: Mapped[str] = text(400)
    url: Mapped[str] = text(600)
    licence: Mapped[str] = text()
    note: Mapped[str] = text(LONG)


class SoftwareSupport(Entry, Base):
    """What current software does on one architecture."""

    __tablename__ = "software_support"

    slug: Mapped[str] = slug_key()
    vendor: Mapped[str] = text(40)
    architecture: Mapped[str] = text()
    target: Mapped[str] = text()
    """Compute capability or gfx number."""
    status: Mapped[str] = mapped_column(String(20))
    """supported, legacy, unsupported or announced."""
    reason: Mapped[str] = text(LONG)
    """One sentence for the person who owns such a device."""
    since: Mapped[str] = text(60)
    last_runtime: Mapped[str] = text()
    """Last CUDA or ROCm release; empty while it is current."""
    last_pytorch: Mapped[str] = text()
    operating_systems: Mapped[str] = text()
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))


class AcceleratorRow(Entry, Base):
    """What an accelerator is, in words. A CPU, a TPU chip and an FPGA are accelerators too."""

    __tablename__ = "accelerators"

    slug: Mapped[str] = slug_key()
    name: Mapped[str] = mapped_column(String(SHORT))
    vendor: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    segment: Mapped[str] = mapped_column(String(20))
    architecture: Mapped[str] = text()
    memory_type: Mapped[str] = text(60)
    unified_memory: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    interconnect: Mapped[str] = mapped_column(String(20), default="none", server_default="none")
    compute_capability: Mapped[str | None] = mapped_column(String(10))
    software_stack: Mapped[str] = text(20)
    support: Mapped[str] = mapped_column(ForeignKey("software_support.slug"))
    market_status: Mapped[str] = text(20)
    """current, previous, legacy, discontinued or announced."""
    launch: Mapped[str] = text(10)
    """Year or year-month of the launch, as far as it is known."""
    confidence: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    note: Mapped[str] = text(LONG)


class AcceleratorFact(Base):
    """One number of one accelerator, with its pedigree."""

    __tablename__ = "accelerator_facts"
    __table_args__ = (UniqueConstraint("accelerator", "field"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    accelerator: Mapped[str] = mapped_column(ForeignKey("accelerators.slug"))
    field: Mapped[str] = mapped_column(String(60))
    value: Mapped[float] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    as_of: Mapped[date] = mapped_column(Date)
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)


class Alias(Entry, Base):
    """Another name of an entry. The same ambiguous alias may stand for several entries."""

    __tablename__ = "aliases"
    __table_args__ = (UniqueConstraint("kind", "alias", "slug"), Index(None, "kind"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    """hardware, model, dataset, algorithm or provider."""
    alias: Mapped[str] = mapped_column(String(SHORT))
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH))
    ambiguous: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    note: Mapped[str] = text(LONG)
