"""All sources by name. A new one is a module and a line here; addresses that administrators name come on top."""

from collections.abc import Mapping

from sqlalchemy import Engine, select

from app.db import reading
from app.settings import Settings, named_addresses
from app.sources import (
    aws,
    azure,
    feeds,
    gpuhunt,
    oci,
    ovh,
    reference_rates,
    runpod,
    scaleway,
    skypilot,
    vast,
    verda,
    vultr,
)
from app.sources.offers import Source
from app.tables import PriceFeed

SOURCES: dict[str, Source] = {
    module.SOURCE.key: module.SOURCE
    for module in (reference_rates, gpuhunt, skypilot, azure, runpod, vast, oci, verda, vultr, scaleway, ovh, aws)
}
"""In the order in which they run: those that only collect first, so that providers themselves have the last word."""

ONLY_ON_REQUEST = frozenset({"aws"})
"""Hundreds of megabytes for each region: runs when it is named."""


def all_sources(engine: Engine, settings: Settings) -> dict[str, Source]:
    """Those that come along, those of the settings, and those that administrators named."""
    private = settings.prices_private_addresses
    by_settings = {
        name: feeds.source_of(feeds.Feed(name, f"{name}, a CSV address", address), private=private)
        for name, address in named_addresses(settings.prices_csv)
    }
    with reading(engine) as session:
        rows = session.scalars(select(PriceFeed).where(PriceFeed.enabled.is_(True)).order_by(PriceFeed.name)).all()
    by_hand = {row.name: feeds.source_of(feeds.Feed.of(row), private=private) for row in rows}
    skypilots = skypilot.of_schema(settings.prices_skypilot_schema)
    return {**by_settings, **by_hand, **SOURCES, skypilots.key: skypilots}


def chosen(names: list[str], sources: Mapping[str, Source] | None = None) -> list[Source]:
    """The sources of these names; without names, all that run by themselves."""
    sources = SOURCES if sources is None else sources
    if not names:
        return [source for key, source in sources.items() if key not in ONLY_ON_REQUEST]
    return [sources[name] for name in names]
