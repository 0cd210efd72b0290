"""Small work that a process does again and again beside its answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def repeated(work: Callable[[], None], *, every_s: float) -> AsyncIterator[None]:
    """Call ``work`` in a thread, again and again while the block lasts; what has begun is finished."""
    stop = asyncio.Event()
    task = asyncio.create_task(_repeat(work, stop, every_s=every_s))
    try:
        yield
    finally:
        stop.set()
        await task


async def _repeat(work: Callable[[], None], stop: asyncio.Event, *, every_s: float) -> None:
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            await asyncio.to_thread(work)
