"""Results over the whole application."""

import pytest

from app.web.pages.home import common_questions

LARGEST_PAGE_BYTES = 150_000


@pytest.mark.parametrize("question", common_questions(), ids=lambda question: question.url)
def test_every_common_question_has_an_answer(browser, client, question):
    page = browser.get(question.url)

    assert page.select_one("h1.verdict")
    assert len(client.get(question.url, headers={"accept": "text/html"}).content) < LARGEST_PAGE_BYTES


def test_the_common_questions_are_many_and_eight_stand_on_the_start_page(browser):
    home, every = browser.get("/"), browser.get("/questions")
    links = [link["href"] for link in home.select("#common ~ ul a")]

    assert len(links) == 8
    assert len(common_questions()) >= 30
    assert set(links) < {link["href"] for link in every.select("main li a")}


def test_a_model_that_nobody_knows_leads_back_to_its_question(browser):
    page = browser.get(
        "/result?goal=use&domain=text&model=named&model_name=lama+3+instruktion&frequency=once&have=nothing", status=422
    )

    assert "We do not know the model “lama 3 instruktion”" in page.select_one(".error-summary").get_text()
    page = browser.submit(page, model=["named"], model_name="llama-3.1-8b")
    assert browser.get(page.url.replace("/check", "/result")).select_one("h1.verdict")


def test_the_guided_answer_links_to_the_same_answer_without_the_guide(browser):
    guided = browser.get("/result?goal=adapt&domain=tables&rows=250000&frequency=few_days&have=nothing")
    linked = browser.get(guided.find("a", string="Link to this answer")["href"])

    assert linked.heading == guided.heading


def test_the_json_twin_says_the_same(browser, client):
    page = browser.get("/result?task=finetune&domain=text&model=llama-3.1-8b&method=lora")
    answer = client.get(page.select_one('link[rel~="alternate"]')["href"]).json()

    assert page.heading == " ".join(answer["verdict"].split())
    assert float(page.select_one("#fit ~ p data")["value"]) == answer["need"]["memory_gib"]["expected"]


def test_a_wrong_field_in_a_link_is_named(browser):
    page = browser.get("/result?task=train&batch_sise=2", status=422)

    assert "batch_size" in page.get_text()


def test_amounts_in_a_link_are_understood_as_people_write_them(browser):
    page = browser.get("/result?task=train&domain=vision&hours_per_month=40h&budget_usd=2k")
    assert {"hours_per_month=40", "budget_usd=2000"} <= set(page.url.partition("?")[2].split("&"))


def test_a_wrong_answer_in_a_guided_link_counts_as_not_given(browser):
    assert browser.get("/result?goal=adapt&domain=tables&rows=lots&have=nonsense").select_one("h1.verdict")


def test_nothing_asked_is_answered_as_learning(browser):
    assert browser.get("/result").select_one("h1")["data-scenario"] == "1"
