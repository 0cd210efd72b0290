"""The tables of hardware and offers: comparing, units, currencies, files, the same for programs; and a device's page."""

import csv
import io
from dataclasses import replace
from time import process_time

import pytest

from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Devices
from app.http.templating import render
from app.web.currency import DOLLARS
from app.web.hardware import HardwareFilters, found_devices
from app.web.pages.hardware import HardwareListPage

FILTERS = "vendor=NVIDIA&kind=gpu&memory_gib_min=24"
MOST_ROWS = 1_000
ALLOWED_S = 0.2


@pytest.fixture
def catalogue(client) -> Snapshot:
    return client.app.state.catalogue.current()


def test_devices_are_ticked_and_compared(browser):
    page = browser.get(f"/hardware?{FILTERS}")
    ticked = [box["value"] for box in page.select(".pick input")[:2]]
    form = page.select_one('form[action="/compare"]')
    compared = browser.get("/compare?" + "&".join(f"ids={slug}" for slug in ticked))

    assert form["method"] == "get"
    assert [link["href"] for link in compared.select(".compare thead th > a:first-child")] == [
        f"/hardware/{slug}" for slug in ticked
    ]


def test_five_ticked_devices_are_too_many_and_that_is_said(browser):
    ticked = [box["value"] for box in browser.get("/hardware").select(".pick input")[:5]]
    page = browser.get("/compare?" + "&".join(f"ids={slug}" for slug in ticked), status=422)

    assert "at most 4" in page.select_one(".error-summary").get_text()


def test_units_and_currency_are_switched_and_stay_in_every_link(browser):
    page = browser.get("/hardware?q=rtx+3090&unit=gib&currency=EUR")
    row = page.select_one("tbody tr").get_text(" ", strip=True)

    assert "24 GiB" in row
    assert "GiB/s" in row
    assert "€" in row
    assert "0.88739 EUR for 1 USD, the rate of 6 October 2026" in page.caption.get_text()
    assert all("unit=gib" in link["href"] and "currency=EUR" in link["href"] for link in page.select("thead a"))


def test_a_price_can_be_shown_for_each_gigabyte(browser):
    whole = browser.get("/hardware?q=geforce-rtx-3090-ti").select_one('td[data-label="Price"]').get_text()
    each = browser.get("/hardware?q=geforce-rtx-3090-ti&per=gb").select_one('td[data-label="Price"]').get_text()

    def dollars(text):
        return float(text.split()[0].strip("$").replace(",", ""))

    assert dollars(whole) / 24 == pytest.approx(dollars(each), rel=0.02)


def test_a_currency_without_a_rate_stays_in_dollars(browser):
    page = browser.get("/hardware?q=geforce-rtx-3090&currency=CHF")

    assert "$" in page.select_one('td[data-label="Price"]').get_text()


def test_the_file_holds_the_filtered_devices(browser, client):
    page = browser.get(f"/hardware?{FILTERS}&sort=-memory_gib")
    link = page.select_one('a[href^="/hardware.csv"]')["href"]
    reply = client.get(link)
    rows = list(csv.DictReader(io.StringIO(reply.text)))

    assert reply.headers["content-type"].startswith("text/csv")
    assert page.select_one("[role=status]").get_text().startswith(f"1 to 50 of {len(rows)} ")
    assert {row["vendor"] for row in rows} == {"NVIDIA"}
    assert min(float(row["memory_gib"]) for row in rows) >= 24
    assert [row["name"] for row in rows[:3]] == [th.get_text(strip=True) for th in page.select("tbody th")[:3]]


@pytest.mark.parametrize(
    ("path", "twin"),
    [
        (f"/hardware?{FILTERS}&sort=price", "/hardware"),
        (f"/hardware?{FILTERS}&sort=-speed&q=rtx", "/hardware"),
        ("/cloud?region=eu&memory_gib_min=40&pricing=spot&sort=price", "/cloud/offers"),
        ("/cloud?q=h100&sort=-memory_gib", "/cloud/offers"),
    ],
)
def test_programs_get_what_the_page_shows(browser, client, path, twin):
    page = browser.get(path)
    link = page.select_one('link[rel="alternate"][type="application/json"]')["href"]
    reply = client.get(link, headers={"accept": "application/json"})

    assert link.startswith(f"{twin}?")
    assert reply.status_code == 200, reply.text
    assert reply.json()["items"]
    assert set(link.partition("?")[2].split("&")) <= {*path.partition("?")[2].split("&")}


def test_offers_are_shown_in_another_currency(browser):
    dollars = browser.get("/cloud?q=h100&sort=price").select_one('td[data-label="One device"]').get_text()
    euros = browser.get("/cloud?q=h100&sort=price&currency=EUR").select_one('td[data-label="One device"]').get_text()

    assert float(euros.strip("€")) == pytest.approx(float(dollars.strip("$")) * 0.88739, abs=0.006)


def test_a_thousand_rows_are_quick(catalogue):
    devices = catalogue.devices.accelerators
    many = [replace(devices[n % len(devices)], slug=f"device-{n}", name=f"Device {n:04}") for n in range(MOST_ROWS)]
    larger = replace(catalogue, devices=Devices(tuple(many)))
    started = process_time()
    found = found_devices(HardwareFilters(sort="-memory_gib"), larger)
    page = HardwareListPage.of(larger, found, fields={}, page=1, currency=DOLLARS, base_url="https://rig.example")
    body = render(page).body
    took_s = process_time() - started

    assert b"of 1,000 devices" in body
    assert took_s < ALLOWED_S


def test_a_device_says_what_it_is_good_for(browser):
    small = browser.get("/hardware/geforce-gtx-1660-super").select_one(".suits").get_text(" ", strip=True)
    large = browser.get("/hardware/h200-sxm-141gb").select_one(".suits")
    told = {li.span.get_text(strip=True): li.select_one(".badge").get_text(strip=True) for li in large.select("li")}

    assert "Does not fit" in small
    assert told["70 B, QLoRA"] == "Fits"
    assert told["405 B, 4 bits"] == "Does not fit"


def test_a_price_history_takes_three_dates(browser):
    known = browser.get("/hardware/geforce-rtx-3090").select_one("section[aria-labelledby=history]")
    unknown = browser.get("/hardware/geforce-gtx-1080").select_one("section[aria-labelledby=history]")

    assert len(known.select("svg.history.wide circle")) >= 3
    assert "used:" in known.select_one("svg.history.wide")["aria-label"].lower()
    assert unknown is None or "Not enough data" in unknown.get_text()


def test_a_device_names_its_twin_and_leads_to_offers_and_comparison(browser):
    page = browser.get("/hardware/geforce-rtx-4090?currency=EUR")
    links = {link["href"] for link in page.select("main a")}

    assert "/hardware/geforce-rtx-4090-laptop" in links
    assert "/cloud?accelerator=geforce-rtx-4090&currency=EUR" in links
    assert "€" in page.select_one("section[aria-labelledby=prices] td.num").get_text()
    assert page.select_one("section[aria-labelledby=measured]")
