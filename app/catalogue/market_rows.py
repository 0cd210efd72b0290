"""Rows that have a price become the value objects of the market."""

from collections.abc import Iterator
from sys import intern
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.advice.market import ElectricityPrice, ExchangeRate, HostPart, Machine, Market, Offer, Price, Provider
from app.catalogue.rows import Rows, Sources, chunks, other_names_of, rows
from app.engine.units import GIB
from app.tables import CountryRow, EconomicFactor, HostPartRow, MachineRow, OfferRow, PriceRow, ProviderRow

USD = "USD"
EXCHANGE_RATE = "exchange rate"
"""Topic of the factors that say what a dollar is worth; their subject is the currency."""


def market_of(session: Session, sources: Sources, *, aliases: Rows) -> Market:
    """Prices in USD, offers of known products, and everything else that is sold."""
    other_names = other_names_of(aliases, "provider")
    return Market(
        prices=tuple(_price(row, sources) for row in rows(session, PriceRow) if row.currency == USD),
        providers=tuple(_provider(row, other_names) for row in rows(session, ProviderRow)),
        offers=tuple(_offers(session, sources)),
        machines=tuple(_machine(row, sources) for row in rows(session, MachineRow)),
        host_parts=tuple(_host_part(row, sources) for row in rows(session, HostPartRow) if row.currency == USD),
        electricity=tuple(
            ElectricityPrice(row.country, row.usd_per_kwh, row.price_as_of, sources[row.source])
            for row in rows(session, CountryRow)
            if row.usd_per_kwh is not None
        ),
        exchange_rates=_exchange_rates(rows(session, EconomicFactor), sources),
    )


def _exchange_rates(factors: Rows, sources: Sources) -> tuple[ExchangeRate, ...]:
    """The newest rate of each currency."""
    dated = sorted((row for row in factors if row.topic == EXCHANGE_RATE), key=lambda row: row.as_of)
    newest = {row.subject: row for row in dated if row.value > 0}
    return tuple(ExchangeRate(code, row.value, row.as_of, sources[row.source]) for code, row in sorted(newest.items()))


def _price(row: Row[Any], sources: Sources) -> Price:
    low = row.amount if row.amount_low is None else row.amount_low
    high = row.amount if row.amount_high is None else row.amount_high
    return Price(
        accelerator=row.accelerator,
        condition=row.condition,
        usd_low=min(low, row.amount),
        usd=row.amount,
        usd_high=max(high, row.amount),
        region=row.region,
        as_of=row.as_of,
        source=sources[row.source],
        confidence=row.confidence,
        note=row.note,
    )


def _provider(row: Row[Any], other_names: dict[str, list[str]]) -> Provider:
    return Provider(
        slug=row.slug,
        name=row.name,
        kind=row.kind,
        status=row.status,
        status_note=row.status_note,
        homepage=row.homepage,
        billing=row.billing,
        free_tier=row.free_tier,
        aliases=tuple(other_names.get(row.slug, ())),
    )


def _offers(session: Session, sources: Sources) -> Iterator[Offer]:
    """Those of known products. There may be a hundred thousand, and few different words in them."""
    for chunk in chunks(session, OfferRow, only=_OFFER_COLUMNS):
        for provider, instance, region, accelerator, count, gib, vcpus, ram_gb, disk_gb, usd, spot, *words in chunk:
            if accelerator is not None:
                billing, as_of, source, note = words
                yield Offer(
                    intern(provider),
                    intern(instance),
                    intern(region),
                    intern(accelerator),
                    count,
                    gib * GIB,
                    vcpus,
                    ram_gb,
                    disk_gb,
                    usd,
                    spot,
                    intern(billing),
                    as_of,
                    sources[source],
                    intern(note),
                )


_OFFER_COLUMNS = (
    "provider", "instance", "region", "accelerator", "accelerator_count", "accelerator_memory_gib", "vcpus", "ram_gb",
    "storage_gb", "usd_per_hour_on_demand", "usd_per_hour_spot", "billing", "as_of", "source", "note",
)  # fmt: skip
"""In the order of the fields of an offer."""


def _machine(row: Row[Any], sources: Sources) -> Machine:
    return Machine(
        slug=row.slug,
        name=row.name,
        kind=row.kind,
        accelerator=row.accelerator or "",
        accelerator_count=row.accelerator_count,
        cpu=row.cpu,
        ram_gb=row.ram_gb,
        storage_gb=row.storage_gb,
        usd_low=row.usd_low,
        usd=row.usd,
        usd_high=row.usd_high,
        as_of=row.as_of,
        source=sources[row.source],
        confidence=row.confidence,
        note=row.note,
    )


def _host_part(row: Row[Any], sources: Sources) -> HostPart:
    return HostPart(row.part, row.spec, row.amount_low, row.amount_high, row.as_of, sources[row.source], row.confidence)
