"""Everything that has a price. Buying and renting never share a table; an empty price means unknown."""

from datetime import date

from sqlalchemy import Date, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, SLUG_LENGTH, Base, Entry, MicroUsd, slug_key, text


class PriceRow(Entry, Base):
    """One dated buy price. Amounts of other currencies keep their currency and are never ranked."""

    __tablename__ = "prices"

    id: Mapped[int] = mapped_column(primary_key=True)
    accelerator: Mapped[str] = mapped_column(ForeignKey("accelerators.slug"), index=True)
    condition: Mapped[str] = mapped_column(String(10))
    """new or used."""
    currency: Mapped[str] = mapped_column(String(3))
    amount_low: Mapped[float | None] = mapped_column(MicroUsd)
    amount: Mapped[float] = mapped_column(MicroUsd)
    amount_high: Mapped[float | None] = mapped_column(MicroUsd)
    region: Mapped[str] = mapped_column(String(10))
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)


class ProviderRow(Entry, Base):
    """A cloud or notebook provider, living or not."""

    __tablename__ = "providers"

    slug: Mapped[str] = slug_key()
    name: Mapped[str] = mapped_column(String(SHORT))
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    status_note: Mapped[str] = text(LONG)
    homepage: Mapped[str] = text(400)
    billing: Mapped[str] = text()
    spot: Mapped[str] = text(400)
    free_tier: Mapped[str] = text(400)
    note: Mapped[str] = text(LONG)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))


class _OfferColumns:
    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(ForeignKey("providers.slug"), index=True)
    instance: Mapped[str] = mapped_column(String(SHORT))
    region: Mapped[str] = mapped_column(String(SHORT))
    accelerator: Mapped[str | None] = mapped_column(ForeignKey("accelerators.slug"))
    """NULL: the provider's name could not be matched to one product."""
    accelerator_name: Mapped[str] = mapped_column(String(SHORT))
    accelerator_count: Mapped[float] = mapped_column(Float)
    accelerator_memory_gib: Mapped[float] = mapped_column(Float)
    vcpus: Mapped[float | None] = mapped_column(Float)
    ram_gb: Mapped[float | None] = mapped_column(Float)
    storage_gb: Mapped[float | None] = mapped_column(Float)
    usd_per_hour_on_demand: Mapped[float | None] = mapped_column(MicroUsd)
    usd_per_hour_spot: Mapped[float | None] = mapped_column(MicroUsd)
    billing: Mapped[str] = text()
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    note: Mapped[str] = text(LONG)


class OfferRow(_OfferColumns, Entry, Base):
    """One rentable instance at its current price."""

    __tablename__ = "offers"


class OfferHistoryRow(_OfferColumns, Base):
    """What the same instance cost before."""

    __tablename__ = "offer_history"


class MachineRow(Entry, Base):
    """A whole machine that is sold."""

    __tablename__ = "machines"

    slug: Mapped[str] = slug_key()
    name: Mapped[str] = mapped_column(String(SHORT))
    kind: Mapped[str] = mapped_column(String(20))
    accelerator: Mapped[str | None] = mapped_column(ForeignKey("accelerators.slug"))
    accelerator_count: Mapped[int] = mapped_column(Integer)
    cpu: Mapped[str] = text()
    ram_gb: Mapped[float | None] = mapped_column(Float)
    storage_gb: Mapped[float | None] = mapped_column(Float)
    psu_w: Mapped[float | None] = mapped_column(Float)
    usd_low: Mapped[float | None] = mapped_column(MicroUsd)
    usd: Mapped[float | None] = mapped_column(MicroUsd)
    usd_high: Mapped[float | None] = mapped_column(MicroUsd)
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)


class HostPartRow(Entry, Base):
    """One part of the rest of the computer."""

    __tablename__ = "host_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(String(20))
    spec: Mapped[str] = mapped_column(String(SHORT))
    currency: Mapped[str] = mapped_column(String(3))
    amount_low: Mapped[float] = mapped_column(MicroUsd)
    amount_high: Mapped[float] = mapped_column(MicroUsd)
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))


class CountryRow(Entry, Base):
    """Household electricity price and grid carbon of a country; the code "" is the world."""

    __tablename__ = "countries"

    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    name: Mapped[str] = mapped_column(String(SHORT))
    usd_per_kwh: Mapped[float | None] = mapped_column(MicroUsd)
    usd_per_kwh_low: Mapped[float | None] = mapped_column(MicroUsd)
    usd_per_kwh_high: Mapped[float | None] = mapped_column(MicroUsd)
    price_as_of: Mapped[date | None] = mapped_column(Date)
    carbon_g_per_kwh: Mapped[float | None] = mapped_column(Float)
    carbon_as_of: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)


class EconomicFactor(Entry, Base):
    """A number of buying or renting that belongs to no product: PUE, discounts, egress, lifetimes, host overhead."""

    __tablename__ = "economic_factors"

    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), primary_key=True)
    topic: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = text()
    value: Mapped[float] = mapped_column(Float)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(40))
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)
