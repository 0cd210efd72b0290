"""The commands about prices in the documents work as they stand, against the recorded answers of every source."""

import io
import json
import re
import shlex
import zipfile
from functools import partial

import pytest
from typer.testing import CliRunner

from app.cli import build
from app.settings import ROOT
from app.sources import (
    azure,
    exchange_rates,
    fetching,
    gpuhunt,
    oci,
    ovh,
    runpod,
    scaleway,
    skypilot,
    vast,
    verda,
    vultr,
)
from app.sources.registry import SOURCES
from app.tables import HeldChange, RefreshRun
from tests.sources.documents import PAYLOADS, payload
from tests.test_docs_commands import PRICES, blocks

CSV = (
    "provider,instance,region,accelerator,accelerator_count,usd_per_hour_on_demand\nlambda,acme-8,eu,H100 SXM,8,24.00\n"
)


@pytest.fixture
def every_source(world):
    """Each public list, as it was recorded or made up."""
    lists = {
        f"https://{azure.HOST}/api/retail/prices": "azure_retail_page2.json", exchange_rates.ADDRESS: "frankfurter_fx.json",
        oci.ADDRESS: "oci_products.json", runpod.ADDRESS: "runpod_gputypes_response.json",
        vast.ADDRESS: "vast_bundles.json", verda.ADDRESS: "verda_instance_types.json",
        vultr.LISTS["plans"]: "vultr_plans_vcg.json", vultr.LISTS["plans_metal"]: "vultr_plans_metal.json",
        f"{scaleway.BASE}/fr-par-2/products/servers": "scaleway_products_servers.json",
    }  # fmt: skip
    for address, name in lists.items():
        world.put(address, payload(name))
    for file in PAYLOADS.glob("skypilot_*_vms.csv"):
        world.put(f"{skypilot.BASE}/{file.name.split('_')[1]}/vms.csv", file.read_bytes())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("aws.csv", payload("gpuhunt_v3_aws.csv"))
    world.put(f"{gpuhunt.BASE}/aws/version", "20261118-7")
    world.put(f"{gpuhunt.BASE}/aws/20261118-7/catalog.zip", packed.getvalue())
    unknown = [{"planCode": "b200-1540.consumption", "pricings": [{"price": 480_000_000}]}]
    world.put(ovh.ADDRESS, json.dumps({"locale": {"currencyCode": "EUR"}, "addons": unknown}))
    world.put("https://acme.example/prices.csv", CSV)
    return world


def commands(text: str) -> list[list[str]]:
    joined = text.replace("\\\n", " ")
    return [words for line in joined.splitlines() if (words := shlex.split(line, comments=True))]


def test_the_commands_about_prices_work(every_source, engine, rows, monkeypatch):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", str(engine.url))
    monkeypatch.setenv("WHICHRIG_PRICES_MIRROR", every_source.url)
    monkeypatch.setattr(fetching, "Fetcher", partial(fetching.Fetcher, sleep=lambda _: None))
    texts = [text for path in (ROOT / "docs").glob("*.md") for text in blocks(path, "sh") if PRICES in text]
    found = [words for text in texts for words in commands(text)]

    for words in found:
        assert words[0] == "whichrig"
        done = CliRunner().invoke(build(), _about_what_is_held(words[1:], rows))
        assert (words, done.exit_code) == (words, 0), done.output

    assert {words[2] for words in found} == {"sync", "runs", "held", "accept", "dismiss", "feeds"}
    assert [row.decision for row in rows(HeldChange)].count("accepted") == 2
    assert {row.source: row.outcome for row in rows(RefreshRun)} == dict.fromkeys({*SOURCES} - {"aws"}, "applied")
    assert all(row.rows_seen for row in rows(RefreshRun))
    stale = [row.identity for row in rows(HeldChange) if "no longer keeps" in row.detail]
    assert [identity.split("|")[0] for identity in stale] == ["digitalocean"]


def _about_what_is_held(words: list[str], rows) -> list[str]:
    """The number of a held change in a document is an example: take one that waits for such a decision."""
    if words[1] not in {"accept", "dismiss"}:
        return words
    unnamed = "--accelerator" in words
    waiting = [row.id for row in rows(HeldChange, HeldChange.decision == "waiting")
               if (row.kind == "unknown_accelerator") == unnamed]  # fmt: skip
    return [str(waiting[0]) if re.fullmatch(r"\d+", word) else word for word in words]
