"""Measure how published runs spread around the estimates, and write the 80 % intervals.

    .venv/bin/python bench/fit_intervals.py CASES.jsonl [--write]

CASES holds one measured run a line: a request in contract form, its measured value, class and source ("group").
A run of quality "noisy" weighs half. The engine was fitted on these runs, and the next source differs from them more
than they differ among themselves: the spread is widened by UNSEEN_SOURCE_SD, the standard deviation of a left-out
source's median (timm and NVIDIA's examples left out of the fit went from 12 to 19 % and from 19 to 31 %). A class with
fewer than MIN_RUNS runs takes the spread of its kin (all transformers), else the pooled one of its metric.
"""

import argparse
import json
import math
import pathlib
from collections import defaultdict

import numpy as np

from app import advisor
from app.catalogue.startup import prepare
from app.db import connect
from app.engine.intervals import TRANSFORMERS, is_transformer
from app.engine.workload import HardwareChoice, Workload
from app.errors import AppError
from app.settings import Settings

MIN_RUNS = 30
LOW, HIGH = 0.10, 0.90
NOISY_WEIGHT = 0.5
STANDARD_DEVIATIONS_OF_80_PERCENT = 1.2816
UNSEEN_SOURCE_SD = {
    "memory": 0.10,
    "throughput": 0.20,
    "prefill": 0.20,
    "decode": 0.15,
    "duration": 0.25,
    "seconds": 0.30,
}
"""Of the natural logarithm; memory is counted from sizes, speed depends on recipes that a request cannot say. [-]"""
MIN_KIN_RUNS = 10
ASSUMED = [("memory", "llm_serving", {"low": 0.9, "high": 1.12, "runs": 0})]
"""Weights and cache of a running language model are counted exactly; only the workspace varies. No run measures it."""
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
    """Measured / estimated per metric and class: (source, ratio, weight)."""
    snapshot = prepare(connect(Settings.from_environment().database_url))
    found = defaultdict(list)
    for case in cases:
        value = case["measured"].get("value")
        if case.get("quality") == "outlier" or not value:
            continue
        try:
            workload = Workload.model_validate(case["request"]["workload"])
            hardware = HardwareChoice.model_validate(case["request"]["hardware"])
            answer = advisor.estimate(snapshot, workload, hardware=hardware)
        except (AppError, ValueError) as problem:
            print(f"skipped {case['id']}: {problem}")
            continue
        guess = expected(answer, case["measured"]["metric"])
        if guess is not None:
            metric = "seconds" if case["kind"] == "classical" else METRICS[case["measured"]["metric"]]
            weight = NOISY_WEIGHT if case.get("quality") == "noisy" else 1.0
            found[metric, case["class"]].append((case["group"], value / guess.expected, weight))
    return found


def weighted_quantile(rows, share):
    """A quantile of the ratios, by weight."""
    ordered = sorted((ratio, weight) for _, ratio, weight in rows)
    weights = np.cumsum([weight for _, weight in ordered])
    return float(np.interp(share * weights[-1], weights, [ratio for ratio, _ in ordered]))


def spread_of(rows, metric):
    """The interval of one class as data, widened for sources that the fit has not seen."""
    unseen = STANDARD_DEVIATIONS_OF_80_PERCENT * UNSEEN_SOURCE_SD[metric]
    low = math.hypot(min(0.0, math.log(weighted_quantile(rows, LOW))), unseen)
    high = math.hypot(max(0.0, math.log(weighted_quantile(rows, HIGH))), unseen)
    return {"low": round(math.exp(-low), 3), "high": round(math.exp(high), 3), "runs": len(rows)}


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
        sources = len({source for source, _, _ in rows})
        spread = spread_of(rows, metric)
        ends = f"{spread['low']:.2f} .. {spread['high']:.2f}"
        print(f"{metric:<11}{work_class:<22}{len(rows):>5} runs {sources:>3} sources  {ends}")
        if len(rows) >= MIN_RUNS:
            spreads[metric][work_class] = spread
    for metric, work_class, spread in ASSUMED:
        spreads[metric][work_class] = spread
    for metric in sorted({metric for metric, _ in found}):
        kin = [
            run
            for (of, work_class), rows in found.items()
            if of == metric and is_transformer(work_class)
            for run in rows
        ]
        if len(kin) >= MIN_KIN_RUNS:
            spreads[metric][TRANSFORMERS] = spread_of(kin, metric)
        pooled = [
            (f"{work_class}/{source}", ratio, weight)
            for (of, work_class), rows in found.items()
            if of == metric
            for source, ratio, weight in rows
        ]
        spreads[metric]["pooled"] = spread_of(pooled, metric)
    if options.write:
        note = "Quantiles of measured / estimated by metric and class; written by bench/fit_intervals.py."
        TARGET.write_text(json.dumps({"note": note, "spreads": spreads}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
