"""OVHcloud's order catalogue: prices before tax, in hundred-millionths of a euro."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.sources import exchange_rates
from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import MalformedError, amount, items, json_object

ADDRESS = "https://api.ovh.com/1.0/order/catalog/public/cloud?ovhSubsidiary=FR"
UNITS_PER_EUR = 1e8
HOURLY = ".consumption"
FAMILIES = re.compile(r"^(a10|a100|h100|h200|l4|l40s|rtx5000|t1|t2|b200)-")
"""Plans with a GPU begin with its name."""
REGION = "GRA/EU"
"""One price holds everywhere in Europe; where the catalogue has an instance already, it stays there."""


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """The rates, then the catalogue."""
    rates = replace(exchange_rates.fetch(fetcher), etag="")
    return [rates, replace(fetcher.get(ADDRESS), etag="")]


def parse(documents: Sequence[Document], known: Known) -> Parsed:
    """Plans by the hour whose shape the catalogue knows; others wait for a person."""
    parsed = Parsed()
    rates, document = exchange_rates.parse(documents[0]), documents[1]
    told = json_object(document)
    currency = str((told.get("locale") or {}).get("currencyCode", ""))
    if currency not in {"EUR", "USD"}:
        raise MalformedError(f"{document.address}: the currency is {currency or 'not named'}")
    shapes = known.shapes_of("ovh")
    parsed.complete.add("ovh")
    for addon in items(told, "addons", address=document.address):
        plan = str(addon.get("planCode", ""))
        instance = plan.removesuffix(HOURLY)
        parsed.rows_seen += 1
        if instance == plan or not (FAMILIES.match(instance) or instance in shapes):
            parsed.rejected["no accelerator by the hour"] += 1
            continue
        cost = _cost(addon)
        if cost is None:
            parsed.rejected["no price"] += 1
            continue
        shape, name = shapes.get(instance), instance.split("-")[0]
        parsed.offers.extend(
            LiveOffer(
                provider="ovh",
                instance=instance,
                region=region,
                accelerator_name=shape.accelerator_name if shape else f"{name} of the plan {instance}",
                count=shape.count if shape else 1.0,
                usd_per_hour_on_demand=rates.usd(cost, currency),
                note=rates.note(cost, currency) if currency != "USD" else "before tax",
            )
            for region in (shape and shape.regions) or (REGION,)
        )
    return parsed


def _cost(addon: dict[str, Any]) -> float | None:
    for pricing in addon.get("pricings") or []:
        units = amount(pricing.get("price"))
        if units and pricing.get("intervalUnit", "hour") in {"hour", "none"}:
            return units / UNITS_PER_EUR
    return None


SOURCE = Source(
    key="ovh",
    title="OVHcloud public cloud catalogue",
    url="https://api.ovh.com/console/",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
    knows_spot=False,
)
