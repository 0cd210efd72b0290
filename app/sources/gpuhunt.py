"""The catalogue that dstack's gpuhunt collects hourly: one archive for each provider, published independently."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial

from app.sources.fetching import Document, Fetcher
from app.sources.guarding import FetchError
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import amount, csv_rows, member, price

BASE = "https://dstack-gpu-pricing.s3.eu-west-1.amazonaws.com/v3"
PROVIDERS = {"aws": "aws", "azure": "azure", "gcp": "gcp", "oci": "oci", "lambdalabs": "lambda", "nebius": "nebius"} | {
    "runpod": "runpod",
    "verda": "verda",
    "cloudrift": "cloudrift",
}
"""Its names of providers, and ours."""
COLUMNS = {"instance_name", "location", "price", "gpu_count", "gpu_name", "gpu_memory", "spot", "flags"}


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """For each provider the version, then the archive of that version; the address of an archive tells its date."""
    return fetcher.each([partial(_archive, fetcher, provider) for provider in PROVIDERS])


def _archive(fetcher: Fetcher, provider: str) -> Document:
    address = f"{BASE}/{provider}/version"
    version = fetcher.get(address, largest_bytes=1_000).body.decode("ascii", "replace").strip()
    if not re.fullmatch(r"[\w.-]{1,40}", version):
        raise FetchError(f"{address}: “{version[:60]}” is no version")
    return fetcher.get(f"{BASE}/{provider}/{version}/catalog.zip")


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """On demand and spot are rows of their own; rows with flags are offers to take part in something."""
    parsed = Parsed()
    for document in documents:
        name, version = document.address.rsplit("/", 3)[1:3]
        provider = PROVIDERS[name]
        rows = csv_rows(member(document, f"{name}.csv"), needs=COLUMNS, address=document.address)
        parsed.complete.add(provider)
        for row in rows:
            parsed.rows_seen += 1
            reason = _unfit(row)
            if reason:
                parsed.rejected[reason] += 1
            else:
                parsed.offers.append(_offer(row, provider=provider, as_of=_day(version)))
    merged: dict[tuple[object, ...], LiveOffer] = {}
    for offer in parsed.offers:
        key = (offer.provider, offer.instance, offer.region, offer.accelerator_name, offer.count)
        merged[key] = _together(merged.get(key), offer)
    parsed.offers = list(merged.values())
    return parsed


def _unfit(row: dict[str, str]) -> str:
    if not amount(row["gpu_count"]) or not row["gpu_name"]:
        return "no accelerator"
    if row["flags"]:
        return "not open to everybody"
    return "" if price(row["price"]) else "no price"


def _offer(row: dict[str, str], *, provider: str, as_of: date | None) -> LiveOffer:
    usd, is_spot = price(row["price"]), row["spot"] == "True"
    name = row["gpu_name"].removeprefix("tpu-")
    return LiveOffer(
        provider=provider,
        instance=row["instance_name"],
        region=row["location"],
        accelerator_name=f"TPU {name}" if name != row["gpu_name"] else name,
        count=amount(row["gpu_count"]) or 0.0,
        usd_per_hour_on_demand=None if is_spot else usd,
        usd_per_hour_spot=usd if is_spot else None,
        memory_gib=price(row["gpu_memory"]),
        vcpus=price(row.get("cpu", "")),
        ram_gb=price(row.get("memory", "")),
        as_of=as_of,
        note="prices collected by dstack gpuhunt",
    )


def _together(one: LiveOffer | None, other: LiveOffer) -> LiveOffer:
    if one is None:
        return other
    return LiveOffer(
        provider=one.provider, instance=one.instance, region=one.region, accelerator_name=one.accelerator_name,
        count=one.count, memory_gib=one.memory_gib, vcpus=one.vcpus, ram_gb=one.ram_gb, as_of=one.as_of, note=one.note,
        usd_per_hour_on_demand=one.usd_per_hour_on_demand or other.usd_per_hour_on_demand,
        usd_per_hour_spot=one.usd_per_hour_spot or other.usd_per_hour_spot,
    )  # fmt: skip


def _day(version: str) -> date | None:
    """The date that a version begins with.

    >>> _day("20260818-42")
    datetime.date(2026, 8, 18)
    """
    try:
        return datetime.strptime(version[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


SOURCE = Source(
    key="gpuhunt",
    title="gpuhunt catalogue, collected by dstack",
    url="https://github.com/dstackai/gpuhunt",
    licence="MPL-2.0 (code); the prices are public list prices",
    fetch=fetch,
    parse=parse,
    firsthand=False,
)
