"""What each source makes of its recorded answers; every trap that a list holds has a test."""

import io
import json
import zipfile
from contextlib import suppress

import pytest

from app.catalogue import startup
from app.engine.units import GIB
from app.sources import aws, azure, exchange_rates, gpuhunt, oci, ovh, runpod, scaleway, skypilot, vast, verda, vultr
from app.sources.fetching import Document
from app.sources.offers import Known, LiveOffer, Parsed
from app.sources.reading import MalformedError
from app.sources.registry import SOURCES
from app.sources.review import Catalogue, accelerator_of
from tests.sources.documents import TODAY, document, make_known, make_shape, payload

NOTHING = Known(TODAY)


@pytest.fixture
def skypilot_of():
    """What the file of one cloud says."""

    def parse(cloud: str, *, more: str = "") -> Parsed:
        body = payload(f"skypilot_{cloud}_vms.csv") + more.encode()
        return skypilot.parse([Document(f"{skypilot.BASE}/{cloud}/vms.csv", body)], NOTHING)

    return parse


@pytest.fixture
def archive():
    """An archive as gpuhunt publishes it."""

    def make(text: str, *, version: str = "20261118-7", provider: str = "aws", name: str = "") -> Document:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name or f"{provider}.csv", text)
        return Document(f"{gpuhunt.BASE}/{provider}/{version}/catalog.zip", packed.getvalue())

    return make


def prices(parsed: Parsed) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    return {
        (offer.instance, offer.region): (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot)
        for offer in parsed.offers
    }


def by_name(parsed: Parsed) -> dict[str, LiveOffer]:
    return {offer.accelerator_name: offer for offer in parsed.offers}


def test_gpuhunt_has_spot_in_rows_of_its_own(archive):
    parsed = gpuhunt.parse([archive(payload("gpuhunt_v3_aws.csv").decode())], NOTHING)

    assert prices(parsed) == {("p5.48xlarge", "us-east-1"): (55.04, 18.734), ("g6.xlarge", "us-east-1"): (0.8048, None)}
    assert parsed.rejected == {"no accelerator": 1}
    assert {offer.as_of.isoformat() for offer in parsed.offers} == {"2026-11-18"}
    assert parsed.complete == {"aws"}


def test_gpuhunt_offers_with_flags_are_not_for_everybody(archive):
    text = (
        payload("gpuhunt_v3_aws.csv").decode() + "g4-x,us-east1,1.5,8,64,1,RTXPRO6000,96,False,,nvidia,gcp-g4,x86,{}\n"
    )

    assert gpuhunt.parse([archive(text)], NOTHING).rejected["not open to everybody"] == 1


def test_gpuhunt_tpus_of_old_files_are_tpus(archive):
    text = payload("gpuhunt_v3_aws.csv").decode() + "v5,us-east1,1.2,8,64,1,tpu-v5e,16,False,,google,,x86,{}\n"

    assert by_name(gpuhunt.parse([archive(text)], NOTHING))["TPU v5e"].usd_per_hour_on_demand == 1.2


@pytest.mark.parametrize("name", ["other.csv", "../aws.csv"])
def test_gpuhunt_reads_the_file_it_expects_and_no_other(archive, name):
    with pytest.raises(MalformedError, match=r"aws\.csv"):
        gpuhunt.parse([archive("a,b", name=name)], NOTHING)


def test_gpuhunt_without_a_column_is_refused(archive):
    with pytest.raises(MalformedError, match="no column flags"):
        gpuhunt.parse([archive(payload("gpuhunt_v3_aws.csv").decode().replace("flags", "flag"))], NOTHING)


def test_an_archive_cannot_unpack_to_fill_the_memory(archive, monkeypatch):
    monkeypatch.setattr("app.sources.reading.LARGEST_MEMBER", 1024 * 1024)

    with pytest.raises(MalformedError, match="larger than 1 MiB"):
        gpuhunt.parse([archive("x" * 5_000_000)], NOTHING)


def test_aws_without_a_price_is_not_free(skypilot_of):
    parsed = skypilot_of("aws")

    assert prices(parsed)["p5e.48xlarge", "us-east-2"] == (None, 15.476)
    assert parsed.rejected == {"no accelerator": 2}
    assert [offer.usd_per_hour_spot for offer in parsed.offers[:2]] == [55.04, 16.9508]


def test_google_machines_without_their_accelerators_are_left_out(skypilot_of):
    parsed = skypilot_of("gcp")

    assert not any(offer.instance.startswith(("a2", "a3", "n1")) for offer in parsed.offers)
    assert parsed.rejected["price of the machine without its accelerators"] == 2


def test_google_machines_and_their_accelerators_are_added(skypilot_of):
    parsed = skypilot_of("gcp", more=",,,A100,1,A100,us-central1,us-central1-a,2.93352,1.46676\n")

    assert prices(parsed)["a2-highgpu-1g", "us-central1"] == (3.673, 1.85488)
    assert by_name(parsed)["A100"].count == 1


def test_seven_hundred_dollars_is_no_price(skypilot_of):
    parsed = skypilot_of("gcp")

    assert prices(parsed)["tpu-v6e-1", "us-central1"] == (2.7, 0.59266)
    assert ("tpu-v6e-1", "asia-east1") not in prices(parsed)
    assert parsed.rejected["no price"] == 1


@pytest.mark.parametrize(
    ("name", "chips"), [("tpu-v5p-12288", 6144), ("tpu-v6e-8", 8), ("tpu-v5litepod-16", 16), ("tpu-v4-32", 16)]
)
def test_tpu_slices_count_cores_or_chips_by_generation(skypilot_of, name, chips):
    parsed = skypilot_of("gcp", more=f",,,{name},1,{name},us-west4,us-west4-a,96.0,40.0\n")

    slice_ = next(offer for offer in parsed.offers if offer.instance == name)
    assert slice_.count == chips


@pytest.mark.parametrize(
    ("cloud", "instance", "count", "usd", "memory_gib"),
    [
        ("hyperstack", "n3-A100x1", 1, 1.35, 80),
        ("lambda", "gpu_8x_v100", 8, 6.32, 16),
        ("nebius", "gpu-h100-sxm_8gpu-128vcpu-1600gb", 8, 23.6, None),
        ("oci", "BM.GPU.H100.8", 8, 80, 80),
        ("runpod", "2x_A100-80GB_SECURE", 2, 3.28, None),
        ("verda", "1B300.30V", 1, 6.99, None),
        ("lium", "RTXPRO6000-WK_1x", 1, 1.45, 96),
        ("seeweb", "ECS3GPU3", 4, 3.96, 80),
        ("spheron", "L40Sx8_67884c00280fba46a71e23ed_raleigh-usa-1", 8, 7.2864, 48),
        ("daytona", "2x-MI355X", 2, 16.0264, 288),
        ("do", "gpu-h100x1-80gb", 1, 6.74, None),
    ],
)
def test_columns_are_found_by_name_and_memory_is_believed_where_it_is_right(
    skypilot_of, cloud, instance, count, usd, memory_gib
):
    offer = next(offer for offer in skypilot_of(cloud).offers if offer.instance == instance)

    assert (offer.count, offer.usd_per_hour_on_demand, offer.memory_gib) == (count, usd, memory_gib)


def test_a_spot_price_of_zero_is_none_and_vast_names_come_from_the_instance(skypilot_of):
    offers = {offer.accelerator_name: offer for offer in skypilot_of("vast").offers}

    assert set(offers) == {"RTX 5090", "RTX 4070 Ti SUPER", "H200"}
    assert {offer.usd_per_hour_spot for offer in offers.values()} == {None}


@pytest.mark.parametrize(
    ("cloud", "row", "provider", "size"),
    [
        ("shadeform", "denvr_A100x8,A100,8.0,120.0,940,11.2,calgary", "shadeform", 40),
        ("yotta", "1x14v_5090,RTX5090,1.0,14.0,119.0,0.65,us-east-2", "yottalabs", 32607),
    ],
    ids=["shadeform", "yotta"],
)
def test_smaller_clouds_go_by_our_names_with_their_memory(cloud, row, provider, size):
    head = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,Region,GpuInfo,SpotPrice"
    info = f"{{'Gpus': [{{'MemoryInfo': {{'SizeInMiB': {size}}}}}]}}"
    document = Document(f"{skypilot.BASE}/{cloud}/vms.csv", f'{head}\n{row},"{info}",\n'.encode())

    parsed = skypilot.parse([document], NOTHING)

    told = [(one.provider, one.memory_gib) for one in parsed.offers]
    assert told == [(provider, size if size < 1024 else size / 1024)]
    assert parsed.complete == {provider}


SMALLER = {
    "lium": {"b200", "geforce-rtx-4090", "rtx-pro-6000-ws-blackwell"},
    "seeweb": {"quadro-rtx-6000", "a100-sxm4-80gb"},
    "spheron": {"a100-pcie-80gb", "l40s"},
    "daytona": {"instinct-mi355x"},
}


def test_every_device_of_a_smaller_cloud_and_every_cloud_is_one_of_ours(skypilot_of, engine):
    snapshot = startup.current(engine)
    memory_gib = {slug: device.memory_bytes / GIB for slug, device in snapshot.accelerators.items()}
    providers = frozenset(provider.slug for provider in snapshot.market.providers)
    ours = Catalogue(snapshot.hardware_names, memory_gib, offers=(), providers=providers)

    devices = {
        cloud: {accelerator_of(o.accelerator_name, o.memory_gib, catalogue=ours) for o in skypilot_of(cloud).offers}
        for cloud in SMALLER
    }

    assert devices == SMALLER
    assert {skypilot.PROVIDERS.get(cloud, cloud) for cloud in skypilot.CURRENT + skypilot.LEFT_ALONE} <= providers
    assert {*gpuhunt.PROVIDERS.values()} <= providers


def test_a_lowest_bid_is_no_price(skypilot_of):
    parsed = skypilot_of("mithril")

    assert (parsed.offers, parsed.rejected) == ([], {"lowest bid in the place of a price": 1})


def test_a_file_that_nobody_writes_any_more_proves_nothing_gone(skypilot_of):
    parsed = skypilot_of("do")

    assert parsed.complete == set()
    assert [(one.provider, "no longer" in one.doubt) for one in parsed.offers] == [("digitalocean", True)]


def test_a_description_that_is_code_is_not_run(skypilot_of, tmp_path):
    evil = f"\"{{'Gpus': __import__('pathlib').Path('{tmp_path}/owned').touch()}}\""

    skypilot_of("lambda", more=f"gpu_x,V100,1,1,1,1.0,us-east-1,{evil},\n")

    assert not (tmp_path / "owned").exists()


def test_azure_is_linux_by_the_hour(skypilot_of):
    parsed = azure.parse([document("azure_retail_page1.json"), document("azure_retail_page2.json")], NOTHING)

    assert prices(parsed) == {
        ("Standard_NC40ads_H100_v5", "eastus"): (6.98, 1.289904),
        ("Standard_NC24ads_A100_v4", "eastus"): (3.673, None),
        ("Standard_NC24ads_A100_v4", "westeurope"): (4.775, None),
        ("Standard_ND96isr_H100_v5", "eastus"): (98.32, 18.169536),
    }
    assert parsed.rejected == {"low priority": 1, "Windows": 1, "a reservation": 1}
    assert parsed.complete == {"azure"}


def test_azure_pages_that_end_early_say_nothing_about_what_is_gone():
    assert azure.parse([document("azure_retail_page1.json")], NOTHING).complete == set()


def test_aws_capacity_reservations_are_not_free_machines():
    parsed = aws.parse([document("aws_ec2_us-east-1_excerpt.json")], NOTHING)

    assert prices(parsed) == {("p5.48xlarge", "us-east-1"): (55.04, None)}
    assert parsed.rejected.total() == 1


def test_aws_reads_the_same_from_its_table():
    heads = ["SKU", "TermType", "Unit", "PricePerUnit", "Currency", *aws.HEADINGS.values()]
    machine = ["p5.48xlarge", "Linux", "Shared", "NA", "Used", "OnDemand", "us-east-1", "192", "2,048 GiB", "8"]
    rows = [
        heads,
        ["A", "OnDemand", "Hrs", "55.04", "USD", *machine],
        ["B", "Reserved", "Hrs", "30.0", "USD", *machine],
        ["C", "OnDemand", "Hrs", "0.0000000000", "USD", *machine],
        ["D", "OnDemand", "Hrs", "60.0", "USD", *(word.replace("Linux", "Windows") for word in machine)],
    ]
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)

    parsed = aws.parse([Document("https://example.org/index.csv", text.encode())], NOTHING)

    assert prices(parsed) == {("p5.48xlarge", "us-east-1"): (55.04, None)}
    assert parsed.offers[0].ram_gb == 2048
    assert parsed.rejected == {"no price": 1, "not Linux on demand on a shared host": 1}


def test_runpod_sells_one_gpu_in_two_ways():
    parsed = runpod.parse([document("runpod_gputypes_response.json")], NOTHING)

    assert [(offer.instance, offer.accelerator_name, offer.usd_per_hour_on_demand) for offer in parsed.offers] == [
        ("secure-cloud pod", "H100 SXM", 3.29),
        ("community-cloud pod", "H100 SXM", 2.69),
        ("secure-cloud pod", "RTX 4090", 0.74),
        ("community-cloud pod", "RTX 4090", 0.34),
        ("community-cloud pod", "RTX 3070", 0.13),
    ]
    assert parsed.rejected == {"not offered": 3}


def test_runpod_errors_come_with_a_good_status():
    with pytest.raises(MalformedError, match="Something went wrong"):
        runpod.parse([document("runpod_error_response.json")], NOTHING)


def test_vast_leaves_out_who_is_not_verified_and_bids_of_zero():
    offers = by_name(vast.parse([document("vast_bundles.json")], NOTHING))

    assert set(offers) == {"RTX 4090", "RTX 5090", "H100 SXM", "H200"}
    assert (offers["H200"].count, offers["H200"].usd_per_hour_spot) == (8, None)
    assert offers["RTX 4090"].memory_gib == 24.0


def test_vast_shows_the_middle_and_not_the_lowest():
    one = json.loads(payload("vast_bundles.json"))["offers"][0]
    several = {"offers": [one | {"dph_total": usd} for usd in (0.01, 0.3, 0.4)]}

    offer = vast.parse([Document(vast.ADDRESS, json.dumps(several).encode())], NOTHING).offers[0]

    assert (offer.usd_per_hour_on_demand, offer.note) == (0.3, "median of 3 verified hosts")


def test_oracle_sells_gpus_that_shapes_multiply():
    known = make_known(
        **{"oci/BM.GPU.H100.8": make_shape("h100-sxm5-80gb", 8), "oci/VM.GPU.A10.1": make_shape("a10", 1)}
    )

    parsed = oci.parse([document("oci_products.json")], known)

    assert prices(parsed) == {
        ("BM.GPU.H100.8", "global list price"): (80, None),
        ("VM.GPU.A10.1", "global list price"): (2, None),
    }
    assert parsed.rejected == {"no accelerator": 1}


def test_every_device_that_oracle_sells_is_one_of_the_catalogue(engine):
    offers = startup.current(engine).market.offers

    assert set(oci.DEVICES.values()) <= {offer.accelerator for offer in offers if offer.provider == "oci"}


def test_oracle_prices_without_a_known_shape_are_counted():
    assert oci.parse([document("oci_products.json")], NOTHING).rejected["no shape is known"] == 2


def test_verda_writes_prices_as_text_and_memory_as_a_sum():
    parsed = verda.parse([document("verda_instance_types.json")], NOTHING)
    two = next(offer for offer in parsed.offers if offer.instance == "2A6000.20V")

    assert (two.usd_per_hour_on_demand, two.usd_per_hour_spot, two.count, two.memory_gib) == (1.98, 0.7, 2, 48)
    assert parsed.rejected == {"no accelerator": 1}


def test_vultr_slices_are_fractions_of_a_card():
    offers = {offer.instance: offer for offer in vultr.parse([document("vultr_plans_vcg.json")], NOTHING).offers}

    assert offers["vcg-a100-1c-6g-4vram"].count == 0.05
    assert offers["vcg-a100-12c-120g-80vram"].count == 1
    assert offers["vcg-a100-6c-60g-40vram"].count == 0.5


def test_vultr_metal_names_its_cards_and_plans_without_a_place_are_left_out():
    told = json.loads(payload("vultr_plans_metal.json"))
    told["plans_metal"][1]["locations"] = []

    parsed = vultr.parse([Document("https://example.org", json.dumps(told).encode())], NOTHING)

    assert [(offer.accelerator_name, offer.count, offer.usd_per_hour_spot) for offer in parsed.offers] == [
        ("Instinct MI300X", 8, 14.72)
    ]
    assert parsed.rejected == {"not to be had anywhere": 1}


def test_scaleway_euros_before_tax_become_dollars():
    zone = document("scaleway_products_servers.json", f"{scaleway.BASE}/fr-par-2/products/servers?per_page=100")

    offers = by_name(scaleway.parse([document("frankfurter_fx.json"), zone], NOTHING))

    assert offers["H100-PCIe"].usd_per_hour_on_demand == pytest.approx(2.8665 / 0.85477, abs=1e-6)
    assert offers["L4"].region == "fr-par-2"
    assert offers["L4"].note == "EUR 0.79/h before tax, at 1.1699 USD for 1 EUR (ECB 2026-08-21)"


def test_ovh_prices_are_hundred_millionths():
    addons = [
        {"planCode": "h100-380.consumption", "pricings": [{"price": 280_000_000, "intervalUnit": "hour"}]},
        {"planCode": "h100-380.monthly.postpaid", "pricings": [{"price": 150_000_000_000}]},
        {"planCode": "b3-8.consumption", "pricings": [{"price": 10_000_000}]},
    ]
    catalogue = Document(ovh.ADDRESS, json.dumps({"locale": {"currencyCode": "EUR"}, "addons": addons}).encode())
    known = make_known(**{"ovh/h100-380": make_shape("h100-pcie-80gb", 1)})

    parsed = ovh.parse([document("frankfurter_fx.json"), catalogue], known)

    assert [offer.usd_per_hour_on_demand for offer in parsed.offers] == [pytest.approx(2.8 / 0.85477, abs=1e-6)]
    assert parsed.rejected == {"no accelerator by the hour": 2}


def test_rates_that_are_turned_round_are_refused():
    turned = Document("https://example.org", b'{"base": "USD", "date": "2026-08-21", "rates": {"INR": 0.01}}')

    with pytest.raises(MalformedError, match="cannot be"):
        exchange_rates.parse(turned)


@pytest.mark.parametrize("key", sorted(SOURCES))
@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b"{}", b'{"items": 7}', b"\xff\xfe\x00", b"[" * 5000]
)
def test_an_answer_of_another_kind_is_refused_or_empty(key, body):
    rates = [document("frankfurter_fx.json")] if key in {"scaleway", "ovh"} else []
    addresses = {"gpuhunt": f"{gpuhunt.BASE}/aws/1/catalog.zip", "scaleway": f"{scaleway.BASE}/fr-par-1/x"}
    told = Document(addresses.get(key, "https://example.org/aws/vms.csv"), body)

    with suppress(MalformedError):
        assert SOURCES[key].parse([*rates, told], NOTHING).offers == []


def test_every_source_has_a_name_an_origin_and_a_line_in_the_documents():
    from app.settings import ROOT

    text = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8")

    assert [key for key in SOURCES if f"`{key}`" not in text] == []
    assert all(source.url.startswith("https://") and source.licence for source in SOURCES.values())
