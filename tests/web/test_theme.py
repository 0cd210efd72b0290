"""A visitor chooses light or dark once; the pages remember it without scripts."""

import pytest


def colours(page) -> tuple[str | None, list[str]]:
    """What the page is held in, and which of the three buttons is pressed."""
    return page.html.get("data-theme"), [each["value"] for each in page.select(".themes [aria-pressed=true]")]


def chosen(client, theme, **headers):
    known = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    return client.post("/theme", data={"theme": theme}, headers=known | headers, follow_redirects=False)


def test_pages_follow_the_system_until_somebody_chooses(browser):
    assert colours(browser.get("/")) == (None, ["system"])


@pytest.mark.parametrize("path", ["/", "/hardware?q=rtx", "/result?goal=learn", "/admin/sign-in"])
def test_a_choice_holds_on_every_page(browser, path):
    chosen(browser.client, "dark")

    assert colours(browser.get(path)) == ("dark", ["dark"])


def test_an_error_is_told_in_the_chosen_colours(browser):
    chosen(browser.client, "light")

    assert colours(browser.get("/nothing-here", status=404)) == ("light", ["light"])


def test_a_choice_is_taken_back(browser):
    chosen(browser.client, "dark")
    chosen(browser.client, "system")

    assert "theme" not in browser.client.cookies
    assert colours(browser.get("/")) == (None, ["system"])


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://testserver/result?goal=learn", "/result?goal=learn"),
        ("http://testserver//elsewhere.example/x", "/elsewhere.example/x"),
        ("http://testserver/\\elsewhere.example/x", "/elsewhere.example/x"),
        ("https://elsewhere.example/x", "/"),
        ("http://[testserver/", "/"),
        ("", "/"),
    ],
)
def test_a_choice_leads_back_to_its_page_and_never_to_another_site(browser, came_from, back):
    answer = chosen(browser.client, "dark", referer=came_from)

    assert (answer.status_code, answer.headers["location"]) == (303, back)


def test_what_is_no_theme_is_refused_and_a_forged_cookie_ignored(browser):
    assert chosen(browser.client, "pink").status_code == 422
    browser.client.cookies.set("theme", 'dark"onload="x')
    assert colours(browser.get("/")) == (None, ["system"])
