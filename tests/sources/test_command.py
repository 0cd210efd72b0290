"""``whichrig prices`` as a person uses it."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app.cli import build
from app.sources import verda, vultr
from app.sources.lease import lease
from app.sources.schedule import LEASE
from tests.sources.documents import payload
from tests.sources.world import Answer


@pytest.fixture
def prices(engine, world, monkeypatch):
    """Run the command against the server."""
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", str(engine.url))
    world.put(verda.ADDRESS, payload("verda_instance_types.json"))

    def run(*arguments: str, mirrored: bool = False):
        more = ["--mirror", world.url] if mirrored else []
        return CliRunner().invoke(build(), ["prices", *arguments, *more])

    return run


def test_a_sync_tells_results_and_progress_apart(prices):
    done = prices("sync", "verda", mirrored=True)

    assert done.exit_code == 0
    assert done.stdout == "verda: 4 rows, 3 new, 0 changed, 0 unchanged, 0 vanished, 0 held, 1 left out\n"
    assert "[#] 1 of 1: verda" in done.stderr


def test_a_dry_run_says_so_and_shows_what_it_would_hold(prices, world):
    told = json.loads(payload("verda_instance_types.json"))
    told[0]["price_per_hour"] = "395"
    world.put(verda.ADDRESS, json.dumps(told))

    done = prices("sync", "verda", "--dry-run", mirrored=True)

    assert "held: 1H100.80S.30V: 395 USD" in done.stdout
    assert "nothing was written" in done.stderr
    assert prices("runs").stdout.count("\n") == 1


def test_a_source_that_fails_is_told_and_the_next_one_runs(prices, world):
    world.put(verda.ADDRESS, Answer(status=404))
    for address in vultr.LISTS.values():
        world.put(address, payload("vultr_plans_metal.json" if "metal" in address else "vultr_plans_vcg.json"))

    done = prices("sync", "verda", "vultr", mirrored=True)

    assert done.exit_code == 1
    assert "status 404" in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[1].startswith("vultr: 5 rows")


def test_a_source_nobody_knows_is_answered_with_the_nearest(prices):
    done = prices("sync", "verdi")

    assert done.exit_code == 2
    assert "Did you mean verda?" in done.stderr


def test_two_refreshes_do_not_run_at_once(prices, engine):
    with lease(engine, LEASE, seconds=60):
        done = prices("sync", "verda", mirrored=True)

    assert done.exit_code == 1
    assert "being refreshed already" in done.stderr


def test_held_changes_are_listed_accepted_and_dismissed(prices, world):
    told = json.loads(payload("verda_instance_types.json"))
    told[0]["price_per_hour"], told[1]["price_per_hour"] = "395", "0.001"
    world.put(verda.ADDRESS, json.dumps(told))
    prices("sync", "verda", mirrored=True)

    listed = prices("held").stdout

    numbers = [line.split()[0] for line in listed.splitlines()[1:]]
    assert len(numbers) == 2
    assert "is taken over" in prices("accept", numbers[0], "--by", "Kim").stdout
    assert prices("dismiss", numbers[1], "--by", "Kim").exit_code == 0
    assert prices("held").stdout.count("\n") == 1
    assert prices("accept", "99").exit_code == 2


def test_the_runs_are_listed(prices):
    prices("sync", "verda", mirrored=True)

    assert prices("runs").stdout.splitlines()[1].startswith("verda")


def test_without_a_network_a_source_fails_at_once_and_the_catalogue_stays(prices, monkeypatch):
    done = prices("sync", "verda", "--mirror", "http://127.0.0.1:9")

    assert done.exit_code == 1
    assert "Connection refused" in done.stdout


def test_a_service_that_does_not_refresh_does_not_load_the_reader():
    program = "import sys, app.main; print('httpx' in sys.modules, 'app.sources.refresh' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]
