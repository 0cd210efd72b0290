"""Where nobody named a language model but a budget, the largest usual one that the budget runs well is meant."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from app.advice.candidates import PLEASANT_RATIO, candidates_for
from app.advice.constraints import Constraints
from app.advice.decide import decide
from app.advice.limits import limits_for
from app.advice.market import Market
from app.advice.money import money
from app.advice.need import need_of
from app.advice.picks import ranking
from app.advice.policy import Policy
from app.advice.sensitivity import Rejob
from app.engine.assumed import typical
from app.engine.hardware import Devices
from app.engine.job import Assumption, Job
from app.engine.model_spec import TransformerSpec


def for_the_budget(
    job: Job,
    constraints: Constraints,
    *,
    devices: Devices,
    market: Market,
    policy: Policy,
    today: date,
    rejob: Rejob,
) -> tuple[Job, Rejob]:
    """The job with a larger model, and how its neighbours are made; the job as it is where there is none to choose."""
    if not _chooses(job, constraints):
        return job, rejob
    for entry in typical()["larger_models"]:
        choice = {"model": {"name": entry["name"]}}
        larger = rejob(choice)
        if larger is None:
            continue
        larger = replace(larger, workload=job.workload)
        if _within_budget(larger, constraints, devices=devices, market=market, policy=policy, today=today):
            domain = (each for each in job.assumptions if each.field == "domain")  # whose model was not named
            others = (each for each in larger.assumptions if each.field != "domain")
            told = (Assumption("model", entry["name"], str(entry["why"])), *domain, *others)

            def alike(changes: Mapping[str, Any], choice: Mapping[str, Any] = choice) -> Job | None:
                return rejob({**choice, **changes})

            return replace(larger, assumptions=told), alike
    return job, rejob


def _chooses(job: Job, constraints: Constraints) -> bool:
    """Whether one person runs a language model that nobody named, on hardware that is still to be bought."""
    asked = job.workload
    writes = isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder"
    open_model = asked.task == "inference" and asked.model is None and writes and asked.concurrent_requests is None
    buys = bool(constraints.budget_usd) and constraints.ownership != "rent" and not constraints.portable
    return open_model and buys and (constraints.people or 1) == 1


def _within_budget(
    job: Job, constraints: Constraints, *, devices: Devices, market: Market, policy: Policy, today: date
) -> bool:
    """Whether something that keeps every limit, with the computer around it, holds the model and writes well.

    So does what is picked first: nobody is given a larger model to see it written slowly.
    """
    need = need_of(job, constraints, devices=devices)
    decision = decide(job, need, constraints=constraints, policy=policy)
    candidates = candidates_for(
        job, need, decision=decision, constraints=constraints, devices=devices, market=market, today=today
    )
    limits = limits_for(job, decision, constraints=constraints, candidates=candidates)
    with np.errstate(invalid="ignore"):
        paid = candidates.usd + candidates.host_usd <= (constraints.budget_usd or 0.0)
        quick = candidates.pace_per_s >= PLEASANT_RATIO * money("slowest_tokens_per_s")
    if not np.any(limits.meets_all & (candidates.fits == 1.0) & paid & quick & candidates.fresh):
        return False
    order = ranking(candidates, limits, decision=decision, constraints=constraints).order
    return bool(order) and bool(quick[order[0]])
