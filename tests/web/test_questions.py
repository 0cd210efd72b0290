"""The guided path, as a visitor without JavaScript walks it."""

import pytest

LARGEST_PAGE_BYTES = 60_000


def test_a_learner_needs_three_questions(browser):
    page = browser.submit(browser.get("/q/goal"), goal="learn")
    assert page.heading == "What do you have already?"

    page = browser.submit(page, have="laptop")
    page = browser.submit(page)
    assert page.heading == "Check your answers"

    page = browser.follow(page, "See recommendation")
    assert page.select_one("h1")["data-scenario"] == "1"


def test_everybody_else_answers_six(browser):
    page = browser.submit(browser.get("/q/goal"), goal="adapt")
    page = browser.submit(page, domain="photos")
    page = browser.submit(page, pictures=["20k_500k", ""], detail="normal")
    page = browser.submit(page, frequency="most_weeks", run_limit="night", results_by="2099-12-24")
    page = browser.submit(page, have="gpu", card_name=["GTX 1080", ""], card_count=["1", ""])
    page = browser.submit(page, once_usd="EUR 1500", country="DE", tick=["linux"])

    told = {row.dt.get_text(strip=True): row.dd.get_text(" ", strip=True) for row in page.select(".summary > div")}
    assert told["Pictures, about"] == "20,000 to 500,000"
    assert told["Most you want to spend once"] == "$1,690 (EUR 1500)"
    assert told["Which graphics card?"] == "GTX 1080"
    assert told["Country"] == "Germany"
    assert told["I need results by"] == "24 December 2099"

    result = browser.follow(page, "See recommendation")
    assert "GTX 1080" in result.select_one("#owned").find_parent("section").get_text()


@pytest.mark.parametrize(
    ("step", "query", "given", "error"),
    [
        ("goal", "", {}, "Choose what you want to do, or choose “I don't know”."),
        (
            "size",
            "?goal=adapt&domain=tables",
            {"rows": "lots"},
            "Enter the number of rows, like 250000, or choose “I don't know”.",
        ),
        ("have", "?goal=learn", {"have": "gpu"}, "Enter the name of your graphics card"),
        ("limits", "?goal=learn", {"once_usd": "-1"}, "Enter a budget of 0 or more"),
        (
            "frequency",
            "?goal=adapt&domain=photos&pictures=20k",
            {"frequency": "once", "results_by": "2020-01-01"},
            "Enter a date after today",
        ),
    ],
)
def test_an_answer_that_is_missing_or_wrong_is_named_in_the_error_summary(browser, step, query, given, error):
    page = browser.post(f"/q/{step}{query}", data=given, status=422)

    assert page.title.get_text().startswith("Error: ")
    assert page.select_one(".error-summary a").get_text().startswith(error)
    assert page.select_one("main .error")


def test_what_was_typed_stays_in_the_form_beside_its_error(browser):
    page = browser.post("/q/limits?goal=learn", data={"once_usd": "a lot", "tick": "quiet"}, status=422)

    assert page.select_one("#once_usd")["value"] == "a lot"
    assert page.select_one("input[value=quiet]").has_attr("checked")


def test_an_unknown_model_is_answered_with_the_nearest_names(browser):
    given = {"model": "named", "model_name": "llama-3.1-8bb-xyz", "text_length": "unknown"}
    page = browser.post(
        "/q/size?goal=use&domain=text", data={**given, "model_name": "lama 3.1 instruktion"}, status=422
    )

    assert "We do not know the model" in page.select_one(".error-summary").get_text()


def test_back_leads_to_the_question_before_with_its_answer(browser):
    page = browser.get("/q/have?goal=adapt&domain=photos&pictures=1k_20k&frequency=once")
    page = browser.follow(page, "‹ Back")

    assert page.heading == "How often will you do this?"
    assert page.select_one("input[value=once]").has_attr("checked")


def test_a_change_leads_back_to_the_summary(browser):
    page = browser.get("/check?goal=adapt&domain=photos&pictures=1k_20k&frequency=once&have=nothing")
    page = browser.follow(page, "Change How often")
    page = browser.submit(page, frequency="most_days")

    assert page.heading == "Check your answers"
    assert "All day, most days" in page.get_text()


def test_a_change_that_opens_a_new_question_asks_it_before_the_summary(browser):
    page = browser.get("/check?goal=adapt&domain=photos&pictures=1k_20k&frequency=once&have=nothing")
    page = browser.follow(page, "Change What it works on")
    page = browser.submit(page, domain="tables")
    assert page.heading == "How many rows do your tables have?"

    page = browser.submit(page, rows=["under_100k", ""])
    assert page.heading == "Check your answers"


def test_a_question_that_is_skipped_leads_on(browser):
    assert browser.get("/q/size?goal=learn").heading == "What do you have already?"


def test_few_rows_are_offered_the_answer_at_once(browser):
    page = browser.get("/q/frequency?goal=adapt&domain=tables&rows=under_100k")

    assert browser.follow(page, "See the answer now").select_one("h1")["data-scenario"] == "1"


def test_a_card_with_several_meanings_is_asked_about(browser):
    page = browser.get("/check?goal=learn&have=gpu&card_name=Titan+X&card_count=1&card_name=Zorg+9&card_count=2")

    assert "is the name of several cards" in page.select_one(".note").get_text()
    assert "We do not know “Zorg 9”" in page.get_text()


def test_no_step_has_another_name(browser):
    browser.get("/q/colour", status=404)


@pytest.mark.parametrize(
    "domain", ["tables", "photos", "text", "make_pictures", "make_video", "sound", "medical_3d", "rl", "science"]
)
def test_every_question_is_light_and_offers_i_do_not_know(browser, client, domain):
    page = browser.get(f"/q/size?goal=adapt&domain={domain}")

    assert page.select_one("input[value=unknown]")
    assert len(client.get(page.url, headers={"accept": "text/html"}).content) < LARGEST_PAGE_BYTES


def test_a_person_who_knows_nothing_gets_an_answer(browser):
    page = browser.submit(browser.get("/q/goal"), goal="adapt")
    page = browser.submit(page, domain="unknown")
    page = browser.submit(page, frequency="unknown")
    page = browser.submit(page, have="unknown")
    page = browser.submit(page)
    assert len(page.select(".assumed")) >= 3

    assert browser.follow(page, "See recommendation").heading
