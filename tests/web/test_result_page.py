"""The result page, from hand-built answers."""

import pytest

from app.contract.answer import LinksAnswer
from app.http.templating import render
from app.questionnaire.answers import Answers
from app.web.pages.result import ResultPage
from tests.browser import Page, check
from tests.web.answers import a_card_of_ones_own, a_pick, a_recommendation, an_estimate, an_offer, nothing_known


@pytest.fixture
def shown():
    def made(answer, **answers):
        html = render(ResultPage.of(answer, answers=Answers.of(answers.items()))).body.decode()
        page = Page(html, "html.parser")
        page.url = "/result"
        check(page)
        return page

    return made


@pytest.fixture
def page(shown):
    return shown(a_recommendation())


def words(tag) -> str:
    return " ".join(tag.get_text(" ", strip=True).split())


def test_the_sections_stand_in_the_order_in_which_a_person_needs_them(page):
    assert [words(heading) for heading in page.select("h1, h2")] == [
        "One card with 24 GB is enough.",
        "Why",
        "What would change this",
        "What this rests on",
        "Does it fit?",
        "Picks",
        "Rent instead",
        "What you have",
        "Time and cost",
        "Rest of the computer",
        "Warnings",
        "First steps",
        "How we worked it out",
        "Keep or share this answer",
    ]


def test_an_answer_in_which_everything_is_unknown_is_still_a_page(shown):
    page = shown(nothing_known())

    assert words(page.select_one("h1")) == "One card with 24 GB is enough."
    assert "arithmetic the whole job takes is unknown" in words(page)


def test_fit_is_said_in_words_and_not_by_colour_alone(page):
    assert [words(badge) for badge in page.select("#fit ~ figure .badge")] == ["Fits", "Tight", "Does not fit"]


@pytest.mark.parametrize(
    ("fit", "usable", "told"),
    [
        ("fits", True, "What you have is enough"),
        ("tight", True, "Try first what you have"),
        ("fits", False, "First pick"),
        ("tight", False, "First pick"),
    ],
)
def test_what_one_has_comes_before_what_to_buy_where_it_is_of_use(shown, fit, usable, told):
    figures = words(shown(a_recommendation(owned=[a_card_of_ones_own(fit, usable=usable)])).select_one(".glance"))

    assert told in figures
    assert ("My card" in figures) is usable


def test_every_drawing_has_its_numbers_in_a_table(page):
    tables = [words(caption) for caption in page.select("caption")]

    assert tables[:2] == ["Memory of each pick, per device", "Parts of the memory, with the formula of each"]
    assert "Money spent up to each month" in tables
    assert all(chart.get("aria-label") for chart in page.select("svg[role=img]"))


def test_bars_share_one_scale_and_stay_inside_it(shown):
    small, large = an_estimate(usable_memory_gib=7.5), an_estimate(usable_memory_gib=90.0)
    page = shown(a_recommendation(picks=[a_pick(estimate=small), a_pick(estimate=large)]))

    rooms = [float(bar["width"]) for bar in page.select("#fit ~ figure .room")]
    ends = [float(line["x2"]) for line in page.select("#fit ~ figure .range")]
    assert rooms[0] / rooms[1] == pytest.approx(7.5 / 90, rel=0.01)
    assert max(rooms + ends) <= 100


def test_three_offers_stand_open_and_the_rest_is_one_click_away(page):
    tables = page.select("#rent ~ .scroll tbody, #rent ~ details .scroll tbody")

    assert [len(table.select("tr")) for table in tables][:2] == [3, 3]
    assert "spot: can be taken away" in words(tables[1])


def test_prices_carry_their_date_condition_and_source(page):
    assert "used, seen 15 September 2026" in words(page)
    assert "https://example.org/prices" in [link["href"] for link in page.select(".sources a")]


def test_assumed_values_are_marked_and_can_be_changed(shown):
    page = shown(a_recommendation(), goal="adapt", domain="photos", pictures="unknown")
    chips = {words(chip) for chip in page.select(".chips li")}

    assert "Examples at once: 1 (assumed) · change Examples at once" in chips
    assert "Checkpointing: yes (assumed) · change Checkpointing" in chips
    assert any(chip.startswith("Pictures, about: 20,000 pictures (assumed)") for chip in chips)
    settings = [link["href"] for link in page.select(".chips a") if link["href"].startswith("/settings")]
    assert settings == [
        "/settings?task=train&at=batch_size#batch_size",
        "/settings?task=train&at=gradient_checkpointing#gradient_checkpointing",
    ]
    assert all("from=check" in link["href"] for link in page.select(".chips a") if link["href"] not in settings)


def test_what_a_sale_brings_back_is_a_step_of_its_own(shown):
    known = a_recommendation().buy_or_rent
    bought = [*known.buy_cumulative_usd[:-1], known.buy_cumulative_usd[-1] - 300]
    page = shown(a_recommendation(buy_or_rent=known.model_copy(update={"buy_cumulative_usd": bought})))
    line, step = page.select_one("path.buy")["d"], page.select_one("path.resale")["d"]

    rises = [float(point.partition(",")[2]) for point in line[1:].split(" L")]
    assert rises == sorted(rises, reverse=True)  # up on the screen is down in numbers
    assert step.startswith(f"M{line.rpartition('L')[2]} V")
    assert "sold again for about $300 (the dotted step)" in words(page)
    assert "24, sold again" in [words(cell) for cell in page.select("#rent ~ details tbody th")]


def test_a_comparison_without_a_sale_has_no_step(page):
    assert not page.select("path.resale")
    assert "sold again" not in words(page)


def test_an_offer_is_named_by_provider_and_hardware_with_the_rest_in_small(shown):
    page = shown(a_recommendation(cloud=[an_offer(instance="marketplace offer (cheapest rentable of 2 sampled)")]))
    row = page.select_one("#rent ~ .scroll tbody tr")

    assert words(row.th) == "Cloud"
    assert words(row.select_one(".as-named")) == "marketplace offer (cheapest rentable of 2 sampled)"


def test_previews_tell_the_verdict(page):
    told = {tag["property"]: tag["content"] for tag in page.select("meta[property]")}

    assert told["og:title"] == "One card with 24 GB is enough."
    assert told["og:description"] == "It fits on one card."
    assert told["og:url"] == page.select_one("link[rel=canonical]")["href"] == "https://rig.example/result?task=train"
    assert told["og:image"] == "https://rig.example/result/preview.png?task=train"


def test_people_elsewhere_read_that_nothing_is_converted(shown):
    links = LinksAnswer(
        permalink="https://rig.example/recommend?country=DE", html="https://rig.example/result?country=DE"
    )

    assert "People in Germany pay in euros" in words(shown(a_recommendation(links=links)))
    assert "exchange rate" not in words(shown(a_recommendation()))


def test_the_same_answer_is_linked_as_json(page):
    alternate = page.select_one('link[rel~="alternate"]')

    assert (alternate["type"], alternate["href"]) == ("application/json", "https://rig.example/recommend?task=train")


def test_names_from_outside_cannot_break_out_of_the_page(shown):
    page = shown(a_recommendation(verdict="<script>alert(1)</script> & so on"))

    assert [script for script in page.select("script") if not script.get("src")] == []
    assert words(page.select_one("h1")) == "<script>alert(1)</script> & so on"


def test_people_elsewhere_read_prices_in_their_own_currency_too(browser):
    page = browser.get("/result?task=inference&domain=text&model=llama-3.1-8b&country=DE")
    note = next(p.get_text() for p in page.select("p.soft.prose") if "EUR" in p.get_text())

    assert "0.88739 EUR for 1 USD" in note
    assert "6 October 2026" in note
    assert "€" in page.select_one("section[aria-labelledby=picks]").get_text()
