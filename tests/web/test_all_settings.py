"""All settings on one page, without JavaScript."""

import pytest

from app.contract.flat_query import PLACES
from app.web.settings_fields import settings_by_id

GUIDED = "goal=adapt&domain=text&model=medium&frequency=few_days&have=gpu&card_name=GTX+1080&card_count=1&tick=linux"


def filled(page) -> dict[str, str]:
    typed = {
        tag["name"]: tag.get("value") or tag.get_text() for tag in page.select("#settings input, #settings textarea")
    }
    chosen = {tag.find_parent("select")["name"]: tag["value"] for tag in page.select("#settings option[selected]")}
    return {name: text for name, text in (typed | chosen).items() if text}


def test_every_field_of_a_question_has_a_setting_with_its_reason_and_its_default():
    settings = settings_by_id()

    assert settings.keys() == PLACES.keys()
    assert all(setting.why and setting.default for setting in settings.values())
    assert all(setting.options for setting in settings.values() if setting.kind in {"choice", "yes_no", "country"})
    assert all(setting.example and setting.measure for setting in settings.values() if setting.kind == "number")


def test_recalculating_shows_the_answer_beside_the_form(browser):
    page = browser.submit(browser.get("/settings"), task="finetune", model="llama-3.1-8b", method="qlora")
    whole = browser.follow(page, "See the whole answer")

    assert page.select_one(".outcome-verdict").get_text(strip=True) == whole.heading
    assert filled(page) == {"task": "finetune", "model": "llama-3.1-8b", "method": "qlora"}


def test_numbers_are_read_in_the_units_that_people_write(browser):
    page = browser.submit(
        browser.get("/settings"), task="train", domain="vision", samples="20k", budget_usd="€500",
        system_memory_gb="0,5 TB", deadline_hours="2 days", horizon_months="2 years", psu_watts="1.2 kW",
    )  # fmt: skip
    told = {tag["id"]: tag.get_text(strip=True) for tag in page.select("[id$=-echo]")}
    asked = page.find("a", string="See the whole answer")["href"]

    assert told["samples-echo"] == "We understood: 20,000"
    assert told["budget_usd-echo"] == "We understood: 563 USD"
    assert filled(page)["budget_usd"] == "€500"
    for pair in (
        "samples=20000",
        "budget_usd=563",
        "system_memory_gb=500",
        "deadline_hours=48",
        "horizon_months=24",
        "psu_watts=1200",
    ):
        assert pair in asked


def test_an_empty_field_says_what_is_taken_instead(browser):
    page = browser.get("/settings?task=finetune&domain=text&model=llama-3.1-8b")

    assert "We take LoRA" not in page.select_one("#precision-why").get_text()
    assert "We take Adapters (LoRA)" in page.select_one("#method-why").get_text()


@pytest.mark.parametrize(
    ("typed", "field", "error"),
    [
        ({}, "task", "Task: choose what is to be done."),
        ({"task": "train", "samples": "many"}, "samples", "Examples: enter a number, like 20k."),
        ({"task": "train", "batch_size": "0"}, "batch_size", "Examples at once, per device:"),
        ({"task": "finetune", "model": "llama-3.1-8bb"}, "model", "Did you mean llama-3.1-8b"),
        ({"task": "train", "model": "resnet50", "parameters": "7B"}, "model", "in one way"),
        ({"task": "train", "precision": "fp99"}, "precision", "known precision"),
        ({"task": "train", "hf_config": "not json"}, "hf_config", "Contents of a config.json:"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(browser, typed, field, error):
    page = browser.post("/settings", data=typed, status=422)
    links = {link["href"]: link.get_text() for link in page.select(".error-summary a")}

    assert page.title.get_text().startswith("Error: ")
    assert error in links[f"#{field}"]
    assert filled(page) == typed


def test_the_guided_answers_open_filled_in(browser):
    held = filled(browser.get(f"/settings?{GUIDED}"))

    assert held["task"] == "finetune"
    assert held["existing_hardware"] == "GTX 1080"
    assert held["os"] == "linux"


def test_no_door_loses_anything_on_the_way_to_another(browser):
    result = browser.get(f"/result?{GUIDED}")
    settings = browser.follow(result, "Change anything (all settings)")
    again = browser.submit(settings)

    assert browser.follow(again, "See the whole answer").heading == result.heading


def test_an_assumed_value_leads_to_its_setting_which_takes_the_focus(browser):
    result = browser.get(f"/result?{GUIDED}")
    page = browser.follow(result, "change Examples at once")

    assert page.select_one("[autofocus]")["id"] == "batch_size"
    assert page.select_one("#batch_size").find_parent("details").has_attr("open")


def test_a_setting_goes_back_to_its_default(browser):
    page = browser.get("/settings?task=finetune&domain=text&method=full&runs_per_month=4")
    page = browser.follow(page, "Reset Way of training to its default")

    assert filled(page) == {"task": "finetune", "domain": "text", "runs_per_month": "4"}


def test_people_s_own_words_for_hardware_stay(browser):
    page = browser.submit(
        browser.get("/settings"), task="train", existing_hardware="RTX 3090 x2\nan old card with 6 GB"
    )

    assert filled(page)["existing_hardware"].splitlines() == ["RTX 3090 x2", "an old card with 6 GB"]


def test_hardware_goes_along_between_the_doors(browser):
    told = browser.get("/fit?hardware=RTX+3090+x2&hardware=GTX+1060&memory=64")
    asking = browser.follow(told, "Ask about one piece of work of yours with this hardware")
    back = browser.follow(asking, "Can I use what I have?")

    assert asking.select_one("#existing_hardware").get_text(strip=True).split("\n") == [
        "geforce-rtx-3090 x2",
        "geforce-gtx-1060-6gb",
    ]
    assert asking.select_one("#system_memory_gb")["value"] == "64"
    assert back.heading == told.heading
