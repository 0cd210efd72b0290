"""Short links, and answers to take away."""

import csv
import io
import json

import pytest

from app.db import transaction
from app.http.rate_counts import Limit
from app.main import create_app
from app.observability.metrics import FOLDER
from app.settings import Settings
from app.tables import SavedAnswer
from app.web import kept_answers

QUESTION = "/result?task=finetune&domain=text&model=llama-3.1-8b&method=lora&runs_per_month=4&country=DE"
KEEP = "form[action='/r']"


def test_a_kept_answer_stays_as_it_was(browser):
    page = browser.get(QUESTION)
    kept = browser.submit(page, form=KEEP)

    assert kept.heading == page.heading
    assert kept.select_one(".note").get_text(strip=True).startswith("Kept on ")
    assert browser.get(kept.url).heading == page.heading


def test_the_same_answer_is_kept_once(browser):
    page = browser.get(QUESTION)

    assert browser.submit(page, form=KEEP).url == browser.submit(page, form=KEEP).url


def test_recomputing_the_same_data_finds_nothing_different(browser):
    kept = browser.submit(browser.get(QUESTION), form=KEEP)

    assert "Nothing is different" in browser.follow(kept, "Recompute with today's data").get_text()


def test_recomputing_shows_what_is_different(browser, app):
    kept = browser.submit(browser.get(QUESTION), form=KEEP)
    slug = kept.url.rpartition("/")[2]
    with transaction(app.state.engine) as session:
        saved = session.get(SavedAnswer, slug)
        answer = json.loads(json.dumps(saved.answer))
        answer["picks"][0]["hardware"]["name"] = "Card of yesterday"
        answer["need"]["memory_gib"] = {"low": 1, "expected": 2, "high": 3}
        saved.answer = answer
    page = browser.get(f"/r/{slug}/differences")
    rows = {row.th.get_text(strip=True): row.td.get_text(strip=True) for row in page.select("tbody tr")}

    assert rows["Best fit"] == "Card of yesterday"
    assert rows["Memory"] == "1 to 3 GiB"
    assert browser.follow(page, "See today's answer").select_one("h1.verdict")


def test_a_mistyped_short_link_is_no_answer(browser):
    for slug in ("aaaaaaaaaaaa", "aaa"):
        assert "mistyped" in browser.get(f"/r/{slug}", status=404).get_text()


def test_a_question_that_cannot_be_read_is_not_kept(browser):
    assert "batch_size" in browser.post("/r", data={"question": "task=train&batch_sise=2"}, status=422).get_text()


def test_the_answer_can_be_had_as_markdown(browser, client):
    page = browser.get(QUESTION)
    text = client.get(page.find("a", string="As Markdown")["href"]).text

    assert text.startswith(f"# {page.heading}")
    assert "## Picks" in text
    assert page.select_one("#markdown").get_text().strip().startswith(f"# {page.heading}")


def test_the_table_holds_every_pick_and_offer(browser, client):
    page = browser.get(QUESTION)
    answer = client.get(page.select_one('link[rel~="alternate"]')["href"]).json()
    reply = client.get(page.find("a", string="Picks and offers as CSV")["href"])
    rows = list(csv.DictReader(io.StringIO(reply.text)))

    assert [row["name"] for row in rows if row["kind"] == "buy"] == [
        each["hardware"]["name"] for each in answer["picks"]
    ]
    assert [float(row["usd_per_hour"]) for row in rows if row["kind"] == "rent"] == [
        each["usd_per_hour"] for each in answer["cloud"]
    ]


@pytest.mark.parametrize(
    ("query", "told"), [("task=learn", "no GPU"), ("task=inference&domain=text&model=llama-3.1-8b", "one GPU")]
)
def test_the_badge_tells_the_answer_in_a_few_words(client, query, told):
    reply = client.get(f"/badge.svg?{query}")

    assert reply.headers["content-type"] == "image/svg+xml"
    assert reply.text.startswith("<svg ")
    assert told in reply.text


def test_a_badge_of_a_faulty_question_is_a_picture_for_pages_and_tells_programs_the_field(client):
    address = "/badge.svg?task=inference&model=llama-3.1-8x"
    picture = client.get(address, headers={"accept": "image/avif,image/webp,image/*,*/*;q=0.8"})

    assert (picture.status_code, picture.headers["content-type"]) == (422, "image/svg+xml")
    assert "the question needs correcting" in picture.text
    assert picture.headers["cache-control"] == "no-store"
    assert client.get(address).json()["errors"]


def test_search_engines_find_the_pages(browser, client):
    listed = client.get("/sitemap.xml").text
    rules = client.get("/robots.txt").text

    assert "/hardware/geforce-rtx-3090</loc>" in listed
    assert "Sitemap: http://testserver/sitemap.xml" in rules
    assert browser.get("/questions").select_one("link[rel=canonical]")["href"] == "http://testserver/questions"


def test_nobody_keeps_answers_by_the_thousand(browser, monkeypatch):
    monkeypatch.setattr(kept_answers, "PER_CLIENT", Limit(2, 3_600))
    monkeypatch.setattr(kept_answers, "client_of", lambda _: "a busy visitor")
    for _ in range(2):
        browser.post("/r", data={"question": "task=learn"})
    page = browser.post("/r", data={"question": "task=learn"}, status=429)

    assert "works without that too" in page.get_text()


def test_processes_count_kept_answers_together(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr(kept_answers, "PER_CLIENT", Limit(3, 3_600))
    monkeypatch.setattr(kept_answers, "time", lambda: 1_800_000_100.0)
    workers = [create_app(Settings(database_url=f"sqlite:///{tmp_path}/whichrig.db")) for _ in range(2)]
    hits = [kept_answers._hit(worker.state.counts, "keep somebody").allowed for worker in workers * 2]
    for worker in workers:
        worker.state.counts.close()

    assert hits == [True, True, True, False]


def test_there_is_an_end_to_what_is_kept(browser, monkeypatch):
    monkeypatch.setattr(kept_answers, "MOST_KEPT", 0)
    page = browser.post("/r", data={"question": "task=learn&hours_per_month=17"}, status=503)

    assert "No more answers can be kept" in page.get_text()
