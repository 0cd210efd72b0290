"""The visits that the site is made for, in a real Chromium, with scripts on a wide screen and without on a narrow one."""

import json

import pytest

pytestmark = pytest.mark.browser

CONFIG = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
}  # fmt: skip
WIDE, NARROW, PHONE = ({"width": width, "height": 844} for width in (1280, 320, 390))


@pytest.fixture(params=["scripts, wide", "no scripts, narrow"])
def visit(request, chromium, server_url):
    """A visitor with scripts on a wide light screen, or without on a narrow dark one."""
    scripts = request.param.startswith("scripts")
    context = chromium.new_context(
        base_url=server_url,
        java_script_enabled=scripts,
        viewport=WIDE if scripts else NARROW,
        color_scheme="light" if scripts else "dark",
    )
    page = context.new_page()
    complaints = []
    page.on("console", lambda told: complaints.append(told.text) if told.type in {"error", "warning"} else None)
    page.on(
        "request", lambda asked: None if asked.url.startswith((server_url, "data:")) else complaints.append(asked.url)
    )
    yield page
    context.close()
    assert [text for text in complaints if "422" not in text] == []


def choose(page, label, *, exact=False):
    page.get_by_label(label, exact=exact).first.check()
    go_on(page)


def go_on(page):
    page.get_by_role("button", name="Continue").click()


def reads(page, *words):
    text = page.inner_text("main")
    assert all(word in text for word in words), f"{page.url}: not all of {words}"


def explains_itself(page):
    """Everybody can say why, find what would change it, and change what was assumed."""
    assert page.locator("section[aria-labelledby=why] li").count() >= 1
    assert page.locator("section[aria-labelledby=change] dt").count() >= 3
    assert page.locator(".chips a").count() >= 1


def test_a_learner_needs_nothing_new(visit):
    visit.goto("/")
    visit.get_by_role("link", name="Start").click()
    choose(visit, "Learn, or follow a course")
    choose(visit, "A laptop without a graphics card")
    visit.get_by_role("link", name="Skip to the result with what we have").click()

    assert visit.locator("h1").get_attribute("data-scenario") == "1"
    reads(visit, "First steps")


def test_a_student_with_a_small_laptop_card_learns_what_it_can_do(visit):
    visit.goto("/fit")
    visit.get_by_label("Name of device 1").fill("GT 740M")
    visit.get_by_role("button", name="Show what it can do").click()

    reads(visit, "Not supported")
    assert visit.locator("table tbody tr").count() > 20


def test_a_hobbyist_with_one_card_asks_for_a_large_model(visit):
    visit.goto("/q/have?goal=use&domain=text&model=very_large&frequency=few_days")
    visit.get_by_label("A computer with a graphics card").check()
    visit.get_by_label("Name of card 1").fill("RTX 3090")
    go_on(visit)
    choose(visit, "Second-hand is fine")
    reads(visit, "RTX 3090")
    visit.get_by_role("link", name="See recommendation").click()

    explains_itself(visit)
    reads(visit, "What you have", "RTX 3090", "Another size, longer texts")


def test_a_small_firm_compares_buying_and_renting(visit):
    visit.goto("/q/size?goal=adapt&domain=photos")
    visit.get_by_label("Or the exact number").fill("50k")
    go_on(visit)
    visit.get_by_label("All day, most days").check()
    go_on(visit)
    choose(visit, "Nothing suitable")
    visit.get_by_label("Most you want to spend once").fill("4.500 EUR")
    go_on(visit)
    reads(visit, "50,000 pictures")
    visit.get_by_role("link", name="See recommendation").click()

    explains_itself(visit)
    reads(visit, "Picks", "Rest of the computer")


def test_a_group_changes_its_hours_and_keeps_the_answer(visit):
    visit.goto("/result?task=train&domain=detection&samples=500000&runs_per_month=20&people=5")
    before = visit.locator(".rent-told").inner_text()
    visit.locator("#hours_per_month").fill("450")
    visit.locator(".hours-form button").click()
    visit.locator(".rent-told", has_text="about 450.").wait_for()
    assert visit.locator(".rent-told").inner_text() != before
    visit.get_by_role("button", name="Keep this answer").click()
    visit.wait_for_url("**/r/*")
    visit.get_by_role("link", name="Recompute with today's data").first.click()

    reads(visit, "Nothing is different")


def test_an_expert_pastes_a_config_by_keyboard_alone(visit):
    visit.goto("/paste")
    tab_to(visit, "#pasted")
    visit.keyboard.insert_text(json.dumps(CONFIG))
    tab_to(visit, "main button")
    visit.keyboard.press("Enter")
    visit.wait_for_url("**/paste")
    tab_to(visit, "#layers")
    assert visit.locator("#layers").input_value() == "32"
    tab_to(visit, "main button")
    visit.keyboard.press("Enter")
    visit.wait_for_url("**/result?*")

    explains_itself(visit)


def test_somebody_who_hears_the_page_compares_two_cards(visit):
    visit.goto("/hardware?q=geforce+rtx+30&kind=gpu")
    boxes = visit.get_by_role("checkbox")
    names = [boxes.nth(n).locator("xpath=ancestor::tr").get_by_role("rowheader").inner_text() for n in (0, 1)]
    for n in (0, 1):
        boxes.nth(n).check()
    visit.get_by_role("button", name="Compare the ticked ones").click()

    heads = visit.get_by_role("columnheader")
    assert [name in heads.nth(n).inner_text() for n, name in enumerate(names)] == [True, True]
    assert visit.get_by_role("rowheader", name="Does it fit?").count() == 1


def test_a_door_is_changed_and_nothing_is_typed_twice(visit):
    visit.goto("/result?goal=adapt&domain=text&model=medium&frequency=few_days&have=gpu&card_name=RTX+3060")
    visit.get_by_role("link", name="Change anything (all settings)").click()
    assert "RTX 3060" in visit.get_by_label("What you have", exact=False).first.input_value()
    visit.go_back()
    visit.get_by_role("link", name="Change your answers").click()

    reads(visit, "RTX 3060")


def test_a_term_shows_its_meaning_and_escape_closes_it(chromium, server_url):
    context = chromium.new_context(base_url=server_url, viewport=PHONE)
    page = context.new_page()
    page.goto("/learn/memory-of-training")
    shown = "getComputedStyle(document.querySelector('a.term'), '::after').display"
    assert page.evaluate(shown) == "none"
    page.locator("a.term").first.hover()
    assert page.evaluate(shown) == "block"
    page.keyboard.press("Escape")
    assert page.evaluate(shown) == "none"
    page.mouse.move(0, 0)
    tab_to(page, "a.term")
    assert page.evaluate(shown) == "block"
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/glossary#term-*")
    context.close()


def test_a_tap_shows_the_meaning_before_it_leads_away(chromium, server_url):
    context = chromium.new_context(base_url=server_url, viewport=PHONE, has_touch=True)
    page = context.new_page()
    page.goto("/learn/memory-of-training")
    page.locator("a.term").first.tap()
    assert page.url.endswith("/learn/memory-of-training")
    assert page.evaluate("getComputedStyle(document.querySelector('a.term'), '::after').display") == "block"
    page.locator("a.term").first.tap()
    page.wait_for_url("**/learn/glossary#term-*")
    context.close()


def tab_to(page, selector, *, within=80):
    """Press Tab until the focus is on such an element."""
    for _ in range(within):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")
