"""SkyPilot's hosted catalogue: a CSV file for each cloud, with the columns in an order of its own."""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.sources.fetching import Document, Fetcher
from app.sources.guarding import FetchError
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import amount, csv_document, price

SCHEMA = "v8"
NOT_FOUND = 404
CATALOGS = "https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/master/catalogs"
BASE = f"{CATALOGS}/{SCHEMA}"
CURRENT = (
    "aws", "gcp", "azure", "oci", "lambda", "nebius", "runpod", "verda", "vast", "hyperstack", "cudo", "hyperbolic",
    "jarvislabs", "primeintellect", "shadeform", "yotta", "lium", "seeweb", "spheron", "daytona", "mithril",
)  # fmt: skip
"""Clouds whose files are kept up to date."""
LEFT_ALONE = ("do", "fluidstack", "ibm", "paperspace", "scp")
"""Clouds whose files nobody writes any more: what they say waits for a person."""
PROVIDERS = {"yotta": "yottalabs", "do": "digitalocean", "scp": "samsung-cloud"}
"""Ours by its names, where they differ."""
BIDS = {"mithril"}
"""Clouds where the price is the lowest bid that is taken, not what one pays."""
COLUMNS = {"InstanceType", "AcceleratorName", "AcceleratorCount", "GpuInfo", "Region", "Price", "SpotPrice"}
MEMORY_TRUSTED = {
    "aws", "azure", "oci", "lambda", "hyperstack", "jarvislabs", "hyperbolic", "yotta", "shadeform", "lium", "seeweb",
    "spheron", "daytona",
}  # fmt: skip
"""Others give GiB for MiB, the sum over the devices, or nothing."""
NO_PRICE_USD = 700.0
"""What the file of Google Cloud writes where a TPU has no price."""
HOSTS = re.compile(r"^(a2-(high|ultra|mega)gpu|a3-(high|mega|ultra|edge)gpu|g2-standard|n1-)")
"""Google Cloud's machines whose accelerators stand in rows of their own."""
ATTACHED = {
    "a2-highgpu": "A100", "a2-megagpu": "A100", "a2-ultragpu": "A100-80GB", "a3-highgpu": "H100",
    "a3-megagpu": "H100-MEGA", "a3-ultragpu": "H200",
}  # fmt: skip
G2_COUNT = {"24": 2, "48": 4, "96": 8}
CORES_PER_CHIP = {"v2": 2, "v3": 2, "v4": 2, "v5p": 2}
"""These generations count TensorCores in their names; later ones count chips."""
TPU = re.compile(r"^tpu-(v\d+[a-z]*|v5litepod)-(\d+)$")
ALSO_CALLED = {"H100-MEGA": "H100", "v5litepod": "v5e"}


def fetch(fetcher: Fetcher, known: Known, *, schema: str = SCHEMA) -> list[Document]:  # noqa: ARG001 - all are asked so
    """The file of each cloud; one that nobody writes any more may be gone."""
    documents = fetcher.each([partial(fetcher.get, _address(cloud, schema)) for cloud in CURRENT])
    for cloud in LEFT_ALONE:
        try:
            documents.append(fetcher.get(_address(cloud, schema)))
        except FetchError as error:
            if error.status != NOT_FOUND:
                fetcher.skipped.append(str(error))
    return documents


def _address(cloud: str, schema: str) -> str:
    return f"{CATALOGS}/{schema}/{cloud}/vms.csv"


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Offers of all clouds; what Google Cloud sells in parts is put together."""
    parsed = Parsed()
    for document in documents:
        cloud = document.address.rsplit("/", 2)[1]
        rows = list(csv_document(document, needs=COLUMNS))
        parsed.rows_seen += len(rows)
        if cloud in CURRENT:
            parsed.complete.add(PROVIDERS.get(cloud, cloud))
        attached = _attached_prices(rows) if cloud == "gcp" else {}
        for row in rows:
            offer = _google(row, attached) if cloud == "gcp" else _offer(row, cloud)
            if isinstance(offer, str):
                parsed.rejected[offer] += 1
            else:
                parsed.offers.append(offer)
    return parsed


def _offer(row: dict[str, str], cloud: str) -> LiveOffer | str:
    count = amount(row["AcceleratorCount"])
    if not row["AcceleratorName"] or not count:
        return "no accelerator"
    on_demand, spot = price(row["Price"]), price(row["SpotPrice"])
    if on_demand is None and spot is None:
        return "no price"
    if cloud in BIDS:
        return "lowest bid in the place of a price"
    return LiveOffer(
        provider=PROVIDERS.get(cloud, cloud),
        instance=row["InstanceType"],
        region=row["Region"].lstrip(", "),
        accelerator_name=_name(row, cloud),
        count=count,
        usd_per_hour_on_demand=on_demand,
        usd_per_hour_spot=spot,
        memory_gib=_memory_gib(row["GpuInfo"], is_gib=cloud == "shadeform") if cloud in MEMORY_TRUSTED else None,
        vcpus=price(row.get("vCPUs", "")),
        ram_gb=price(row.get("MemoryGiB", "")),
        note="from the SkyPilot catalogue",
        doubt="SkyPilot no longer keeps the prices of this cloud up to date." if cloud in LEFT_ALONE else "",
    )


def _name(row: dict[str, str], cloud: str) -> str:
    """The device, as we would write it where a cloud has words of its own."""
    name = row["AcceleratorName"]
    if cloud == "vast":
        return _vast_name(row["InstanceType"])
    if cloud == "spheron":
        return _spheron_name(name)
    return ALSO_CALLED.get(name, name).removesuffix("-WK")


def _spheron_name(name: str) -> str:
    """The device without the words about its machine; cards that exist in one form only need none for it.

    >>> _spheron_name("RTX5090_PCIE_BAREMETAL"), _spheron_name("A100_80G_PCIE"), _spheron_name("A6000_PCIE_LOW_RAM")
    ('RTX5090', 'A100 80G PCIE', 'A6000')
    """
    device = re.sub(r"_(BAREMETAL|HIGH_PERF|LOW_RAM)$", "", name)
    is_one_of_several = device.startswith(("A100", "H100", "V100"))
    return (device if is_one_of_several else device.removesuffix("_PCIE")).replace("_", " ")


def _google(row: dict[str, str], attached: dict[tuple[str, str], dict[float, dict[str, str]]]) -> LiveOffer | str:
    instance = row["InstanceType"]
    if not instance:
        return _tpu(row) if TPU.match(row["AcceleratorName"]) else "price of an accelerator without its machine"
    if not HOSTS.match(instance) or row["AcceleratorName"]:
        return _offer(row, "gcp")
    needed = _needed(instance)
    if needed is None:
        return "no accelerator"
    name, count = needed
    part = attached.get((name, row.get("AvailabilityZone", "") or row["Region"]), {})
    offer = _offer(row | {"AcceleratorName": name, "AcceleratorCount": str(count), "GpuInfo": ""}, "gcp")
    if not part or isinstance(offer, str):
        return "price of the machine without its accelerators"
    return replace(
        offer,
        usd_per_hour_on_demand=_sum(offer.usd_per_hour_on_demand, _part(part, count, column="Price")),
        usd_per_hour_spot=_sum(offer.usd_per_hour_spot, _part(part, count, column="SpotPrice")),
        note="machine and accelerators added, from the SkyPilot catalogue",
    )


def _needed(instance: str) -> tuple[str, float] | None:
    """The accelerators that a machine of Google Cloud cannot be had without.

    >>> _needed("a2-highgpu-1g"), _needed("g2-standard-24"), _needed("n1-highmem-8")
    (('A100', 1.0), ('L4', 2), None)
    """
    family, _, size = instance.rpartition("-")
    if family in ATTACHED:
        return ATTACHED[family], float(size.removesuffix("g"))
    return ("L4", G2_COUNT.get(size, 1)) if family == "g2-standard" else None


def _attached_prices(rows: list[dict[str, str]]) -> dict[tuple[str, str], dict[float, dict[str, str]]]:
    """Rows of accelerators alone, by name and zone, then by their count."""
    found: dict[tuple[str, str], dict[float, dict[str, str]]] = {}
    for row in rows:
        count = amount(row["AcceleratorCount"])
        if not row["InstanceType"] and count:
            place = (row["AcceleratorName"], row.get("AvailabilityZone", "") or row["Region"])
            found.setdefault(place, {})[count] = row
    return found


def _part(part: dict[float, dict[str, str]], count: float, *, column: str) -> float | None:
    if count in part:
        return price(part[count][column])
    one = price(part[1.0][column]) if 1.0 in part else None
    return None if one is None else one * count


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(one + other, 6)


def _tpu(row: dict[str, str]) -> LiveOffer | str:
    """A slice: its price is for the whole of it, whatever the column of counts says."""
    found = TPU.match(row["AcceleratorName"])
    assert found is not None
    generation, size = found[1], int(found[2])
    chips = max(1, size // CORES_PER_CHIP.get(generation, 1))
    prices = [
        usd if usd is None or usd != NO_PRICE_USD else None for usd in map(price, (row["Price"], row["SpotPrice"]))
    ]
    if prices == [None, None]:
        return "no price"
    return LiveOffer(
        provider="gcp",
        instance=row["AcceleratorName"],
        region=row["Region"],
        accelerator_name=f"TPU {ALSO_CALLED.get(generation, generation)}",
        count=float(chips),
        usd_per_hour_on_demand=prices[0],
        usd_per_hour_spot=prices[1],
        note=f"price of the whole slice of {chips} chips, from the SkyPilot catalogue",
    )


def _vast_name(instance: str) -> str:
    """The device in the name of an instance; the column beside it takes different products for one.

    >>> _vast_name("4x-RTX_4070S_Ti-32-65536"), _vast_name("2x-H200-32-65536")
    ('RTX 4070 Ti SUPER', 'H200')
    """
    return spelled_out("-".join(instance.split("-")[1:-2]).replace("_", " "))


def spelled_out(name: str) -> str:
    """The name of a device with its S written out.

    >>> spelled_out("RTX 4080S")
    'RTX 4080 SUPER'
    """
    return re.sub(r"(\d{4})S\b", r"\1 SUPER", re.sub(r"(\d{4})S Ti\b", r"\1 Ti SUPER", name))


def _memory_gib(info: str, *, is_gib: bool = False) -> float | None:
    """Memory of one device in a description that is written as Python or as JSON; one cloud puts GiB there for MiB."""
    try:
        told = ast.literal_eval(info.replace("null", "None")) if info.startswith("{") else None
        mib = told["Gpus"][0]["MemoryInfo"]["SizeInMiB"] if told else None
    except (ValueError, SyntaxError, KeyError, IndexError, TypeError, MemoryError, RecursionError):
        return None
    size = price(mib)
    if is_gib:
        return size if size and size < 1024 else None
    return size / 1024 if size and size > 1024 else None


SOURCE = Source(
    key="skypilot",
    title="SkyPilot catalogue",
    url="https://github.com/skypilot-org/skypilot-catalog",
    licence="Apache-2.0",
    fetch=fetch,
    parse=parse,
    firsthand=False,
)


def of_schema(schema: str) -> Source:
    """The source, reading the files of another version of the catalogue's form: its columns go by their names."""
    return SOURCE if schema == SCHEMA else replace(SOURCE, fetch=partial(fetch, schema=schema))
