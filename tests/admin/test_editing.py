"""The form of an entry: its preview, the rows of a rule, and trying rules out."""

from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

CARD = "/admin/entries/hardware/geforce-rtx-4090"
RULE = "/admin/entries/rules/too-long-in-one-machine"


def test_the_public_page_stands_beside_the_form_and_follows_it(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get(CARD)
    assert "GeForce RTX 4090" in page.select_one("#preview").get_text()

    tried = browser.submit(page, form="#entry", do="preview", name="The Big One", **{"facts.memory.value": "31"})

    preview = tried.select_one("#preview").get_text(" ", strip=True)
    assert "The Big One" in preview
    assert "31 G" in preview
    assert tried.select("#preview form, #preview script") == []
    assert "The draft is empty" in browser.get("/admin/draft").get_text()
    assert quick_client.get("/hardware/geforce-rtx-4090").json()["name"] == "GeForce RTX 4090"


def test_a_preview_is_checked_as_saving_is(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")

    wrong = browser.submit(browser.get(CARD), form="#entry", status=422, do="preview", source="nobody")

    assert [each["href"] for each in wrong.select(".error-summary a")] == ["#source"]
    assert wrong.select_one("#source")["value"] == "nobody"


def test_every_kind_of_entry_has_a_preview_or_says_why_not(quick_client, signed_in):
    browser = signed_in(quick_client, "viewer")
    seen = {}
    for table in (
        "hardware",
        "prices",
        "offers",
        "transformers",
        "rules",
        "tiers",
        "questions",
        "algorithms",
        "sources",
    ):
        entry = browser.get(f"/admin/entries/{table}").select_one("tbody a")["href"]
        seen[table] = browser.get(entry).select_one("#preview").get_text(" ", strip=True)

    assert "has no public page of its own" in seen.pop("sources")
    assert [table for table, text in seen.items() if len(text) < 100] == []


def test_the_second_editor_sees_a_table_of_both_versions(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    mine, theirs = browser.get(CARD), browser.get(CARD)
    browser.submit(theirs, form="#entry", note="theirs", do="save")

    told = browser.submit(mine, form="#entry", status=412, note="mine", do="save")

    rows = [row.get_text(" ", strip=True) for row in told.select("table.differences tbody tr")]
    assert rows == ["note theirs mine"]


def test_rows_of_a_rule_are_added_removed_and_become_its_text(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get(RULE)
    assert page.select_one("#row-1-value")["value"] == "336"

    more = browser.submit(page, form="#entry", do="add-row")
    filled = {"row-2-variable": "need.memory_gib", "row-2-comparison": ">=", "row-2-value": "80 GiB", "do": "preview"}
    changed = browser.submit(more, form="#entry", **filled)
    assert changed.select_one("#condition").get_text() == (
        "workload.training && need.box_hours > 336 && need.memory_gib >= 80"
    )
    fewer = browser.submit(changed, form="#entry", do="remove-row-0")
    assert fewer.select_one("#condition").get_text() == "need.box_hours > 336 && need.memory_gib >= 80"
    saved = browser.submit(fewer, form="#entry", do="save")
    assert saved.select_one(".tag").get_text() == "draft: update"
    assert ") is more than 336 hours" in saved.get_text()


def test_a_condition_too_free_for_rows_keeps_its_text(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get("/admin/entries/rules/nothing-to-spend")
    before = page.select_one("#condition").get_text()
    assert "too free for rows" in page.get_text()

    saved = browser.submit(page, form="#entry", do="save", owner="somebody")

    assert saved.select_one("#condition").get_text() == before


def test_a_row_that_is_wrong_is_told_at_its_place(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")

    wrong = browser.submit(browser.get(RULE), form="#entry", status=422, do="save", **{"row-1-value": "long"})
    text = browser.submit(browser.get(RULE), form="#entry", status=422, do="save", condition="need.box_hour > 3")

    assert [each["href"] for each in wrong.select(".error-summary a")] == ["#row-1-value"]
    assert "Line 1, column 5: there is no variable need.box_hour. Did you mean need.box_hours" in text.get_text()


def test_a_rule_is_tried_on_a_question_before_it_is_saved(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get("/admin/entries/rules/learning")

    as_it_is = browser.submit(page, form="#entry", do="try", try_question="first-course")
    edited = browser.submit(
        page, form="#entry", do="try", try_text='{"task": "learn"}', condition='workload.task == "cook"'
    )

    assert as_it_is.select_one(".wins a").get_text() == "learning"
    own = next(each for each in edited.select(".rules-tried li") if each.select_one("a").get_text() == "learning")
    assert "does not hold" in own.get_text()
    assert "workload.task" in edited.select_one(".tried-values").get_text()
    assert edited.select_one(".wins a").get_text() != "learning"


def test_rules_are_tried_in_order_on_a_pasted_question(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    box = browser.get("/admin/rules/trial")

    tried = browser.submit(box, form="#trial", do="try", try_text="/result?task=learn")
    wrong = browser.submit(box, form="#trial", status=422, do="try", try_text="task=cook")

    assert tried.select_one(".tried h3 .decided").get_text() == "no-gpu"
    places = [int(each["value"]) for each in tried.select("ol.rules-tried")[0].select("li")]
    assert places == sorted(places)
    assert wrong.select_one(".error-summary a")["href"] == "#try_text"


def test_with_two_people_nobody_publishes_what_they_had_a_hand_in(sqlite_copy, signed_in, key_of):
    with TestClient(create_app(Settings(database_url=sqlite_copy, two_person_approval=True))) as client:
        browser = signed_in(client, "approver")
        browser.submit(browser.get(CARD), form="#entry", do="save", note="by the approver")
        browser = signed_in(client, "editor")
        browser.submit(browser.get(CARD), form="#entry", do="save", note="gone on with by the editor")
        browser = signed_in(client, "approver")
        page = browser.get("/admin/draft")

        assert page.select("#publish") == []
        assert "Your own hand is in this draft: geforce-rtx-4090" in page.get_text()
        assert "another approver is needed" in page.get_text()
        refused = client.post("/admin/api/draft/publication", headers=key_of(client, "approver"), json={"why": "mine"})
        assert refused.status_code == 403
        browser.post(f"{CARD}/discard", data={})
        browser = signed_in(client, "editor")
        browser.submit(browser.get(CARD), form="#entry", do="save", note="by the editor alone")
        assert "An approver publishes the draft: approver@example.org" in " ".join(
            browser.get("/admin/draft").get_text().split()
        )
        browser = signed_in(client, "approver")
        assert browser.submit(browser.get("/admin/draft"), form="#publish", why="seen by two").heading == "Audit trail"


def test_a_part_of_a_network_is_at_most_the_whole(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get("/admin/entries/networks/resnet50")

    wrong = browser.submit(page, form="#entry", status=422, do="save", dense_3x3_share="1.7")
    assert [each["href"] for each in wrong.select(".error-summary a")] == ["#dense_3x3_share"]
    assert wrong.select_one("#dense_3x3_share")["value"] == "1.7"

    browser.submit(page, form="#entry", do="save", dense_3x3_share="1", tokens_meet="")
    assert "resnet50" in browser.get("/admin/draft").get_text().lower()
