"""Fit coefficients of transformers.toml to published runs, or score the ones that are there.

    .venv/bin/python bench/fit_transformers.py CASES.jsonl                        score, by class and source
    .venv/bin/python bench/fit_transformers.py CASES.jsonl --by class family      score, by class and hardware family
    .venv/bin/python bench/fit_transformers.py CASES.jsonl --fit NAME[:FAMILY] …  fit these, print the new values
    … --only CLASS --without SOURCE-OR-FAMILY                                     leave some out of the fit, score those

CASES holds one measured run a line: a request in contract form, its measured value, class and source ("group").
Coefficients move one at a time within their physical range; errors beyond CLIP count as CLIP, because a request
cannot say everything that a run did; every source and device of a class weighs by the root of its number of runs.
"""

import argparse
import itertools
import json
import math
import pathlib
import statistics
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np

from app import advisor, resolving
from app.catalogue.startup import prepare
from app.db import connect
from app.engine.coefficients import TRANSFORMERS
from app.engine.estimate import physics_of
from app.engine.hardware import Devices
from app.engine.hardware_family import family_of
from app.engine.run_length import run_units
from app.engine.workload import HardwareChoice, Workload
from app.errors import AppError

CLASSES = {
    "llm_pretrain", "llm_finetune_full", "llm_lora", "llm_qlora", "llm_decode", "llm_prefill", "llm_serving",
    "nlp_encoder_train", "nlp_encoder_infer", "seq2seq_train", "seq2seq_infer",
}  # fmt: skip
STEPS = (1.5, 1.2, 1.07)
CLIP = 0.7


@dataclass(frozen=True)
class Run:
    """One measured run and what the engine needs to estimate it."""

    case: dict
    job: object
    systems: object
    family: str

    def estimate(self):
        """The estimate in the unit of the measured value."""
        physics, metric = physics_of(self.job, self.systems), self.case["measured"]["metric"]
        pace = physics.pace
        if metric == "memory_gib_per_device":
            return physics.footprint.total_bytes[0] / 2**30
        if metric in {"decode_tokens_per_s", "prefill_tokens_per_s"}:
            return getattr(pace, metric)[0]
        rate = (pace.units_per_step / pace.step_s)[0]
        if metric == "throughput_total":
            return rate
        hours = run_units(self.job, pace)[0] / rate / 3600
        return hours * self.systems.count[0] if metric == "device_hours" else hours

    def log_error(self):
        """Logarithm of estimated over measured."""
        return math.log(self.estimate() / self.case["measured"]["value"])


def runs_of(path):
    """The runs of transformers that have a value and are no outliers."""
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
    entry = TRANSFORMERS[key]
    kept = min(max(value, entry.low), entry.high)
    TRANSFORMERS._entries[key] = replace(entry, values={**entry.values, family or "default": kept})  # noqa: SLF001


def present(name):
    """The present value of one coefficient."""
    key, _, family = name.partition(":")
    return TRANSFORMERS[key].of(family or "default")


def weights_of(runs):
    """Many runs of one source on one device weigh less each; noisy ones half."""
    keys = [(run.case["class"], run.case["group"], run.case["request"]["hardware"]["accelerator"]) for run in runs]
    counts = Counter(keys)
    halved = [0.5 if run.case.get("quality") == "noisy" else 1.0 for run in runs]
    return np.array([half / math.sqrt(counts[key]) for key, half in zip(keys, halved, strict=True)])


def loss(runs, weights):
    """Weighted mean of the clipped absolute log errors."""
    errors = np.minimum(np.abs([run.log_error() for run in runs]), CLIP)
    return float(weights @ errors / weights.sum())


def fit(runs, names):
    """Coordinate descent with shrinking steps."""
    weights, start = weights_of(runs), {name: present(name) for name in names}
    best = loss(runs, weights)
    for step, name in itertools.product(STEPS, names):
        for factor in (step, 1 / step):
            old = present(name)
            put(name, old * factor)
            tried = loss(runs, weights)
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
        shown = [run.family if key == "family" else str(run.case.get(key, "")) for key in keys]
        groups[tuple(shown)].append(run.log_error())
    for key, errors in sorted(groups.items()):
        absolute = [abs(math.expm1(error)) for error in errors]
        middle, most = statistics.median(absolute), np.quantile(absolute, 0.8)
        print(
            f"{' '.join(key):<58}{len(errors):>5}{middle:>8.1%}{most:>8.0%}{math.exp(statistics.median(errors)):>7.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?")
    parser.add_argument("--fit", nargs="+", default=[])
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--by", nargs="+", default=["kind", "class", "group"])
    options = parser.parse_args()
    if options.cases is None:
        print("Name a file of measured runs to fit to", file=sys.stderr)
        return
    runs = [run for run in runs_of(options.cases) if not options.only or run.case["class"] in options.only]
    left_out = [run for run in runs if {run.case["group"], run.family} & set(options.without)]
    if options.fit:
        fit([run for run in runs if run not in left_out], options.fit)
    report(left_out or runs, *options.by)


if __name__ == "__main__":
    main()
