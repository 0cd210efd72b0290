import re

from app.catalogue.queries import revision
from app.db import reading

CARD = "/admin/api/hardware/geforce-rtx-4090"


def test_a_wrong_number_is_corrected_published_found_in_the_audit_and_undone(client, key_of):
    approver = key_of(client, "approver")
    entry = client.get(CARD, headers=approver)
    old = client.get("/hardware/geforce-rtx-4090").json()["memory_gib"]

    saved = client.patch(
        CARD,
        json={"values": {"facts": {"memory": {"value": 25}}}, "why": "measured"},
        headers=approver | {"if-match": entry.headers["etag"]},
    )
    assert (saved.status_code, saved.json()["state"]) == (200, "draft: update")
    assert client.get("/hardware/geforce-rtx-4090").json()["memory_gib"] == old
    draft = client.get("/admin/api/draft", headers=approver).json()["changes"]
    assert draft[0]["fields"] == {"facts.memory.value": {"before": "24", "after": "25"}}

    published = client.post("/admin/api/draft/publication", json={"why": "a correction"}, headers=approver)
    assert published.status_code == 201, published.text
    assert client.get("/hardware/geforce-rtx-4090").json()["memory_gib"] == 25
    assert client.get("/admin/api/draft", headers=approver).json()["changes"] == []

    trail = client.get("/admin/api/audit?action=update", headers=approver).json()["entries"]
    assert [(each["key"], each["why"], each["revision"]) for each in trail] == [
        ("geforce-rtx-4090", "measured", published.json()["revision"])
    ]
    assert trail[0]["before"]["facts"]["memory"]["value"] == 24

    undone = client.post(f"/admin/api/audit/{trail[0]['id']}/restoration", headers=approver)
    assert undone.json()["draft"]["values"] == entry.json()["published"]
    client.post("/admin/api/draft/publication", json={"why": "undo"}, headers=approver)
    assert client.get("/hardware/geforce-rtx-4090").json()["memory_gib"] == old

    before = client.post(f"/admin/api/revisions/{published.json()['revision'] - 1}/restoration", headers=approver)
    assert before.json() == {"changes": 0}


def test_publishing_makes_one_revision_however_many_entries_change(client, key_of):
    approver = key_of(client, "approver")
    with reading(client.app.state.engine) as session:
        before = revision(session)
    for slug in ("geforce-rtx-4090", "geforce-rtx-3090"):
        path = f"/admin/api/hardware/{slug}"
        tag = client.get(path, headers=approver).headers["etag"]
        client.patch(path, json={"values": {"note": "looked at"}}, headers=approver | {"if-match": tag})

    answer = client.post("/admin/api/draft/publication", json={"why": "two notes"}, headers=approver)

    with reading(client.app.state.engine) as session:
        assert answer.json()["revision"] == revision(session) == before + 1
    assert client.get("/admin/api/hardware/geforce-rtx-4090", headers=approver).json()["version"] == 2


def test_the_second_of_two_editors_is_told_and_sees_both_versions(client, key_of):
    editor = key_of(client, "editor")
    tag = client.get(CARD, headers=editor).headers["etag"]
    first = client.patch(CARD, json={"values": {"note": "first"}}, headers=editor | {"if-match": tag})

    second = client.patch(CARD, json={"values": {"note": "second"}}, headers=editor | {"if-match": tag})

    assert (first.status_code, second.status_code) == (200, 412)
    problem = second.json()
    assert (problem["current"]["draft"]["values"]["note"], problem["yours"]["note"]) == ("first", "second")


def test_a_draft_in_the_place_of_a_discarded_one_is_another_version(quick_client, key_of):
    editor = key_of(quick_client, "editor")
    tag = quick_client.get(CARD, headers=editor).headers["etag"]
    first = quick_client.patch(CARD, json={"values": {"note": "first"}}, headers=editor | {"if-match": tag})
    quick_client.delete("/admin/api/draft/hardware/geforce-rtx-4090", headers=editor)
    quick_client.patch(CARD, json={"values": {"note": "in its place"}}, headers=editor | {"if-match": tag})

    late = quick_client.patch(
        CARD, json={"values": {"note": "late"}}, headers=editor | {"if-match": first.headers["etag"]}
    )

    assert (late.status_code, late.json()["current"]["draft"]["values"]["note"]) == (412, "in its place")


def test_a_write_has_to_say_which_version_it_means(client, key_of):
    assert client.patch(CARD, json={"values": {}}, headers=key_of(client, "editor")).status_code == 428


def test_a_creation_that_is_sent_twice_creates_once(client, key_of):
    editor = key_of(client, "editor") | {"idempotency-key": "one"}
    values = {"key": "maker-page", "title": "The maker's page", "url": "https://example.org/card"}

    answers = [client.post("/admin/api/sources", json={"values": values}, headers=editor) for _ in range(2)]
    other = client.post("/admin/api/sources", json={"values": values | {"key": "other"}}, headers=editor)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["location"] == "/admin/api/sources/maker-page"
    assert other.status_code == 409


def test_a_name_that_is_taken_is_a_conflict(client, key_of):
    editor = key_of(client, "editor")
    published = client.get(CARD, headers=editor).json()["published"]

    assert client.post("/admin/api/hardware", json={"values": published}, headers=editor).status_code == 409


def test_wrong_fields_are_named_with_the_nearest_values(client, key_of):
    editor = key_of(client, "editor")
    tag = client.get(CARD, headers=editor).headers["etag"]
    values = {"kind": "gpus", "support": "cuda-ada", "facts": {"memory": {"value": -1}}}

    answer = client.patch(CARD, json={"values": values}, headers=editor | {"if-match": tag})

    told = {each["pointer"]: each for each in answer.json()["errors"]}
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["/kind"]["suggestions"] == ["gpu"]
    assert told["/facts/memory/value"]["detail"] == "Enter a number of 0 or more"


def test_a_reference_to_nothing_is_named(client, key_of):
    editor = key_of(client, "editor")
    tag = client.get(CARD, headers=editor).headers["etag"]

    answer = client.patch(CARD, json={"values": {"support": "cuda-ada-89"}}, headers=editor | {"if-match": tag})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/support")
    assert answer.json()["errors"][0]["suggestions"]


def test_a_broken_condition_is_refused_with_its_place(client, key_of):
    editor = key_of(client, "editor")
    rule = client.get("/admin/api/rules/learning", headers=editor)

    answer = client.patch(
        "/admin/api/rules/learning",
        json={"values": {"condition": "need.memory_gb > 8"}},
        headers=editor | {"if-match": rule.headers["etag"]},
    )

    (problem,) = answer.json()["errors"]
    assert problem["detail"].startswith("Line 1, column 5: there is no variable need.memory_gb")
    assert "need.memory_gib" in problem["suggestions"]


def test_a_draft_that_breaks_a_must_is_not_published(client, key_of):
    approver = key_of(client, "approver")
    rule = client.get("/admin/api/rules/learning", headers=approver)
    values = {"outcome": "cluster", "condition": "true", "priority": 100_000}
    client.patch(
        "/admin/api/rules/learning", json={"values": values}, headers=approver | {"if-match": rule.headers["etag"]}
    )

    review = client.get("/admin/api/draft/review?answers=all", headers=approver).json()
    answer = client.post("/admin/api/draft/publication", json={"why": "a mistake"}, headers=approver)

    assert answer.status_code == 409
    assert any("has to be answered with no-gpu" in block for block in review["blocks"])
    assert any(each["changed"] for each in review["answers"])


def test_an_entry_that_others_name_cannot_be_retired(client, key_of):
    approver = key_of(client, "approver")
    tag = client.get(CARD, headers=approver).headers["etag"]
    client.delete(CARD, headers=approver | {"if-match": tag})

    answer = client.post("/admin/api/draft/publication", json={"why": "gone"}, headers=approver)

    assert (answer.status_code, "refer to it" in answer.json()["detail"]) == (409, True)
    assert re.search(r"Prices to buy \d+, \d+, \d+, \d+ and \d+ more; ", answer.json()["detail"])


def test_a_retired_entry_is_kept_and_can_come_back(client, key_of):
    approver = key_of(client, "approver")
    found = client.get("/admin/api/prices?q=geforce-rtx-4090", headers=approver).json()["entries"][0]
    path = f"/admin/api/prices/{found['key']}"
    client.delete(path, headers=approver | {"if-match": f'"{found["tag"]}"'})
    client.post("/admin/api/draft/publication", json={"why": "too old"}, headers=approver)
    gone = client.get(path, headers=approver).json()

    revision = client.get("/admin/api/revisions", headers=approver).json()["revisions"][0]["revision"]
    client.post(f"/admin/api/revisions/{revision - 1}/restoration", headers=approver)
    client.post("/admin/api/draft/publication", json={"why": "back"}, headers=approver)
    back = client.get(path, headers=approver).json()

    assert (gone["state"], back["state"]) == ("retired", "published")
    assert back["published"] == found["published"]


def test_an_edit_of_what_was_published_in_between_is_told_with_both_versions(client, key_of):
    from sqlalchemy import update

    from app.db import transaction
    from app.tables import AcceleratorRow

    approver = key_of(client, "approver")
    tag = client.get(CARD, headers=approver).headers["etag"]
    client.patch(CARD, json={"values": {"note": "mine"}}, headers=approver | {"if-match": tag})
    with transaction(client.app.state.engine) as session:
        theirs = (
            update(AcceleratorRow).where(AcceleratorRow.slug == "geforce-rtx-4090").values(note="theirs", version=2)
        )
        session.execute(theirs)

    answer = client.post("/admin/api/draft/publication", json={"why": "mine"}, headers=approver)

    (conflict,) = answer.json()["conflicts"]
    assert answer.status_code == 409
    assert (conflict["published"]["note"], conflict["yours"]["note"]) == ("theirs", "mine")


def test_a_discarded_change_stays_in_the_audit_trail(client, key_of):
    editor = key_of(client, "editor")
    tag = client.get(CARD, headers=editor).headers["etag"]
    client.patch(CARD, json={"values": {"note": "a thought"}}, headers=editor | {"if-match": tag})

    assert client.delete("/admin/api/draft/hardware/geforce-rtx-4090", headers=editor).status_code == 204

    (entry,) = client.get("/admin/api/audit?action=discard", headers=editor).json()["entries"]
    assert entry["before"]["note"] == "a thought"


def test_an_earlier_revision_can_be_looked_at(client, key_of):
    approver = key_of(client, "approver")
    first = client.get(CARD, headers=approver)
    client.patch(CARD, json={"values": {"note": "new"}}, headers=approver | {"if-match": first.headers["etag"]})
    revision = client.post("/admin/api/draft/publication", json={"why": "a note"}, headers=approver).json()["revision"]

    earlier = client.get(f"/admin/api/revisions/{revision - 1}", headers=approver).json()
    newest = client.get(f"/admin/api/revisions/{revision}", headers=approver).json()
    page = client.get(f"/admin/revisions/{revision - 1}", headers=approver | {"accept": "text/html"}).text

    (differing,) = earlier["differing"]
    assert (differing["then"], differing["now"]["note"]) == (first.json()["published"], "new")
    assert newest["differing"] == []
    assert "hardware/geforce-rtx-4090" in page
    assert client.get("/admin/api/revisions/999", headers=approver).status_code == 404


def test_going_back_writes_over_nobody_elses_draft(client, key_of):
    approver, editor = key_of(client, "approver"), key_of(client, "editor")
    first = client.get(CARD, headers=approver)
    client.patch(CARD, json={"values": {"note": "new"}}, headers=approver | {"if-match": first.headers["etag"]})
    revision = client.post("/admin/api/draft/publication", json={"why": "a note"}, headers=approver).json()["revision"]
    tag = client.get(CARD, headers=editor).headers["etag"]
    client.patch(CARD, json={"values": {"note": "theirs"}}, headers=editor | {"if-match": tag})

    published = client.get(f"/admin/api/audit?revision={revision}", headers=approver).json()["entries"][0]["id"]
    undone = client.post(f"/admin/api/audit/{published}/restoration", headers=approver)
    restored = client.post(f"/admin/api/revisions/{revision - 1}/restoration", headers=approver)

    assert (undone.status_code, restored.status_code) == (409, 409)
    assert "editor@example.org" in undone.json()["detail"]
    assert client.get(CARD, headers=editor).json()["draft"]["values"]["note"] == "theirs"
