"""Small work that a process does again and again beside its answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager


@asynccontextmanager
async def repeated(work: Callable[[], object], *, pauses_s: Iterable[float]) -> AsyncIterator[None]:
    """Call ``work`` in a thread after each pause while the block lasts; what has begun is finished."""
    stop = asyncio.Event()
    task = asyncio.create_task(_repeat(work, stop, pauses_s=pauses_s))
    try:
        yield
    finally:
        stop.set()
        await task


async def _repeat(work: Callable[[], object], stop: asyncio.Event, *, pauses_s: Iterable[float]) -> None:
    for pause_s in pauses_s:
        try:
            await asyncio.wait_for(stop.wait(), pause_s)
        except TimeoutError:
            await asyncio.to_thread(work)
        if stop.is_set():
            return
