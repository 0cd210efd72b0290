"""One worker at a time, over all processes and machines that share a database."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from app.db import transaction
from app.tables import WorkLease


@contextmanager
def lease(engine: Engine, name: str, *, seconds: float, now: datetime | None = None) -> Iterator[bool]:
    """Whether this process may do the work; the right ends with the block, or by itself when the process dies.

    PostgreSQL knows at once when a process or a machine dies, and gives the right to the next one; with SQLite, whose
    processes share a machine, the right of the dead runs out after ``seconds``.
    """
    if engine.dialect.name == "postgresql":
        with _advisory(engine, name) as taken:
            yield taken
        return
    with _row(engine, name, seconds=seconds, now=now) as taken:
        yield taken


@contextmanager
def _advisory(engine: Engine, name: str) -> Iterator[bool]:
    """A lock that lives as long as its connection, which does nothing else."""
    key = int.from_bytes(sha256(f"whichrig {name}".encode()).digest()[:8], signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield taken
        finally:
            if taken:
                with suppress(OperationalError):  # a connection that was cut holds nothing any more
                    connection.scalar(select(func.pg_advisory_unlock(key)))


@contextmanager
def _row(engine: Engine, name: str, *, seconds: float, now: datetime | None) -> Iterator[bool]:
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    now = now or datetime.now(UTC)
    taken = _take(engine, name, holder=holder, now=now, expires_at=now + timedelta(seconds=seconds))
    try:
        yield taken
    finally:
        if taken:
            with transaction(engine) as session:
                session.execute(delete(WorkLease).where(WorkLease.name == name, WorkLease.holder == holder))


def _take(engine: Engine, name: str, *, holder: str, now: datetime, expires_at: datetime) -> bool:
    with transaction(engine) as session:
        values = {"holder": holder, "expires_at": expires_at}
        current = session.scalar(select(WorkLease.holder).where(WorkLease.name == name))
        if current is not None and _is_dead(current):
            session.execute(delete(WorkLease).where(WorkLease.name == name, WorkLease.holder == current))
        expired = update(WorkLease).where(WorkLease.name == name, WorkLease.expires_at < now)
        if session.execute(expired.values(values)).rowcount:  # type: ignore[attr-defined]
            return True
    try:
        with transaction(engine) as session:
            session.execute(insert(WorkLease).values(name=name, **values))
    except IntegrityError:
        return False
    return True


def _is_dead(holder: str) -> bool:
    """Whether the process that holds the right ran on this machine and runs no more."""
    host, _, rest = holder.partition(":")
    number = rest.partition(":")[0]
    if host != socket.gethostname() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
