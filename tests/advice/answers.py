"""Needs, decisions and candidates for the tests of the market half: made by hand, without the engine."""

from dataclasses import fields

import numpy as np

from app.advice.candidates import Candidates
from app.advice.decide import Decision
from app.advice.need import Need, Range
from app.advice.prices import PriceBook
from app.engine.hardware import systems_of
from app.engine.result import Estimates, Interval
from app.engine.units import GIB, SECONDS_PER_HOUR
from tests.advice.factories import SCENARIOS, TIERS, TODAY, make_devices, make_job, make_market, make_rule

SPREAD = 0.2
"""Half-width of the hand-made intervals."""


def make_need(**changes) -> Need:
    """10 GiB, fits single cards, 20 hours a month."""
    facts = dict.fromkeys((field.name for field in fields(Need)), None)
    facts |= {
        "memory": Range(8 * GIB, 10 * GIB, 12 * GIB), "memory_parts": (), "evidence": "calculated",
        "single_gpu_fits": True, "consumer_gpu_fits": True, "laptop_fits": True, "unified_fits": True,
        "notebook_fits": True, "box_fits": True, "smallest_single_gpu_gib": 12.0, "devices_80gb": 1.0,
        "monthly_hours": 20.0, "monthly_basis": "stated", "asked_for": (),
    }  # fmt: skip
    return Need(**{**facts, **changes})


def make_decision(scenario=2, tier="mid", **changes) -> Decision:
    facts = {
        "scenario": SCENARIOS[scenario - 1], "tier": next(t for t in TIERS if t.slug == tier), "rule": make_rule(),
        "tier_rule": make_rule("tier"), "reasons": (),
    }  # fmt: skip
    return Decision(**{**facts, **changes})


def interval(expected) -> Interval:
    values = np.asarray(expected, dtype=np.float64)
    return Interval(values * (1 - SPREAD), values, values * (1 + SPREAD))


def make_candidates(
    *accelerators,
    memory_gib=10.0,
    work_flops=1e18,
    counts=(1,),
    market=None,
    used_ok=False,
    today=TODAY,
    timed=True,
    job=None,
) -> Candidates:
    """Candidates whose speed is half their bf16 peak: memory is the same everywhere, shared by several devices."""
    devices = make_devices(*accelerators)
    rows = [(row, n) for row in range(len(devices)) for n in counts]
    chosen = devices.take([row for row, _ in rows])
    count = np.array([n for _, n in rows], dtype=np.float64)
    speed = np.nan_to_num(chosen.peak_flops_per_s("bf16")) * count / 2
    memory = None if memory_gib is None else interval(memory_gib * GIB / count)
    duration = interval(work_flops / speed) if timed else None
    estimates = Estimates(
        memory_bytes=memory, memory_parts=(), usable_memory_bytes=chosen.usable_memory_bytes,
        throughput_per_s=interval(speed), unit="samples/s", prefill_tokens_per_s=None, decode_tokens_per_s=None,
        model_flops_utilization=None, bound_by=(), step_s=None, duration_s=duration, device_s=None, energy_kwh=None,
        pace=None, evidence="calculated", warnings=(),
    )  # fmt: skip
    book = PriceBook.of(market or make_market(), today)
    tags = tuple(book.tag(chosen.accelerators[i], count=n, used_ok=used_ok) for i, (_, n) in enumerate(rows))
    return Candidates(job or make_job(), systems_of(chosen, count=count, nodes=np.ceil(count / 8)), estimates, tags)


def hours(candidates, row) -> float:
    return float(candidates.estimates.duration_s.expected[row]) / SECONDS_PER_HOUR
