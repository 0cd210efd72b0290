import re

from app.admin import bench, start_page
from app.admin.entities import ENTITIES

CARD = "/admin/entries/hardware/geforce-rtx-4090"


def test_an_editor_corrects_a_memory_size_and_an_approver_publishes_it(quick_client, signed_in):
    browser = signed_in(quick_client, "approver")
    old = quick_client.get("/hardware/geforce-rtx-4090").json()["memory_gib"]
    page = browser.get(CARD)

    saved = browser.submit(page, form="#entry", **{"facts.memory.value": "30", "why": "measured"})
    assert saved.select_one(".tag").get_text() == "draft: update"
    draft = browser.get("/admin/draft")
    rows = [row.get_text(" ", strip=True) for row in draft.select("section:nth-of-type(1) tbody tr")]
    assert rows == ["facts.memory.value 24 30"]
    assert "have not been asked of this draft yet" in draft.get_text()
    asked = browser.follow(draft, "Ask the saved questions")
    assert "saved questions get another answer" in asked.get_text()
    assert "saved questions get another answer" in browser.get("/admin/draft").get_text()  # until it changes
    published = browser.submit(draft, form="#publish", why="a correction")

    assert published.heading == "Audit trail"
    assert "Published as revision 2: 1 entry" in " ".join(published.get_text().split())
    assert quick_client.get("/hardware/geforce-rtx-4090").json()["memory_gib"] == 30

    undo = next(form for form in published.select("form") if form["action"].endswith("/undo"))
    browser.post(undo["action"], data={})
    browser.submit(browser.get("/admin/draft"), form="#publish", why="back")
    assert quick_client.get("/hardware/geforce-rtx-4090").json()["memory_gib"] == old


def test_no_question_is_asked_to_show_the_draft_and_those_that_must_pass_to_publish_it(
    quick_client, signed_in, monkeypatch
):
    asked = []
    answer = bench.answer
    monkeypatch.setattr(bench, "answer", lambda *given, **at: asked.append(given[1]) or answer(*given, **at))
    browser = signed_in(quick_client, "approver")
    saved = browser.submit(browser.get(CARD), form="#entry", **{"facts.memory.value": "30"})
    assert browser.follow(saved, "Look at the draft and publish it").select("#publish")
    assert asked == []

    browser.submit(browser.get("/admin/draft"), form="#publish", why="a correction")

    assert asked
    assert [each.slug for each in asked if not each.must_pass] == []


def test_findings_that_forbid_publishing_are_told_before_a_question_is_asked(quick_client, signed_in):
    browser = signed_in(quick_client, "approver")
    browser.submit(browser.get(CARD), form="#entry", **{"facts.memory.value": "0.001"})

    draft = browser.get("/admin/draft")

    blocks = [each.get_text() for each in draft.select("li.error")]
    assert "geforce-rtx-4090, visible_memory: more memory is visible than there is" in blocks
    assert draft.select("#publish") == []


def test_a_price_is_told_by_what_it_is_of(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")

    saved = browser.submit(browser.get("/admin/entries/prices/10"), form="#entry", amount="1901")
    heading = browser.get("/admin/draft").select_one("section h2").get_text(" ", strip=True)

    assert saved.heading == "geforce-rtx-4090, new (10)"
    assert heading.split() == ["prices/10", ":", "geforce-rtx-4090,", "new"]


def test_publishing_takes_a_reason(quick_client, signed_in):
    browser = signed_in(quick_client, "approver")
    browser.submit(browser.get(CARD), form="#entry", note="looked at")

    page = browser.submit(browser.get("/admin/draft"), form="#publish", status=422)

    assert [each.get_text() for each in page.select(".error-summary a")] == [
        "Enter in one sentence why, for the audit trail"
    ]


def test_wrong_fields_are_listed_each_with_its_control(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get(CARD)

    wrong = browser.submit(
        page, form="#entry", status=422, source="techpowerup", **{"facts.memory.value": "many", "launch": "x" * 20}
    )

    targets = [each["href"] for each in wrong.select(".error-summary a")]
    assert targets == ["#launch", "#facts.memory.value"]
    assert wrong.select_one('[id="facts.memory.value"]')["value"] == "many"


def test_a_long_list_of_what_needs_attention_says_how_much_it_leaves_off(quick_client, signed_in, monkeypatch):
    monkeypatch.setattr(start_page, "MOST_LINES", 2)

    health = signed_in(quick_client, "viewer").get("/admin/health")

    section = next(each for each in health.select("section") if "Software support that ends" in each.get_text())
    *notes, more = [line.get_text(" ", strip=True) for line in section.select("li")]
    assert len(notes) == 2
    assert re.fullmatch(r"… and \d+ more\.", more)


def test_a_new_device_names_the_source_of_its_numbers_once(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    page = browser.get("/admin/new/hardware")
    source = "techpowerup-com-arc-a770-c3914"
    numbers = {"memory": "48", "memory_bandwidth": "1800", "tdp": "400"}
    said = {"facts.tdp.source": "amd-com-mi300x", "facts.tdp.as_of": "2026-10-01", "facts.tdp.confidence": "low"}

    saved = browser.submit(
        page, form="#entry", slug="new-card", name="New Card", vendor="NVIDIA", kind="gpu", segment="workstation",
        architecture="Blackwell", memory_type="GDDR7", source=source, confidence="medium", support="cuda-blackwell",
        market_status="current", why="announced", **{f"facts.{name}.value": value for name, value in numbers.items()}, **said,
    )  # fmt: skip

    shown = [saved.select_one(f'[id="facts.{name}.source"]')["value"] for name in numbers]
    assert shown == [source, source, "amd-com-mi300x"]


def test_the_second_of_two_editors_sees_both_versions_and_may_decide(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    mine, theirs = browser.get(CARD), browser.get(CARD)
    browser.submit(theirs, form="#entry", note="theirs")

    told = browser.submit(mine, form="#entry", status=412, note="mine")

    assert told.select_one("#note").get_text() == "mine"
    assert told.select_one("#note-theirs").get_text() == "Theirs: theirs"
    saved = browser.submit(told, form="#entry")
    assert saved.select_one("#note").get_text() == "mine"


def test_a_condition_is_tried_and_a_fault_told_with_its_place(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    box = browser.get("/admin/rules/trial")

    wrong = browser.submit(box, form="#trial", status=422, condition="need.memory_gb > 8")
    right = browser.submit(box, form="#trial", condition='workload.task == "learn"')

    assert "Line 1, column 5: there is no variable need.memory_gb. Did you mean need.memory_gib" in wrong.get_text()
    assert "It holds for 1 of the saved questions: I want to follow a course." in right.get_text()


def test_an_entry_is_made_retired_and_found_by_its_state(quick_client, signed_in):
    browser = signed_in(quick_client, "approver")
    form = browser.get("/admin/new/sources")
    made = browser.submit(form, form="#entry", key="maker", title="The maker", url="https://example.org")
    assert made.select_one(".tag").get_text() == "draft: create"

    drafted = browser.get("/admin/entries/sources?state=draft")
    assert [row.select_one("a").get_text() for row in drafted.select("tbody tr")] == ["maker"]
    taken = browser.submit(form, form="#entry", status=409, key="maker", title="Again", url="")
    assert "There is an entry “maker” in sources already" in taken.get_text()

    browser.submit(browser.get("/admin/draft"), form="#publish", why="a source")
    page = browser.get("/admin/entries/sources/maker")
    browser.submit(page, form='form[action$="/retirement"]')
    browser.submit(browser.get("/admin/draft"), form="#publish", why="gone")

    retired = browser.get("/admin/entries/sources?state=retired")
    assert [row.select_one("a").get_text() for row in retired.select("tbody tr")] == ["maker"]


def test_a_file_is_looked_at_before_it_is_imported(quick_client, signed_in):
    browser = signed_in(quick_client, "editor")
    exported = quick_client.get("/admin/export/tiers.csv").text
    changed = exported.replace("Small models", "Little models", 1)

    def send(apply: str):
        files = {"file": ("tiers.csv", changed, "text/csv")}
        data = {"table": "tiers", "why": "words", "apply": apply}
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        return quick_client.post("/admin/import", data=data, files=files, headers=headers)

    assert "0 new, 1 changed, 6 unchanged, 0 rejected. Nothing was written." in send("no").text
    assert "The draft is empty" in browser.get("/admin/draft").get_text()
    assert "tiers/entry" in send("yes").text


def test_every_list_and_the_first_page_keep_the_rules(quick_client, signed_in):
    browser = signed_in(quick_client, "viewer")
    start = browser.get("/admin")
    lists = [link["href"] for link in start.select(".chips a")]

    assert start.heading == "Administration"
    assert len(lists) == len(ENTITIES)
    for address in lists:
        page = browser.get(address)
        assert re.search(r"\d+ entries", page.get_text()), address
        browser.get(page.select_one("tbody a")["href"])
    for address in ("/admin/audit", "/admin/revisions", "/admin/account"):
        assert browser.get(address).heading


def test_whoever_retires_what_somebody_edited_is_shown_the_edit(quick_client, signed_in, key_of):
    browser = signed_in(quick_client, "approver")
    page = browser.get(CARD)
    tag = page.select_one('[name="tag"]')["value"]
    quick_client.patch(
        CARD.replace("entries", "api"),
        json={"values": {"note": "theirs"}},
        headers=key_of(quick_client, "editor") | {"if-match": tag},
    )

    told = browser.submit(page, form='form[action$="/retirement"]', status=412)

    assert "editor@example.org changed this entry" in told.get_text()
    assert told.select_one("#note").get_text() == "theirs"
