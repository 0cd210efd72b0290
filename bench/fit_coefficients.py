"""Fit coefficients of the engine to published runs, or score the ones that are there.

    .venv/bin/python bench/fit_coefficients.py CASES.jsonl …                          score, by class and source
    .venv/bin/python bench/fit_coefficients.py CASES.jsonl … --by class generation    score, by class and generation
    .venv/bin/python bench/fit_coefficients.py CASES.jsonl … --fit [BOOK/]NAME[:FAMILY] …   fit these, print new values
    … --only CLASS --without SOURCE-OR-GENERATION                                   leave some out, score those

Coefficients move one at a time within their physical range (coordinate descent on the mean absolute log error). Errors
beyond CLIP count as CLIP, because a request cannot say everything that a run did; every source and device of a class
weighs by the root of its number of runs; leaving the present value costs a little.
"""

import argparse
import itertools
import math
import statistics
from collections import defaultdict

import numpy as np
from measured_runs import entry_of, present, put, runs_of, weights_of

STEPS = (1.5, 1.2, 1.07)
CLIP = 0.7
PENALTY = 0.002


def loss(runs, weights):
    """Weighted mean of the clipped absolute log errors."""
    errors = [CLIP if (error := run.log_error()) is None else min(abs(error), CLIP) for run in runs]
    return float(weights @ np.array(errors) / weights.sum())


def fit(runs, names, *, steps=STEPS):
    """Coordinate descent with shrinking steps; the coefficients are left at what was found."""
    weights, start = weights_of(runs), {name: present(name) for name in names}
    best = loss(runs, weights)
    for step, name in itertools.product(steps, names):
        for factor in (step, 1 / step):
            old = present(name)
            put(name, old * factor)
            moved = abs(math.log(max(present(name), 1e-12) / max(start[name], 1e-12)))
            tried = loss(runs, weights) + PENALTY * moved
            if tried < best:
                best = tried
            else:
                put(name, old)
    return {name: (start[name], present(name)) for name in names}


def report(runs, *keys):
    """Median absolute error, 80th percentile and bias by some keys of a run."""
    groups = defaultdict(list)
    for run in runs:
        groups[tuple(str(told(run, key)) for key in keys)].append(run.log_error())
    for key, errors in sorted(groups.items()):
        known = [error for error in errors if error is not None]
        if known:
            absolute = [abs(math.expm1(error)) for error in known]
            bias = math.exp(statistics.median(known))
            middle, most = statistics.median(absolute), np.quantile(absolute, 0.8)
            print(f"{' '.join(key):<58}{len(errors):>5}{len(known):>5}{middle:>8.1%}{most:>8.0%}{bias:>7.2f}")


def told(run, key):
    """A property of the run, else of its case."""
    return getattr(run, key) if key in {"family", "generation", "source", "metric"} else run.case.get(key, "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--fit", nargs="+", default=[])
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--by", nargs="+", default=["metric", "class", "source"])
    options = parser.parse_args()
    for name in options.fit:
        entry_of(name)
    runs = list(runs_of(options.cases, classes=options.only))
    left_out = [run for run in runs if {run.source, run.family, run.generation} & set(options.without)]
    if options.fit:
        for name, (before, after) in fit([run for run in runs if run not in left_out], options.fit).items():
            print(f"{name:<52}{before:>12.4g} ->{after:>12.4g}")
    report(left_out or runs, *options.by)
    print()
    report(left_out or runs, "metric", "class")


if __name__ == "__main__":
    main()
