"""What only a real Chromium shows: where the focus goes, what follows what is typed, and what is printed."""

import re

import pytest

pytestmark = pytest.mark.browser

RESULT = (
    "/result?goal=adapt&domain=text&model=medium&frequency=few_days&have=gpu&card_name=GTX+1080&card_count=1&tick=linux"
)
PRINTED = {
    "a result": RESULT,
    "buy or rent": "/result?task=train&domain=detection&samples=500000&runs_per_month=20&country=DE",
    "no GPU": "/result?goal=learn&have=laptop",
}
FOCUSED = "document.activeElement.className || document.activeElement.id"


def test_an_error_takes_the_focus_and_leads_to_its_field(arriving):
    visit = arriving(scripts=True, width=390)
    visit.open("/q/goal")
    visit.press("Continue")
    focused = visit.page.evaluate(FOCUSED)
    visit.page.get_by_role("link", name="Choose what you want to do").click()

    assert visit.page.title().startswith("Error: What do you want to do?")
    assert (focused, visit.page.evaluate(FOCUSED)) == ("error-summary", "goal")


def test_settings_that_are_wrong_are_reached_from_the_summary(arriving):
    visit = arriving(scripts=True, width=390)
    visit.open("/settings?task=train")
    visit.write("Examples", "many", exact=True)
    visit.press("Recalculate")
    focused = visit.page.evaluate(FOCUSED)
    visit.page.get_by_role("link", name="Examples: enter a number").click()

    assert (focused, visit.page.evaluate(FOCUSED)) == ("error-summary", "samples")


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_an_assumption_is_changed_and_the_answer_kept(arriving, scripts):
    visit = arriving(scripts=scripts, width=1280)
    visit.open(RESULT)
    visit.follow("change Examples at once")
    assert visit.page.evaluate(FOCUSED) == "batch_size" or not scripts
    visit.write("Examples at once, per device", "4")
    visit.press("Recalculate")
    visit.follow("See the whole answer")
    assert "Examples at once: 4" not in visit.page.locator(".chips").last.inner_text()
    verdict = visit.page.locator("h1").inner_text()
    visit.press("Keep this answer")

    assert visit.page.locator("h1").inner_text() == verdict
    assert "/r/" in visit.page.url


def test_a_door_is_changed_and_nothing_is_typed_twice(arriving):
    visit = arriving(scripts=False, width=390)
    visit.open("/result?goal=adapt&domain=text&model=medium&frequency=few_days&have=gpu&card_name=RTX+3060")
    visit.follow("Change anything (all settings)")
    assert "RTX 3060" in visit.field("What you have").input_value()
    visit.go_back()
    visit.follow("Change your answers")

    visit.reads("RTX 3060")


def test_the_answer_follows_what_is_typed_and_the_focus_stays(arriving):
    visit = arriving(scripts=True, width=1280, keyboard=True)
    visit.open("/settings?task=finetune&domain=text&model=llama-3.1-8b")
    before = visit.page.locator("#outcome").inner_text()
    visit.select("Way of training", "full")
    visit.page.wait_for_function("before => document.getElementById('outcome').innerText !== before", arg=before)
    assert "method=full" in visit.page.url
    assert visit.page.evaluate("document.activeElement.id") == "method"
    visit.write("Examples", "many", exact=True)

    visit.page.get_by_role("link", name="Examples: enter a number").wait_for()
    assert visit.page.evaluate("document.activeElement.id") == "samples"


def test_a_slider_is_moved_by_arrows_and_keeps_the_focus(arriving):
    visit = arriving(scripts=True, width=1280, keyboard=True)
    visit.open(PRINTED["buy or rent"])
    slider = visit.page.locator(".hours-form input[type=range]")
    visit.reach(slider)
    hours = int(slider.input_value())
    visit.page.keyboard.press("ArrowLeft")
    visit.page.wait_for_url(f"**hours_per_month={hours - 1}*")

    assert visit.page.evaluate("document.activeElement.type") == "range"
    assert visit.page.locator("#hours_per_month").input_value() == str(hours - 1)


def test_a_term_shows_its_meaning_and_escape_closes_it(arriving):
    visit = arriving(scripts=True, width=390, keyboard=True)
    visit.open("/learn/memory-of-training")
    shown = "getComputedStyle(document.querySelector('a.term'), '::after').display"
    assert visit.page.evaluate(shown) == "none"
    visit.page.locator("a.term").first.hover()
    assert visit.page.evaluate(shown) == "block"
    visit.page.keyboard.press("Escape")
    assert visit.page.evaluate(shown) == "none"
    visit.page.mouse.move(0, 0)
    visit.reach(visit.page.locator("a.term").first)
    assert visit.page.evaluate(shown) == "block"
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/learn/glossary#term-*")


def test_a_tap_shows_the_meaning_before_it_leads_away(chromium, server_url):
    context = chromium.new_context(base_url=server_url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto("/learn/memory-of-training")
    page.locator("a.term").first.tap()
    assert page.url.endswith("/learn/memory-of-training")
    assert page.evaluate("getComputedStyle(document.querySelector('a.term'), '::after').display") == "block"
    page.locator("a.term").first.tap()
    page.wait_for_url("**/learn/glossary#term-*")
    context.close()


@pytest.mark.parametrize("name", PRINTED)
def test_an_answer_is_printed_on_two_pages_with_the_addresses_of_its_sources(arriving, name):
    page = arriving(scripts=True, width=1280).page
    page.goto(PRINTED[name])
    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    page.emulate_media(media="print")
    navigation, sources = page.locator("header nav").first.is_visible(), page.locator(".sources a")
    told = sources.first.inner_text()
    page.emulate_media(media="null")

    assert 1 <= len(sheets) <= 2
    assert not navigation
    assert told.startswith("https://")
