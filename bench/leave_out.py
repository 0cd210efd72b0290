"""How well would the estimates do on sources and device generations they have not seen?

    .venv/bin/python bench/leave_out.py CASES.jsonl … [--output LEFT_OUT.json]

Every source is left out once, several at a time (FOLDS), then every device generation: the fitted coefficients that
it shares with other runs are fitted again without it, and its runs are estimated with those. Coefficients that rest on
what is left out alone cannot be judged and stay; a column says on how many of them the estimates of the line depend.
The output holds the error of every run without its source and without its generation, for bench/fit_intervals.py and
accuracy_report.py.
"""

import argparse
import json
import math
import multiprocessing
import pathlib
import statistics
from collections import Counter, defaultdict

import numpy as np
from fit_coefficients import CLIP, PENALTY
from measured_runs import BOOKS, present, put, read_by, runs_of, weights_of

STEPS = (1.3, 1.1)
FOLDS = 12
"""So many parts the sources are dealt into; each part is left out at once, and no class loses more than it must."""
MOST_ALIKE = 5
"""Runs of one class, source and device that a fit looks at."""
MOST_ROWS = 200
"""Runs by which one coefficient is fitted, spread evenly over those that read it."""
FORM = "{:<11}{:<22}{:<11}{:<22}{:>5}{:>9}{:>9}{:>7}{:>6}{:>7}"


class Influence:
    """Which runs read each fitted coefficient."""

    def __init__(self, runs):
        self.runs = runs
        self.weights = weights_of(runs)
        read = [read_by(run.estimate) for run in runs]
        self.readers = {name: np.array([name in names for names in read]) for name in fitted_names()}

    def refit(self, kept, names):
        """The named coefficients fitted to the kept runs, by coordinate descent."""
        start = {name: present(name) for name in names}
        rows = {name: spread_evenly(np.flatnonzero(self.readers[name] & kept), MOST_ROWS) for name in names}
        for step in STEPS:
            for name in names:
                self._improve(name, step, rows=rows[name], start=start[name])

    def _improve(self, name, step, *, rows, start):
        """Move one coefficient up or down by a step where that brings these runs closer."""
        old, weights = present(name), self.weights[rows]
        before = weights @ self._sizes(rows) + PENALTY * weights.sum() * distance(old, start)
        for factor in (step, 1 / step):
            put(name, old * factor)
            tried = weights @ self._sizes(rows) + PENALTY * weights.sum() * distance(present(name), start)
            if present(name) != old and tried < before:
                return
            put(name, old)

    def _sizes(self, rows):
        return np.array([min(abs(error_of(self.runs[row])), CLIP) for row in rows])


def distance(value, start):
    """How far a coefficient has moved, logarithmically."""
    return abs(math.log(max(value, 1e-12) / max(start, 1e-12)))


def error_of(run):
    """The log error of a run, clipped where there is no estimate."""
    error = run.log_error()
    return CLIP if error is None else error


def fitted_names():
    """Every value that was fitted and may move, as [BOOK/]NAME[:FAMILY]."""
    for book, coefficients in BOOKS.items():
        for name, entry in coefficients.items():
            if "fitted" in entry.source and entry.low < entry.high:
                for family in entry.values:
                    yield f"{book}/{name}" + ("" if family == "default" else f":{family}")


def thinned(runs):
    """At most so many runs of one class, source and device, spread evenly."""
    groups = defaultdict(list)
    for run in runs:
        groups[run.case["class"], run.metric, run.source, run.device.slug].append(run)
    for group in groups.values():
        yield from spread_evenly(group, MOST_ALIKE)


def spread_evenly(rows, most):
    """At most so many of some rows, spread evenly."""
    kept = [rows[int(row)] for row in np.unique(np.linspace(0, len(rows) - 1, most).astype(int))] if len(rows) else []
    return np.array(kept, dtype=int) if isinstance(rows, np.ndarray) else kept


def folds_of(runs):
    """The sources in FOLDS parts, dealt so that those of one class lie in different parts."""
    classes = defaultdict(set)
    for run in runs:
        classes[run.source].add((run.metric, run.case["class"]))
    folds = [set() for _ in range(FOLDS)]
    for source in sorted(classes, key=lambda one: (-len(classes[one]), one)):
        alike = [sum(len(classes[source] & classes[other]) for other in fold) for fold in folds]
        folds[min(range(FOLDS), key=lambda row: (alike[row], len(folds[row])))].add(source)
    return [fold for fold in folds if fold]


def left_out_errors(influence, runs, *, what, names):
    """The log errors of the runs of some sources or generations without them, and the coefficients of them alone."""
    out = np.array([getattr(run, what) in names for run in influence.runs])
    shared = [key for key, readers in influence.readers.items() if (readers & out).any() and (readers & ~out).any()]
    alone = [key for key, readers in influence.readers.items() if (readers & out).any() and not (readers & ~out).any()]
    start = {key: present(key) for key in shared}
    influence.refit(~out, shared)
    errors = {run.case["id"]: run.log_error() for run in runs if getattr(run, what) in names}
    for key, value in start.items():
        put(key, value)
    return errors, len(alone)


def lines_of(runs, errors, *, what, name, alone):
    """One line for each metric and class of what was left out."""
    groups = defaultdict(list)
    for run in runs:
        if getattr(run, what) == name and errors[run.case["id"]] is not None:
            groups[run.metric, run.case["class"]].append((errors[run.case["id"]], run.log_error()))
    for (metric, work_class), pairs in groups.items():
        without, fitted = zip(*pairs, strict=True)
        yield {
            "left_out": what,
            "name": name,
            "metric": metric,
            "work_class": work_class,
            "runs": len(pairs),
            "error": statistics.median(abs(math.expm1(error)) for error in without),
            "fitted_error": statistics.median(abs(math.expm1(error)) for error in fitted),
            "upper_error": float(np.quantile(np.abs(np.expm1(without)), 0.8)),
            "bias": math.exp(statistics.median(without)),
            "alone": alone,
        }


def shown(line):
    """A line as text."""
    share = [f"{line[key]:.1%}" for key in ("error", "fitted_error")]
    more = [f"{line['upper_error']:.0%}", f"{line['bias']:.2f}", line["alone"]]
    return FORM.format(*(line[key] for key in ("left_out", "name", "metric", "work_class", "runs")), *share, *more)


def judged(runs):
    """Every source and every generation left out once: table lines, and the error of every run without either."""
    parts = [("source", fold) for fold in folds_of(runs)]
    parts += [("generation", {name}) for name in Counter(run.generation for run in runs)]
    lines, by_run = [], {"source": {}, "generation": {}}
    for (what, names), (errors, alone) in zip(parts, in_parallel(runs, parts), strict=True):
        by_run[what] |= {run: error for run, error in errors.items() if error is not None}
        for name in sorted(names):
            for line in lines_of(runs, errors, what=what, name=name, alone=alone):
                print(shown(line), flush=True)
                lines.append(line)
    return lines, by_run


def in_parallel(runs, parts):
    """What each part of the sources or generations gives, in order; every process fits coefficients of its own."""
    influence = Influence(list(thinned(runs)))
    WORK.update(runs=runs, influence=influence)
    with multiprocessing.get_context("fork").Pool() as pool:
        yield from pool.imap(without, parts)


WORK = {}
"""What every process takes along when it is forked: the runs, and who reads what."""


def without(part):
    """The errors of one part without it."""
    what, names = part
    return left_out_errors(WORK["influence"], WORK["runs"], what=what, names=names)


def main():
    """Print the table, worst first at the end; write it with the errors of every run when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    head = ("left out", "name", "metric", "class", "runs", "error", "fitted", "upper", "bias", "alone")
    print(FORM.format(*head))
    runs = list(runs_of(options.cases))
    lines, by_run = judged(runs)
    print("\nworst first\n" + FORM.format(*head))
    for line in sorted(lines, key=lambda one: -one["error"]):
        print(shown(line))
    if options.output:
        generations = {run.case["id"]: run.generation for run in runs}
        doubts = {run.case["id"]: run.doubt for run in runs}
        written = {"lines": lines, "log_errors": by_run, "generations": generations, "doubts": doubts}
        options.output.write_text(json.dumps(written, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
