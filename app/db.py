"""The database: connect(), reading() and transaction(). Nothing else commits."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another one before it gives up."""


def connect(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; the folder of a SQLite file is made when missing."""
    address = _with_driver(make_url(url))
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True, **_QUICK_JSON)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **_QUICK_JSON)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that looks and never writes: all that it reads is of one moment, on PostgreSQL as well."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        yield session


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session whose changes are kept together, or not at all when an exception leaves the block."""
    with Session(engine.execution_options(writes=True), expire_on_commit=False) as session, session.begin():
        yield session


def _json(value: object) -> str:
    return to_json(value, inf_nan_mode="constants").decode()


_QUICK_JSON: dict[str, Any] = {"json_serializer": _json, "json_deserializer": from_json}
"""An import writes and reads a hundred thousand documents."""


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgres", "postgresql"} else url


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver delays BEGIN, so that savepoints leak: _begin_sqlite does it instead
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer fails at once when another wrote in between; a writer that says so first waits.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
