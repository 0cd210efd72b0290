"""Hourly prices per device, from the offers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.advice.market import Market, Offer
from app.advice.reference_cards import DEVICES_IN_A_BOX

CLUSTER_INSTANCE_DEVICES = 4.0
"""Instances with fewer devices have no fast network between them."""
LINKING_PROVIDERS = frozenset({"hyperscaler", "specialist"})
"""Kinds of providers that link machines with each other; marketplaces lend the single machines of many owners."""


@dataclass(frozen=True, slots=True)
class DeviceHour:
    """What one device costs for one hour."""

    usd: float
    provider: str
    as_of: date
    source: str
    together: bool = True
    """Whether as many as were asked for can be had together at this price."""


def cheapest_device_hour(market: Market, accelerator: str, *, count: float = 1) -> DeviceHour | None:
    """The cheapest on-demand price of one whole device, among living providers; None when none is known. [USD/hour]

    Of offers that hold so many devices in one machine, or of linked machines for more than one holds. Where nobody is
    known to have so many, the price of fewer.
    """
    kind_of = {provider.slug: provider.kind for provider in market.providers if provider.status == "active"}
    offered = [
        (shelf.on_demand[0], size >= count or (count > DEVICES_IN_A_BOX and _is_linked(size, kind_of[provider])))
        for (provider, slug, size, free), shelf in market.shelves.items()
        if slug == accelerator and provider in kind_of and size >= 1 and not free and shelf.on_demand
    ]
    hours = _device_hours(offered)
    return min(hours, key=lambda hour: (not hour.together, hour.usd), default=None)


def _is_linked(size: float, kind: str) -> bool:
    return size >= CLUSTER_INSTANCE_DEVICES and kind in LINKING_PROVIDERS


def _device_hours(offered: Iterable[tuple[Offer, bool]]) -> list[DeviceHour]:
    return [
        DeviceHour(usd / offer.accelerator_count, offer.provider, offer.as_of, offer.source, together)
        for offer, together in offered
        if (usd := offer.usd_per_hour_on_demand)
    ]
