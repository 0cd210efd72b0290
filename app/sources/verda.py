"""Verda (DataCrunch): its instance types, with prices as text."""

from collections.abc import Sequence

from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import amount, items, json_value, price

ADDRESS = "https://api.datacrunch.io/v1/instance-types"


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """The whole list."""
    return [fetcher.get(ADDRESS)]


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Prices are for the instance; the memory is that of all its devices together."""
    parsed = Parsed()
    for document in documents:
        for each in items(json_value(document), "types", address=document.address):
            parsed.rows_seen += 1
            count = amount((each.get("gpu") or {}).get("number_of_gpus")) or 0.0
            if not count:
                parsed.rejected["no accelerator"] += 1
                continue
            usd, is_usd = price(each.get("price_per_hour")), str(each.get("currency", "usd")).lower() == "usd"
            if usd is None or not is_usd:
                parsed.rejected["no price in USD"] += 1
                continue
            total_gib = price((each.get("gpu_memory") or {}).get("size_in_gigabytes"))
            parsed.offers.append(
                LiveOffer(
                    provider="verda",
                    instance=str(each.get("instance_type", "")),
                    region="Global",
                    accelerator_name=str(each.get("name") or each.get("model") or ""),
                    count=count,
                    usd_per_hour_on_demand=usd,
                    usd_per_hour_spot=price(each.get("spot_price")),
                    memory_gib=total_gib / count if total_gib else None,
                    vcpus=price((each.get("cpu") or {}).get("number_of_cores")),
                    ram_gb=price((each.get("memory") or {}).get("size_in_gigabytes")),
                )
            )
        parsed.complete.add("verda")
    return parsed


SOURCE = Source(
    key="verda",
    title="Verda instance types",
    url="https://api.datacrunch.io/v1/docs",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
)
