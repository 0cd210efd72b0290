"""Long computations beside the event loop, so that small requests do not wait behind them."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

Result = TypeVar("Result")

AT_ONCE = 1
"""Computations at the same time in one process: more would only take turns on its one interpreter."""

_limiter: RunVar[CapacityLimiter] = RunVar("computations")


async def computed(work: Callable[[], Result]) -> Result:
    """What ``work`` returns, worked out in a thread; further work waits for its turn."""
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(AT_ONCE)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, limiter=limiter)
