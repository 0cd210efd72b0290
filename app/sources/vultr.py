"""Vultr: cloud GPUs, which may be slices of a card, and bare metal."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import amount, items, json_object, price

BASE = "https://api.vultr.com/v2"
LISTS = {"plans": f"{BASE}/plans?type=vcg&per_page=500", "plans_metal": f"{BASE}/plans-metal?per_page=500"}
MOST_PAGES = 20
CARD_GIB = {"A16": 16, "A40": 48, "A100": 80, "L40S": 48, "H100": 80, "GH200": 96, "MI300X": 192, "MI325X": 256}
"""Memory of the cards it has, of which a plan is a share or a multiple."""
CARD_NAMES = {"A100": "A100 PCIe 80GB", "MI300X": "Instinct MI300X", "MI325X": "Instinct MI325X"}
METAL = re.compile(r"-(\d+)-([a-z0-9]+)-gpu$")


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """Both lists, page after page."""
    documents = []
    for address in LISTS.values():
        cursor = ""
        for _ in range(MOST_PAGES):
            document = fetcher.get(f"{address}&cursor={cursor}" if cursor else address)
            documents.append(replace(document, etag=""))  # one list that did not change says nothing about the other
            cursor = _next(document)
            if not cursor:
                break
    return documents


def _next(document: Document) -> str:
    links = (json_object(document).get("meta") or {}).get("links") or {}
    cursor = str(links.get("next") or "")
    return cursor if re.fullmatch(r"[\w=+/-]{1,200}", cursor) else ""


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Plans that some place has; a slice counts as the fraction of the card that it is."""
    parsed = Parsed()
    for document in documents:
        told = json_object(document)
        name = "plans_metal" if "plans_metal" in told else "plans"
        for plan in items(told, name, address=document.address):
            parsed.rows_seen += 1
            offer = _offer(plan)
            if isinstance(offer, str):
                parsed.rejected[offer] += 1
            else:
                parsed.offers.append(offer)
    lists = {"plans_metal" in json_object(document) for document in documents if not _next(document)}
    if len(lists) == len(LISTS):
        parsed.complete.add("vultr")
    return parsed


def _offer(plan: dict[str, Any]) -> LiveOffer | str:
    instance = str(plan.get("id", ""))
    device = _device(plan, instance)
    if isinstance(device, str):
        return device
    name, count = device
    usd = price(plan.get("hourly_cost"))
    if not plan.get("locations") or plan.get("deploy_ondemand") is False:
        return "not to be had anywhere"
    if usd is None:
        return "no price"
    ram_mib = price(plan.get("ram"))
    return LiveOffer(
        provider="vultr",
        instance=instance,
        region="global",
        accelerator_name=name,
        count=count,
        usd_per_hour_on_demand=usd,
        usd_per_hour_spot=price(plan.get("hourly_cost_preemptible")),
        vcpus=price(plan.get("vcpu_count", plan.get("cpu_threads"))),
        ram_gb=round(ram_mib / 1024, 1) if ram_mib else None,
        note="a slice of the card" if count < 1 else "",
    )


def _device(plan: dict[str, Any], instance: str) -> tuple[str, float] | str:
    metal = METAL.search(instance)
    if metal:
        name = metal[2].upper()
        return CARD_NAMES.get(name, name), float(metal[1])
    name = str(plan.get("gpu_type", "")).removeprefix("NVIDIA_").removeprefix("AMD_").replace("_", " ")
    total_gib = amount(plan.get("gpu_vram_gb"))
    if not name or not total_gib:
        return "no accelerator"
    if name not in CARD_GIB:
        return f"the memory of a whole {name} is not known"
    return CARD_NAMES.get(name, name), total_gib / CARD_GIB[name]


SOURCE = Source(
    key="vultr",
    title="Vultr plans",
    url="https://www.vultr.com/api/",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
)
