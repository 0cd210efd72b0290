"""A run that dies on page N goes on from there; what it changes stands in the audit trail."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.catalogue.queries import revision
from app.db import connect, reading, transaction
from app.settings import ROOT
from app.sources import applying, azure, pages, verda
from app.sources.lease import lease
from app.sources.refresh import refresh
from app.tables import AuditEntry, FetchedPage, HeldChange, OfferRow, RefreshRun
from tests.sources.documents import TODAY, payload
from tests.sources.world import Answer

PAGES = "https://prices.azure.com/api/retail/prices"
CUT = Answer(payload("azure_retail_page2.json")[:500], length=60_000)
"""An answer whose connection is cut in the middle."""


@pytest.fixture
def kept(engine):
    def count() -> int:
        with reading(engine) as session:
            return len(session.scalars(select(FetchedPage.question)).all())

    return count


def test_a_run_that_dies_on_a_page_goes_on_from_there(run, world, kept, engine):
    world.put(PAGES, payload("azure_retail_page1.json"), CUT, CUT, CUT, CUT, payload("azure_retail_page2.json"))

    died = run(azure.SOURCE)
    asked_before = len(world.asked)
    assert (died.outcome, kept()) == ("failed", 1)
    went_on = run(azure.SOURCE)

    assert (went_on.outcome, went_on.seen, kept()) == ("applied", 9, 0)
    assert "went on after 1 pages" in went_on.message
    assert len(world.asked) == asked_before + 1
    assert "$skip=1000" in world.paths[-1]


def test_pages_of_long_ago_are_read_again(run, world, kept, engine):
    world.put(PAGES, payload("azure_retail_page1.json"), CUT, CUT, CUT, CUT)
    run(azure.SOURCE)
    with transaction(engine) as session:
        session.execute(update(FetchedPage).values(read_at=datetime.now(UTC) - timedelta(hours=3)))
    world.put(PAGES, payload("azure_retail_page1.json"), payload("azure_retail_page2.json"))

    again = run(azure.SOURCE)

    assert (again.outcome, again.message, kept()) == ("applied", "", 0)


def test_pages_that_cannot_be_understood_are_not_kept(run, world, kept):
    world.put(PAGES, b"<html>")
    assert run(azure.SOURCE).outcome == "failed"
    assert kept() == 0

    world.put(PAGES, payload("azure_retail_page1.json"), payload("azure_retail_page2.json"))
    assert run(azure.SOURCE).outcome == "applied"


def test_a_dry_run_keeps_no_pages(run, world, kept):
    world.put(PAGES, payload("azure_retail_page1.json"), CUT, CUT, CUT, CUT)

    assert run(azure.SOURCE, dry_run=True).outcome == "failed"
    assert kept() == 0


def test_a_page_keeps_its_validator(engine):
    kept = pages.Pages(engine, "verda", datetime.now(UTC))
    kept.keep("https://a", None, page=pages.Page(b"one\ntwo", '"e"'))
    kept.keep("https://a", None, page=pages.Page(b"three\n", '"f"'))

    assert kept.find("https://a", None) == pages.Page(b"three\n", '"f"')
    assert kept.find("https://a", {"q": 1}) is None


def test_a_server_that_only_knows_days_is_asked_conditionally_as_well(run, world):
    day = "Sun, 22 Nov 2026 10:00:00 GMT"
    world.put(verda.ADDRESS, Answer(payload("verda_instance_types.json"), headers={"last-modified": day}))
    run(verda.SOURCE)

    run(verda.SOURCE)

    assert world.asked[1][1]["if-modified-since"] == day


def entries(engine, **wanted) -> list[AuditEntry]:
    with reading(engine) as session:
        return list(session.scalars(select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.id)))


def put_prices(world, **prices: str) -> None:
    told = json.loads(payload("verda_instance_types.json"))
    for each in told:
        each["price_per_hour"] = prices.get(each["model"], each["price_per_hour"])
    world.put(verda.ADDRESS, json.dumps(told))


def test_every_change_of_a_run_stands_in_the_audit_trail_of_its_revision(run, world, engine):
    put_prices(world)
    run(verda.SOURCE, asked_by="kim@example.org")
    put_prices(world, H100="4.20")
    run(verda.SOURCE, asked_by="")

    made = entries(engine, entity="offers", action="create")
    assert {entry.actor for entry in made} == {"kim@example.org"}
    assert len(made) == 3
    changed = entries(engine, entity="offers", action="update")
    assert [
        (entry.actor, entry.before["usd_per_hour_on_demand"], entry.after["usd_per_hour_on_demand"])
        for entry in changed
    ] == [("schedule", 3.95, 4.2)]
    with reading(engine) as session:
        assert changed[0].revision == revision(session)
        offer = session.get(OfferRow, int(changed[0].key))
        assert (offer.version, offer.instance) == (2, changed[0].after["instance"])


def test_a_price_that_is_seen_again_moves_the_version(run, world, engine):
    put_prices(world)
    run(verda.SOURCE)
    run(verda.SOURCE, today=TODAY + timedelta(days=1))

    with reading(engine) as session:
        found = session.scalars(select(OfferRow).where(OfferRow.source == "live-verda")).all()
    assert {offer.version for offer in found} == {2}


def test_an_edit_during_a_run_is_not_overwritten(run, world, engine, monkeypatch):
    put_prices(world)
    run(verda.SOURCE)
    put_prices(world, H100="4.20")
    apply = applying.apply

    def edited_in_between(session, *arguments, **more) -> None:
        session.execute(
            update(OfferRow).where(OfferRow.source == "live-verda").values(note="by hand", version=OfferRow.version + 1)
        )
        apply(session, *arguments, **more)

    monkeypatch.setattr(applying, "apply", edited_in_between)
    run(verda.SOURCE, today=TODAY + timedelta(days=1))

    with reading(engine) as session:
        found = session.scalars(select(OfferRow).where(OfferRow.source == "live-verda")).all()
    assert {(offer.note, offer.version, offer.as_of) for offer in found} == {("by hand", 2, TODAY)}


def test_decisions_stand_in_the_audit_trail_with_their_reason(run, world, engine):
    put_prices(world)
    run(verda.SOURCE)
    put_prices(world, H100="39.5")
    run(verda.SOURCE)
    with reading(engine) as session:
        number = session.scalars(select(HeldChange.id)).one()
    with transaction(engine) as session:
        applying.accept(session, number, by="kim@example.org", reason="they told us")

    decided, changed = entries(engine, actor="kim@example.org")
    assert (decided.action, decided.key, decided.why) == ("decide", str(number), "they told us")
    assert (changed.action, changed.after["usd_per_hour_on_demand"], changed.why) == ("update", 39.5, "they told us")
    with reading(engine) as session:
        assert session.get(HeldChange, number).reason == "they told us"


def test_a_run_that_fails_leaves_only_its_record(run, world, engine):
    world.put(verda.ADDRESS, Answer(status=404))

    run(verda.SOURCE, asked_by="kim@example.org")

    assert entries(engine, entity="offers") == []
    with reading(engine) as session:
        record = session.scalars(select(RefreshRun)).one()
    assert (record.outcome, record.asked_by) == ("failed", "kim@example.org")


@pytest.fixture
def postgres(seeded_postgres_url):
    engine = connect(seeded_postgres_url)
    yield engine
    engine.dispose()


def test_on_postgresql_runs_are_the_same(postgres, fetcher, world):
    put_prices(world)
    first = refresh(postgres, verda.SOURCE, fetcher=fetcher, today=TODAY)
    put_prices(world, H100="4.20")
    second = refresh(postgres, verda.SOURCE, fetcher=fetcher, today=TODAY + timedelta(days=1))

    assert (first.new, second.changed, second.unchanged) == (3, 1, 2)
    assert len(entries(postgres, entity="offers")) == 4
    with reading(postgres) as session:
        found = session.scalars(select(OfferRow).where(OfferRow.source == "live-verda")).all()
    assert {(offer.version, offer.as_of) for offer in found} == {(2, TODAY + timedelta(days=1))}


def test_on_postgresql_the_right_of_a_process_that_dies_is_free_at_once(postgres, seeded_postgres_url):
    program = (
        "import os, sys; from app.db import connect; from app.sources.lease import lease\n"
        "with lease(connect(sys.argv[1]), 'work', seconds=3600) as mine:\n"
        "    print(mine, flush=True); sys.stdin.read(1); os._exit(9)"
    )
    command = [sys.executable, "-c", program, seeded_postgres_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout.readline() == "True\n"
        with lease(postgres, "work", seconds=3600) as mine:
            assert not mine
        other.communicate("x")
    ends_at = time.monotonic() + 60
    heir = False
    while not heir and time.monotonic() < ends_at:
        with lease(postgres, "work", seconds=3600) as heir:
            pass

    assert (other.returncode, heir) == (9, True)
