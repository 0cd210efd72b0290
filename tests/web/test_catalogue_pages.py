"""Start page, hardware, models and how we decide."""

from urllib.parse import parse_qs, urlsplit

import pytest


def names(page) -> list[str]:
    return [cell.get_text(strip=True) for cell in page.select("tbody th")]


def test_the_start_page_opens_every_door(browser):
    page = browser.get("/")

    assert browser.follow(page, "Start").heading == "What do you want to do?"
    assert "RTX 3090" in browser.submit(page, form="form[action='/hardware']", q="rtx 3090").get_text()
    assert browser.submit(page, form="form[action='/ask']", model="llama-3.1-8b").select_one("h1.verdict")


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("https://huggingface.co/meta-llama/Llama-3.1-8B", "domain", "text"),
        ("resnet50", "domain", "vision"),
        ("whisper-large-v3", "domain", "audio"),
        ("wan2.1-t2v-14b", "domain", "video_generation"),
        ("acme/unheard-of-13b", "parameters", "13000000000.0"),
    ],
)
def test_a_model_goes_straight_to_its_answer(browser, name, field, value):
    page = browser.get(f"/ask?task=inference&model={name}")

    asked = parse_qs(urlsplit(page.url).query)[field][0]
    assert asked == value or float(asked) == float(value)


@pytest.mark.parametrize("name", ["", "zzzzzz"])
def test_an_unknown_model_is_not_guessed(browser, name):
    page = browser.get(f"/ask?task=finetune&model={name}", status=404)

    assert page.select_one(".note")


def test_programs_get_json_where_browsers_get_pages(client):
    for path in ("/hardware", "/hardware/geforce-rtx-3090", "/models", "/scenarios"):
        page = client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
        data = client.get(path, headers={"accept": "application/json"})
        anything = client.get(path)

        assert page.headers["content-type"].startswith("text/html")
        assert data.headers["content-type"] == anything.headers["content-type"] == "application/json"
        assert "accept" in page.headers["vary"].lower()
        assert "accept" in data.headers["vary"].lower()


def test_filters_and_order_live_in_the_address(browser):
    page = browser.submit(browser.get("/hardware"), memory_gib_min="80", vendor="NVIDIA", kind="gpu")
    assert names(page)
    assert all("NVIDIA" in name or "RTX" in name or "Tesla" in name or "Jetson" in name for name in names(page))

    page = browser.follow(page, "Memory")
    memory = [float(cell.get_text().split()[0]) for cell in page.select("td[data-label=Memory]")]
    assert memory == sorted(memory, reverse=True)
    assert min(memory) >= 80
    assert page.select_one("th[aria-sort=descending]").get_text(strip=True) == "Memory"

    page = browser.follow(page, "Memory")
    assert page.select_one("th[aria-sort=ascending]")


def test_a_long_list_has_pages(browser):
    first = browser.get("/hardware")
    second = browser.follow(first, "Next page ›")

    assert names(first)[-1] < names(second)[0] or names(first) != names(second)
    assert "51 to 100" in second.get_text()
    assert names(browser.follow(second, "‹ Previous page")) == names(first)


def test_filters_that_nothing_meets_are_removed_one_by_one_or_all_at_once(browser):
    page = browser.get("/hardware?q=abacus&memory_gib_min=900&unit=gib")
    chips = [chip.get_text(" ", strip=True) for chip in page.select(".set-filters li")]
    without = browser.follow(page, "remove Words: “abacus”")

    assert page.select("tbody tr") == []
    assert [chip.split(" ·")[0] for chip in chips] == [
        "Words: “abacus”",
        "Memory: 900 GB or more",
        "Remove all filters",
    ]
    assert without.select_one("#q")["value"] == ""
    assert without.select_one("#memory_gib_min option[selected]")["value"] == "900"
    assert "unit=gib" in page.select_one(".set-filters .all a")["href"]
    assert len(browser.follow(page, "Remove all filters").select("tbody tr")) == 50


def test_limits_of_price_power_and_slots_leave_out_what_is_not_known(browser):
    page = browser.get("/hardware?usd_max=500&power_w_max=150&slots_max=2")
    rows = page.select("tbody tr")

    assert rows
    assert "unknown" not in " ".join(row.select_one("td[data-label=Price]").get_text() for row in rows)
    assert all(float(row.select_one("td[data-label=Power]").get_text().split()[0]) <= 150 for row in rows)
    assert page.select_one("details[open] #slots_max option[selected]").get_text() == "up to 2"


def test_the_list_begins_with_cards_that_people_can_buy(browser):
    rows = browser.get("/hardware").select("tbody tr")[:10]

    assert "unknown" not in " ".join(row.get_text() for row in rows)


def test_unknown_prices_sort_last_in_either_direction(browser):
    for sort in ("price", "-price"):
        page = browser.get(f"/hardware?sort={sort}")
        assert "unknown" not in page.select_one("td[data-label=Price]").get_text()


def test_a_device_shows_each_fact_with_its_source_date_and_confidence(browser):
    page = browser.get("/hardware/GTX 1080")
    rows = page.select("#facts ~ .scroll tbody tr")

    assert page.heading == "GeForce GTX 1080"
    assert rows
    assert all(row.select_one("td[data-label=Checked]").get_text(strip=True) for row in rows)
    assert {row.select("td")[-1].get_text(strip=True) for row in rows} <= {"high", "medium", "low"}


def test_a_device_leads_to_the_questions_with_itself_filled_in(browser):
    page = browser.follow(browser.get("/hardware/geforce-rtx-3090"), "Can I use it?")
    page = browser.submit(page, goal="learn")

    assert page.select_one("#card_name-1")["value"] == "GeForce RTX 3090"


def test_an_unknown_device_is_answered_with_the_nearest(browser):
    assert "geforce-rtx-3090" in browser.get("/hardware/rtx 3009", status=404).get_text()
    assert "titan" in browser.get("/hardware/titan x", status=404).get_text().lower()


def test_models_stand_by_their_names_with_their_kinds_in_words(browser):
    rows = browser.get("/models?q=bert&lang=de").select("main tbody tr")
    names = [row.find("th").get_text(strip=True) for row in rows]

    assert names == sorted(names, key=str.lower)
    assert {row.find("td").get_text(strip=True) for row in rows} == {"Sprachmodell, das liest (Encoder)"}


def test_models_lead_to_their_answers(browser):
    page = browser.get("/models?q=llama-3.1-8b")

    assert browser.follow(page, f"Run it : {names(page)[0]}").select_one("h1.verdict")


def test_how_we_decide_shows_the_rules_in_use(browser, app):
    page = browser.get("/scenarios")
    rules = [rule.slug for rule in app.state.catalogue.current().policy.rules if rule.kind == "scenario"]

    assert {slug.replace("-", " ") for slug in rules} <= set(names(page))
    assert all(page.select_one(f"#rule-{slug}") for slug in rules)


def test_a_device_tells_where_sources_differ_about_its_price(browser):
    told = [one.get_text() for one in browser.get("/hardware/geforce-rtx-5090").select(".note")]
    in_euros = browser.get("/hardware/geforce-rtx-5090?currency=EUR").get_text()
    agreed = browser.get("/hardware/gt-740m-2gb").get_text()

    assert len(told) == 1
    assert told[0].startswith("Sources differ about its price (new): ")
    assert "We count with $" in told[0]
    assert "We count with €" in in_euros
    assert "Sources differ" not in agreed


def test_an_error_is_no_dead_end(browser):
    unknown = browser.get("/hardware/rtx-30999", status=404)
    wrong = browser.get("/result?task=finetune&domain=text&samples=-4", status=422)

    assert browser.follow(unknown, "geforce-rtx-3090").heading == "GeForce RTX 3090"
    assert browser.follow(unknown, "All hardware").heading == "Hardware"
    corrected = wrong.find("a", string="Correct it on the page of all settings")["href"]
    assert browser.get(corrected, status=422).select_one("#samples")["value"] == "-4"
