"""Published runs, resolved once, for the scripts that fit and judge the engine: what was measured, what is estimated.

A case file holds one measured run a line: a request in contract form, its measured value, class and source ("group").
Outliers and runs of which only "fitted" or "ran out of memory" is known are left out here.
"""

import json
import math
import pathlib
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from app import advisor
from app.accuracy.left_out import NOISY_WEIGHT
from app.catalogue.startup import prepare
from app.contract import resolving
from app.db import connect
from app.engine.coefficients import TRANSFORMERS, Coefficients
from app.engine.coefficients_networks import NETWORKS
from app.engine.estimate import physics_of
from app.engine.hardware import Devices
from app.engine.hardware_family import family_of
from app.engine.intervals import doubt_of_speed
from app.engine.memory_doubt import memory_doubt
from app.engine.run_length import run_units
from app.engine.workload import HardwareChoice, Workload
from app.errors import AppError

BOOKS = {"transformers": TRANSFORMERS, "networks": NETWORKS}
METRICS = {
    "memory_gib_per_device": "memory",
    "throughput_total": "throughput",
    "prefill_tokens_per_s": "prefill",
    "decode_tokens_per_s": "decode",
    "duration_hours": "duration",
    "device_hours": "duration",
}


@dataclass(frozen=True, eq=False)
class Run:
    """One measured run and what the engine needs to estimate it."""

    case: dict
    job: object
    systems: object
    device: object

    @property
    def family(self):
        """The hardware family that its coefficients are kept by."""
        return family_of(self.device)

    @property
    def generation(self):
        """The device's generation, as its maker names it: whole generations are left out by it."""
        family = self.family
        return family.removeprefix("cuda_").partition("_")[0] if family.startswith("cuda") else family

    @property
    def source(self):
        """Who measured it."""
        return self.case["group"]

    @property
    def metric(self):
        """What intervals are kept by."""
        return "seconds" if self.case["kind"] == "classical" else METRICS[self.case["measured"]["metric"]]

    @property
    def value(self):
        """The measured value."""
        return float(self.case["measured"]["value"])

    @property
    def doubt(self):
        """How much of its class's spread it has; see app.engine.memory_doubt and app.engine.intervals."""
        physics = physics_of(self.job, self.systems)
        if self.metric == "memory":
            return float(np.ravel(memory_doubt(self.job, physics.footprint))[0])
        if self.metric in {"duration", "seconds"} or physics.pace is None:
            return 1.0
        return float(doubt_of_speed(physics.pace.bound_by)[0])

    def estimate(self):
        """The estimate in the unit of the measured value; None where the engine has none."""
        physics, metric = physics_of(self.job, self.systems), self.case["measured"]["metric"]
        pace = physics.pace
        if metric == "memory_gib_per_device":
            return float(physics.footprint.total_bytes[0]) / 2**30
        if pace is None:
            return None
        if metric in {"decode_tokens_per_s", "prefill_tokens_per_s"}:
            return float(getattr(pace, metric)[0])
        rate = float((pace.units_per_step / pace.step_s)[0])
        if metric == "throughput_total":
            return rate
        units = pace.run_units if pace.run_units is not None else run_units(self.job, pace)
        hours = None if units is None else float(units[0]) / rate / 3600
        return hours * float(self.systems.count[0]) if hours and metric == "device_hours" else hours

    def log_error(self):
        """Logarithm of estimated over measured; None without an estimate."""
        guess = self.estimate()
        return math.log(guess / self.value) if guess and math.isfinite(guess) else None


def case_lines(paths):
    """The lines of some case files."""
    for path in paths:
        yield from pathlib.Path(path).read_text("utf-8").splitlines()


def runs_of(paths, *, classes=None):
    """The runs of some case files that have a value."""
    snapshot = prepare(connect("sqlite://"))
    for line in case_lines(paths):
        case = json.loads(line)
        unwanted = classes and case["class"] not in classes
        if unwanted or case.get("quality") == "outlier" or not case["measured"].get("value"):
            continue
        try:
            job = resolving.job_of(snapshot, Workload.model_validate(case["request"]["workload"]), assume_data=False)
            hardware = HardwareChoice.model_validate(case["request"]["hardware"])
            device = resolving.accelerator(snapshot, hardware.accelerator, pointer="/hardware")
        except (AppError, ValueError) as problem:
            print(f"skipped {case['id']}: {problem}")
            continue
        yield Run(case, job, advisor.system_of(job, Devices((device,)), hardware=hardware), device)


def entry_of(name):
    """Book, key and family of a coefficient named [BOOK/]NAME[:FAMILY]."""
    path, _, family = name.partition(":")
    book, _, key = path.rpartition("/")
    holders = [BOOKS[book]] if book else [one for one in BOOKS.values() if key in one]
    if len(holders) != 1:
        raise SystemExit(f"{name}: name it as {' or '.join(f'{one}/{key}' for one in BOOKS)}")
    return holders[0], key, family or "default"


def put(name, value):
    """Replace one value of one coefficient within its range, for this process only."""
    book, key, family = entry_of(name)
    entry = book[key]
    kept = min(max(value, entry.low), entry.high)
    book._entries[key] = replace(entry, values={**entry.values, family: kept})  # noqa: SLF001


def present(name):
    """The present value of one coefficient."""
    book, key, family = entry_of(name)
    return book[key].of(family)


def read_by(estimate):
    """The names of all coefficients that an estimate reads, as BOOK/NAME[:FAMILY]."""
    read = set()

    def note(book, name, families=("default",)):
        of = next(key for key, one in BOOKS.items() if one is book)
        values = book._entries[name].values  # noqa: SLF001
        read.update(
            f"{of}/{name}" + (f":{family}" if family in values and family != "default" else "") for family in families
        )

    kept = {name: getattr(Coefficients, name) for name in ("value", "column", "__getitem__")}
    try:
        for name, method in kept.items():
            setattr(Coefficients, name, _noting(method, note))
        estimate()
    finally:
        for name, method in kept.items():
            setattr(Coefficients, name, method)
    return read


def _noting(method, note):
    def read(book, *named):
        note(book, *named)
        return method(book, *named)

    return read


def weights_of(runs):
    """Many runs of one source on one device weigh less each; noisy ones half."""
    keys = [(run.case["class"], run.source, run.device.slug) for run in runs]
    counts = Counter(keys)
    kept = [NOISY_WEIGHT if run.case.get("quality") == "noisy" else 1.0 for run in runs]
    return np.array([weight / math.sqrt(counts[key]) for key, weight in zip(keys, kept, strict=True)])
