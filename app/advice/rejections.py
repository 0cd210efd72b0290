"""What was left out, and because of which limit: a short list that answers "why not this one?"."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from app.advice.candidates import Candidates
from app.advice.constraints import Constraints
from app.advice.decide import Decision
from app.advice.limits import Limit, Limits
from app.advice.picks import Pick, rank_keys
from app.advice.reasons import Reason
from app.engine.hardware import Accelerator

MOST_ROWS = 8
UNINTERESTING = {"processor", "announced", "edge_only", "no_link", "board_only", "no_price"}
"""Limits that nobody wonders about, unless they asked for such a device."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One system that was left out."""

    device: Accelerator
    count: int
    because: Reason


def rejections_for(
    limits: Limits,
    decision: Decision,
    *,
    constraints: Constraints,
    picks: tuple[Pick, ...],
    asked: Iterable[str] = (),
    owned: Iterable[str] = (),
) -> tuple[Rejection, ...]:
    """Hardware that was asked about (by slug) and breaks a limit, then the most attractive victim of each limit.

    What somebody owns already is judged elsewhere: no budget keeps it from them.
    """
    if not len(limits.candidates):
        return ()
    taken = {pick.device.slug for pick in picks} | set(owned)
    found: dict[str, Rejection] = {}
    asked_rows = [row for slug in asked for row in (limits.candidates.row_of.get((slug, 1)),) if row is not None]
    neighbours = _neighbours(limits, decision, constraints) if picks else ()
    for row, limit in (*_worst(limits, asked_rows), *neighbours):
        device = limits.candidates.device(row)
        if device.slug not in taken and device.slug not in found and len(found) < MOST_ROWS:
            found[device.slug] = Rejection(device, limits.candidates.count(row), limit.reason(row))
    return tuple(found.values())


def _worst(limits: Limits, rows: Iterable[int]) -> Iterator[tuple[int, Limit]]:
    for row in rows:
        broken = limits.broken_by(row)
        if broken:
            yield row, max(broken, key=lambda limit: (limit.name != "no_price", limit.pain))


def _neighbours(limits: Limits, decision: Decision, constraints: Constraints) -> Iterator[tuple[int, Limit]]:
    """For each limit the best system that would be open to choice without it."""
    candidates = limits.candidates
    order = _order_without_limits(candidates, limits, decision, constraints)
    least = float(limits.pain.min())
    seen: set[str] = set()
    for limit in sorted(limits.limits, key=lambda limit: limit.pain):
        if limit.name in UNINTERESTING or (limit.name == "rented_only" and decision.scenario.number < 4):
            continue
        alone = limit.broken & (limits.pain - limit.pain <= least) & (limits.pain > least)
        row = next((row for row in order if alone[row] and candidates.device(row).slug not in seen), None)
        if row is not None:
            seen.add(candidates.device(row).slug)
            yield row, limit


def _order_without_limits(
    candidates: Candidates, limits: Limits, decision: Decision, constraints: Constraints
) -> list[int]:
    _, *keys = rank_keys(candidates, limits, decision=decision, constraints=constraints)
    return [int(row) for row in np.lexsort((candidates.systems.count, *reversed(keys)))]
