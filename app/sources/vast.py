"""Vast.ai: a market of single machines. What is shown is the middle of what verified hosts ask, never the lowest."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import amount, items, json_object, price
from app.sources.skypilot import spelled_out

ADDRESS = "https://console.vast.ai/api/v0/bundles/"
DEVICES = (
    "RTX 3090", "RTX 4090", "RTX 5090", "RTX A6000", "RTX 6000Ada", "L4", "L40S", "A100 PCIE", "A100 SXM4",
    "H100 PCIE", "H100 SXM", "H100 NVL", "H200", "B200",
)  # fmt: skip
COUNTS = (1, 8)
EVERY_S = 0.25
FEWEST_HOSTS = 3


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """One question for each device and count, slowly."""
    return [fetcher.post(ADDRESS, _question(device, count), every_s=EVERY_S) for device in DEVICES for count in COUNTS]


def _question(device: str, count: int) -> dict[str, object]:
    return {
        "rentable": {"eq": True},
        "rented": {"eq": False},
        "verified": {"eq": True},
        "num_gpus": {"eq": count},
        "gpu_name": {"eq": device},
        "order": [["dph_total", "asc"]],
        "type": "on-demand",
        "limit": 50,
    }


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """The median of each device and count; a bid of 0 is no bid."""
    parsed = Parsed(complete={"vast"})
    groups: dict[tuple[str, int], list[dict[str, object]]] = defaultdict(list)
    for document in documents:
        for offer in items(json_object(document), "offers", address=document.address):
            parsed.rows_seen += 1
            count, usd = amount(offer.get("num_gpus")), price(offer.get("dph_total"))
            if not offer.get("verified") or not offer.get("rentable"):
                parsed.rejected["not verified or not free"] += 1
            elif not count or usd is None:
                parsed.rejected["no price"] += 1
            else:
                groups[str(offer.get("gpu_name")), int(count)].append(offer)
    for (name, count), offers in groups.items():
        bids = [bid for bid in (price(offer.get("min_bid")) for offer in offers) if bid]
        prices = [usd for usd in (price(offer.get("dph_total")) for offer in offers) if usd]
        hosts = f"median of {len(offers)} verified hosts" if len(offers) > 1 else "one verified host"
        few = "; few offers, the price may be gone soon" if len(offers) < FEWEST_HOSTS else ""
        parsed.offers.append(
            LiveOffer(
                provider="vast",
                instance="marketplace",
                region="Global",
                accelerator_name=spelled_out(name),
                count=float(count),
                usd_per_hour_on_demand=round(median(prices), 6),
                usd_per_hour_spot=round(median(bids), 6) if bids else None,
                memory_gib=_gib(offers[0].get("gpu_ram")),
                note=hosts + few,
            )
        )
    return parsed


def _gib(mib: object) -> float | None:
    size = price(mib)
    return round(size / 1024, 1) if size else None


SOURCE = Source(
    key="vast",
    title="Vast.ai offers",
    url="https://docs.vast.ai/",
    licence="public offers",
    fetch=fetch,
    parse=parse,
)
