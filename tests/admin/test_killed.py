"""A process that is killed leaves one whole revision with everything that was acknowledged; bench/ kills it more often."""

import subprocess
import sys

import pytest

from app.settings import ROOT

KILLS = {"sqlite": 8, "postgresql": 4}


@pytest.mark.parametrize("database", KILLS)
def test_killing_at_random_moments_loses_and_halves_nothing(database, tmp_path, request):
    url = f"sqlite:///{tmp_path}/killed.db" if database == "sqlite" else request.getfixturevalue("postgres_url")
    command = [sys.executable, "bench/kill_and_check.py", "--kills", str(KILLS[database]), "--database-url", url]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{KILLS[database]} kills, ")
    assert done.stdout.endswith("always one whole revision, nothing lost\n")
