"""The pages in a real Chromium: without scripts, by keyboard, narrow, and held to WCAG by axe."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

RESULT = (
    "/result?goal=adapt&domain=text&model=medium&frequency=few_days&have=gpu&card_name=GTX+1080&card_count=1&tick=linux"
)
PAGES = {
    "home": "/",
    "first question": "/q/goal",
    "question with parts": "/q/have?goal=adapt&domain=photos&pictures=1k_20k&frequency=once",
    "limits": "/q/limits?goal=learn&once_usd=EUR+500",
    "check": "/check?goal=adapt&domain=photos&pictures=20k&have=gpu&card_name=Titan+X&card_count=2",
    "result": RESULT,
    "no GPU": "/result?goal=learn&have=laptop",
    "all settings": "/settings?" + RESULT.partition("?")[2],
    "a setting": "/settings?task=finetune&domain=text&samples=20k&budget_usd=500+EUR&at=batch_size#batch_size",
    "buy or rent": "/result?task=train&domain=detection&samples=500000&runs_per_month=20&country=DE",
    "common questions": "/questions",
    "hardware": "/hardware?memory_gib_min=24&sort=price",
    "device": "/hardware/geforce-rtx-3090",
    "models": "/models?q=llama",
    "how we decide": "/scenarios",
}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROWEST_PX = 320


@pytest.fixture
def opened(chromium, server_url):
    """Open a page in a context of its own; what the console complains about fails the test."""
    contexts, complaints = [], []

    def at(path="/", **options):
        context = chromium.new_context(base_url=server_url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield at
    for context in contexts:
        context.close()
    assert [text for text in complaints if "422" not in text] == []


def test_an_error_page_passes_axe_and_its_summary_leads_to_the_field(opened):
    page = opened("/q/goal", bypass_csp=True)
    page.get_by_role("button", name="Continue").click()
    violations = Axe().run(page, options={"runOnly": TAGS}).response["violations"]
    focused = page.evaluate("document.activeElement.className")
    page.get_by_role("link", name="Choose what you want to do").click()

    assert [each["id"] for each in violations] == []
    assert page.title().startswith("Error: What do you want to do?")
    assert focused == "error-summary"
    assert page.evaluate("document.activeElement.id") == "goal"


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_the_whole_journey_and_back(opened, scripts):
    page = opened("/", java_script_enabled=scripts)
    page.get_by_role("link", name="Start").click()
    page.get_by_label("Train or adapt a model on my own data").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Photos or camera pictures").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Or the exact number").fill("20k")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("A few days a month", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/q/have*")
    page.go_back()
    assert page.get_by_label("A few days a month", exact=True).is_checked()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("A computer with a graphics card").check()
    page.get_by_label("Name of card 1").fill("GTX 1080")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Most you want to spend once").fill("EUR 1500")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/check*")
    assert "20,000 pictures" in page.inner_text("main")
    page.get_by_role("link", name="See recommendation").click()
    page.wait_for_url("**/result*")

    assert page.locator("h1.verdict").inner_text()
    assert "GTX 1080" in page.inner_text("main")


def test_the_journey_by_keyboard_alone(opened):
    page = opened("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"

    page.goto("/q/goal")
    tab_to(page, "input[name=goal]")
    page.keyboard.press("Space")
    assert page.get_by_label("Learn, or follow a course").is_checked()
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/q/have*")
    tab_to(page, "input[name=have]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/q/limits*")
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/check*")
    tab_to(page, "main .button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/result*")

    assert page.locator("h1").get_attribute("data-scenario") == "1"


def tab_to(page, selector, *, within=60):
    """Press Tab until the focus, which has to be visible, is on such an element."""
    for _ in range(within):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_the_focus_can_be_seen_and_targets_are_large_enough(opened):
    page = opened("/q/goal", viewport={"width": NARROWEST_PX, "height": 640})
    page.get_by_role("button", name="Continue").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    heights = page.evaluate("[...document.querySelectorAll('.option, main button')].map(one => one.offsetHeight)")

    assert float(outline.removesuffix("px")) >= 2
    assert min(heights) >= 44


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_an_assumption_is_changed_and_the_answer_kept(opened, scripts):
    page = opened(RESULT, java_script_enabled=scripts)
    page.get_by_role("link", name="change Examples at once").click()
    assert page.evaluate("document.activeElement.id") == "batch_size" if scripts else True
    page.get_by_label("Examples at once, per device").fill("4")
    page.get_by_role("button", name="Recalculate").click()
    page.get_by_role("link", name="See the whole answer").click()
    assert "Examples at once: 4" not in page.locator(".chips").last.inner_text()
    verdict = page.locator("h1").inner_text()
    page.get_by_role("button", name="Keep this answer").click()

    assert page.locator("h1").inner_text() == verdict
    assert "/r/" in page.url


def test_the_answer_follows_what_is_typed(opened):
    page = opened("/settings?task=finetune&domain=text&model=llama-3.1-8b")
    before = page.locator("#outcome").inner_text()
    page.get_by_label("Way of training").select_option("full")
    page.wait_for_function("before => document.getElementById('outcome').innerText !== before", arg=before)
    assert "method=full" in page.url
    page.get_by_label("Examples", exact=True).fill("many")

    page.get_by_role("link", name="Examples: enter a number").wait_for()


def test_settings_that_are_wrong_are_reached_from_the_summary(opened):
    page = opened("/settings?task=train", bypass_csp=True)
    page.get_by_label("Examples", exact=True).fill("many")
    page.get_by_role("button", name="Recalculate").click()
    violations = Axe().run(page, options={"runOnly": TAGS}).response["violations"]
    focused = page.evaluate("document.activeElement.className")
    page.get_by_role("link", name="Examples: enter a number").click()

    assert [each["id"] for each in violations] == []
    assert focused == "error-summary"
    assert page.evaluate("document.activeElement.id") == "samples"


def test_a_printed_result_shows_no_navigation_and_the_addresses_of_its_sources(opened):
    page = opened(RESULT)
    page.emulate_media(media="print")

    assert not page.locator("header nav").first.is_visible()
    assert page.locator(".sources a").first.is_visible()
    assert page.locator(".sources a").first.inner_text().startswith("https://")


@pytest.mark.parametrize("name", ["result", "buy or rent", "no GPU"])
def test_an_answer_is_printed_on_two_pages(opened, name):
    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", opened(PAGES[name]).pdf(format="A4"))

    assert 1 <= len(sheets) <= 2
