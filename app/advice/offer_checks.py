"""Questions about single offers: is the price believable, is the provider asked for, is the region right."""

import re

from app.advice.constraints import Constraints
from app.advice.market import Market, Offer

DOUBTFUL_BELOW_FRACTION = 0.2
"""A listed price below this share of the median for the same device is a slip or a bait, and not shown."""
CONTINENTS = {
    "eu": r"\beu\b|europe|sweden|finland|france|germany|netherlands|amsterdam|frankfurt|paris|spain|italy|\bgra\b",
    "us": r"\bus\b|^us-|(east|west|central)us|united states|america|virginia|oregon|ohio|texas|california|iowa",
    "asia": r"asia|^ap-|japan|india|singapore|korea|tokyo|mumbai",
}
"""What regions that people name by continent look like in the names of providers."""


def is_doubtful(offer: Offer, usual: dict[str, float]) -> bool:
    """Whether a price is so far below the usual one of its device that it is a slip or a bait."""
    price, typical = offer.usd_per_hour_on_demand, usual.get(offer.accelerator)
    if not price or typical is None:
        return False
    return price / offer.accelerator_count < DOUBTFUL_BELOW_FRACTION * typical


def asked_providers(constraints: Constraints, market: Market) -> set[str]:
    """Slugs of the living providers that somebody asks for, by slug, name or alias."""
    asked = {_plain(name) for name in constraints.providers or ()}
    return {
        provider.slug
        for provider in market.providers
        if provider.status == "active"
        and asked & {_plain(each) for each in (provider.slug, provider.name, *provider.aliases)}
    }


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def in_region(region: str, asked: str) -> bool:
    """Whether a provider's region is what somebody asks for; offers without a fixed place count as everywhere.

    >>> in_region("europe-west4", "EU"), in_region("us-east-1", "eu"), in_region("global", "eu")
    (True, False, True)
    """
    place, wish = region.lower(), asked.strip().lower()
    if "global" in place or place in {"-", ""} or wish in place:
        return True
    pattern = CONTINENTS.get(wish) or CONTINENTS.get({"europe": "eu", "usa": "us"}.get(wish, ""))
    return pattern is not None and re.search(pattern, place) is not None
