"""The seed in a database of its own, once for each process."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import Engine

from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.db import connect


@pytest.fixture(scope="session")
def seeded(tmp_path_factory) -> Engine:
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('seeded')}/seed.db")
    startup.init(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def snapshot(seeded) -> Snapshot:
    return startup.current(seeded)


@pytest.fixture
def fresh(tmp_path) -> Engine:
    """A database that nothing has been written to."""
    engine = connect(f"sqlite:///{tmp_path}/fresh.db")
    yield engine
    engine.dispose()


@pytest.fixture
def engine(seeded, tmp_path) -> Engine:
    """A copy of the seeded database that a test may change."""
    with (
        closing(sqlite3.connect(seeded.url.database)) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)
    engine = connect(f"sqlite:///{tmp_path}/copy.db")
    yield engine
    engine.dispose()
