"""The eight visits that the site is made for, in a real Chromium: with and without scripts, narrow and wide, by keyboard.

Each page on the way is inspected in every theme: see tests/web/inspection.py.
"""

import json

import pytest

from app.admin import accounts
from app.db import connect, transaction

pytestmark = pytest.mark.browser

CONFIG = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
}  # fmt: skip
EMAIL, PASSWORD = "prices@example.org", "correct horse battery"
SOURCE = "signal-noise-net-2026-06-22-gamers-are-funding-the-ai-buildout-rtx-5090-receipt"
PRICES = f"""Card,Condition,Price (USD),Country,Date,Source,Confidence
geforce-rtx-4090,new,1599,US,2026-11-01,{SOURCE},low
geforce-rtx-9999,new,1599,US,2026-11-01,{SOURCE},low
geforce-rtx-3090,used,cheap,US,2026-11-01,{SOURCE},low
geforce-rtx-3090,used,700,US,soon,{SOURCE},low
"""
CARRY_ON = "Continue"


def explains_itself(visit):
    """Everybody can say why, find what would change it, and change what was assumed."""
    assert visit.count("section[aria-labelledby=why] li") >= 2
    assert visit.count("section[aria-labelledby=change] dt") >= 3
    assert visit.count(".chips a") >= 1


def test_a_learner_needs_nothing_new(visit):
    visit.open("/")
    visit.follow("Start")
    visit.choose("Learn, or follow a course")
    visit.press(CARRY_ON)
    visit.choose("A laptop without a graphics card")
    visit.press(CARRY_ON)
    visit.follow("Skip to the result with what we have")

    assert visit.page.locator("h1").get_attribute("data-scenario") == "1"
    visit.reads("First steps")


def test_a_student_with_a_small_laptop_card_learns_what_it_can_do(visit):
    visit.open("/fit")
    visit.write("Name of device 1", "GT 740M")
    visit.press("Show what it can do")

    visit.reads("Not supported")
    assert visit.count("table tbody tr") > 20


def test_a_hobbyist_with_one_card_asks_for_a_large_model(visit):
    visit.open("/q/have?goal=use&domain=text&model=very_large&frequency=few_days")
    visit.choose("A computer with a graphics card")
    visit.write("Name of card 1", "RTX 3090")
    visit.press(CARRY_ON)
    visit.choose("Second-hand is fine")
    visit.press(CARRY_ON)
    visit.reads("RTX 3090")
    visit.follow("See recommendation")

    explains_itself(visit)
    visit.reads("What you have", "RTX 3090", "Another size, longer texts")


def test_a_small_firm_compares_buying_and_renting(visit):
    visit.open("/q/size?goal=adapt&domain=photos")
    visit.write("Or the exact number", "50k")
    visit.press(CARRY_ON)
    visit.choose("All day, most days")
    visit.press(CARRY_ON)
    visit.go_back()
    assert visit.field("All day, most days").is_checked()
    visit.press(CARRY_ON)
    visit.choose("Nothing suitable")
    visit.press(CARRY_ON)
    visit.write("Most you want to spend once", "4.500 EUR")
    visit.press(CARRY_ON)
    visit.reads("50,000 pictures")
    visit.follow("See recommendation")

    explains_itself(visit)
    visit.reads("Picks", "Rest of the computer")


def test_a_group_changes_its_hours_and_keeps_the_answer(visit):
    visit.open("/result?task=train&domain=detection&samples=500000&runs_per_month=20&people=5")
    before = visit.page.locator(".rent-told").inner_text()
    visit.fill(visit.page.locator("#hours_per_month"), "450")
    visit.press(visit.page.locator(".hours-form button").inner_text(), stays=visit.scripts)
    visit.page.locator(".rent-told", has_text="about 450.").wait_for()
    assert visit.page.locator(".rent-told").inner_text() != before
    assert visit.page.evaluate("document.activeElement.type") == "submit" or not visit.scripts
    visit.press("Keep this answer")
    assert "/r/" in visit.page.url
    visit.follow("Recompute with today's data")

    visit.reads("Nothing is different")


def test_an_expert_pastes_a_config(visit):
    visit.open("/paste")
    visit.write(visit.page.locator("label[for=pasted]").inner_text(), json.dumps(CONFIG))
    visit.press(visit.page.locator("main button").first.inner_text())
    assert visit.page.locator("#layers").input_value() == "32"
    visit.press(visit.page.locator("main button").first.inner_text())

    explains_itself(visit)


def test_somebody_who_hears_the_page_compares_two_cards(visit):
    visit.open("/hardware?q=geforce+rtx+30&kind=gpu")
    boxes = visit.page.locator("main table").get_by_role("checkbox")
    names = [boxes.nth(n).locator("xpath=ancestor::tr").get_by_role("rowheader").inner_text() for n in (0, 1)]
    for n in (0, 1):
        visit.pick(boxes.nth(n))
    visit.press("Compare the ticked ones")

    heads = visit.page.get_by_role("columnheader")
    assert [name in heads.nth(n).inner_text() for n, name in enumerate(names)] == [True, True]
    assert visit.page.get_by_role("rowheader", name="Does it fit?").count() == 1


def test_a_keeper_imports_prices_of_which_three_are_wrong(visit, account, tmp_path):
    (tmp_path / "prices.csv").write_text(PRICES, "utf-8")
    visit.open("/admin/import?table=prices")
    visit.write("E-mail address", EMAIL)
    visit.write("Password", PASSWORD)
    visit.press("Sign in")
    visit.open("/admin/import")
    visit.select("Table", "prices")
    visit.attach("File", tmp_path / "prices.csv")
    visit.press("Upload")
    visit.write("currency", "USD", exact=True)
    visit.press("Say what it would do")

    visit.reads("1 new, 0 changed, 0 unchanged, 3 rejected", "Row 2:", "Row 3:", "Row 4:")
    visit.press("Put 1 into the draft")
    visit.reads("It is in the draft")
    visit.press("Take it out of the draft again")
    visit.reads("taken back")


@pytest.fixture(scope="module")
def account(server_url, served_database):
    """Somebody who may edit the catalogue of the served copy."""
    engine = connect(served_database)
    with transaction(engine) as session:
        accounts.create_user(session, EMAIL, role="editor", password=PASSWORD, actor="tests")
    engine.dispose()
