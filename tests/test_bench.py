"""The speed benchmarks run, end in time, and say how many times a no-op each answer takes."""

import re
import subprocess
import sys

import pytest

from app.settings import ROOT


@pytest.mark.parametrize("name", ["recommend_speed", "page_speed"])
def test_a_benchmark_prints_ratios_to_a_no_op(name):
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / f"{name}.py"), "--seconds", "0.05"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    ratios = [float(found) for found in re.findall(r"([\d.]+) x no-op", done.stdout)]
    assert (done.returncode, done.stderr) == (0, "")
    assert ratios[0] == 1.0
    assert len(ratios) >= 9
    assert max(ratios) > 2
