"""Sums with a reader's own numbers on learn pages."""

import pytest


def lines(page):
    section = page.select_one("section[aria-labelledby=try]")
    names = [dt.get_text(strip=True) for dt in section.select("dt")]
    return dict(zip(names, [dd.get_text(strip=True) for dd in section.select("dd")], strict=True))


@pytest.mark.parametrize("slug", ["memory-of-training", "memory-of-serving", "buy-or-rent", "reading-a-spec-sheet"])
def test_a_sum_stands_there_before_anything_is_typed(browser, slug):
    assert lines(browser.get(f"/learn/{slug}"))


def test_a_larger_model_takes_more(browser):
    page = browser.get("/learn/memory-of-training")
    small = lines(page)
    large = lines(browser.submit(page, size="70B"))

    def low(text):
        return float(text.split()[0].replace(",", ""))

    assert all(low(large[name]) > 3 * low(small[name]) for name in small)


def test_money_may_be_typed_freely(browser):
    page = browser.submit(browser.get("/learn/buy-or-rent"), price="3,600", resale="0", rent="1.00")

    assert "100 hours a month" in " ".join(lines(page).values())


@pytest.mark.parametrize("size", ["many", "-3", "0", "9e99"])
def test_what_is_no_number_is_told_beside_its_box(browser, size):
    page = browser.get(f"/learn/memory-of-serving?size={size}")

    assert "Enter a number, like" in page.select_one("#try-size-error").get_text()
    assert lines(page) == {}
