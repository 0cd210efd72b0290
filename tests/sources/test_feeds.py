"""CSV addresses that administrators name: mapped, converted, checked, and refreshed like every other source."""

import io
import os
import pty
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.catalogue import startup
from app.cli import build
from app.db import reading, transaction
from app.errors import PreconditionFailed, Unprocessable
from app.settings import ROOT, Settings
from app.sources import applying, exchange_rates, feed_store, jobs
from app.sources.exchange_rates import Rates
from app.sources.feeds import Feed, checked, parsed_rows
from app.sources.fetching import Document
from app.sources.lease import lease
from app.sources.reading import MalformedError
from app.sources.registry import all_sources, chosen
from app.sources.schedule import LEASE
from app.tables import AuditEntry, HeldChange, OfferRow, ProviderRow, RefreshJob, WorkLease
from tests.sources.documents import TODAY, payload
from tests.sources.world import Answer

ADDRESS = "https://acme.example/prices.csv?key=secret"
OWN = "provider,instance,region,accelerator,accelerator_count,usd_per_hour_on_demand,usd_per_hour_spot,accelerator_memory_gib"
ROW = "lambda,acme-8,eu,H100 SXM,8,24.00,12.00,80"
MAPPED = Feed(
    "acme",
    "Acme list",
    ADDRESS,
    columns={
        "instance": "Machine",
        "accelerator": "GPU",
        "accelerator_count": "Number",
        "usd_per_hour_on_demand": "Price",
    },
    fixed={"provider": "lambda"},
    currency="EUR",
    price_for="device",
)
RATES = Rates({"EUR": 0.8}, TODAY)


def read(feed: Feed, *lines: str, rates: Rates | None = None):
    return parsed_rows(feed, Document(ADDRESS, "\n".join(lines).encode()), rates=rates, today=TODAY)


def test_a_file_with_our_names_needs_no_mapping():
    found = read(Feed("acme", "Acme", ADDRESS), OWN, ROW).offers[0]

    assert (found.provider, found.instance, found.count, found.usd_per_hour_on_demand, found.usd_per_hour_spot) == (
        "lambda", "acme-8", 8.0, 24.0, 12.0,
    )  # fmt: skip


def test_columns_are_mapped_and_prices_of_devices_in_euros_become_dollars_of_instances():
    found = read(MAPPED, "Machine;GPU;Number;Price", "big;H100 SXM;4;€2.00", rates=RATES).offers[0]

    assert (found.provider, found.instance, found.accelerator_name) == ("lambda", "big", "H100 SXM")
    assert found.usd_per_hour_on_demand == pytest.approx(4 * 2.0 / 0.8)
    assert found.note == "EUR at 1.2500 USD (ECB 2026-11-22)"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("big;H100;4;", "no price"),
        ("big;H100;4;0.00", "no price"),
        ("big;H100;4;-1", "usd_per_hour_on_demand is no number"),
        ("big;H100;4;1,20", "usd_per_hour_on_demand is no number"),
        ("big;H100;4;$1.20", "usd_per_hour_on_demand is no number"),
        ("big;H100;4;720 per month", "usd_per_hour_on_demand is no number"),
        ("big;H100;many;1.20", "accelerator_count is no number"),
        (";;4;1.20", "neither instance nor device"),
        ("big;H100;4;inf", "usd_per_hour_on_demand is no number"),
    ],
)
def test_rows_that_cannot_be_meant_are_left_out_and_counted(row, reason):
    parsed = read(MAPPED, "Machine;GPU;Number;Price", row, rates=RATES)

    assert (parsed.offers, dict(parsed.rejected), parsed.rows_seen) == ([], {reason: 1}, 1)


def test_a_price_of_tomorrow_is_left_out():
    assert read(Feed("acme", "Acme", ADDRESS), OWN + ",as_of", ROW + ",2027-01-01").rejected == {"the day cannot be": 1}
    assert read(Feed("acme", "Acme", ADDRESS), OWN + ",as_of", ROW + ",soon").rejected == {"the day cannot be": 1}


def test_a_file_without_the_columns_says_which_it_has():
    with pytest.raises(MalformedError, match="no column Machine, GPU, Number; there are Price, Other"):
        read(MAPPED, "Price;Other", "1;2", rates=RATES)
    with pytest.raises(MalformedError, match="name the columns with provider and price; there are a, b"):
        read(Feed("acme", "Acme", ADDRESS), "a,b", "1,2")


def test_an_address_is_public_and_without_its_secret_where_it_is_shown(engine):
    source = all_sources(engine, Settings(prices_csv=f"acme={ADDRESS}"))["acme"]

    assert (source.url, source.guarded) == ("https://acme.example/prices.csv", True)
    assert source in chosen([], {"acme": source})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "Acme!"}, "/name"),
        ({"name": "azure"}, "/name"),
        ({"title": ""}, "/title"),
        ({"address": "http://acme.example/x"}, "/address"),
        ({"address": "https://10.0.0.1/x"}, "/address"),
        ({"address": "https://localhost/x"}, "/address"),
        ({"address": "https://[::1]/x"}, "/address"),
        ({"address": "https://[bad/x"}, "/address"),
        ({"address": "https://me:pw@acme.example/x"}, "/address"),
        ({"columns": {"prize": "Price"}}, "/columns/prize"),
        (
            {"columns": {"usd_per_hour_on_demand": "Price per month", "provider": "P"}},
            "/columns/usd_per_hour_on_demand",
        ),
        ({"columns": {"usd_per_hour_on_demand": "Cents"}}, "/columns/usd_per_hour_on_demand"),
        ({"columns": {"provider": "P"}}, "/columns/usd_per_hour_on_demand"),
        ({"columns": {"usd_per_hour_on_demand": "Price"}, "fixed": {}}, "/columns/provider"),
        ({"currency": "XAU"}, "/currency"),
        ({"price_for": "rack"}, "/price_for"),
    ],
)
def test_what_an_administrator_enters_is_checked(changes, pointer):
    with pytest.raises(Unprocessable) as caught:
        checked(replace(MAPPED, **changes), taken=["azure"])
    assert pointer in [problem.pointer for problem in caught.value.problems]


@pytest.fixture
def acme(engine, world):
    """The mapped address, named and answering."""
    with transaction(engine) as session:
        feed_store.create(session, MAPPED, actor="kim@example.org")
    world.put(exchange_rates.ADDRESS, payload("frankfurter_fx.json"))
    world.put("https://acme.example/prices.csv", "Machine;GPU;Number;Price\nbig;H100 SXM;4;2.00\nodd;Quantum Q7;1;1\n")
    return all_sources(engine, Settings())["acme"]


def test_a_named_address_is_refreshed_reviewed_and_noted(acme, run, engine):
    outcome = run(acme)

    assert (outcome.outcome, outcome.new, [held.kind for held in outcome.held]) == (
        "applied",
        1,
        ["unknown_accelerator"],
    )
    with reading(engine) as session:
        offer = session.scalars(select(OfferRow).where(OfferRow.source == "live-acme")).one()
        trail = session.scalars(select(AuditEntry).where(AuditEntry.entity == "price-feeds")).one()
    assert (offer.instance, offer.accelerator_count, offer.accelerator) == ("big", 4.0, "h100-sxm5-80gb")
    assert (trail.actor, trail.action, trail.after["title"]) == ("kim@example.org", "add", "Acme list")


def test_a_provider_that_nobody_knows_waits_and_is_made_with_its_first_offer(engine, world, run):
    with transaction(engine) as session:
        feed_store.create(session, replace(MAPPED, fixed={"provider": "acme-cloud"}), actor="kim@example.org")
    world.put(exchange_rates.ADDRESS, payload("frankfurter_fx.json"))
    rows = [f"{name};H100 SXM;1;2.00\n" for name in ("one", "two")]
    world.put("https://acme.example/prices.csv", "Machine;GPU;Number;Price\n" + "".join(rows))
    acme = all_sources(engine, Settings())["acme"]

    first = run(acme)
    assert [(each.kind, each.detail) for each in first.held] == [
        ("unknown_provider", f"We know no provider called acme-cloud ({name}).") for name in ("one", "two")
    ]
    with transaction(engine) as session:
        number = session.scalars(select(HeldChange.id).order_by(HeldChange.id)).first()
        applying.accept(session, number, by="Kim")
        made = session.get(ProviderRow, "acme-cloud")
        assert (made.name, made.status, made.source) == ("acme-cloud", "unclear", "live-acme")
    assert {provider.slug for provider in startup.prepare(engine).market.providers} >= {"acme-cloud"}
    again = run(acme)

    assert (again.new, again.held) == (1, [])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"x" * 1000, length=5000),
        Answer(status=302, headers={"location": "https://elsewhere.example/"}),
        Answer(b"\x00\x01\x02"),
        Answer(b"<html>not found</html>"),
    ],
    ids=["cut", "redirect", "binary", "html"],
)
def test_a_named_address_that_answers_badly_changes_nothing(acme, run, world, engine, answer):
    world.put("https://acme.example/prices.csv", answer)

    assert run(acme).outcome == "failed"
    with reading(engine) as session:
        assert session.scalars(select(OfferRow).where(OfferRow.source == "live-acme")).all() == []


def test_two_edits_of_one_address_do_not_overwrite_each_other(engine, acme):
    with transaction(engine) as session:
        feed_store.update(session, replace(MAPPED, title="First"), version=1, actor="kim")
    with transaction(engine) as session, pytest.raises(PreconditionFailed):
        feed_store.update(session, replace(MAPPED, title="Second"), version=1, actor="lee")


def test_an_address_can_be_switched_off(engine, acme):
    with transaction(engine) as session:
        feed_store.switch(session, "acme", enabled=False, actor="kim")

    assert "acme" not in all_sources(engine, Settings())


@pytest.fixture
def started(engine, world):
    """A job as the administration starts it, run to its end."""

    def run(*names: str, dry_run: bool = False) -> RefreshJob:
        with transaction(engine) as session:
            number = jobs.note(session, names, dry_run=dry_run, asked_by="kim@example.org").id
        jobs.run(engine, Settings(database_url=str(engine.url), prices_mirror=world.url), number=number)
        with reading(engine) as session:
            return session.get_one(RefreshJob, number)

    return run


def test_a_job_tells_what_it_did_and_who_wanted_it(acme, started, engine):
    job = started("acme")

    assert (job.state, job.progress) == ("done", "")
    report = job.report[0]
    assert (report["new"], report["held_in_all"], report["held"][0]["kind"]) == (1, 1, "unknown_accelerator")
    assert report["details"]["new"][0].startswith("lambda big in Global, 4 × h100-sxm5-80gb: 9.")
    with reading(engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.entity == "price-refreshes")).one()
    assert (noted.actor, noted.after) == ("kim@example.org", {"sources": ["acme"], "dry_run": False})


def test_a_dry_job_reports_and_changes_nothing(acme, started, engine):
    job = started("acme", dry_run=True)

    assert (job.state, job.report[0]["new"]) == ("done", 1)
    with reading(engine) as session:
        assert session.scalars(select(OfferRow).where(OfferRow.source == "live-acme")).all() == []


def test_a_job_beside_another_refresh_says_so(acme, started, engine):
    with lease(engine, LEASE, seconds=60):
        job = started("acme")

    assert (job.state, job.progress) == ("failed", "Prices are being refreshed already.")


def test_a_job_whose_worker_fell_silent_is_interrupted(engine):
    with transaction(engine) as session:
        job = jobs.note(session, [], dry_run=True, asked_by="kim")
    late = datetime.now(UTC) + jobs.NO_SIGN_OF_LIFE * 2

    assert (jobs.state_of(job, datetime.now(UTC)), jobs.state_of(job, late)) == ("running", "interrupted")


def test_the_right_of_a_process_that_died_on_this_machine_is_free_at_once(engine):
    import socket

    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    with transaction(engine) as session:
        holder = f"{socket.gethostname()}:{done.stdout.strip()}:ab"
        session.add(WorkLease(name="work", holder=holder, expires_at=datetime(2100, 1, 1, tzinfo=UTC)))

    with lease(engine, "work", seconds=60) as mine:
        assert mine


def test_addresses_are_named_listed_read_and_left_by_command(engine, world, monkeypatch):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", str(engine.url))
    world.put("https://acme.example/prices.csv", f"{OWN}\n{ROW}\n")

    def prices(*words: str):
        return CliRunner().invoke(build(), ["prices", *words])

    assert prices("feeds", "add", "acme", ADDRESS).exit_code == 0
    assert "acme" in prices("feeds", "list").stdout
    assert prices("sync", "acme", "--mirror", world.url).stdout.startswith("acme: 1 rows, 1 new")
    assert prices("feeds", "add", "acme", ADDRESS).exit_code == 2
    assert prices("feeds", "add", "other", ADDRESS, "--column", "usd_per_hour_on_demand").exit_code == 2
    assert prices("feeds", "remove", "acme").exit_code == 0
    assert "no source called acme" in prices("sync", "acme").stderr
    assert "Did you mean" in prices("feeds", "remove", "acne").stderr


def test_a_private_address_is_refused_when_it_is_read(engine, monkeypatch):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", str(engine.url))
    monkeypatch.setenv("WHICHRIG_PRICES_CSV", "acme=https://127.0.0.1/prices.csv")

    done = CliRunner().invoke(build(), ["prices", "sync", "acme"])

    assert done.exit_code == 1
    assert "private network" in done.stdout


def test_on_a_terminal_a_bar_moves_in_one_line(engine, world, monkeypatch):
    world.put("https://acme.example/prices.csv", f"{OWN}\n{ROW}\n")
    ours, theirs = pty.openpty()
    environment = os.environ | {
        "WHICHRIG_DATABASE_URL": str(engine.url), "WHICHRIG_PRICES_CSV": f"acme={ADDRESS}", "COLUMNS": "80",
    }  # fmt: skip
    command = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "prices",
        "sync",
        "acme",
        "--mirror",
        world.url,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT, env=environment) as process:
        os.close(theirs)
        shown = io.BytesIO()
        ends_at = time.monotonic() + 60
        while time.monotonic() < ends_at:
            try:
                shown.write(os.read(ours, 4096))
            except OSError:
                break
        out = process.stdout.read().decode()
    os.close(ours)

    assert out.startswith("acme: 1 rows, 1 new")
    lines = shown.getvalue().decode().split("\r")
    assert "[....................] 1 of 1: acme" in "".join(lines)
    assert "reading https://acme.example" in "".join(lines)
    assert "\n" not in shown.getvalue().decode().strip()
