"""Refreshing from the administration: start, follow, look at runs, decide; by page and by program."""

import json
import time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db import reading
from app.main import create_app
from app.settings import Settings
from app.sources import verda
from app.tables import AuditEntry, HeldChange, OfferRow
from tests.sources.conftest import world  # noqa: F401 - a fixture
from tests.sources.documents import payload
from tests.sources.world import Answer

OWN = "provider,instance,region,accelerator,accelerator_count,usd_per_hour_on_demand"


def put_prices(world, **prices: str) -> None:  # noqa: F811
    told = json.loads(payload("verda_instance_types.json"))
    for each in told:
        each["price_per_hour"] = prices.get(each["model"], each["price_per_hour"])
    world.put(verda.ADDRESS, json.dumps(told))


@pytest.fixture
def service(sqlite_copy, world):  # noqa: F811
    put_prices(world)
    settings = Settings(database_url=sqlite_copy, prices_mirror=world.url)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def on_each_database(filled_url, world):  # noqa: F811
    put_prices(world)
    with TestClient(create_app(Settings(database_url=filled_url, prices_mirror=world.url))) as client:
        yield client


def ended(client: TestClient, number: int, headers: dict[str, str]) -> dict:
    ends_at = time.monotonic() + 30
    while time.monotonic() < ends_at:
        told = client.get(f"/admin/api/price-refreshes/{number}", headers=headers).json()
        if told["state"] != "running":
            return told
        time.sleep(0.05)
    raise AssertionError("the refresh did not end")


def refreshed(client: TestClient, headers: dict[str, str], *names: str, dry_run: bool = False) -> dict:
    answer = client.post("/admin/api/price-refreshes", json={"sources": names, "dry_run": dry_run}, headers=headers)
    assert answer.status_code == 202, answer.text
    return ended(client, int(answer.headers["location"].rpartition("/")[2]), headers)


def entries(client: TestClient, **wanted) -> list[AuditEntry]:
    with reading(client.app.state.engine) as session:
        return list(session.scalars(select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.id)))


def test_a_program_starts_follows_and_decides(on_each_database, world, key_of):  # noqa: F811
    approver = key_of(on_each_database, "approver")
    done = refreshed(on_each_database, approver, "verda")
    assert (done["state"], done["report"][0]["new"], done["asked_by"]) == ("done", 3, "approver@example.org")
    put_prices(world, H100="39.5", A6000="9.9")
    refreshed(on_each_database, approver, "verda")

    waiting = on_each_database.get("/admin/api/held-changes", headers=approver).json()
    first = waiting["changes"][0]
    accepted = on_each_database.post(
        f"/admin/api/held-changes/{first['number']}/acceptance", json={"reason": "they told us"}, headers=approver
    )
    again = on_each_database.post(f"/admin/api/held-changes/{first['number']}/acceptance", json={}, headers=approver)
    missing = on_each_database.post("/admin/api/held-changes/999/rejection", json={"reason": "no"}, headers=approver)

    assert first["published"]["usd_per_hour_on_demand"] == 3.95
    assert (accepted.status_code, accepted.json()["decision"]) == (200, "accepted")
    assert accepted.json()["published"]["usd_per_hour_on_demand"] == 39.5
    assert (again.status_code, missing.status_code) == (409, 404)
    assert [entry.why for entry in entries(on_each_database, action="decide")] == ["they told us"]
    assert on_each_database.get("/admin/api/held-changes?state=accepted", headers=approver).json()["total"] == 1


def test_a_rejection_needs_a_reason(service, world, key_of):  # noqa: F811
    approver = key_of(service, "approver")
    put_prices(world, H100="395")
    refreshed(service, approver, "verda")
    number = service.get("/admin/api/held-changes", headers=approver).json()["changes"][0]["number"]

    without = service.post(f"/admin/api/held-changes/{number}/rejection", json={"reason": " "}, headers=approver)
    rejected = service.post(f"/admin/api/held-changes/{number}/rejection", json={"reason": "cents"}, headers=approver)

    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (rejected.json()["decision"], rejected.json()["reason"]) == ("dismissed", "cents")


def test_runs_tell_why_rows_were_left_out(service, key_of):
    approver = key_of(service, "approver")
    refreshed(service, approver, "verda")

    listed = service.get("/admin/api/price-runs?source=verda", headers=approver).json()
    run = service.get(f"/admin/api/price-runs/{listed['runs'][0]['number']}", headers=approver).json()

    assert (run["outcome"], run["seen"], run["new"], run["rejected"]) == ("applied", 4, 3, 1)
    assert run["rejections"] == {"no accelerator": 1}


def test_an_editor_may_try_and_an_approver_refresh(service, key_of):
    editor = key_of(service, "editor")

    tried = refreshed(service, editor, "verda", dry_run=True)
    refused = service.post("/admin/api/price-refreshes", json={"sources": ["verda"]}, headers=editor)
    unknown = service.post("/admin/api/price-refreshes", json={"sources": ["verdi"], "dry_run": True}, headers=editor)

    assert (tried["state"], tried["report"][0]["new"]) == ("done", 3)
    assert service.get("/admin/api/price-runs", headers=editor).json()["total"] == 0
    assert refused.status_code == 403
    assert (unknown.status_code, unknown.json()["errors"][0]["suggestions"]) == (422, ["verda"])
    assert [entry.after["dry_run"] for entry in entries(service, entity="price-refreshes")] == [True]


def test_an_edit_begun_before_a_refresh_is_told(service, world, key_of):  # noqa: F811
    approver = key_of(service, "approver")
    refreshed(service, approver, "verda")
    with reading(service.app.state.engine) as session:
        number = session.scalars(select(OfferRow.id).where(OfferRow.instance == "1H100.80S.30V")).one()
    tag = service.get(f"/admin/api/offers/{number}", headers=approver).headers["etag"]
    put_prices(world, H100="4.20")
    refreshed(service, approver, "verda")

    stale = service.patch(
        f"/admin/api/offers/{number}",
        json={"values": {"note": "mine"}, "why": "note"},
        headers=approver | {"if-match": tag},
    )

    assert stale.status_code == 412
    assert stale.json()["current"]["published"]["usd_per_hour_on_demand"] == 4.2


def test_what_a_refresh_changed_can_be_undone_from_the_audit_trail(service, world, key_of):  # noqa: F811
    approver = key_of(service, "approver")
    refreshed(service, approver, "verda")
    put_prices(world, H100="4.20")
    refreshed(service, approver, "verda")
    (changed,) = entries(service, entity="offers", action="update")

    undone = service.post(f"/admin/api/audit/{changed.id}/restoration", headers=approver)

    assert undone.status_code == 200, undone.text
    assert undone.json()["draft"]["values"]["usd_per_hour_on_demand"] == 3.95


def test_a_person_tries_refreshes_and_looks_at_everything(service, world, signed_in, key_of):  # noqa: F811
    browser = signed_in(service, "approver")
    page = browser.get("/admin/price-refreshes")
    assert "does not refresh by itself" in page.get_text()

    job = browser.submit(page, form="#sources", **{"source.verda": "yes"}, kind="refresh")
    ended(service, int(job.url.rpartition("/")[2]), {})
    shown = browser.get(job.url)
    runs = browser.get("/admin/price-refreshes")
    run = browser.follow(runs, "verda")

    assert "3 new" in shown.get_text()
    assert "1H100.80S.30V" in shown.get_text()
    assert run.heading == "verda: applied"
    assert "no accelerator: 1" in run.get_text()
    assert "approver@example.org" in run.get_text()


@pytest.fixture
def held(service, world, signed_in, key_of):  # noqa: F811
    """Two changes that wait, and a browser to decide about them."""
    approver = key_of(service, "approver")
    refreshed(service, approver, "verda")
    told = json.loads(payload("verda_instance_types.json"))
    told[0]["price_per_hour"] = "39.5"
    told.append(told[0] | {"instance_type": "1Q7.30V", "name": "Quantum Q7", "price_per_hour": "1.00"})
    told[-1]["gpu_memory"] = {"size_in_gigabytes": 80}
    world.put(verda.ADDRESS, json.dumps(told))
    refreshed(service, approver, "verda")
    with reading(service.app.state.engine) as session:
        numbers = {row.kind: row.id for row in session.scalars(select(HeldChange))}
    return signed_in(service, "approver"), numbers


def test_a_person_sees_both_versions_and_accepts_with_a_reason(service, held):
    browser, numbers = held
    page = browser.get(f"/admin/held-changes/{numbers['moved']}")
    assert ("3.95" in page.get_text(), "39.5" in page.get_text()) == (True, True)

    browser.submit(page, form="#decision", decision="accept", reason="new list")

    with reading(service.app.state.engine) as session:
        offer = session.scalars(select(OfferRow).where(OfferRow.instance == "1H100.80S.30V")).one()
    assert (offer.usd_per_hour_on_demand, offer.version) == (39.5, 2)
    assert "new list" in browser.get("/admin/held-changes?state=accepted").get_text()


def test_an_unknown_device_is_named_on_its_page(service, held):
    browser, numbers = held
    page = browser.get(f"/admin/held-changes/{numbers['unknown_accelerator']}")

    unnamed = browser.submit(page, form="#decision", decision="accept", status=422)
    wrong = browser.submit(page, form="#decision", decision="accept", accelerator="H1000 XXL", status=422)
    browser.submit(page, form="#decision", decision="accept", accelerator="H100 PCIe 80GB", reason="looked up")

    assert "Name the device" in unnamed.select_one(".error-summary").get_text()
    assert "H1000 XXL" in wrong.select_one("#accelerator")["value"]
    with reading(service.app.state.engine) as session:
        offer = session.scalars(select(OfferRow).where(OfferRow.instance == "1Q7.30V")).one()
    assert offer.accelerator == "h100-pcie-80gb"


def test_several_changes_are_decided_together_or_not_at_all(service, held):
    browser, numbers = held
    ticked = {f"change.{number}": "yes" for number in numbers.values()}
    page = browser.get("/admin/held-changes")

    nothing = browser.submit(
        page, form="#decisions", decision="reject", reason="x", status=422, **dict.fromkeys(ticked, "")
    )
    mixed = browser.submit(page, form="#decisions", decision="accept", status=422, **ticked)
    after_mixed = browser.get("/admin/held-changes").select("#decisions input[type=checkbox]")
    browser.submit(page, form="#decisions", decision="reject", reason="wrong list", **ticked)

    assert "Tick at least one" in nothing.get_text()
    assert "Name the device" in mixed.get_text()
    assert len(after_mixed) == 2
    assert "0 changes" in browser.get("/admin/held-changes").get_text()


def test_a_person_names_an_address_maps_its_columns_and_tries_it(service, world, signed_in):  # noqa: F811
    world.put("https://acme.example/gpu.csv", "Machine,GPU,Number,Price\nbig,H100 SXM,8,24.00\n")
    browser = signed_in(service, "approver")
    page = browser.get("/admin/new-price-feed")
    wrong = browser.submit(page, form="#feed", name="acme", title="Acme", address="http://acme.example/", status=422)
    saved = browser.submit(
        wrong,
        form="#feed",
        address="https://acme.example/gpu.csv",
        **{
            "columns.instance": "Machine",
            "columns.accelerator": "GPU",
            "columns.accelerator_count": "Number",
            "columns.usd_per_hour_on_demand": "Price",
            "fixed.provider": "lambda",
        },
    )

    job = browser.submit(saved, form="form[action='/admin/price-refreshes']", kind="trial")
    told = ended(service, int(job.url.rpartition("/")[2]), {})

    assert "https://" in wrong.select_one(".error-summary").get_text()
    assert told["report"][0]["details"]["new"] == [
        "lambda big in Global, 8 × h100-sxm5-80gb: 24.0 USD on demand, – spot"
    ]
    assert entries(service, entity="price-feeds")[0].after["columns"]["accelerator"] == "GPU"


def test_two_people_at_one_address_lose_nothing(service, signed_in):
    browser = signed_in(service, "approver")
    new = browser.get("/admin/new-price-feed")
    first = browser.submit(new, form="#feed", name="acme", title="Acme", address="https://acme.example/a.csv")
    browser.submit(first, form="#feed", title="Theirs")

    stale = browser.submit(first, form="#feed", title="Mine", status=412)
    browser.submit(stale, form="#feed", title="Both")

    assert stale.select_one("#title")["value"] == "Mine"
    assert "Theirs: Theirs" in stale.get_text()
    assert browser.get("/admin/price-feeds/acme").heading == "Both"


def test_programs_keep_addresses_with_an_entity_tag(service, key_of):
    approver = key_of(service, "approver")
    fields = {"title": "Acme", "address": "https://acme.example/a.csv"}
    made = service.post("/admin/api/price-feeds", json={"name": "acme", **fields}, headers=approver)
    tag = made.headers["etag"]

    without = service.put("/admin/api/price-feeds/acme", json=fields, headers=approver)
    changed = service.put(
        "/admin/api/price-feeds/acme", json=fields | {"title": "New"}, headers=approver | {"if-match": tag}
    )
    stale = service.put(
        "/admin/api/price-feeds/acme", json=fields | {"title": "Old"}, headers=approver | {"if-match": tag}
    )
    twice = service.post("/admin/api/price-feeds", json={"name": "acme", **fields}, headers=approver)
    switched = service.delete("/admin/api/price-feeds/acme", headers=approver)

    assert (made.status_code, without.status_code, changed.status_code, stale.status_code) == (201, 428, 200, 412)
    assert (stale.json()["current"]["title"], stale.json()["yours"]["title"]) == ("New", "Old")
    assert (twice.status_code, switched.status_code) == (422, 204)
    assert service.get("/admin/api/price-feeds/acme", headers=approver).json()["enabled"] is False


def test_the_first_page_tells_failed_refreshes_and_searches_without_an_answer(service, world, key_of, signed_in):  # noqa: F811
    approver = key_of(service, "approver")
    world.put(verda.ADDRESS, Answer(status=404))
    refreshed(service, approver, "verda")
    service.get("/hardware?q=RTX+9090", headers={"accept": "text/html"})
    service.app.state.searches.write()

    told = service.get("/admin/api/health", headers=approver).json()
    page = signed_in(service, "viewer").get("/admin").get_text(" ")

    assert [(each["source"], "status 404" in each["error"]) for each in told["failed"]] == [("verda", True)]
    assert [(each["words"], each["place"], each["times"]) for each in told["unanswered"]] == [
        ("rtx 9090", "hardware", 1)
    ]
    assert any(text == "announced since 2026" for _, text, _ in told["ending"])
    assert dict(told["conflicting"])["offers"] > 0
    assert "Offers to rent" in page
    assert "status 404" in page
    assert "“rtx 9090” in hardware: 1 ×" in " ".join(page.split())
