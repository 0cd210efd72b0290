"""A process that is killed leaves one whole revision with everything that was acknowledged; bench/ kills it more often."""

import subprocess
import sys

from app.settings import ROOT

KILLS = "5"


def test_killing_at_random_moments_loses_and_halves_nothing(engine):
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "bench/kill_and_check.py", "--kills", KILLS, "--database-url", url]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{KILLS} kills, ")
    assert done.stdout.endswith("always one whole revision, nothing lost\n")
