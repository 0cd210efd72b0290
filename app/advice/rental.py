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
    hours = [
        DeviceHour(offer.usd_per_hour_on_demand / offer.accelerator_count, offer.provider, offer.as_of, offer.source)
        for offer in market.offers
        if offer.accelerator == accelerator
        and offer.provider in living
        and offer.usd_per_hour_on_demand
        and offer.accelerator_count >= 1
    ]
    return min(hours, key=lambda hour: hour.usd, default=None)
