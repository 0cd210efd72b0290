"""The list of offers to rent, with what became of closed services, and what costs nothing."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.advice.market import Offer, Provider
from app.advice.money import money
from app.advice.offer_checks import CONTINENTS, is_doubtful
from app.catalogue.snapshot import Snapshot
from app.engine.units import GIB, HOURS_PER_DAY, HOURS_PER_MONTH
from app.languages import say
from app.web.currency import Currency
from app.web.labels import label, place
from app.web.pages.head import Head
from app.web.pages.listing import (
    SHOWN_FILTERS,
    Chip,
    Choice,
    Column,
    Filter,
    Pages,
    chips,
    choices,
    column,
    currency_switch,
    cut,
    link,
    rarer_set,
)
from app.web.pages.rent import named_in_words
from app.worded import worded, worded_count

PATH = "/cloud"
NOUN = worded_count("{count} offer", "{count} offers")
ABOUT = worded("Cards and servers to rent for machine learning, with dated prices by the hour, the day and the month.")
MEMORY_STEPS = (8, 16, 24, 40, 48, 80, 141, 192)
HOURS_IN = {"hour": 1.0, "day": HOURS_PER_DAY, "month": HOURS_PER_MONTH}
SPANS = {"hour": worded("an hour"), "day": worded("a day"), "month": worded("a month")}
JSON_FIELDS = ("q", "provider", "accelerator", "memory_gib_min", "pricing", "region", "sort")
"""Filters that the list for programs knows too."""
MOST_NEAREST = 6
COUNT_STEPS = (2, 4, 8, 16)
SWITCHES = ("per", "currency", "sort")
"""Fields that change how offers are shown, not which."""

_NEAREST = Path(__file__).parent.parent / "cloud.toml"


@dataclass(frozen=True, slots=True)
class Search:
    """What the words of a search mean."""

    words: str = ""
    """Words to be found in the offers."""
    provider: Provider | None = None
    nearest: tuple[Provider, ...] = ()
    """Living providers of the nearest kind, where the one that was meant is gone."""

    @property
    def slugs(self) -> set[str]:
        """Providers whose offers are shown."""
        if self.nearest:
            return {each.slug for each in self.nearest}
        return {self.provider.slug} if self.provider else set()


@dataclass(frozen=True, slots=True)
class Gone:
    """A service that is closed, and where to go instead."""

    name: str
    told: str
    kind: str
    nearest: tuple[tuple[str, str], ...]
    """Names and addresses."""


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer."""

    provider: str
    instance: str
    url: str
    """Its own page, with the prices it had."""
    device: str
    device_url: str
    memory: str
    per_device: str
    on_demand: str
    spot: str
    place: str
    """Processor, memory and region."""
    as_of: str
    old: bool
    doubtful: bool
    source_url: str


@dataclass(frozen=True, slots=True)
class FreeNotebook:
    """A notebook that costs nothing, within limits."""

    name: str
    url: str
    free: str
    paid: str


@dataclass(frozen=True, slots=True)
class CloudPage:
    """Offers that meet the filters."""

    template: ClassVar[str] = "cloud/list.html"

    title: str
    words: str
    filters: tuple[Filter, ...]
    chips: tuple[Chip, ...]
    """Filters that are set."""
    all_url: str
    """The list without any."""
    switches: tuple[Filter, ...]
    """For which time and in which currency prices are shown."""
    more_set: bool
    """Whether one of the rarer filters or switches is set."""
    note: str
    """By which rate prices were converted."""
    caption: str
    sort: str
    gone: Gone | None
    columns: tuple[Column, ...]
    rows: tuple[OfferRow, ...]
    pages: Pages
    csv_url: str
    json_url: str
    notebooks: tuple[FreeNotebook, ...]
    old_after_days: str
    head: Head

    @classmethod
    def of(
        cls,
        catalogue: Snapshot,
        found: Sequence[Offer],
        *,
        search: Search,
        fields: Mapping[str, str],
        per: str,
        currency: Currency,
        page: int,
        today: date,
        base_url: str,
    ) -> Self:
        """The page of the offers found; ``fields`` are filters, order and unit as they stand in the address."""
        shown, pages = cut(found, path=PATH, fields=fields, page=page, noun=NOUN)
        known = {name: fields[name] for name in JSON_FIELDS if name in fields}
        doubtful = doubtful_offers(catalogue)
        filters = _filters(catalogue, fields)
        return cls(
            title=say("Cloud"),
            words=fields.get("q", ""),
            filters=filters,
            chips=chips(PATH, fields, filters=filters),
            all_url=link(PATH, {name: value for name, value in fields.items() if name in SWITCHES}),
            switches=_switches(catalogue, per, currency),
            more_set=rarer_set(fields, filters[SHOWN_FILTERS:], switches=SWITCHES),
            note=currency.note,
            caption=say(
                "Prices in {currency} for {span}. On demand and spot are for the whole machine; “one device” is the "
                "lower of the two, shared out.",
                currency=currency.code,
                span=say(SPANS[per]),
            ),
            sort=fields.get("sort", ""),
            gone=_gone(search),
            columns=_columns(fields),
            rows=tuple(
                _row(each, catalogue, shown_as=(per, currency), today=today, doubtful=doubtful) for each in shown
            ),
            pages=pages,
            csv_url=link("/cloud.csv", fields),
            json_url="" if set(fields) - {*JSON_FIELDS, *SWITCHES} else link("/cloud/offers", known),
            notebooks=notebooks(catalogue),
            old_after_days=formatting.exact(money("price_age_days")),
            head=Head.of(say("Cloud"), say(ABOUT), url=base_url + PATH, indexed=not fields),
        )


def provider_of(catalogue: Snapshot, slug: str) -> Provider | None:
    """A provider, living or not."""
    return next((each for each in catalogue.market.providers if each.slug == slug), None)


def living(catalogue: Snapshot, *, instead_of: Provider) -> tuple[Provider, ...]:
    """Providers of the nearest kind that live; who took over stands first."""
    entry = _nearest_kinds().get(instead_of.slug, {})
    kind, heir = entry.get("kind", instead_of.kind), entry.get("heir", "")
    active = [each for each in catalogue.market.providers if each.status == "active"]
    same = [each for each in active if each.kind == kind and each.slug != heir]
    return (*(each for each in active if each.slug == heir), *same)[:MOST_NEAREST]


@cache
def _nearest_kinds() -> dict[str, dict[str, str]]:
    with _NEAREST.open("rb") as file:
        return tomllib.load(file)


def usd_per_device_hour(offer: Offer) -> float | None:
    """The lower of its prices for one device; of a slice, for what a whole device would cost. [USD/h]"""
    prices = [usd for usd in (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot) if usd is not None]
    return min(prices) / offer.accelerator_count if prices and offer.accelerator_count else None


def notebooks(catalogue: Snapshot) -> tuple[FreeNotebook, ...]:
    """Notebook services that live, with what they give away."""
    return tuple(
        FreeNotebook(each.name, each.homepage, each.free_tier, each.billing)
        for each in catalogue.market.providers
        if each.kind == "notebook" and each.status == "active" and each.free_tier
    )


def _gone(search: Search) -> Gone | None:
    provider = search.provider
    if provider is None or provider.status == "active":
        return None
    kind = label("provider", search.nearest[0].kind if search.nearest else provider.kind)
    nearest = tuple((each.name, each.homepage) for each in search.nearest)
    return Gone(provider.name, say(provider.status_note), kind, nearest)


def _filters(catalogue: Snapshot, fields: Mapping[str, str]) -> tuple[Filter, ...]:
    active = {each.slug: each.name for each in catalogue.market.providers if each.status == "active"}
    offers = [each for each in catalogue.market.offers if each.provider in active]
    providers = sorted({(each.provider, active[each.provider]) for each in offers}, key=lambda pair: pair[1].lower())
    used = {each.accelerator for each in offers}
    devices = sorted(((slug, catalogue.accelerators[slug].name) for slug in used), key=lambda pair: pair[1].lower())
    sizes = [(str(size), say("{size} GB or more", size=size)) for size in MEMORY_STEPS]
    counts = [(str(count), say("{count} or more", count=count)) for count in COUNT_STEPS]
    kinds = sorted(
        (kind, label("provider", kind))
        for kind in {p.kind for p in catalogue.market.providers if p.slug in {each.provider for each in offers}}
    )
    pricing = [("on_demand", say("On demand")), ("spot", say("Spot"))]
    regions = [(name, label("continent", name)) for name in CONTINENTS]
    return (
        choices("accelerator", say("Device"), values=devices, chosen=fields.get("accelerator", "")),
        choices("memory_gib_min", say("Memory of one"), values=sizes, chosen=fields.get("memory_gib_min", "")),
        choices("provider", say("Provider"), values=providers, chosen=fields.get("provider", "")),
        choices("pricing", say("Price"), values=pricing, chosen=fields.get("pricing", "")),
        choices("region", say("Region"), values=regions, chosen=fields.get("region", "")),
        choices("count_min", say("Devices"), values=counts, chosen=fields.get("count_min", "")),
        choices("provider_kind", say("Kind of provider"), values=kinds, chosen=fields.get("provider_kind", "")),
    )


def _switches(catalogue: Snapshot, per: str, currency: Currency) -> tuple[Filter, ...]:
    spans = tuple(Choice(name, say(text), name == per) for name, text in SPANS.items())
    return (Filter("per", say("Show prices for"), spans), currency_switch(catalogue.market.exchange_rates, currency))


def _columns(fields: Mapping[str, str]) -> tuple[Column, ...]:
    return (
        column(PATH, fields, label=say("Provider"), by="provider"),
        column(PATH, fields, label=say("Devices"), by="accelerator"),
        column(PATH, fields, label=say("Memory of one"), by="memory_gib", falling=True),
        _rising(fields, say("One device"), by="price"),
        _rising(fields, say("On demand"), by="on_demand"),
        _rising(fields, say("Spot"), by="spot"),
        column(PATH, fields, label=say("Seen"), by="seen"),
    )


def _rising(fields: Mapping[str, str], text: str, *, by: str) -> Column:
    head = column(PATH, fields, label=text, by=by)
    return Column(head.label, "num", head.url, head.aria_sort)


def doubtful_offers(catalogue: Snapshot) -> set[Offer]:
    """Offers so far below the usual price of their device that nobody should count on them."""
    usual = catalogue.market.usual_device_hours
    return {each for each in catalogue.market.offers if is_doubtful(each, usual)}


def _row(
    offer: Offer, catalogue: Snapshot, *, shown_as: tuple[str, Currency], today: date, doubtful: set[Offer]
) -> OfferRow:
    device = catalogue.accelerators[offer.accelerator]
    provider = provider_of(catalogue, offer.provider)
    return OfferRow(
        provider=provider.name if provider else offer.provider,
        instance=named_in_words(offer.instance),
        url=f"/cloud/offer?{urlencode(_named(offer))}",
        device=formatting.times(offer.accelerator_count, device.name),
        device_url=f"/hardware/{offer.accelerator}",
        memory=formatting.nominal_gib(offer.accelerator_memory_bytes / GIB),
        per_device=_price(usd_per_device_hour(offer), *shown_as),
        on_demand=_price(offer.usd_per_hour_on_demand, *shown_as),
        spot=_price(offer.usd_per_hour_spot, *shown_as),
        place=_place(offer),
        as_of=formatting.day(offer.as_of),
        old=(today - offer.as_of).days > money("price_age_days"),
        doubtful=offer in doubtful,
        source_url=offer.source if offer.source.startswith("https://") else "",
    )


def _named(offer: Offer) -> dict[str, str]:
    """What tells an offer from all others."""
    return {
        "provider": offer.provider,
        "instance": offer.instance,
        "region": offer.region,
        "accelerator": offer.accelerator,
        "count": f"{offer.accelerator_count!r}",
    }


def _price(usd_per_hour: float | None, per: str, currency: Currency) -> str:
    """A price for the time asked for; an unknown one stays unknown.

    >>> dollars = Currency("USD")
    >>> [_price(usd, per, dollars) for usd, per in ((2.5, "hour"), (2.5, "day"), (0.0, "month"), (None, "day"))]
    ['$2.50', '$60.00', 'free', 'unknown']
    """
    if usd_per_hour is None:
        return formatting.unknown()
    amount = usd_per_hour * HOURS_IN[per] * currency.per_usd
    if amount == 0:
        return say("free")
    return currency.dressed(formatting.usd_to_the_cent(amount))


def _place(offer: Offer) -> str:
    told = [
        f"{formatting.exact(offer.vcpus)} vCPU" if offer.vcpus else "",
        f"{formatting.exact(offer.ram_gb)} GB RAM" if offer.ram_gb else "",
        place(offer.region),
    ]
    return " · ".join(part for part in told if part)
