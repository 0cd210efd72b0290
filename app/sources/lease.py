"""One worker at a time, over all processes and machines that share a database."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, update
from sqlalchemy.exc import IntegrityError

from app.db import transaction
from app.tables import WorkLease


@contextmanager
def lease(engine: Engine, name: str, *, seconds: float, now: datetime | None = None) -> Iterator[bool]:
    """Whether this process may do the work; the right ends with the block, or by itself when the process dies."""
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
        expired = update(WorkLease).where(WorkLease.name == name, WorkLease.expires_at < now)
        if session.execute(expired.values(values)).rowcount:  # type: ignore[attr-defined]
            return True
    try:
        with transaction(engine) as session:
            session.execute(insert(WorkLease).values(name=name, **values))
    except IntegrityError:
        return False
    return True
