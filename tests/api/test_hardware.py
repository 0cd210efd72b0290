"""The devices of the catalogue: found by filters, in order, page by page, and by any of their names."""

import pytest

PROBLEM = "application/problem+json"


@pytest.fixture
def all_pages(client):
    def walk(address: str) -> list[dict]:
        items = []
        while address:
            page = client.get(address).json()
            items += page["items"]
            address = page["next"]
        return items

    return walk


def test_pages_hold_every_device_once(client, all_pages):
    total = client.get("/hardware?limit=1").json()["total"]

    slugs = [item["slug"] for item in all_pages("/hardware?limit=37&sort=-memory_gib")]

    assert total > 200
    assert len(slugs) == len(set(slugs)) == total


@pytest.mark.parametrize("sort", ["memory_gib", "-memory_gib", "launch_year", "-tdp_w", "name"])
def test_devices_are_in_the_order_asked_for_and_unknown_ones_last(all_pages, sort):
    field = sort.removeprefix("-")
    values = [item[field] for item in all_pages(f"/hardware?limit=1000&sort={sort}")]

    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert None not in values[: len(known)]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("kind=gpu&vendor=amd", lambda item: item["kind"] == "gpu" and item["vendor"] == "AMD"),
        ("vendor=apple,Intel", lambda item: item["vendor"] in {"Apple", "Intel"}),
        ("memory_gib_min=16&memory_gib_max=24", lambda item: 16 <= item["memory_gib"] <= 24),
        ("support=unsupported", lambda item: item["support"] == "unsupported"),
        ("segment=laptop", lambda item: item["segment"] == "laptop"),
        ("q=rtx%204090", lambda item: "4090" in item["name"]),
    ],
)
def test_a_filter_leaves_what_it_asks_for(all_pages, query, holds):
    found = all_pages(f"/hardware?{query}")

    assert found
    assert all(holds(item) for item in found)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "/colour"),
        ("limit=0", "/limit"),
        ("sort=colour", "/sort"),
        ("cursor=zzz", "/cursor"),
        ("memory_gib_min=NaN", "/memory_gib_min"),
    ],
)
def test_a_filter_that_is_wrong_is_named(client, query, pointer):
    answer = client.get(f"/hardware?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_cursor_of_another_revision_is_refused(client):
    assert client.get("/hardware?cursor=999999-50").status_code == 409


@pytest.mark.parametrize("name", ["geforce-rtx-4090", "RTX 4090", "rtx4090"])
def test_a_device_answers_to_all_its_names(client, name):
    answer = client.get(f"/hardware/{name}")

    assert answer.json()["slug"] == "geforce-rtx-4090"
    assert answer.headers["content-location"] == "/hardware/geforce-rtx-4090"


def test_a_device_shows_its_facts_with_source_and_date(client):
    detail = client.get("/hardware/geforce-rtx-4090").json()

    assert detail["memory_gib"] == 24
    assert detail["memory_bandwidth_gb_per_s"] == 1008
    assert detail["source"].startswith("https://")
    assert detail["details"]
    assert all(price["as_of"] and price["source"] for price in detail["prices"])


def test_an_old_card_says_that_it_is_no_longer_supported(client):
    detail = client.get("/hardware/GT 740M").json()

    assert detail["support"] in {"legacy", "unsupported"}
    assert "Kepler" in detail["support_note"]


@pytest.mark.parametrize(("name", "suggestion"), [("RTX 4909", "rtx-4090"), ("Titan X", "titan-x-pascal")])
def test_an_unknown_or_ambiguous_name_offers_names(client, name, suggestion):
    answer = client.get(f"/hardware/{name}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert suggestion in str(answer.json()["suggestions"])


def test_an_unchanged_catalogue_is_told_by_304(client):
    tag = client.get("/hardware").headers["etag"]

    assert client.get("/hardware", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("/hardware", headers={"If-None-Match": "*"}).status_code == 304
