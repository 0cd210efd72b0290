"""Fit coefficients of networks.toml to published runs, or score the ones that are there.

    .venv/bin/python bench/fit_networks.py CASES.jsonl                      score, by class and source
    .venv/bin/python bench/fit_networks.py CASES.jsonl --fit NAME[:FAMILY] …  fit these, print the new values
    .venv/bin/python bench/fit_networks.py CASES.jsonl --fit … --without SOURCE-OR-FAMILY   leave one out, score it

CASES holds one measured run a line: a request in contract form, its measured value, class and source ("group").
Coefficients move one at a time within their physical range (coordinate descent on the mean absolute log error, every
source and device weighing the same), with a small penalty for leaving the present value.
"""

import argparse
import itertools
import json
import math
import pathlib
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np

from app import advisor, resolving
from app.catalogue.startup import prepare
from app.db import connect
from app.engine.coefficients_networks import NETWORKS
from app.engine.estimate import physics_of
from app.engine.hardware import Devices
from app.engine.hardware_family import family_of
from app.engine.run_length import run_units
from app.engine.workload import HardwareChoice, Workload
from app.errors import AppError

CLASSES = {
    "vision_infer", "vision_train", "detection_infer", "detection_train", "segmentation_train", "medical_3d", "gan",
    "recsys", "diffusion", "diffusion_train", "audio", "tabular",
}  # fmt: skip
STEPS = (1.3, 1.1, 1.03)
PENALTY = 0.002


@dataclass(frozen=True)
class Run:
    """One measured run and what the engine needs to estimate it."""

    case: dict
    job: object
    systems: object
    family: str

    @property
    def value(self):
        return float(self.case["measured"]["value"])

    def estimate(self):
        """The estimate in the unit of the measured value, or None."""
        physics = physics_of(self.job, self.systems)
        if self.case["kind"] == "memory":
            return float(physics.footprint.total_bytes[0]) / 2**30
        pace = physics.pace
        if pace is None:
            return None
        rate = float((pace.units_per_step / pace.step_s)[0])
        if self.case["kind"] == "throughput":
            return rate
        units = pace.run_units if pace.run_units is not None else run_units(self.job, pace)
        return None if units is None else float(units[0]) / rate / 3600

    def log_error(self):
        guess = self.estimate()
        return None if guess is None or not math.isfinite(guess) else math.log(guess / self.value)


def runs_of(path):
    """The runs of this engine's classes that have a value and are no outliers."""
    snapshot = prepare(connect("sqlite://"))
    for line in pathlib.Path(path).read_text("utf-8").splitlines():
        case = json.loads(line)
        if case["class"] not in CLASSES or case.get("quality") == "outlier" or not case["measured"].get("value"):
            continue
        try:
            job = resolving.job_of(snapshot, Workload.model_validate(case["request"]["workload"]), assume_data=False)
            hardware = HardwareChoice.model_validate(case["request"]["hardware"])
            device = resolving.accelerator(snapshot, hardware.accelerator, pointer="/hardware")
        except (AppError, ValueError) as problem:
            print(f"skipped {case['id']}: {problem}")
            continue
        yield Run(case, job, advisor.system_of(job, Devices((device,)), hardware=hardware), family_of(device))


def put(name, value):
    """Replace one value of one coefficient, for this process only."""
    key, _, family = name.partition(":")
    entry = NETWORKS[key]
    NETWORKS._entries[key] = replace(entry, values={**entry.values, family or "default": value})  # noqa: SLF001


def present(name):
    """The present value of one coefficient."""
    key, _, family = name.partition(":")
    return NETWORKS[key].of(family or "default")


def loss(runs, weights):
    """Weighted mean absolute log error."""
    known = [(run.log_error(), weight) for run, weight in zip(runs, weights, strict=True)]
    errors = [(abs(error), weight) for error, weight in known if error is not None]
    return sum(error * weight for error, weight in errors) / sum(weight for _, weight in errors)


def weights_of(runs):
    """Every source and device of a class weighs the same, whatever its number of runs."""
    keys = [(run.case["class"], run.case["group"], run.case["request"]["hardware"]["accelerator"]) for run in runs]
    counts = Counter(keys)
    return [1 / math.sqrt(counts[key]) for key in keys]


def fit(runs, names):
    """Coordinate descent with shrinking steps."""
    weights, start = weights_of(runs), {name: present(name) for name in names}
    best = loss(runs, weights)
    for step, name in itertools.product(STEPS, names):
        entry = NETWORKS[name.partition(":")[0]]
        for factor in (step, 1 / step):
            old = present(name)
            put(name, min(max(old * factor, entry.low), entry.high))
            tried = loss(runs, weights) + PENALTY * abs(math.log(max(present(name), 1e-12) / max(start[name], 1e-12)))
            if tried < best:
                best = tried
            else:
                put(name, old)
    for name in names:
        print(f"{name:<52}{start[name]:>12.4g} ->{present(name):>12.4g}")


def report(runs, *keys):
    """Median absolute error, 80th percentile and bias by some keys of a run."""
    groups = defaultdict(list)
    for run in runs:
        shown = [run.family if key == "family" else run.case.get(key, "") for key in keys]
        groups[tuple(shown)].append(run.log_error())
    for key, errors in sorted(groups.items()):
        known = [error for error in errors if error is not None]
        if known:
            absolute = [abs(math.expm1(error)) for error in known]
            bias = math.exp(statistics.median(known))
            middle, most = statistics.median(absolute), np.quantile(absolute, 0.8)
            print(f"{' '.join(key):<58}{len(errors):>5}{len(known):>5}{middle:>8.1%}{most:>8.0%}{bias:>7.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases")
    parser.add_argument("--fit", nargs="+", default=[])
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--by", nargs="+", default=["kind", "class", "group"])
    options = parser.parse_args()
    runs = [run for run in runs_of(options.cases) if not options.only or run.case["class"] in options.only]
    left_out = [run for run in runs if {run.case["group"], run.family} & set(options.without)]
    if options.fit:
        fit([run for run in runs if run not in left_out], options.fit)
    report(left_out or runs, *options.by)
    print()
    report(left_out or runs, "kind", "class")


if __name__ == "__main__":
    main()
