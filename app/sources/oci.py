"""Oracle's list of products: a price for one GPU and hour, which every shape with that GPU multiplies."""

from collections.abc import Sequence
from typing import Any

from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import items, json_object, price

ADDRESS = "https://apexapps.oracle.com/pls/apex/cetools/api/v1/products/?currencyCode=USD"
DEVICES = {
    "B98415": "h100-sxm5-80gb", "B110519": "h200-sxm-141gb", "B95907": "a100-sxm4-80gb", "B95909": "a10",
    "B109479": "l40s", "B109485": "instinct-mi300x", "B110978": "b200", "B110979": "gb200-nvl72-gpu", "B112237": "b300",
    "B112140": "gb300-nvl72-gpu", "B111758": "instinct-mi355x", "B112613": "rtx-pro-6000-blackwell-server",
}  # fmt: skip
"""Part numbers and the devices they pay for."""
REGION = "global list price"


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """All products at once."""
    return [fetcher.get(ADDRESS)]


def parse(documents: Sequence[Document], known: Known) -> Parsed:
    """Every shape of the catalogue that has a device with a price."""
    parsed = Parsed()
    shapes = known.shapes_of("oci")
    for document in documents:
        parsed.complete.add("oci")
        for product in items(json_object(document), "items", address=document.address):
            parsed.rows_seen += 1
            device, usd = DEVICES.get(str(product.get("partNumber"))), _pay_as_you_go(product)
            if device is None or product.get("metricName") != "GPU Per Hour":
                parsed.rejected["no accelerator"] += 1
                continue
            if usd is None:
                parsed.rejected["no price"] += 1
                continue
            fitting = {instance: shape for instance, shape in shapes.items() if shape.accelerator == device}
            if not fitting:
                parsed.rejected["no shape is known"] += 1
            parsed.offers += [
                LiveOffer(
                    "oci", instance, REGION, shape.accelerator_name, shape.count, round(usd * shape.count, 6),
                    vcpus=shape.vcpus, ram_gb=shape.ram_gb, note=f"{usd:g} USD for one GPU and hour",
                )
                for instance, shape in fitting.items()
            ]  # fmt: skip
    return parsed


def _pay_as_you_go(product: dict[str, Any]) -> float | None:
    for localization in product.get("currencyCodeLocalizations") or []:
        if localization.get("currencyCode") == "USD":
            for each in localization.get("prices") or []:
                if each.get("model") == "PAY_AS_YOU_GO":
                    return price(each.get("value"))
    return None


SOURCE = Source(
    key="oci",
    title="Oracle Cloud price list",
    url="https://www.oracle.com/cloud/price-list/",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
    knows_spot=False,
)
