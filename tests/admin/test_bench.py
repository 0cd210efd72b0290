from urllib.parse import quote

import pytest

from app.admin import bench
from app.admin.asked import query_of
from app.admin.bench import Answered, Compared, Question
from app.admin.bench_pages import differing
from app.errors import Unprocessable

ANSWERED = Answered("one-gpu", "mid", "1 × A", "100 USD", picks=("card-a", "card-b"))


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({}, ""),
        ({"scenarios": ("no-gpu", "one-gpu"), "tiers": ("mid",), "picks": ("card-b",)}, ""),
        ({"scenarios": ("no-gpu",)}, "no-gpu, not one-gpu"),
        ({"tiers": ("high",)}, "tier high, not mid"),
        ({"picks": ("card-c",)}, "pick card-c, not card-a or card-b"),
    ],
)
def test_an_answer_is_held_against_what_has_to_come_out(expected, fault):
    assert bench.wrong(Question("q", "Q", "task=learn", **expected), ANSWERED) == fault


@pytest.mark.parametrize(
    ("pasted", "query"),
    [
        ("https://example.org/result?task=learn&domain=vision#picks", "task=learn&domain=vision"),
        ("/recommend?task=learn", "task=learn"),
        ("task=learn", "task=learn"),
        ('{"workload": {"task": "learn"}, "constraints": {"budget_usd": 100}}', "task=learn&budget_usd=100"),
        ('{"task": "learn"}', "task=learn"),
        ("/result?goal=learn&have=laptop", "goal=learn&have=laptop"),
    ],
)
def test_a_question_is_kept_by_its_fields_whatever_was_pasted(pasted, query):
    assert query_of(pasted) == query


@pytest.mark.parametrize(
    "pasted", ["", "https://example.org/", "task=cook", '{"task": 3}', "taks=learn", "{", "x" * 2100]
)
def test_what_is_no_question_is_refused(pasted):
    with pytest.raises(Unprocessable):
        query_of(pasted)


def test_a_question_of_ones_own_that_must_pass_stops_publishing(quick_client, signed_in):
    browser = signed_in(quick_client, "approver")
    address = "https://example.org/result?task=inference&domain=text&model=llama-3.1-8b&existing_hardware=RTX+4090"
    form = browser.get(f"/admin/new/questions?query={quote(address)}")
    assert form.select_one("#scenarios")["value"] == "one-gpu"
    browser.submit(form, form="#entry", slug="my-card", question="Is my 4090 enough?", must_pass="true")
    browser.submit(browser.get("/admin/draft"), form="#publish", why="a question")

    listed = browser.get("/admin/bench?show=own&answers=all")
    assert "Is my 4090 enough?" in listed.get_text()
    assert "must pass" in listed.get_text()

    rule = browser.get("/admin/entries/rules/runs-on-what-you-have")
    browser.submit(rule, form="#entry", outcome="cluster")
    refused = browser.submit(browser.get("/admin/draft"), form="#publish", why="anyway", status=409)
    assert "Nothing was published" in refused.select_one("[role=alert]").get_text()
    assert "“Is my 4090 enough?” has to be answered with one-gpu, not cluster" in refused.select_one("#in-the-way").text
    unasked = browser.get("/admin/bench")
    assert "has to be one-gpu" in unasked.get_text(" ", strip=True)
    assert browser.get("/admin/bench?show=changed").select(".bench h2") == []
    browser.get(unasked.select_one("a[data-busy]")["href"])
    draft = browser.get("/admin/draft")
    assert "“Is my 4090 enough?” has to be answered with one-gpu, not cluster" in draft.get_text()
    assert draft.select("#publish") == []
    changing = browser.get("/admin/bench?show=changed")
    assert changing.select_one("tbody tr").get_text(" ", strip=True) == "Kind of answer one-gpu cluster"

    question = browser.get("/admin/entries/questions/my-card")
    browser.submit(question, form="#entry", must_pass="false")
    assert browser.get("/admin/draft").select("#publish")


def test_memory_time_cost_and_warnings_are_compared_as_well():
    before = Answered("one-gpu", memory="10 GiB", time="2 h", cost="$3", warnings=("It is old.", "It is loud."))
    after = Answered("one-gpu", memory="12 GiB", time="2 h", cost="$4", warnings=("It is old.", "It is hot."))

    found = differing(Compared(Question("q", "Q", "task=learn"), before, after))

    assert [(each.field, each.before, each.after) for each in found] == [
        ("Memory needed", "10 GiB", "12 GiB"),
        ("Cost", "$3", "$4"),
        ("Warnings", "It is loud.", "It is hot."),
    ]


def test_what_has_to_come_out_must_exist(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    form = browser.get("/admin/new/questions?query=task%3Dlearn")

    wrong = browser.submit(
        form, form="#entry", status=422, slug="q", question="Q", scenarios="no-gpu one-gup", tiers="", must_pass="true"
    )
    bare = browser.submit(
        form, form="#entry", status=422, slug="q", question="Q", scenarios="", tiers="", must_pass="true"
    )

    assert "There is no entry “one-gup” in scenarios. Did you mean one-gpu" in wrong.get_text()
    assert "Say what has to come out" in bare.get_text()


def test_prices_and_hardware_are_tried_on_the_same_bench(quick_client, key_of):
    headers = key_of(quick_client, "editor")
    card = "/admin/api/hardware/geforce-rtx-4090"
    tag = quick_client.get(card, headers=headers).headers["etag"]
    change = {"values": {"name": "The Big One"}, "why": "a name"}
    quick_client.patch(card, headers=headers | {"if-match": tag}, json=change)
    found = quick_client.get("/admin/api/draft/review?answers=all", headers=headers).json()

    assert {"question", "changed", "before", "after", "wrong", "blocks"} == set(found["answers"][0])
    assert found["blocks"] == []


def test_programs_see_the_bench_and_try_rules(quick_client, key_of):
    headers = key_of(quick_client, "editor")
    listed = quick_client.get("/admin/api/bench?answers=all", headers=headers).json()["questions"]
    assert [(each["question"], each["wrong"], each["changed"]) for each in listed] == [
        ("first-course", "", []),
        ("small-table", "", []),
    ]

    rule = quick_client.get("/admin/api/rules/learning", headers=headers).json()["published"]
    asked = {"question": '{"task": "learn"}'}
    now = quick_client.post("/admin/api/rules/trial", headers=headers, json=asked).json()
    edited = quick_client.post(
        "/admin/api/rules/trial", headers=headers, json=asked | {"rule": rule | {"outcome": "cluster"}}
    ).json()

    assert now["decided"]["scenario"] == "no-gpu"
    assert edited["decided"]["scenario"] == "cluster"
    assert [each["rule"] for each in edited["rules"] if each["kind"] == "scenario" and each["decides"]] == ["learning"]
    assert now["facts"]["workload.task"] == "learn"


def test_a_draft_that_cannot_be_tried_is_not_told_as_if_it_had_been(quick_client, signed_in, key_of):
    headers = key_of(quick_client, "editor")
    tier = "/admin/api/tiers/entry"
    tag = quick_client.get(tier, headers=headers).headers["etag"]
    taken = {"values": {"position": 2}, "why": "where another tier is"}
    quick_client.patch(tier, headers=headers | {"if-match": tag}, json=taken)

    page = signed_in(quick_client, "editor").get("/admin/bench?answers=all").get_text(" ", strip=True)
    asked = quick_client.get("/admin/api/bench?answers=all", headers=headers)
    known = quick_client.get("/admin/api/bench", headers=headers)

    assert "do not go together" in page
    assert "These are the published answers" in page
    assert (asked.status_code, known.status_code) == (409, 409)


def test_a_kept_answer_is_a_question_as_well(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    kept = browser.post("/r", data={"question": "task=learn"})

    form = browser.get(f"/admin/new/questions?query={quote(kept.url)}")
    unknown = browser.get("/admin/new/questions?query=/r/nothing1")

    assert form.select_one("#query").get_text(strip=True) == "task=learn"
    assert "There is no kept answer nothing1" in unknown.get_text()
