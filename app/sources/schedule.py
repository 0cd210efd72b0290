"""Refreshing inside the service: off unless the settings say how often, and done by one worker at a time."""

import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from sqlalchemy import Engine, select

from app.db import reading
from app.repeating import repeated
from app.settings import Settings
from app.sources.lease import lease
from app.tables import RefreshRun

if TYPE_CHECKING:
    from app.sources.offers import Source

log = logging.getLogger(__name__)

LEASE = "prices"
LONGEST_S = 3_600.0
"""After this a worker that holds the lease is taken for dead."""
SECONDS_PER_HOUR = 3_600.0
FIRST_LOOK_S = 60.0
"""A service that was started looks soon: whoever is restarted often would otherwise never refresh."""
EARLIEST = 0.8
"""Of the time between two runs: what ran more recently, by whichever worker, waits for its next turn."""


@asynccontextmanager
async def scheduled(engine: Engine, settings: Settings) -> AsyncIterator[None]:
    """Refresh again and again, in a thread, while the block lasts; nothing is even imported when it is off."""
    if not settings.prices_every_hours:
        yield
        return
    leaving = Event()
    refreshing = partial(refresh_all, engine, settings, stop=leaving)
    async with repeated(refreshing, pauses_s=pauses_s(settings.prices_every_hours * SECONDS_PER_HOUR)):
        try:
            yield
        finally:
            leaving.set()


def pauses_s(every_s: float) -> Iterator[float]:
    """Pauses before each refresh, a little uneven so that the workers of a service do not all wake at once. [s]"""
    yield min(random.uniform(0.5, 1.5) * FIRST_LOOK_S, every_s)  # noqa: S311 - no secret
    while True:
        yield every_s * random.uniform(0.9, 1.1)  # noqa: S311 - no secret


def _due(engine: Engine, sources: list["Source"], *, settings: Settings) -> list["Source"]:
    """Those that no worker has run for long enough."""
    since = datetime.now(UTC) - timedelta(hours=EARLIEST * settings.prices_every_hours)
    with reading(engine) as session:
        recent = set(session.scalars(select(RefreshRun.source).where(RefreshRun.started_at > since)))
    return [source for source in sources if source.key not in recent]


def refresh_all(engine: Engine, settings: Settings, *, stop: Event | None = None) -> int:
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
        for source in _due(engine, chosen(known, sources), settings=settings) if mine else []:
            if stop is not None and stop.is_set():
                break
            log.info("%s", refresh(engine, source, fetcher=fetcher).sentence)
            ran += 1
    return ran
