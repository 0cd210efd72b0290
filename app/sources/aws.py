"""The bulk price list of AWS. A region has hundreds of megabytes: only lines about accelerators are kept on the way."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.sources.fetching import MIB, Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import MalformedError, amount, json_object, price

BASE = "https://pricing.us-east-1.amazonaws.com"
INDEX = f"{BASE}/offers/v1.0/aws/AmazonEC2/current/region_index.json"
LARGEST_REGION = 2_000 * MIB
FAMILIES = re.compile(r'"(p\d|g\d|inf\d|trn\d|dl\d|f\d)[a-z0-9-]*\.')
"""Instances with GPUs, Inferentia, Trainium, Gaudi and FPGAs."""
WANTED = {
    "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
    "marketoption": "OnDemand",
}  # fmt: skip
HEADINGS = {
    "instanceType": "Instance Type", "operatingSystem": "Operating System", "tenancy": "Tenancy",
    "preInstalledSw": "Pre Installed S/W", "capacitystatus": "CapacityStatus", "marketoption": "MarketOption",
    "regionCode": "Region Code", "vcpu": "vCPU", "memory": "Memory", "gpu": "GPU",
}  # fmt: skip
"""The same fields in the CSV form."""


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:
    """The list of every region that the catalogue has offers in."""
    index = fetcher.get(INDEX)
    if index.unchanged:
        return [index]
    regions = json_object(index).get("regions")
    if not isinstance(regions, dict):
        raise MalformedError(f"{INDEX}: there are no regions")
    documents = []
    for region in known.regions.get("aws", ("us-east-1",)):
        path = str(regions.get(region, {}).get("currentVersionUrl", ""))
        if path.startswith("/offers/"):
            address = BASE + path.replace("index.json", "index.csv")
            document = fetcher.lines(address, keep=_worth_keeping, most_bytes=LARGEST_REGION)
            documents.append(replace(document, etag=""))  # all regions or none: one alone would miss the others
    return [*documents, Document(index.address, b"", index.etag)]


def _worth_keeping(line: str) -> bool:
    return line.startswith('"SKU"') or bool(FAMILIES.search(line))


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Linux on shared hosts, on demand; capacity reservations cost nothing by themselves and are left out."""
    parsed = Parsed()
    for document in documents:
        if not document.body:
            continue
        parsed.complete.add("aws")
        products = _json_products(document) if document.body.lstrip()[:1] == b"{" else _csv_products(document)
        for fields, unit, usd in products:
            parsed.rows_seen += 1
            reason = _unfit(fields, unit, usd=usd)
            if reason:
                parsed.rejected[reason] += 1
            else:
                parsed.offers.append(_offer(fields, usd))
    return parsed


def _unfit(fields: Mapping[str, str], unit: str, *, usd: float | None) -> str:
    if not (price(fields.get("gpu", "")) or FAMILIES.match(f'"{fields.get("instanceType", "")}')):
        return "no accelerator"
    if any(fields.get(name, wanted) != wanted for name, wanted in WANTED.items()):
        return "not Linux on demand on a shared host"
    if unit != "Hrs":
        return "not per hour"
    return "" if usd else "no price"


def _offer(fields: Mapping[str, str], usd: float | None) -> LiveOffer:
    return LiveOffer(
        provider="aws",
        instance=fields["instanceType"],
        region=fields.get("regionCode", ""),
        accelerator_name="",
        count=amount(fields.get("gpu", "")) or 1.0,
        usd_per_hour_on_demand=usd,
        vcpus=price(fields.get("vcpu", "")),
        ram_gb=price(fields.get("memory", "").removesuffix(" GiB").replace(",", "")),
        note="Linux, shared host",
    )


Product = tuple[Mapping[str, str], str, float | None]


def _json_products(document: Document) -> Iterator[Product]:
    told = json_object(document)
    terms = told.get("terms", {}).get("OnDemand", {})
    for sku, product in told.get("products", {}).items():
        fields: dict[str, str] = product.get("attributes", {})
        for dimension in _dimensions(terms.get(sku, {}).values()):
            yield fields, str(dimension.get("unit")), price(dimension.get("pricePerUnit", {}).get("USD"))


def _dimensions(terms: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for term in terms:
        yield from term.get("priceDimensions", {}).values()


def _csv_products(document: Document) -> Iterator[Product]:
    rows = csv.DictReader(io.StringIO(document.body.decode("utf-8", "replace")))
    missing = {"TermType", "Unit", "PricePerUnit", "Currency", *HEADINGS.values()} - set(rows.fieldnames or ())
    if missing:
        raise MalformedError(f"{document.address}: there is no column {', '.join(sorted(missing))}")
    for row in rows:
        if row["TermType"] == "OnDemand":
            usd = price(row["PricePerUnit"]) if row["Currency"] == "USD" else None
            yield {name: row[heading] or "" for name, heading in HEADINGS.items()}, row["Unit"] or "", usd


SOURCE = Source(
    key="aws",
    title="AWS bulk price list",
    url="https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
    knows_spot=False,
)
