from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select

from app.admin import attention, entries
from app.admin.entities import entity_named
from app.db import reading, transaction
from app.tables import AuditEntry, DraftChange, PriceRow

TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def ticked():
    """The first boxes of a list."""

    def values(page, count: int) -> list[str]:
        return [box["value"] for box in page.select('input[name="entry"]')][:count]

    return values


def test_many_entries_are_retired_with_one_reason_and_restored(quick_client, signed_in, ticked):
    browser = signed_in(quick_client, "approver")
    chosen = ticked(browser.get("/admin/entries/aliases?q=rtx"), 3)
    page = browser.post("/admin/bulk/aliases", data={"entry": chosen, "action": "retire"})

    assert page.heading == "Retire: 3 entries"
    without = browser.submit(page, form="#bulk", status=422)
    assert "Enter in one sentence why" in without.select_one(".error-summary").get_text()
    draft = browser.submit(without, form="#bulk", why="wrong names")
    assert draft.get_text().count("wrong names") == 3
    browser.submit(draft, form="#publish", why="names")

    gone = browser.get("/admin/entries/aliases?state=retired")
    assert len(gone.select("tbody tr")) == 3
    back = browser.post("/admin/bulk/aliases", data={"which": "all", "state": "retired", "action": "restore"})
    assert back.heading == "Restore: 3 entries"


def test_prices_are_marked_as_checked_today_with_a_source(quick_client, signed_in, ticked):
    browser = signed_in(quick_client, "editor")
    chosen = ticked(browser.get("/admin/entries/prices?state=stale"), 2)
    wish = {"entry": chosen, "action": "check", "source": "techpowerup-gpu-specs"}
    wrong = browser.post("/admin/bulk/prices", data=wish | {"source": "nobody"})
    known = browser.get("/admin/entries/sources").select_one("tbody a").get_text()
    page = browser.post("/admin/bulk/prices", data=wish | {"source": known})

    assert len(wrong.select(".caution-note li")) == 2
    assert wrong.select("#bulk button") == []
    assert page.get_text().count(TODAY) == 2
    browser.submit(page, form="#bulk", why="looked at the shop")
    assert len(browser.get("/admin/entries/prices?state=draft").select("tbody tr")) == 2


def test_a_field_is_set_checked_as_in_the_form_and_discarded(quick_client, signed_in, ticked):
    browser = signed_in(quick_client, "editor")
    chosen = ticked(browser.get("/admin/entries/hardware"), 2)
    set_field = {"entry": chosen, "action": "set", "name": "market_status"}

    wrong = browser.post("/admin/bulk/hardware", data=set_field | {"value": "lovely"})
    nothing = browser.post("/admin/bulk/hardware", data={"action": "set", "name": "slug"}, status=422)
    right = browser.post("/admin/bulk/hardware", data=set_field | {"value": "discontinued"})
    browser.submit(right, form="#bulk", why="no longer made")
    drafted = browser.get("/admin/entries/hardware?state=draft")
    discard = browser.post("/admin/bulk/hardware", data={"entry": ticked(drafted, 9), "action": "discard"})
    left = browser.submit(discard, form="#bulk", why="a mistake")

    assert "Choose" in wrong.select_one(".caution-note").get_text()
    assert len(nothing.select(".error-summary li")) == 2
    assert "The draft is empty" in left.get_text()


def test_what_somebody_changed_in_between_is_told_and_nothing_is_done(quick_client, signed_in, ticked):
    browser = signed_in(quick_client, "editor")
    chosen = ticked(browser.get("/admin/entries/tiers"), 2)
    page = browser.post(
        "/admin/bulk/tiers", data={"entry": chosen, "action": "set", "name": "description", "value": "x"}
    )
    key = chosen[0].partition(":")[2]
    browser.submit(browser.get(f"/admin/entries/tiers/{key}"), form="#entry", description="theirs")

    told = browser.submit(page, form="#bulk", status=422, why="mine")

    assert "somebody else changed it in between" in told.get_text()
    assert len(browser.get("/admin/entries/tiers?state=draft").select("tbody tr")) == 1


def test_every_list_can_be_narrowed_on_both_databases(engine):
    with reading(engine) as session:
        for table in ("hardware", "prices", "offers", "aliases", "rules", "providers", "questions", "countries"):
            everything = entries.listing(session, entity_named(table)).total
            for state in attention.STATES:
                found = entries.listing(session, entity_named(table), state=state)

                assert 0 <= found.total <= everything, (table, state)
                assert len(found.entries) == min(found.total, 50), (table, state)


def test_prices_that_contradict_each_other_are_found(engine):
    with transaction(engine) as session:
        first = session.execute(select(PriceRow.__table__).where(PriceRow.currency == "USD")).mappings().first()
        others = {each.name: first[each.name] for each in PriceRow.__table__.columns if each.name != "id"}
        session.execute(insert(PriceRow).values(**others | {"amount": first["amount"] * 3.5, "note": "far off"}))
    with reading(engine) as session:
        found = entries.listing(session, entity_named("prices"), state="conflicting", most=500).entries
        cards = entries.listing(session, entity_named("hardware"), state="conflicting", most=500).entries

    assert {first["accelerator"]} == {each.values["accelerator"] for each in found}
    assert "far off" in {each.values["note"] for each in found}
    assert first["accelerator"] in {each.key for each in cards}


def test_programs_edit_many_at_once(quick_client, key_of):
    headers = key_of(quick_client, "editor")
    tags = {
        each["key"]: each["tag"] for each in quick_client.get("/admin/api/tiers", headers=headers).json()["entries"][:2]
    }
    wish = {"action": "set", "field": "description", "value": "words", "why": "plainer", "entries": tags}

    looked = quick_client.post("/admin/api/tiers/bulk", headers=headers, json=wish | {"apply": False})
    done = quick_client.post("/admin/api/tiers/bulk", headers=headers, json=wish)
    again = quick_client.post("/admin/api/tiers/bulk", headers=headers, json=wish)
    misspelt = wish | {"field": "titel"}
    (problem,) = quick_client.post("/admin/api/tiers/bulk", headers=headers, json=misspelt).json()["errors"]

    assert looked.json() == {"planned": sorted(tags), "refused": {}, "applied": 0}
    assert done.json()["applied"] == 2
    assert again.status_code == 409
    assert (problem["pointer"], problem["suggestions"]) == ("/field", ["title"])
    with reading(quick_client.app.state.engine) as session:
        assert session.scalar(select(func.count()).select_from(DraftChange)) == 2
        edits = session.scalars(select(AuditEntry).where(AuditEntry.action == "draft"))
        assert [each.why for each in edits] == ["plainer", "plainer"]
