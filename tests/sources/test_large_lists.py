"""Whole runs over lists as large and as mixed as their providers write them, against a server on this machine."""

import gzip
import json

import pytest

from app.sources import aws, exchange_rates, ovh
from app.tables import OfferRow
from tests.sources.documents import payload
from tests.sources.world import Answer

EUR_PER_USD = 0.85477
"""Of the recorded rates."""
AWS_HEADS = [
    "SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange",
    "EndingRange", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", *aws.HEADINGS.values(),
]  # fmt: skip
ABOUT = '"FormatVersion","v1.0"\n"Disclaimer","a list"\n"Publication Date","2026-09-25T00:00:00Z"\n"Version","1"\n"OfferCode","AmazonEC2"\n'


def aws_row(instance: str, usd: str, **changes: str) -> str:
    told = {
        "SKU": "X1", "TermType": "OnDemand", "Unit": "Hrs", "PricePerUnit": usd, "Currency": "USD",
        "Instance Type": instance, "Operating System": "Linux", "Tenancy": "Shared", "Pre Installed S/W": "NA",
        "CapacityStatus": "Used", "MarketOption": "OnDemand", "Region Code": "us-east-1", "vCPU": "192",
        "Memory": "2,048 GiB", "GPU": "",
    } | changes  # fmt: skip
    return ",".join(f'"{told.get(head, "")}"' for head in AWS_HEADS)


def aws_region(*, region: str, lines: int, p5_usd: str = "55.04") -> bytes:
    """A list of one region: a few accelerators among many other machines, and every way to rent the same one."""
    place = {"Region Code": region}
    plain = [aws_row(f"m7i.{size}xlarge", "0.2016", **place) for size in (2, 4, 8, 16)] * (lines // 4)
    same = [
        aws_row("p5.48xlarge", "99.0", **place, **other)
        for other in (
            {"Operating System": "Windows"}, {"Tenancy": "Dedicated"}, {"Pre Installed S/W": "SQL Std"},
            {"CapacityStatus": "AllocatedCapacityReservation"}, {"MarketOption": "CapacityBlock"},
            {"TermType": "Reserved", "Unit": "Quantity"}, {"Currency": "CNY"}, {"Unit": "Days"},
        )
    ]  # fmt: skip
    sold = [
        aws_row("p5.48xlarge", p5_usd, GPU="8", **place),
        aws_row("p5.48xlarge", "0.0000000000", GPU="8", **place),
        aws_row("g6.xlarge", "0.8048", GPU="1", **place),
        aws_row("inf2.xlarge", "0.7582", **place),
        aws_row("trn1.2xlarge", "1.34375", **place),
    ]
    heads = ",".join(f'"{head}"' for head in AWS_HEADS)
    return (ABOUT + "\n".join([heads, *plain, *same, *plain, *sold])).encode()


@pytest.fixture
def regions(world, engine, rows):
    """Every region that the catalogue has offers in, on the server."""
    names = sorted({row.region for row in rows(OfferRow, OfferRow.provider == "aws")})

    def put(**changes) -> list[str]:
        version = "/offers/v1.0/aws/AmazonEC2/20260925000000"
        told = {name: {"regionCode": name, "currentVersionUrl": f"{version}/{name}/index.json"} for name in names}
        world.put(aws.INDEX, Answer(json.dumps({"regions": told}).encode(), headers={"etag": '"1"'}))
        for name in names:
            body = aws_region(region=name, **({"lines": 200} | changes))
            packed = Answer(gzip.compress(body, compresslevel=1), headers={"content-encoding": "gzip"})
            world.put(f"{aws.BASE}{version}/{name}/index.csv", packed)
        return names

    return put


def test_aws_is_read_region_by_region(regions, run, rows):
    names = regions()
    before = {row.region: row for row in rows(OfferRow, OfferRow.instance == "p5.48xlarge")}

    outcome = run(aws.SOURCE)

    after = {row.region: row for row in rows(OfferRow, OfferRow.instance == "p5.48xlarge")}
    assert (outcome.outcome, set(after)) == ("applied", set(names))
    assert outcome.seen == 12 * len(names)
    assert outcome.rejected["no price"] == 2 * len(names)
    assert outcome.rejected["not Linux on demand on a shared host"] == 5 * len(names)
    assert after["us-east-1"].usd_per_hour_on_demand == 55.04
    assert after["us-east-1"].usd_per_hour_spot == before["us-east-1"].usd_per_hour_spot
    assert (after["us-east-1"].accelerator, after["us-east-1"].accelerator_count) == ("h100-sxm5-80gb", 8)
    assert {held.kind for held in outcome.held} <= {"unknown_accelerator", "moved", "suspicious"}
    assert run(aws.SOURCE).outcome == "unchanged"


def test_one_region_of_aws_that_is_cut_off_changes_nothing(regions, run, rows, world):
    names = regions(p5_usd="60.00")
    last = f"{aws.BASE}/offers/v1.0/aws/AmazonEC2/20260925000000/{names[-1]}/index.csv"
    world.put(last, Answer(gzip.compress(b"x" * 9000)[:-12], headers={"content-encoding": "gzip"}))
    before = {row.id: row.usd_per_hour_on_demand for row in rows(OfferRow)}

    outcome = run(aws.SOURCE)

    assert outcome.outcome == "failed"
    assert {row.id: row.usd_per_hour_on_demand for row in rows(OfferRow)} == before


def test_of_a_large_region_only_lines_about_accelerators_are_kept(fetcher, world):
    address = f"{aws.BASE}/offers/v1.0/aws/AmazonEC2/x/us-east-1/index.csv"
    world.put(address, aws_region(region="us-east-1", lines=8000))

    kept = fetcher().lines(address, keep=aws._worth_keeping, most_bytes=aws.LARGEST_REGION)

    assert len(world.answers[address.removeprefix("https://")][0].body) > 2_000_000
    assert len(kept.body) < 10_000


def ovh_catalogue(*, filling: int) -> bytes:
    """The order catalogue: every flavour of every product, by the hour, by the month and for Windows."""

    def addon(plan: str, units: int, *, unit: str = "none") -> dict:
        pricing = {
            "phase": 0, "capacities": ["consumption"], "commitment": 0, "interval": 1, "intervalUnit": unit,
            "mode": "default", "strategy": "tiered", "price": units, "tax": units // 5, "type": "consumption",
            "quantity": {"min": 1, "max": None}, "promotions": [], "description": "",
        }  # fmt: skip
        return {"planCode": plan, "invoiceName": plan, "product": "publiccloud-instance", "pricings": [pricing]}

    others = [addon(f"b3-{size}.consumption", 5_000_000 + size) for size in range(filling)]
    volumes = [addon(f"volume.classic.consumption.{size}", 6_000) for size in range(filling)]
    sold = [
        addon("h100-380.consumption", 280_000_000),
        addon("h100-380.monthly.postpaid", 201_600_000_000, unit="month"),
        addon("win-h100-380.consumption", 320_000_000),
        addon("h100-760.consumption", 560_000_000),
        addon("l4-90.consumption", 75_000_000),
        addon("a100-180.consumption", 0),
        addon("b200-1540.consumption", 480_000_000),
    ]
    told = {
        "catalogId": 1, "locale": {"currencyCode": "EUR", "subsidiary": "FR", "taxRate": 20},
        "plans": [], "products": [], "addons": [*others, *sold, *volumes],
    }  # fmt: skip
    return json.dumps(told).encode()


def test_ovh_is_read_whole(run, rows, world):
    world.put(exchange_rates.ADDRESS, payload("frankfurter_fx.json"))
    world.put(ovh.ADDRESS, ovh_catalogue(filling=500))
    before = {(row.instance, row.region) for row in rows(OfferRow, OfferRow.provider == "ovh")}

    outcome = run(ovh.SOURCE)

    ours = {(row.instance, row.region): row for row in rows(OfferRow, OfferRow.provider == "ovh")}
    assert (outcome.outcome, outcome.seen, set(ours)) == ("applied", 1007, before)
    h100 = {place: row for place, row in ours.items() if place[0].startswith("h100") and row.source == "live-ovh"}
    assert {instance for instance, _ in h100} == {"h100-380", "h100-760"}
    asked = {instance: row.usd_per_hour_on_demand for (instance, _), row in h100.items()}
    assert asked == pytest.approx({"h100-380": 2.8 / EUR_PER_USD, "h100-760": 5.6 / EUR_PER_USD}, rel=0.001)
    assert "EUR" in ours["l4-90", "GRA/EU"].note
    assert [(held.kind, held.offer.instance) for held in outcome.held] == [("unknown_accelerator", "b200-1540")]
    assert outcome.rejected["no price"] == 1
