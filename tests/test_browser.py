"""The checks that every page goes through are themselves able to fail."""

import socket

import pytest

from tests.browser import Page, check


@pytest.fixture
def page():
    """A page that keeps every rule, with something put into its main part."""

    def made(more: str = "", *, title: str = "Your choices – WhichRig") -> Page:
        html = f"<html><title>{title}</title><body><main id='main'><h1>Your choices</h1>{more}</main></body></html>"
        page = Page(html, "html.parser")
        page.url = "/choices"
        return page

    return made


def test_a_page_that_keeps_the_rules_passes(page):
    check(page('<form action="/x"><label for="rows">Rows</label><input id="rows" name="rows"></form>'))


def test_a_title_may_say_first_that_there_is_an_error(page):
    check(page(title="Error: Your choices – WhichRig"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("<h1>Again</h1>", "2 <h1>, not one"),
        ("<p id='main'>", "id main stands 2 times"),
        ("<input name='rows'>", "rows has no label"),
        ("<input name='rows' aria-label='Rows' aria-describedby='hint'>", "nothing has the id “hint”"),
        ("<form></form>", "a form has no action"),
        ("<div class='error-summary'><a href='#main'>Enter rows</a></div>", "the error link #main lands on no field"),
        ("<a href='#nowhere'>Go</a>", "nothing has the id “nowhere”"),
        ("<p style='color: red'>", "inline p or style"),
        ("<script>go()</script>", "inline script or style"),
        ("<p onclick='go()'>", "inline handler onclick"),
    ],
)
def test_a_broken_rule_is_told(page, more, told):
    with pytest.raises(AssertionError, match=told):
        check(page(more))


def test_a_title_that_says_something_else_is_told(page):
    with pytest.raises(AssertionError, match="does not begin with"):
        check(page(title="WhichRig"))


def test_no_test_leaves_this_machine():
    with pytest.raises(RuntimeError, match=r"reached for 192\.0\.2\.1"), socket.socket() as probe:
        probe.connect(("192.0.2.1", 9))
