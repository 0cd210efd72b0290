"""How well would the estimates do on sources and device generations they have not seen?

    .venv/bin/python bench/leave_out.py CASES.jsonl … [--output LEFT_OUT.json]

Each source in turn, then each device generation, is left out: the fitted coefficients that it shares with other runs
are fitted again without it, and its runs are estimated with those. Coefficients that rest on what is left out alone
cannot be judged and stay; a column says on how many of them the estimates of the line depend. The output holds the
error of every run without its source and without its generation, for bench/fit_intervals.py and accuracy_report.py.
"""

import argparse
import json
import math
import pathlib
import statistics
from collections import Counter, defaultdict

import numpy as np
from fit_coefficients import CLIP, PENALTY
from measured_runs import BOOKS, present, put, runs_of, weights_of

STEPS = (1.3, 1.1)
MOST_ALIKE = 8
"""Runs of one class, source and device that a fit looks at."""
FORM = "{:<11}{:<22}{:<11}{:<22}{:>5}{:>9}{:>9}{:>7}{:>6}{:>7}"


class Influence:
    """Which runs each fitted coefficient moves, and their errors at the present values."""

    def __init__(self, runs):
        self.runs = runs
        self.weights = weights_of(runs)
        self.errors = np.array([error_of(run) for run in runs])
        self.moved = {name: self._moved_by(name) for name in fitted_names()}

    def _moved_by(self, name):
        value = present(name)
        put(name, value * 1.05)
        if present(name) == value:
            put(name, value * 0.95)
        changed = np.array([error_of(run) for run in self.runs]) != self.errors
        put(name, value)
        return changed

    def refit(self, kept, names):
        """The named coefficients fitted to the kept runs, by coordinate descent."""
        errors, start = self.errors.copy(), {name: present(name) for name in names}
        for step in STEPS:
            for name in names:
                rows = np.flatnonzero(self.moved[name] & kept)
                errors = self._improve(name, step, rows=rows, errors=errors, start=start[name])
        return {name: present(name) for name in names}

    def _improve(self, name, step, *, rows, errors, start):
        for factor in (step, 1 / step):
            old = present(name)
            put(name, old * factor)
            tried = errors.copy()
            tried[rows] = [error_of(self.runs[row]) for row in rows]
            weights = self.weights[rows]
            gain = weights @ (np.minimum(np.abs(errors[rows]), CLIP) - np.minimum(np.abs(tried[rows]), CLIP))
            gain -= PENALTY * weights.sum() * (distance(present(name), start) - distance(old, start))
            if present(name) != old and gain > 0:
                return tried
            put(name, old)
        return errors


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
        yield from (group[int(row)] for row in np.unique(np.linspace(0, len(group) - 1, MOST_ALIKE).astype(int)))


def left_out_errors(influence, runs, *, what, name):
    """The log errors of the runs of one source or generation without it, and how many coefficients rest on it alone."""
    out = np.array([getattr(run, what) == name for run in influence.runs])
    shared = [key for key, moved in influence.moved.items() if (moved & out).any() and (moved & ~out).any()]
    alone = [key for key, moved in influence.moved.items() if (moved & out).any() and not (moved & ~out).any()]
    start = {key: present(key) for key in shared}
    influence.refit(~out, shared)
    errors = {run.case["id"]: run.log_error() for run in runs if getattr(run, what) == name}
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
    """Every source and every generation left out in turn: table lines, and the error of every run without either."""
    influence, lines, by_run = Influence(list(thinned(runs))), [], {"source": {}, "generation": {}}
    for what in ("source", "generation"):
        for name in Counter(getattr(run, what) for run in runs):
            errors, alone = left_out_errors(influence, runs, what=what, name=name)
            for line in lines_of(runs, errors, what=what, name=name, alone=alone):
                print(shown(line), flush=True)
                lines.append(line)
            by_run[what] |= {run: error for run, error in errors.items() if error is not None}
    return lines, by_run


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
