"""Fair use: how many requests one client may make in a time, told in standard headers. Off unless a limit is set.

The headers are those of the IETF's draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers):
``RateLimit-Policy`` says what is allowed, ``RateLimit`` what is left of it; ``RateLimit-Limit``, ``-Remaining`` and
``-Reset`` say the same in the words of its earlier editions, which many clients still read.
"""

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import time

from fastapi import Request
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import connect
from app.errors import TooManyRequests
from app.http.error_responses import error_response
from app.http.rate_counts import Counts, Limit, OwnCounts, SharedCounts, Verdict, client_of
from app.observability.metrics import FOLDER
from app.settings import Settings
from app.tables import RateCount

HEADERS = ("ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
UNLIMITED = ("/healthz", "/readyz", "/metrics", "/static/")
"""What load balancers and pages ask for by themselves."""
BATCH_COST = 10
"""A batch counts as this many requests."""
BEARER = "bearer "
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}

Holder = Callable[[Scope, str], Awaitable[str | None]]
"""Who holds a key; None where nobody does."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What anybody may ask, and what the holder of a key may; None: as much as they like."""

    anybody: Limit | None
    holder: Limit | None

    @classmethod
    def of(cls, settings: Settings) -> "Limits | None":
        """The limits of the settings; None where there are none."""
        found = cls(limit_of(settings.rate_limit), limit_of(settings.key_rate_limit))
        return found if found.anybody or found.holder else None

    @property
    def keep_s(self) -> int:
        """How long counts matter."""
        return max(limit.seconds for limit in (self.anybody, self.holder) if limit)


class RateLimit:
    """ASGI middleware that answers 429 to a client beyond its limit."""

    def __init__(self, app: ASGIApp, *, limits: Limits, counts: Counts, holder: Holder) -> None:
        self.app = app
        self.limits = limits
        self.counts = counts
        self.fallback = OwnCounts(keep_s=limits.keep_s)
        self.holder = holder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its client has some left, and say how many."""
        if scope["type"] != "http" or scope["path"].startswith(UNLIMITED):
            await self.app(scope, receive, send)
            return
        client, limit = await self._who(scope)
        if limit is None:
            await self.app(scope, receive, send)
            return
        cost = min(BATCH_COST, limit.amount) if scope["path"].endswith("/batch") else 1
        found = await asyncio.to_thread(self._hit, client, limit, cost=cost)
        told = headers_of(limit, found)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        if found.allowed:
            await self.app(scope, receive, counted)
            return
        error = TooManyRequests(
            f"At most {limit.amount} requests in {limit.seconds} seconds are answered. "
            f"Try again in {found.wait_s} seconds.",
            headers={"retry-after": str(found.wait_s)},
        )
        await error_response(Request(scope), error)(scope, receive, counted)

    async def _who(self, scope: Scope) -> tuple[str, Limit | None]:
        """The holder of a key, or else an address; with the limit that holds for it."""
        given = Headers(scope=scope).get("authorization", "")
        if given.lower().startswith(BEARER):
            holder = await self.holder(scope, given[len(BEARER) :].strip())
            if holder is not None:
                return holder, self.limits.holder
        return client_of(scope), self.limits.anybody

    def _hit(self, client: str, limit: Limit, *, cost: int) -> Verdict:
        """Count; while the shared counts cannot be reached, each process counts for itself."""
        try:
            return self.counts.hit(client, limit, cost=cost, now=time())
        except SQLAlchemyError as error:
            log.warning("requests are counted by each process for itself: %s", type(error).__name__)
            return self.fallback.hit(client, limit, cost=cost, now=time())


def headers_of(limit: Limit, found: Verdict) -> dict[str, str]:
    """What every answer says about the limit.

    >>> headers_of(Limit(60, 60), Verdict(allowed=True, remaining=59, wait_s=12))["ratelimit"]
    '"client";r=59;t=12'
    """
    return {
        "ratelimit-policy": f'"client";q={limit.amount};w={limit.seconds}',
        "ratelimit": f'"client";r={found.remaining};t={found.wait_s}',
        "ratelimit-limit": str(limit.amount),
        "ratelimit-remaining": str(found.remaining),
        "ratelimit-reset": str(found.wait_s),
    }


def counts_of(settings: Settings, *, keep_s: int) -> Counts:
    """In PostgreSQL for all machines, in a file for the workers of one machine, else in memory."""
    if not settings.database_url.startswith("sqlite"):
        return SharedCounts(connect(settings.database_url), keep_s=keep_s)
    folder = os.environ.get(FOLDER)
    if folder is None:
        return OwnCounts(keep_s=keep_s)
    engine = create_engine(f"sqlite:///{Path(folder) / 'rate-counts.sqlite'}", connect_args={"timeout": 1.0})
    with engine.begin() as connection:  # the catalogue's own file stays free for those who write the catalogue
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        RateCount.metadata.tables[RateCount.__tablename__].create(connection, checkfirst=True)
    return SharedCounts(engine, keep_s=keep_s)


def limit_of(text: str) -> Limit | None:
    """The limit that a setting means.

    >>> limit_of("1000/hour"), limit_of("")
    (Limit(amount=1000, seconds=3600), None)
    """
    found = re.fullmatch(r"(\d+)/(\w+)", text)
    return Limit(int(found[1]), SECONDS[found[2]]) if found else None
