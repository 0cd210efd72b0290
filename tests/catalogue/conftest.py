"""The seed, read once for each process, and copies of it."""

import pytest
from sqlalchemy import Engine

from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.db import connect


@pytest.fixture(scope="session")
def seeded(seed_file) -> Engine:
    engine = connect(f"sqlite:///{seed_file}")
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
def engine(seeded_url) -> Engine:
    """A copy of the seeded database that a test may change."""
    engine = connect(seeded_url)
    yield engine
    engine.dispose()
