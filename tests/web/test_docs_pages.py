"""The documents are pages: all of them, with links that lead on, and nothing in them that a browser would run."""

import re

import pytest

from app.settings import ROOT
from app.web.markdown import document

NAMES = [path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]


def test_every_document_is_in_the_list(browser):
    listed = {link["href"] for link in browser.get("/docs").select("main li a")}

    assert {f"/docs/{name}" for name in NAMES} <= listed


@pytest.mark.parametrize("name", NAMES)
def test_every_document_is_a_page_whose_links_lead_on(browser, client, name):
    page = browser.get(f"/docs/{name}")

    inner = {link["href"].split("#")[0] for link in page.select(".document a[href^='/']")}
    assert [path for path in inner if client.get(path).status_code != 200] == []


def test_a_heading_can_be_linked_to(browser):
    page = browser.get("/docs/api")

    assert page.select_one("#errors").get_text() == "Errors"
    assert [link["href"] for link in page.select(".contents a")] == [f"#{h['id']}" for h in page.select(".document h2")]


def test_an_unknown_document_offers_the_nearest_one(browser):
    page = browser.get("/docs/setings", status=404)

    assert "/docs/settings" in page.get_text()


def test_nothing_in_a_document_becomes_html_of_its_own():
    text = "# Title\n\n<script>alert(1)</script> [x](javascript:alert(1))\n\n| a | b |\n|---|--:|\n| <b>1</b> | 2 |\n"

    shown = document(text, lambda link: link)

    assert not re.search(r"<script|<b>|href=.javascript|style=", shown.html)
    assert '<td class="num">2</td>' in shown.html


def test_headings_of_one_name_are_told_apart():
    shown = document("# T\n\n## Same\n\n## Same\n\n## –\n", lambda link: link)

    assert [heading.id for heading in shown.headings] == ["same", "same-2", "section"]


def test_the_description_for_programs_stays_where_it_was(client, browser):
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
    assert browser.get("/docs").select_one("a[href='/openapi.json']")
