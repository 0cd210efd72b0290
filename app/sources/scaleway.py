"""Scaleway: instances of each zone, in euros before tax."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.sources import exchange_rates
from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import MalformedError, amount, json_object, price

ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "pl-waw-2")
BASE = "https://api.scaleway.com/instance/v1/zones"
GIB = 1024**3


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """The rates first: without them there is nothing to compare."""
    rates = replace(exchange_rates.fetch(fetcher), etag="")
    zones = fetcher.each([partial(fetcher.get, f"{BASE}/{zone}/products/servers?per_page=100") for zone in ZONES])
    return [rates, *(replace(zone, etag="") for zone in zones)]


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Instances with a GPU, in dollars."""
    parsed = Parsed()
    rates = exchange_rates.parse(documents[0])
    for document in documents[1:]:
        zone = document.address.split("/zones/")[1].split("/")[0]
        servers = json_object(document).get("servers")
        if not isinstance(servers, dict):
            raise MalformedError(f"{document.address}: there are no servers")
        for instance, server in servers.items():
            parsed.rows_seen += 1
            count, eur = amount(server.get("gpu")), price(server.get("hourly_price"))
            if not count or eur is None:
                parsed.rejected["no accelerator" if not count else "no price"] += 1
                continue
            about = server.get("gpu_info") or {}
            memory_bytes, ram_bytes = price(about.get("gpu_memory")), price(server.get("ram"))
            parsed.offers.append(
                LiveOffer(
                    provider="scaleway",
                    instance=instance,
                    region=zone,
                    accelerator_name=str(about.get("gpu_name", "")),
                    count=count,
                    usd_per_hour_on_demand=rates.usd(eur, "EUR"),
                    memory_gib=memory_bytes / GIB if memory_bytes else None,
                    vcpus=price(server.get("ncpus")),
                    ram_gb=round(ram_bytes / GIB, 1) if ram_bytes else None,
                    note=rates.note(eur, "EUR"),
                )
            )
    if len(documents) == len(ZONES) + 1:
        parsed.complete.add("scaleway")
    return parsed


SOURCE = Source(
    key="scaleway",
    title="Scaleway instance types",
    url="https://www.scaleway.com/en/developers/api/instance/",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
    knows_spot=False,
)
