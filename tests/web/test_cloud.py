"""Offers to rent: filters, order, units, closed services, and the file for spreadsheets."""

import csv
from io import StringIO

import pytest

from app.web.cloud import offers_csv


def providers(page) -> list[str]:
    return [cell.find(string=True).strip() for cell in page.select("tbody th")]


def column(page, label) -> list[str]:
    return [cell.get_text(" ", strip=True) for cell in page.select(f"td[data-label='{label}']")]


def dollars(text: str) -> float:
    return 0.0 if text == "free" else float(text.replace("$", "").replace(",", ""))


def test_the_cheapest_for_each_device_comes_first(browser):
    prices = [dollars(text) for text in column(browser.get("/cloud"), "One device")]

    assert len(prices) == 50
    assert prices == sorted(prices)


def test_filters_and_order_live_in_the_address(browser):
    page = browser.submit(
        browser.get("/cloud"), accelerator="h100-sxm5-80gb", pricing="on_demand", region="eu", per="day"
    )
    assert set(column(page, "Memory of one")) == {"80 GB"}
    assert "unknown" not in column(page, "On demand")
    assert all("H100" in text for text in column(page, "Devices"))

    page = browser.follow(page, "On demand")
    prices = [dollars(text) for text in column(page, "On demand")]

    assert prices == sorted(prices)
    assert page.select_one("th[aria-sort=ascending]").get_text(strip=True) == "On demand"
    assert "accelerator=h100-sxm5-80gb" in page.url
    chosen = [one["value"] for one in page.select("option[selected]")]
    assert [value for value in chosen if value] == ["h100-sxm5-80gb", "on_demand", "eu", "day"]


def test_a_day_has_24_hours_and_a_month_730(browser):
    hour, day, month = (
        dollars(column(browser.get(f"/cloud?q=h100&pricing=on_demand&sort=-on_demand&per={per}"), "On demand")[0])
        for per in ("hour", "day", "month")
    )

    assert day == pytest.approx(24 * hour, abs=0.2)
    assert month == pytest.approx(730 * hour, abs=4)


@pytest.mark.parametrize(("words", "found"), [("lambda", "Lambda (Lambda Labs)"), ("runpod 4090", "RunPod")])
def test_words_find_providers_and_devices(browser, words, found):
    assert set(providers(browser.get(f"/cloud?q={words}"))) == {found}


def test_a_device_is_found_by_any_of_its_names(browser):
    page = browser.get("/cloud?q=nvidia+tesla+t4")

    assert page.select("tbody tr")
    assert all("T4" in text for text in column(page, "Devices"))


@pytest.mark.parametrize(
    ("name", "told", "nearest"),
    [
        ("FloydHub", "Closed in August 2021", "a managed notebook"),
        ("TensorPort", "Renamed Clusterone", "a large cloud company"),
        ("DataCrunch", "Renamed to Verda", "Verda"),
        ("CUDO Compute", "closed on 2026-03-31", "a cloud that specialises in cards"),
    ],
)
def test_a_closed_service_is_found_and_answered_with_the_nearest_that_lives(browser, name, told, nearest):
    page = browser.get(f"/cloud?q={name}")
    note = page.select_one(".note").get_text(" ", strip=True)

    assert told in note
    assert nearest in note
    assert name not in providers(page)


def test_closed_services_have_no_offers_in_the_list(browser, client, app):
    closed = {each.slug for each in app.state.catalogue.current().market.providers if each.status != "active"}
    listed = {row["provider"] for row in csv.DictReader(StringIO(client.get("/cloud.csv").text))}

    assert closed
    assert listed.isdisjoint(closed)


def test_notebooks_that_cost_nothing_are_named(browser):
    names = {heading.get_text(strip=True) for heading in browser.get("/cloud").select("#notebooks ~ ul h3")}

    assert {"Google Colab", "Kaggle Notebooks"} <= names


@pytest.mark.parametrize("query", ["q=zzzz", "provider=nobody", "accelerator=nothing", "region=atlantis&provider=aws"])
def test_nothing_found_says_so_and_leads_back(browser, query):
    page = browser.get(f"/cloud?{query}")

    assert "Nothing matches all of these" in page.get_text()
    assert len(browser.follow(page, "Remove all filters").select("tbody tr")) == 50


def test_the_file_holds_all_offers_of_the_filter(browser, client):
    page = browser.get("/cloud?provider=aws&sort=-on_demand")
    response = client.get(page.select_one("a[href^='/cloud.csv']")["href"])
    rows = list(csv.DictReader(StringIO(response.text)))

    assert response.headers["content-type"].startswith("text/csv")
    assert "attachment" in response.headers["content-disposition"]
    assert len(rows) > 50
    assert {row["provider"] for row in rows} == {"aws"}
    prices = [float(row["usd_per_hour_on_demand"]) for row in rows if row["usd_per_hour_on_demand"]]
    assert prices == sorted(prices, reverse=True)


def test_a_spreadsheet_runs_no_formula(app):
    offer = app.state.catalogue.current().market.offers[0]
    text = offers_csv([type(offer)(**{name: getattr(offer, name) for name in offer.__slots__} | {"note": "=1+1"})])

    assert next(csv.DictReader(StringIO(text)))["note"] == "'=1+1"


@pytest.mark.parametrize(
    ("path", "usd", "eur"),
    [
        ("/cloud.csv?provider=aws&currency=EUR", "usd_per_hour_on_demand", "eur_per_hour_on_demand"),
        ("/hardware.csv?q=rtx&currency=EUR", "usd_new", "eur_new"),
        ("/result.csv?task=train&domain=vision&country=DE", "price_usd", "price_eur"),
    ],
)
def test_files_hold_prices_in_the_currency_of_the_page_too(client, path, usd, eur):
    priced = [row for row in csv.DictReader(StringIO(client.get(path).text)) if row[usd]]

    assert priced
    assert {round(float(row[eur]) / float(row[usd]), 2) for row in priced if float(row[usd]) > 1} == {0.89}


def test_the_page_names_its_twin_for_programs(browser, client):
    page = browser.get("/cloud?accelerator=h100-sxm5-80gb&per=month")
    twin = client.get(page.select_one("link[rel=alternate]")["href"]).json()

    assert {each["accelerator"] for each in twin["items"]} == {"h100-sxm5-80gb"}


@pytest.mark.parametrize("query", ["per=year", "page=0", "memory_gib_min=-1", "pricing=both"])
def test_a_wrong_filter_is_refused_with_a_page(browser, query):
    assert browser.get(f"/cloud?{query}", status=422).heading


def test_prices_that_nobody_should_believe_stand_last_and_say_so(browser):
    page = browser.get("/cloud?accelerator=l4&page=99")
    marked = ["doubtful" in cell.get_text() for cell in page.select("td[data-label='Seen']")]

    assert any(marked)
    assert marked == sorted(marked)
