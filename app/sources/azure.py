"""Azure's Retail Prices API: one meter for each way to rent a size, a thousand a page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import MalformedError, items, json_object, price

HOST = "prices.azure.com"
FILTER = "serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and contains(armSkuName, 'Standard_N')"
FIRST = f"https://{HOST}/api/retail/prices?api-version=2023-01-01-preview&meterRegion='primary'&$filter={quote(FILTER)}"
MOST_PAGES = 300
EVERY_S = 0.2


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """Page after page, as each names the next."""
    documents: list[Document] = []
    address = FIRST
    while address and len(documents) < MOST_PAGES:
        document = fetcher.get(address, every_s=EVERY_S)
        documents.append(replace(document, etag=""))  # a page that did not change says nothing about the next
        address = _next(json_object(document).get("NextPageLink"))
    return documents


def _next(link: object) -> str:
    if not link:
        return ""
    parts = urlsplit(str(link))
    if parts.hostname != HOST:
        raise MalformedError(f"the next page of {HOST} is said to be on {parts.hostname}")
    return f"https://{HOST}{parts.path}?{parts.query}"


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Linux on demand and spot; Windows, low priority and reservations are something else."""
    parsed = Parsed()
    found: dict[tuple[str, str], dict[str, float]] = {}
    for document in documents:
        for item in items(json_object(document), "Items", address=document.address):
            parsed.rows_seen += 1
            reason = _unfit(item)
            if reason:
                parsed.rejected[reason] += 1
                continue
            kind = "spot" if "Spot" in f"{item.get('meterName')} {item.get('skuName')}" else "on_demand"
            prices = found.setdefault((str(item["armSkuName"]), str(item.get("armRegionName", ""))), {})
            usd = price(item.get("retailPrice")) or 0.0
            prices[kind] = min(prices.get(kind, usd), usd)
    parsed.offers = [
        LiveOffer("azure", size, region, "", 1.0, prices.get("on_demand"), prices.get("spot"), note="Linux")
        for (size, region), prices in found.items()
    ]
    if documents and _next(json_object(documents[-1]).get("NextPageLink")) == "":
        parsed.complete.add("azure")
    return parsed


def _unfit(item: dict[str, Any]) -> str:
    named = f"{item.get('meterName')} {item.get('skuName')}"
    if item.get("type") != "Consumption":
        return "a reservation"
    if item.get("unitOfMeasure") != "1 Hour" or item.get("currencyCode") != "USD":
        return "not in USD per hour"
    if str(item.get("productName", "")).endswith("Windows"):
        return "Windows"
    if "Low Priority" in named:
        return "low priority"
    if not item.get("armSkuName"):
        return "no instance"
    return "" if price(item.get("retailPrice")) else "no price"


SOURCE = Source(
    key="azure",
    title="Azure Retail Prices API",
    url="https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
)
