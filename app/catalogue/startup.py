"""Bringing the catalogue up: migrate, fill when empty, read into memory, and read again when the revision moves."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, inspect, text

from app.catalogue.checks import Finding
from app.catalogue.checks import check as findings_of
from app.catalogue.queries import load_snapshot, revision
from app.catalogue.seed import load_seed
from app.catalogue.snapshot import Snapshot
from app.db import reading, transaction

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

LOOK_AGAIN_AFTER_S = 0.4
"""How long a snapshot is trusted before the revision is looked at again."""


def prepare(engine: Engine) -> Snapshot:
    """A database at the newest schema with a catalogue in it, and that catalogue in memory."""
    init(engine)
    with reading(engine) as session:
        snapshot = load_snapshot(session)
    hold(engine, snapshot)
    return snapshot


def hold(engine: Engine, snapshot: Snapshot) -> None:
    """Answer from this snapshot: it is at hand, and is not read again."""
    held = _held.get(engine)
    if held is None:
        _held[engine] = _Held(snapshot, monotonic())
    else:
        held.snapshot, held.looked_at = snapshot, monotonic()


@contextmanager
def replacing(engine: Engine) -> Iterator[None]:
    """While the block makes a new revision, others of this process go on with the snapshot they have."""
    held = _held.get(engine)
    with held.turn if held else nullcontext():
        yield


def init(engine: Engine) -> int:
    """Bring the schema up to date and load the seed if there is no catalogue yet; the present revision."""
    migrate(engine)
    with reading(engine) as session:
        present = revision(session)
    if present:
        return present
    with transaction(engine) as session:
        load_seed(session)
    with reading(engine) as session:
        return revision(session)


def check(engine: Engine) -> list[Finding]:
    """What looks wrong in the catalogue of this database, errors first."""
    with reading(engine) as session:
        return findings_of(session)


def current(engine: Engine) -> Snapshot:
    """The snapshot of the present revision; the database is asked at most every 0.4 s, by one thread at a time."""
    held = _held.get(engine)
    if held is None:
        return prepare(engine)
    if monotonic() - held.looked_at < LOOK_AGAIN_AFTER_S or not held.turn.acquire(blocking=False):
        return held.snapshot
    try:
        with reading(engine) as session:
            if revision(session) != held.snapshot.revision:
                held.snapshot = load_snapshot(session)
        held.looked_at = monotonic()
    finally:
        held.turn.release()
    return held.snapshot


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing. Alembic is imported only then: it takes longer than all the rest."""
    if schema_version(engine) == newest_version():
        return
    from alembic import command

    config = migration_config()
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def schema_version(engine: Engine) -> str | None:
    """The migration that a database is at; None while it is empty."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version


def newest_version() -> str:
    """The last migration: they are numbered, and their files begin with the number."""
    return max(path.name.split("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def migration_config() -> "Config":
    """Where the migrations are; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


@dataclass(slots=True)
class _Held:
    """What a process has in memory of one database."""

    snapshot: Snapshot
    looked_at: float
    turn: Lock = field(default_factory=Lock)
    """Of the thread that reads or makes a new revision."""


_held: WeakKeyDictionary[Engine, _Held] = WeakKeyDictionary()
