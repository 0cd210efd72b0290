"""What a measurement is, and how long something takes."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FEWEST_RUNS = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; rates are in base units."""

    name: str
    title: str
    value: float
    unit: str
    """FLOP/s, bytes/s, samples/s, tokens/s or s."""
    metric: str = ""
    """The contract's name of the figure; empty where it is no piece of work."""
    workload: dict[str, Any] | None = None
    """The work as requests have it; None for a property of the machine."""
    comparable: bool = True
    """Whether the program is the one that the work names, so that the figure may stand as evidence."""
    threads: int | None = None
    """Threads that the program uses; None for as many as it may."""


def seconds_of(run: Callable[[], object], *, at_least_s: float, finish: Callable[[], object] | None = None) -> float:
    """Median time of a run, after one that does not count. [s]

    ``finish`` waits for a device that works on its own.
    """
    done = finish or (lambda: None)
    run()
    done()
    times: list[float] = []
    deadline = time.perf_counter() + at_least_s
    while len(times) < FEWEST_RUNS or time.perf_counter() < deadline:
        started = time.perf_counter()
        run()
        done()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def threads_allowed() -> int:
    """Processors that this process may use; a container is often given a few of many."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
