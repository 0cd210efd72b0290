"""Bringing the catalogue up: migrate, fill when empty, read into memory, and read again when the revision moves."""

from pathlib import Path
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
    _held[engine] = (snapshot, monotonic())
    return snapshot


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
    """The snapshot of the present revision; the database is asked at most every 0.4 s."""
    held = _held.get(engine)
    if held is None:
        return prepare(engine)
    snapshot, looked_at = held
    if monotonic() - looked_at < LOOK_AGAIN_AFTER_S:
        return snapshot
    with reading(engine) as session:
        if revision(session) != snapshot.revision:
            snapshot = load_snapshot(session)
    _held[engine] = (snapshot, monotonic())
    return snapshot


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


_held: WeakKeyDictionary[Engine, tuple[Snapshot, float]] = WeakKeyDictionary()
