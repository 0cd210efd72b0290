"""Hourly prices per device, from the offers."""

from dataclasses import dataclass
from datetime import date

from app.advice.market import Market


@dataclass(frozen=True, slots=True)
class DeviceHour:
    """What one device costs for one hour."""

    usd: float
    provider: str
    as_of: date
    source: str


def cheapest_device_hour(market: Market, accelerator: str) -> DeviceHour | None:
    """The cheapest on-demand price of one whole device, among living providers; None when none is known. [USD/hour]"""
    living = {provider.slug for provider in market.providers if provider.status == "active"}
    cheapest = [
        shelf.on_demand[0]
        for (provider, slug, count, free), shelf in market.shelves.items()
        if slug == accelerator and provider in living and count >= 1 and not free and shelf.on_demand
    ]
    hours = [
        DeviceHour(offer.usd_per_hour_on_demand / offer.accelerator_count, offer.provider, offer.as_of, offer.source)
        for offer in cheapest
        if offer.usd_per_hour_on_demand
    ]
    return min(hours, key=lambda hour: hour.usd, default=None)
