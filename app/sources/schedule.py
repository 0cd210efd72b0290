"""Refreshing inside the service: off unless the settings say how often, and done by one worker at a time."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from sqlalchemy import Engine

from app.settings import Settings
from app.sources.lease import lease

log = logging.getLogger(__name__)

LEASE = "prices"
LONGEST_S = 3_600.0
"""After this a worker that holds the lease is taken for dead."""
SECONDS_PER_HOUR = 3_600.0


@asynccontextmanager
async def scheduled(engine: Engine, settings: Settings) -> AsyncIterator[None]:
    """Refresh again and again, in a thread, while the block lasts; nothing is even imported when it is off."""
    if not settings.prices_every_hours:
        yield
        return
    stop = asyncio.Event()
    task = asyncio.create_task(_follow(engine, settings, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _follow(engine: Engine, settings: Settings, *, stop: asyncio.Event) -> None:
    while not stop.is_set():
        pause_s = settings.prices_every_hours * SECONDS_PER_HOUR * random.uniform(0.9, 1.1)  # noqa: S311 - no secret
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
            return
        await asyncio.to_thread(refresh_all, engine, settings, stop=stop)


def refresh_all(engine: Engine, settings: Settings, *, stop: asyncio.Event | None = None) -> int:
    """Run every chosen source, unless another worker does; how many ran."""
    from app.sources.fetching import Fetcher
    from app.sources.refresh import refresh
    from app.sources.registry import all_sources, chosen

    sources = all_sources(engine, settings)
    names = [name.strip() for name in settings.prices_sources.split(",") if name.strip()]
    known = [name for name in names if name in sources]
    for name in set(names) - set(known):
        log.warning("WHICHRIG_PRICES_SOURCES names %s, which is no source", name)
    fetcher = partial(Fetcher, stand_in=settings.prices_mirror)
    ran = 0
    with lease(engine, LEASE, seconds=LONGEST_S) as mine:
        for source in chosen(known, sources) if mine else []:
            if stop is not None and stop.is_set():
                break
            log.info("%s", refresh(engine, source, fetcher=fetcher).sentence)
            ran += 1
    return ran
