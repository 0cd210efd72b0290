"""Whole runs against a server: what is taken over, what is held, what is recorded, and what goes wrong."""

import io
import json
import re
import threading
import time
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.catalogue import transfer
from app.catalogue.queries import load_snapshot, revision
from app.db import connect, reading, transaction
from app.errors import Conflict, NotFound
from app.main import create_app
from app.settings import Settings
from app.sources import applying, azure, exchange_rates, gpuhunt, oci, runpod, skypilot, verda
from app.sources.lease import lease
from app.sources.offers import Known
from app.sources.refresh import Outcome
from app.sources.registry import SOURCES, all_sources, chosen
from app.sources.schedule import FIRST_LOOK_S, LEASE, pauses_s, refresh_all
from app.tables import AuditEntry, HeldChange, OfferHistoryRow, OfferRow, RefreshRun
from app.tables import Source as SourceRow
from tests.sources.documents import TODAY, payload
from tests.sources.world import Answer

VERDA = verda.SOURCE


@pytest.fixture
def verda_list(world):
    """Let Verda's list be what a test makes of it."""

    def put(*, keep=lambda _: True, headers=None, **prices: str) -> None:
        told = [each for each in json.loads(payload("verda_instance_types.json")) if keep(each)]
        for each in told:
            each["price_per_hour"] = prices.get(each["model"].replace(" ", "_"), each["price_per_hour"])
        world.put(verda.ADDRESS, Answer(json.dumps(told).encode(), headers=headers or {}))

    put()
    return put


def test_new_offers_are_taken_over_with_their_origin(run, engine, rows, verda_list):
    outcome = run(VERDA)

    assert (outcome.outcome, outcome.seen, outcome.new, outcome.rejected) == ("applied", 4, 3, {"no accelerator": 1})
    offers = rows(OfferRow, OfferRow.source == "live-verda")
    assert {(offer.instance, offer.accelerator, offer.usd_per_hour_on_demand) for offer in offers} == {
        ("1H100.80S.30V", "h100-sxm5-80gb", 3.95),
        ("2A6000.20V", "rtx-a6000", 1.98),
        ("1V100.6V", "tesla-v100-sxm2-16gb", 0.89),
    }
    assert {offer.as_of for offer in offers} == {TODAY}
    with reading(engine) as session:
        assert session.get(SourceRow, "live-verda").url == VERDA.url
        assert any(offer.instance == "1H100.80S.30V" for offer in load_snapshot(session).market.offers)


def test_a_run_is_one_revision_and_its_record(run, engine, rows, verda_list):
    with reading(engine) as session:
        before = revision(session)

    run(VERDA)

    with reading(engine) as session:
        assert revision(session) == before + 1
    record = rows(RefreshRun)[0]
    assert (record.source, record.outcome, record.rows_seen, record.rows_new, record.rows_rejected) == (
        "verda", "applied", 4, 3, 1,
    )  # fmt: skip
    assert json.loads(record.rejections) == {"no accelerator": 1}


def test_the_same_list_again_changes_nothing(run, rows, verda_list):
    run(VERDA)
    outcome = run(VERDA, today=TODAY + timedelta(days=1))

    assert (outcome.new, outcome.changed, outcome.unchanged) == (0, 0, 3)
    assert len(rows(OfferRow, OfferRow.source == "live-verda")) == 3
    assert rows(OfferRow, OfferRow.instance == "1V100.6V")[0].as_of == TODAY + timedelta(days=1)


def test_a_list_that_has_not_moved_is_not_read_again(run, rows, world, verda_list):
    verda_list(headers={"etag": '"a1"'})
    run(VERDA)

    outcome = run(VERDA)

    assert outcome.outcome == "unchanged"
    assert world.asked[1][1]["if-none-match"] == '"a1"'
    assert [record.outcome for record in rows(RefreshRun)] == ["applied", "unchanged"]


def test_a_new_price_keeps_the_old_one_in_the_history(run, rows, verda_list):
    run(VERDA)
    former = len(rows(OfferHistoryRow))
    verda_list(H100="4.20")

    outcome = run(VERDA)

    assert outcome.changed == 1
    offer = rows(OfferRow, OfferRow.instance == "1H100.80S.30V")[0]
    assert (offer.usd_per_hour_on_demand, offer.version) == (4.2, 2)
    history = rows(OfferHistoryRow)
    assert len(history) == former + 1
    assert (history[-1].instance, history[-1].usd_per_hour_on_demand) == ("1H100.80S.30V", 3.95)


def test_a_dry_run_writes_nothing(run, engine, rows, verda_list):
    with reading(engine) as session:
        before = revision(session)

    outcome = run(VERDA, dry_run=True)

    assert outcome.new == 3
    assert rows(RefreshRun) == rows(OfferRow, OfferRow.source == "live-verda") == []
    with reading(engine) as session:
        assert revision(session) == before


def test_a_price_that_moves_more_than_threefold_is_held(run, engine, rows, verda_list):
    run(VERDA)
    verda_list(H100="12.50")

    outcome = run(VERDA)

    assert [(held.kind, held.detail) for held in outcome.held] == [
        ("moved", "1H100.80S.30V in Global, on demand: 3.95 USD became 12.5 USD.")
    ]
    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V")[0].usd_per_hour_on_demand == 3.95

    with transaction(engine) as session:
        applying.accept(session, rows(HeldChange)[0].id, by="Kim")

    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V")[0].usd_per_hour_on_demand == 12.5
    assert rows(OfferHistoryRow)[-1].usd_per_hour_on_demand == 3.95
    decided = rows(HeldChange)[0]
    assert (decided.decision, decided.decided_by) == ("accepted", "Kim")


def test_a_held_change_is_held_once_and_a_dismissed_one_stays_dismissed(run, engine, rows, verda_list):
    run(VERDA)
    verda_list(H100="12.50")
    run(VERDA)
    run(VERDA)
    assert len(rows(HeldChange)) == 1

    with transaction(engine) as session:
        applying.dismiss(session, rows(HeldChange)[0].id, by="Kim")
    run(VERDA)
    assert [change.decision for change in rows(HeldChange)] == ["dismissed"]

    verda_list(H100="13.50")
    run(VERDA)
    assert [change.decision for change in rows(HeldChange)] == ["waiting"]


def test_cents_in_place_of_dollars_are_held(run, rows, verda_list):
    verda_list(H100="395")

    outcome = run(VERDA)

    assert [held.kind for held in outcome.held] == ["suspicious"]
    assert re.fullmatch(r"1H100.80S.30V: 395 USD for one .*", outcome.held[0].detail)
    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V") == []


def test_an_offer_that_vanishes_is_held_and_retired_when_accepted(run, engine, rows, verda_list):
    run(VERDA)
    verda_list(keep=lambda each: each["model"] != "Tesla V100")

    outcome = run(VERDA)

    assert (outcome.vanished, [held.kind for held in outcome.held]) == (1, ["vanished"])
    assert not rows(OfferRow, OfferRow.instance == "1V100.6V")[0].retired
    with transaction(engine) as session:
        applying.accept(session, rows(HeldChange)[0].id, by="Kim")
    assert rows(OfferRow, OfferRow.instance == "1V100.6V")[0].retired


def test_an_unknown_device_waits_for_its_name(run, engine, rows, world):
    told = json.loads(payload("verda_instance_types.json"))[:1]
    told[0] |= {"instance_type": "1Q7.30V", "name": "Quantum Q7 999GB", "gpu_memory": {"size_in_gigabytes": 80}}
    world.put(verda.ADDRESS, json.dumps(told))

    outcome = run(VERDA)

    assert [held.kind for held in outcome.held] == ["unknown_accelerator"]
    number = rows(HeldChange)[0].id
    with transaction(engine) as session, pytest.raises(Conflict, match="Name the device"):
        applying.accept(session, number, by="Kim")
    with transaction(engine) as session:
        applying.accept(session, number, by="Kim", accelerator="h100-pcie-80gb")
    assert rows(OfferRow, OfferRow.instance == "1Q7.30V")[0].accelerator == "h100-pcie-80gb"


def test_a_device_that_a_person_named_stays_named(run, engine, rows, world):
    told = json.loads(payload("runpod_gputypes_response.json"))
    told["data"]["gpuTypes"][0] |= {"displayName": "Quantum Q7", "memoryInGb": 80}
    world.put(runpod.ADDRESS, json.dumps(told))
    run(runpod.SOURCE)
    numbers = [change.id for change in rows(HeldChange) if change.kind == "unknown_accelerator"]
    assert numbers
    for number in numbers:
        with transaction(engine) as session:
            applying.accept(session, number, by="Kim", accelerator="h100-pcie-80gb")

    again = run(runpod.SOURCE)

    assert (again.vanished, again.held) == (0, [])
    assert {change.decision for change in rows(HeldChange)} == {"accepted"}


def test_a_price_that_was_accepted_is_not_doubted_again(run, engine, rows, verda_list):
    verda_list(H100="395")
    run(VERDA)
    with transaction(engine) as session:
        applying.accept(session, rows(HeldChange)[0].id, by="Kim")

    verda_list(H100="396")
    again = run(VERDA)

    assert (again.held, again.changed) == ([], 1)
    assert [change.decision for change in rows(HeldChange)] == ["accepted"]


def test_a_doubt_that_the_source_settles_itself_waits_no_more(run, engine, rows, verda_list):
    run(VERDA)
    verda_list(H100="12.50")
    run(VERDA)
    verda_list(H100="4.10")
    run(VERDA)

    settled = rows(HeldChange)[0]
    assert (settled.decision, settled.decided_by) == ("withdrawn", "live-verda")
    with transaction(engine) as session, pytest.raises(Conflict, match="withdrawn already"):
        applying.accept(session, settled.id, by="Kim")
    verda_list(H100="12.50")
    run(VERDA)
    assert [change.decision for change in rows(HeldChange)] == ["waiting"]


def test_a_price_that_is_seen_again_has_the_source_that_saw_it(run, engine, rows, world):
    world.put(oci.ADDRESS, payload("oci_products.json"))
    before = rows(OfferRow, OfferRow.instance == "BM.GPU.H100.8")[0]

    outcome = run(oci.SOURCE)

    after = rows(OfferRow, OfferRow.instance == "BM.GPU.H100.8")[0]
    assert (outcome.changed, after.usd_per_hour_on_demand) == (0, before.usd_per_hour_on_demand)
    assert (before.source != after.source, after.source, after.as_of) == (True, "live-oci", TODAY)
    assert (rows(OfferHistoryRow)[-1].as_of, rows(OfferHistoryRow)[-1].source) != (after.as_of, after.source)


def test_an_offer_of_the_first_catalogue_can_vanish_too(run, rows, world):
    told = json.loads(payload("oci_products.json"))
    world.put(oci.ADDRESS, json.dumps(told))
    run(oci.SOURCE)
    told["items"] = [each for each in told["items"] if each["partNumber"] != "B95909"]
    world.put(oci.ADDRESS, json.dumps(told))

    outcome = run(oci.SOURCE)

    assert {held.kind for held in outcome.held} == {"vanished"}
    assert {held.offer.instance for held in outcome.held} == {"VM.GPU.A10.1", "VM.GPU.A10.2", "BM.GPU.A10.4"}


def test_a_change_of_an_offer_that_is_gone_is_not_accepted(run, engine, rows, verda_list):
    run(VERDA)
    verda_list(H100="12.50")
    run(VERDA)
    with transaction(engine) as session:
        session.execute(update(OfferRow).where(OfferRow.instance == "1H100.80S.30V").values(retired=True))

    with transaction(engine) as session, pytest.raises(Conflict, match="no longer has the offer"):
        applying.accept(session, rows(HeldChange)[0].id, by="Kim")


def test_after_a_restore_lists_are_read_though_they_have_not_changed(run, engine, rows, verda_list):
    file = io.StringIO()
    with transaction(engine) as session:
        transfer.write(session, file)
    verda_list(headers={"etag": '"one"'})
    run(VERDA)
    assert run(VERDA).outcome == "unchanged"
    with transaction(engine) as session:
        transfer.restore(session, iter(file.getvalue().splitlines(keepends=True)))
    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V") == []

    run(VERDA)

    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V")[0].usd_per_hour_on_demand == 3.95


def test_a_decision_is_made_once(run, engine, rows, verda_list):
    verda_list(H100="395")
    run(VERDA)
    number = rows(HeldChange)[0].id
    with transaction(engine) as session:
        applying.dismiss(session, number, by="Kim")

    with transaction(engine) as session, pytest.raises(Conflict, match="dismissed already"):
        applying.accept(session, number, by="Kim")
    with transaction(engine) as session, pytest.raises(NotFound):
        applying.dismiss(session, 999, by="Kim")


def test_a_list_that_loses_most_of_its_rows_is_refused(run, engine, rows, world):
    one = json.loads(payload("verda_instance_types.json"))[0]
    many = [one | {"instance_type": f"1H100.{number}V"} for number in range(12)]
    world.put(verda.ADDRESS, json.dumps(many))
    run(VERDA)
    world.put(verda.ADDRESS, json.dumps([*many[:3], one | {"instance_type": "new"}]))

    outcome = run(VERDA)

    assert outcome.outcome == "refused"
    assert outcome.message.startswith("9 of 12 known offers are missing")
    assert rows(OfferRow, OfferRow.instance == "new") == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b"<html>", headers={"content-type": "text/html"}), "this is not JSON"),
        (Answer(status=503), "status 503"),
        (Answer(status=403), "status 403"),
        (Answer(b"[" * 100_000), "this is not JSON"),
        (Answer(status=302, headers={"location": "https://elsewhere.example/"}), "redirects to another host"),
        (Answer(b'[{"gpu": 7}]'), "AttributeError"),
    ],
    ids=["html", "down", "forbidden", "deep", "redirect", "surprise"],
)
def test_a_source_that_fails_is_recorded_and_changes_nothing(run, rows, world, answer, told):
    world.put(verda.ADDRESS, answer)

    outcome = run(VERDA)

    assert outcome.outcome == "failed"
    assert told in outcome.message
    assert rows(RefreshRun)[0].message == outcome.message
    assert rows(OfferRow, OfferRow.source == "live-verda") == []


def test_azure_is_read_page_after_page(run, world, rows):
    world.put(
        "https://prices.azure.com/api/retail/prices",
        payload("azure_retail_page1.json"),
        payload("azure_retail_page2.json"),
    )

    outcome = run(azure.SOURCE)

    assert len(world.asked) == 2
    assert "$skip=1000" in world.paths[1]
    assert (outcome.outcome, outcome.seen) == ("applied", 9)
    changed = rows(OfferRow, OfferRow.instance == "Standard_NC40ads_H100_v5", OfferRow.region == "eastus")
    assert (changed[0].accelerator, changed[0].usd_per_hour_spot) == ("h100-nvl-94gb", 1.289904)


def test_azure_pages_on_another_host_are_not_read(run, world):
    page = json.loads(payload("azure_retail_page1.json")) | {"NextPageLink": "https://elsewhere.example/next"}
    world.put("https://prices.azure.com/api/retail/prices", json.dumps(page))

    assert "elsewhere.example" in run(azure.SOURCE).message
    assert len(world.asked) == 1


def test_what_a_provider_says_itself_goes_before_what_others_collected(run, rows, world, verda_list):
    run(VERDA)
    heads = (
        "InstanceType,UpstreamCloudId,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Region,Price,SpotPrice\n"
    )
    world.put(f"{skypilot.BASE}/verda/vms.csv", heads + "1H100.80S.30V,x,30,120,H100,1,,Global,2.50,1.0\n")

    outcome = run(skypilot.SOURCE)

    assert (outcome.changed, outcome.unchanged) == (0, 1)
    assert outcome.message.count("status 404") == len(skypilot.CURRENT) - 1
    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V")[0].usd_per_hour_on_demand == 3.95


def test_another_version_of_skypilots_catalogue_is_read_where_the_settings_say_so(engine, fetcher, world):
    world.put(f"{skypilot.CATALOGS}/v9/lium/vms.csv", payload("skypilot_lium_vms.csv"))
    source = all_sources(engine, Settings(prices_skypilot_schema="v9"))["skypilot"]

    parsed = source.parse(source.fetch(fetcher(), Known(TODAY)), Known(TODAY))

    assert {offer.provider for offer in parsed.offers} == {"lium"}
    assert all("/v9/" in path for path in world.paths)


def test_versions_name_archives_and_nothing_else(run, world):
    world.put(f"{gpuhunt.BASE}/aws/version", "../../secret")

    outcome = run(gpuhunt.SOURCE)

    assert (outcome.outcome, "is no version" in outcome.message) == ("failed", True)
    assert not any("secret" in path for path in world.paths)


def test_one_worker_refreshes_at_a_time(engine):
    with lease(engine, "work", seconds=60) as first, lease(engine, "work", seconds=60) as second:
        assert (first, second) == (True, False)
    with lease(engine, "work", seconds=60) as third:
        assert third


def test_a_lease_of_the_dead_runs_out(engine):
    with lease(engine, "work", seconds=-1) as dead, lease(engine, "work", seconds=60) as heir:
        assert (dead, heir) == (True, True)
    with lease(engine, "work", seconds=60) as next_one:
        assert next_one


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_many_that_ask_at_once_one_gets_the_lease(request, engine, database):
    from app.catalogue import startup

    if database == "postgresql":
        engine = connect(request.getfixturevalue("postgres_url"))
        startup.migrate(engine)
    taken: list[bool] = []
    together = threading.Barrier(4)

    def ask() -> None:
        together.wait()
        with lease(engine, "race", seconds=60) as mine:
            taken.append(mine)
            done.wait(10)

    done = threading.Event()
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(taken) < 4 and any(thread.is_alive() for thread in threads):
        done.wait(0.01)
    done.set()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False, False, False, True]
    if database == "postgresql":
        engine.dispose()


def test_the_schedule_runs_what_the_settings_name_when_nobody_else_does(engine, monkeypatch):
    ran: list[str] = []
    settings = Settings(prices_every_hours=1, prices_sources="verda, vultr")

    def refresh(_engine, source, *, fetcher):
        ran.append(source.key)
        return Outcome(source.key, "unchanged")

    monkeypatch.setattr("app.sources.refresh.refresh", refresh)
    with lease(engine, LEASE, seconds=60):
        assert refresh_all(engine, settings) == 0

    assert refresh_all(engine, settings) == 2
    assert ran == ["verda", "vultr"]


@pytest.mark.parametrize("every_s", [10.0, 86_400.0])
def test_a_service_looks_soon_after_its_start_and_then_about_as_often_as_asked(every_s):
    first, *later = islice(pauses_s(every_s), 20)

    assert 0 < first <= min(every_s, 1.5 * FIRST_LOOK_S)
    assert all(0.9 * every_s <= pause <= 1.1 * every_s for pause in later)


def test_what_another_worker_ran_a_moment_ago_waits_for_its_next_turn(run, engine, verda_list, monkeypatch):
    ran: list[str] = []

    def refresh(_engine, source, *, fetcher):
        ran.append(source.key)
        return Outcome(source.key, "unchanged")

    monkeypatch.setattr("app.sources.refresh.refresh", refresh)
    run(VERDA)

    assert refresh_all(engine, Settings(prices_every_hours=1, prices_sources="verda,vultr")) == 1
    assert ran == ["vultr"]


def test_the_service_refreshes_by_itself_and_serves_the_new_prices(engine, world, verda_list):
    settings = Settings(
        database_url=str(engine.url), prices_every_hours=0.0001, prices_sources="verda", prices_mirror=world.url
    )

    with TestClient(create_app(settings)) as client:
        ends_at = time.monotonic() + 60
        found: list = []
        while not found and time.monotonic() < ends_at:
            time.sleep(0.1)
            listed = client.get("/cloud/offers?provider=verda&limit=100").json()["items"]
            found = [offer for offer in listed if offer["instance"] == "1H100.80S.30V"]

    assert found[0]["usd_per_hour_on_demand"] == 3.95
    assert found[0]["source"] == VERDA.url


def test_thousands_of_offers_are_taken_over_in_seconds(run, world):
    one = json.loads(payload("verda_instance_types.json"))[0]
    many = [one | {"instance_type": f"1H100.{number}V"} for number in range(5_000)]
    many += [one | {"instance_type": f"1Q.{number}V", "name": "Quantum Q7"} for number in range(500)]
    world.put(verda.ADDRESS, json.dumps(many))
    started_at = time.process_time()

    outcome = run(VERDA)

    assert (outcome.new, len(outcome.held)) == (5_000, 500)
    assert time.process_time() - started_at < 30


def test_the_largest_list_runs_only_when_it_is_named():
    assert "aws" not in {source.key for source in chosen([])}
    assert [source.key for source in chosen(["aws"])] == ["aws"]


def test_a_price_from_the_past_never_replaces_a_newer_one(run, engine, rows, verda_list):
    run(VERDA)
    with transaction(engine) as session:
        session.execute(
            update(OfferRow).where(OfferRow.instance == "1H100.80S.30V").values(as_of=TODAY + timedelta(days=30))
        )
    verda_list(H100="4.20")
    dated = replace(VERDA, parse=lambda documents, known: _dated(verda.parse(documents, known)))

    assert run(dated).changed == 0
    assert rows(OfferRow, OfferRow.instance == "1H100.80S.30V")[0].usd_per_hour_on_demand == 3.95


def _dated(parsed):
    parsed.offers = [replace(offer, as_of=TODAY) for offer in parsed.offers]
    return parsed


def test_todays_exchange_rates_are_kept_with_their_day_and_shown_on_pages(run, engine, world):
    def rates(day, euros):
        world.put(exchange_rates.ADDRESS, json.dumps({"base": "USD", "date": day, "rates": {"EUR": euros}}))

    rates("2026-11-20", 0.9)
    first = run(SOURCES["exchange-rates"])
    rates("2026-11-23", 0.8)
    second = run(SOURCES["exchange-rates"])
    with reading(engine) as session:
        market = load_snapshot(session).market
        trail = session.scalars(select(AuditEntry).where(AuditEntry.entity == "economic-factors")).all()

    assert (first.outcome, second.outcome) == ("applied", "applied")
    assert {each.currency: (each.per_usd, each.as_of.isoformat()) for each in market.exchange_rates}["EUR"] == (
        0.8,
        "2026-11-23",
    )
    assert [each.action for each in trail] == ["create", "update"]
