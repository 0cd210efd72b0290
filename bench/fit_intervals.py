"""Measure how published runs spread around the estimates, and write the 80 % intervals.

    .venv/bin/python bench/fit_intervals.py CASES.jsonl … LEFT_OUT.json [--write]

LEFT_OUT is what bench/leave_out.py writes: the error of every run with its source left out of the fit. A class that
several sources measured takes the quantiles of those errors; a class of one source those of the fitted errors, because
nothing else tells how such work is done. The next source differs again: the spread is widened by the usual difference
of sources over the root of their number (app/accuracy/left_out.py holds the rule). A class with fewer than MIN_RUNS
runs takes the spread of its kin (adapted language models, all transformers), else the pooled one of its metric. Work
on hardware or with a framework that no run of its class used is stretched further. Two kinds of runs left something
unsaid and are not counted: training that would have used more of the peak than any did (BEST_MFU), and the memory of
language models tuned on texts of untold length, for which app/engine/memory_doubt.py widens the interval.
"""

import argparse
import json
import math
import pathlib
import statistics
from collections import defaultdict

import numpy as np
from measured_runs import METRICS, runs_of

from app.accuracy.left_out import HIGH, LOW, NOISY_WEIGHT, Residual, spread_of
from app.engine.estimate import estimate
from app.engine.intervals import FINETUNING, POOLED, TRANSFORMERS, kin_of, maker
from app.engine.memory_doubt import length_untold
from app.engine.model_spec import TransformerSpec

MIN_RUNS = 20
LONG_NAMES = {short: long for long, short in reversed(METRICS.items())} | {"seconds": "classical_seconds"}
MIN_KIN_RUNS = 5
STRETCH_OF_ANOTHER_MAKER = 1.5
STRETCH_OF_ANOTHER_FRAMEWORK = 1.15
"""Assumed: no class was measured in ways that would tell."""
MOST_STRETCH = 1.5
BEST_MFU = 0.75
"""Model FLOPs over dense peak; the best published runs reach 0.6 to 0.7 (arXiv:2204.02311)."""
TARGET = pathlib.Path(__file__).parent.parent / "app/engine/data/intervals.json"


def is_told(run):
    """Whether a run of a language model's tuning, where memory was measured, says how long its texts are."""
    return run.metric != "memory" or not length_untold(run.job)


def is_credible(run):
    """Whether the measured speed of a training run leaves room below the peak."""
    if run.metric != "throughput" or not run.job.training or not isinstance(run.job.model, TransformerSpec):
        return True
    share = estimate(run.job, run.systems).model_flops_utilization
    return share is None or not share[0] * math.exp(-run.log_error()) > BEST_MFU


def residuals_of(runs, left_out):
    """Measured / estimated of every run, its source left out of the fit where its class has several sources."""
    sources = defaultdict(set)
    runs = [run for run in runs if is_told(run) and is_credible(run)]
    for run in runs:
        sources[run.metric, run.case["class"]].add(run.source)
    found = defaultdict(list)
    for run in runs:
        key = (run.metric, run.case["class"])
        error = left_out["source"].get(run.case["id"]) if len(sources[key]) > 1 else run.log_error()
        if error is not None:
            weight = NOISY_WEIGHT if run.case.get("quality") == "noisy" else 1.0
            found[key].append(Residual(run.source, math.exp(-error / run.doubt), weight))
    return found


def written(rows, metric, *, sources=None):
    """The interval of one class as data."""
    low, high = spread_of(rows, LONG_NAMES[metric], sources=sources)
    return {"low": round(low, 3), "high": round(high, 3), "runs": len(rows)}


def spreads_of(found):
    """The spreads of all classes by metric, of their kin, and of each whole metric."""
    spreads = defaultdict(dict)
    for (metric, work_class), rows in sorted(found.items()):
        if len(rows) >= MIN_RUNS:
            spreads[metric][work_class] = written(rows, metric)
    for metric in sorted({metric for metric, _ in found}):
        for name in (FINETUNING, TRANSFORMERS, POOLED):
            alike = {kin: rows for (of, kin), rows in found.items() if of == metric and name in (*kin_of(kin), POOLED)}
            rows = [row for of_kin in alike.values() for row in of_kin]
            if len(rows) >= MIN_KIN_RUNS:  # another class differs as much as another source
                spreads[metric][name] = written(rows, metric, sources=len(alike))
    return spreads


def measured_with(runs, spreads):
    """Frameworks and hardware families that the runs behind each class's own spread were measured with."""
    found = defaultdict(lambda: defaultdict(lambda: (set(), set())))
    for run in runs:
        if run.case["class"] in spreads[run.metric]:
            frameworks, families = found[run.metric][run.case["class"]]
            frameworks.add(run.job.framework)
            families.add(run.family)
    return {
        metric: {
            name: {"frameworks": sorted(frameworks), "families": sorted(families)}
            for name, (frameworks, families) in sorted(classes.items())
        }
        for metric, classes in sorted(found.items())
    }


def stretch_of_another_generation(runs, left_out):
    """How much larger speed errors are on a generation that the fit has not seen: the median over classes. [-]"""
    pairs = defaultdict(list)
    for run in runs:
        error = left_out["generation"].get(run.case["id"])
        if error is not None and run.metric != "memory" and maker(run.family) == "cuda":
            pairs[run.metric, run.case["class"], run.generation].append((abs(error), abs(run.log_error())))
    upper = [np.quantile(np.array(rows), HIGH - LOW, axis=0) for rows in pairs.values() if len(rows) >= MIN_KIN_RUNS]
    return round(
        float(min(max(statistics.median(without / fitted for without, fitted in upper), 1.0), MOST_STRETCH)), 2
    )


def main():
    """Print the spreads; write them when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+")
    parser.add_argument("left_out", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    runs = list(runs_of(options.cases))
    left_out = json.loads(options.left_out.read_text("utf-8"))["log_errors"]
    found = residuals_of(runs, left_out)
    for (metric, work_class), rows in sorted(found.items()):
        spread, sources = written(rows, metric), len({source for source, _, _ in rows})
        ends = f"{spread['low']:.2f} .. {spread['high']:.2f}  width {spread['high'] / spread['low']:.2f}"
        print(f"{metric:<11}{work_class:<22}{len(rows):>5} runs {sources:>3} sources  {ends}")
    spreads = spreads_of(found)
    stretch = {
        "framework": STRETCH_OF_ANOTHER_FRAMEWORK,
        "generation": stretch_of_another_generation(runs, left_out),
        "maker": STRETCH_OF_ANOTHER_MAKER,
    }
    print(stretch)
    if options.write:
        note = "Quantiles of measured / estimated by metric and class; written by bench/fit_intervals.py."
        data = {"note": note, "spreads": spreads, "stretch": stretch, "measured": measured_with(runs, spreads)}
        TARGET.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
