"""Learn pages: every page whole, its numbers in place, its links alive."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from app.engine.hardware import Devices
from app.learn.glossary import terms
from app.learn.lesson import lesson, lessons
from app.learn.worked import WORKED

SLUGS = [each.slug for each in lessons()]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_has_its_numbers_a_picture_in_words_a_table_and_sources(browser, slug):
    page = browser.get(f"/learn/{slug}")
    text = page.select_one("main").get_text(" ", strip=True)

    assert page.heading == lesson(slug).title
    assert not re.search(r"[{}]|unknown", text)
    assert len(page.select("figcaption")[0].get_text()) > 60
    assert len(page.select(".bars li")) >= 3
    assert len(page.select("tbody tr")) >= 3
    assert len(page.select(".sources a[href]")) >= 1


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_leads_to_an_answer_in_which_the_idea_is_used(browser, slug):
    page = browser.get(f"/learn/{slug}")
    link = page.select_one("#use ~ p a")["href"]
    used = browser.get(link)
    fragment = urlsplit(link).fragment

    assert not fragment or used.select(f"#{fragment}")


def test_all_pages_are_listed_and_lead_on_to_each_other(browser):
    page = browser.get("/learn")
    listed = [link["href"] for link in page.select(".lessons a")]
    walked = browser.get(f"/learn/{SLUGS[0]}")
    titles = [walked.heading]
    while following := walked.select_one("a[rel=next]"):
        walked = browser.get(following["href"])
        titles.append(walked.heading)

    assert listed == [*(f"/learn/{slug}" for slug in SLUGS), "/learn/glossary"]
    assert titles == [each.title for each in lessons()]


def test_every_page_has_numbers_and_all_numbers_have_a_page():
    assert sorted(WORKED) == sorted(SLUGS)


def test_the_numbers_are_those_of_the_estimate_for_programs(browser, client):
    job = {"task": "train", "domain": "vision", "model": {"name": "vgg16"}, "epochs": 74}
    job["dataset"] = {"name": "imagenet-1k"}
    asked = {"workload": job, "hardware": {"accelerator": "core-i7-7700k"}}
    hours = client.post("/estimate", json=asked).json()["duration_hours"]
    rows = {
        row.th.get_text(): row.td.get_text() for row in browser.get("/learn/why-hardware-matters").select("tbody tr")
    }
    hours_in = {"days": 24, "years": 8766}
    (low, unit), (high, last) = re.findall(r"([\d.]+)(?: (days|years))?", rows["Intel Core i7-7700K"])

    assert float(low) * hours_in[unit or last] == pytest.approx(hours["low"], rel=0.05)
    assert float(high) * hours_in[last] == pytest.approx(hours["high"], rel=0.05)


def test_vgg16_is_counted_to_the_last_parameter(browser):
    page = browser.get("/learn/vgg16")
    parameters = [int(row.select("td")[1].get_text().replace(",", "")) for row in page.select("tbody tr")]

    assert sum(parameters) == 138_357_544
    assert "138,357,544" in page.get_text()
    assert "15.47 billion multiply-adds" in page.get_text()


def test_the_article_of_2017_is_put_right(browser):
    text = browser.get("/learn/the-article-of-2017").get_text(" ", strip=True)

    assert "about 5 million" in text
    assert "about 13 times" in text
    assert "TPU stands for Tensor Processing Unit" in text


def test_cards_that_share_a_name_stand_apart(browser):
    names = {row.get_text() for row in browser.get("/learn/old-cards").select("tbody th")}

    assert {"GeForce GTX TITAN X (Maxwell)", "NVIDIA TITAN X (Pascal)", "NVIDIA TITAN Xp"} <= names


def test_each_number_of_a_matrix_product_is_drawn(browser):
    svg = browser.get("/learn/forward-and-backward").select_one("svg.matrices")

    assert [text.get_text() for text in svg.select("text.hot")] == ["1", "2", "3", "7", "9", "11", "58"]


def test_the_glossary_explains_each_term_once(browser):
    page = browser.get("/learn/glossary")
    names = [term.name for term in terms()]

    assert len(names) == len(set(names)) >= 60
    assert len(page.select("dt")) == len(page.select("dd")) == len(names)


def test_an_unknown_page_names_the_nearest(browser):
    page = browser.get("/learn/vgg-16", status=404)

    assert "/learn/vgg16" in page.get_text()


def test_terms_are_explained_where_a_section_meets_them_first_and_lead_to_the_glossary(browser):
    page = browser.get("/learn/memory-of-training")
    links = page.select("a.term")
    glossary = browser.get("/learn/glossary")

    assert len({link["href"] for link in links}) >= 8
    for section in page.select("main section"):
        met = [link["href"] for link in section.select(":scope > p a.term")]
        assert len(set(met)) == len(met)
    for link in links:
        entry = glossary.select_one("#" + urlsplit(link["href"]).fragment)
        assert entry.dd.get_text() == link["aria-description"]


@pytest.mark.parametrize("slug", SLUGS)
def test_marking_terms_changes_no_word(browser, slug):
    text = browser.get(f"/learn/{slug}").select_one("main").get_text()
    paragraphs = [part for section in lesson(slug).sections for part in section.paragraphs]

    assert all(re.sub(r"\{\w+\}.*", "", paragraph).strip() in text for paragraph in paragraphs)


def test_a_page_tells_search_engines_its_idea_and_its_one_address(browser):
    page = browser.get("/learn/vgg16?from=somewhere")

    assert page.select_one("meta[name=description]")["content"] == lesson("vgg16").idea
    assert page.select_one("link[rel=canonical]")["href"].endswith("/learn/vgg16")


def test_a_page_whose_devices_left_the_catalogue_says_so(client, app, monkeypatch):
    bare = replace(app.state.catalogue.current(), devices=Devices(()))
    monkeypatch.setattr(app.state.catalogue, "current", lambda: bare)
    response = client.get("/learn/old-cards", headers={"accept": "text/html"})

    assert response.status_code == 503
    assert "geforce-gt-720" in response.text
