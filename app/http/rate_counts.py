"""Counting requests in a sliding window: in this process, or in a database that several processes share.

A window slides by weighing the one before: after a quarter of the present window three quarters of the previous one
count. Two numbers a client are enough for that, and no burst at the border of two windows gets through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil, floor
from typing import Any, Protocol

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.tables import RateCount
from app.tables.fair_use import LONGEST_CLIENT

IPV6_PREFIX = 64
"""One customer of a provider usually has that many addresses to choose from."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many requests in so many seconds."""

    amount: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one more is allowed, how many are left, and when more of them are allowed again."""

    allowed: bool
    remaining: int
    wait_s: int


class Counts(Protocol):
    """Where hits are counted."""

    def hit(self, client: str, limit: Limit, *, cost: int, now: float) -> Verdict:
        """Count a request, unless the client is beyond its limit."""

    def close(self) -> None:
        """Count no more."""


class OwnCounts:
    """Counts of this process alone, in memory; clients of bygone windows are forgotten."""

    def __init__(self, *, keep_s: int) -> None:
        self._keep_s = keep_s
        self._windows: dict[int, dict[str, int]] = {}

    def hit(self, client: str, limit: Limit, *, cost: int, now: float) -> Verdict:
        """Count a request, unless the client is beyond its limit."""
        window, elapsed = _window(limit, now)
        name = f"{limit.seconds} {client}"
        for old in [one for one in self._windows if one < now - 2 * self._keep_s]:
            del self._windows[old]
        before = self._windows.get(window - limit.seconds, {}).get(name, 0)
        counted = self._windows.setdefault(window, {})
        hits = counted.get(name, 0)
        allowed = hits + cost <= room(limit, before, elapsed=elapsed)
        if allowed:
            counted[name] = hits = hits + cost
        return verdict(limit, Seen(before, hits, elapsed), allowed=allowed, cost=cost)

    def close(self) -> None:
        """Forget everything."""
        self._windows.clear()


class SharedCounts:
    """Counts in a table, right for any number of processes: the database itself adds and compares."""

    def __init__(self, engine: Engine, *, keep_s: int) -> None:
        self._keep_s = keep_s
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        self._newest = 0

    def hit(self, client: str, limit: Limit, *, cost: int, now: float) -> Verdict:
        """Count a request, unless the client is beyond its limit."""
        window, elapsed = _window(limit, now)
        name = f"{limit.seconds} {client}"[:LONGEST_CLIENT]
        with self._engine.connect() as connection:
            chosen = select(RateCount.window, RateCount.hits).where(RateCount.client == name)
            counted: Mapping[int, int] = {row.window: row.hits for row in connection.execute(chosen)}
            before, hits = counted.get(window - limit.seconds, 0), counted.get(window, 0)
            most = room(limit, before, elapsed=elapsed)
            allowed = hits + cost <= most
            if allowed:
                adding = self._insert(RateCount).values(client=name, window=window, hits=cost)
                more = RateCount.hits + cost
                upsert = adding.on_conflict_do_update(
                    index_elements=[RateCount.client, RateCount.window], set_={"hits": more}, where=more <= most
                ).returning(RateCount.hits)
                after = connection.scalar(upsert)
                allowed, hits = after is not None, most if after is None else after  # others came first
            if window > self._newest:
                self._newest = window
                connection.execute(delete(RateCount).where(RateCount.window < now - 2 * self._keep_s))
        return verdict(limit, Seen(before, hits, elapsed), allowed=allowed, cost=cost)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


@dataclass(frozen=True, slots=True)
class Seen:
    """Hits in the window before and in this one, and which part of this one is over."""

    before: int
    hits: int
    elapsed: float


def room(limit: Limit, before: int, *, elapsed: float) -> int:
    """Hits that this window has room for, beside those of the window before that still count.

    >>> room(Limit(60, 60), 40, elapsed=0.25)
    30
    """
    return floor(limit.amount - before * (1 - elapsed) + 1e-9)


def verdict(limit: Limit, seen: Seen, *, allowed: bool, cost: int) -> Verdict:
    """What the client is told; the wait is until a request of this cost is allowed again.

    >>> verdict(Limit(10, 60), Seen(before=0, hits=10, elapsed=0.5), allowed=False, cost=1)
    Verdict(allowed=False, remaining=0, wait_s=36)
    """
    left = max(0, room(limit, seen.before, elapsed=seen.elapsed) - seen.hits)
    ends = 1 - seen.elapsed
    if allowed:
        return Verdict(allowed=True, remaining=left, wait_s=max(1, ceil(ends * limit.seconds)))
    free = limit.amount - seen.hits - cost
    if free >= 0:  # enough of the window before will have slid away within this one
        wait = 1 - free / seen.before - seen.elapsed
    else:
        wait = ends + max(0.0, 1 - (limit.amount - cost) / seen.hits)
    return Verdict(allowed=False, remaining=left, wait_s=max(1, ceil(wait * limit.seconds)))


def _window(limit: Limit, now: float) -> tuple[int, float]:
    """When the present window began, and which part of it is over."""
    part = now % limit.seconds
    return round(now - part), part / limit.seconds


def client_of(scope: Mapping[str, Any]) -> str:
    """Who is counted together: an address, or the network of an IPv6 address.

    >>> client_of({"client": ("2001:db8::17", 5000)}), client_of({"client": ("192.0.2.1", 5000)}), client_of({})
    ('2001:db8::/64', '192.0.2.1', 'unknown')
    """
    host = str((scope.get("client") or ("unknown", 0))[0])
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_PREFIX), strict=False))
    return host
