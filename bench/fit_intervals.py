"""Measure how published runs spread around the estimates, and write the 80 % intervals.

    .venv/bin/python bench/fit_intervals.py CASES.jsonl [--write]

CASES holds one measured run a line: a request in contract form, its measured value, class and source ("group").
Every source weighs the same within its class, whatever its number of runs, because an estimate has to hold for the
next source and not for more of the same. A class with fewer than MIN_RUNS runs takes the pooled spread of its metric.
"""

import argparse
import json
import pathlib
from collections import defaultdict

import numpy as np

from app import advisor
from app.catalogue.startup import prepare
from app.db import connect
from app.engine.workload import HardwareChoice, Workload
from app.errors import AppError
from app.settings import Settings

MIN_RUNS = 30
LOW, HIGH = 0.10, 0.90
TARGET = pathlib.Path(__file__).parent.parent / "app/engine/data/intervals.json"
METRICS = {
    "memory_gib_per_device": "memory",
    "throughput_total": "throughput",
    "prefill_tokens_per_s": "prefill",
    "decode_tokens_per_s": "decode",
    "duration_hours": "duration",
    "device_hours": "duration",
}


def expected(answer, metric):
    """The estimate for a measured metric, or None."""
    if metric == "throughput_total":
        return answer.throughput and answer.throughput.total
    if metric in {"prefill_tokens_per_s", "decode_tokens_per_s"}:
        return answer.throughput and getattr(answer.throughput, metric)
    return getattr(answer, metric)


def residuals(cases):
    """Measured / estimated per metric and class: a list of (source, ratio, work class)."""
    snapshot = prepare(connect(Settings.from_environment().database_url))
    found = defaultdict(list)
    for case in cases:
        value = case["measured"].get("value")
        if case.get("quality") == "outlier" or not value:
            continue
        try:
            workload = Workload.model_validate(case["request"]["workload"])
            hardware = HardwareChoice.model_validate(case["request"]["hardware"])
            answer = advisor.estimate(snapshot, workload, hardware)
        except (AppError, ValueError) as problem:
            print(f"skipped {case['id']}: {problem}")
            continue
        guess = expected(answer, case["measured"]["metric"])
        if guess is not None:
            metric = "seconds" if case["kind"] == "classical" else METRICS[case["measured"]["metric"]]
            found[metric, case["class"]].append((case["group"], value / guess.expected))
    return found


def weighted_quantile(rows, share):
    """A quantile in which every source weighs the same."""
    sources = defaultdict(int)
    for source, _ in rows:
        sources[source] += 1
    ordered = sorted((ratio, 1 / sources[source]) for source, ratio in rows)
    weights = np.cumsum([weight for _, weight in ordered])
    return float(np.interp(share * weights[-1], weights, [ratio for ratio, _ in ordered]))


def spread_of(rows):
    """The interval of one class as data."""
    return {
        "low": round(weighted_quantile(rows, LOW), 3),
        "high": round(weighted_quantile(rows, HIGH), 3),
        "runs": len(rows),
    }


def main():
    """Print the spreads; write them when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    cases = [json.loads(line) for line in options.cases.read_text("utf-8").splitlines() if line.strip()]
    found = residuals(cases)
    spreads = defaultdict(dict)
    for (metric, work_class), rows in sorted(found.items()):
        sources = len({source for source, _ in rows})
        spread = spread_of(rows)
        ends = f"{spread['low']:.2f} .. {spread['high']:.2f}"
        print(f"{metric:<11}{work_class:<22}{len(rows):>5} runs {sources:>3} sources  {ends}")
        if len(rows) >= MIN_RUNS:
            spreads[metric][work_class] = spread
    for metric in sorted({metric for metric, _ in found}):
        pooled = [(f"{c}/{source}", ratio) for (m, c), rows in found.items() if m == metric for source, ratio in rows]
        spreads[metric]["pooled"] = spread_of(pooled)
    if options.write:
        note = "Quantiles of measured / estimated by metric and class; written by bench/fit_intervals.py."
        TARGET.write_text(json.dumps({"note": note, "spreads": spreads}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
