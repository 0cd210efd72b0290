import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.catalogue import startup
from app.db import connect, reading
from app.tables import Base

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    url = f"sqlite:///{tmp_path}/migrated.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = connect(url)
    yield engine
    engine.dispose()


def test_migrations_make_the_tables_that_the_code_speaks_of(engine):
    startup.migrate(engine)
    config = startup.migration_config()
    config.attributes["engine"] = engine

    command.check(config)  # raises when the tables and the models differ


def test_migrations_can_be_taken_back(engine):
    startup.migrate(engine)
    config = startup.migration_config()
    config.attributes["engine"] = engine
    command.downgrade(config, "base")

    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}


def test_the_seed_loads_on_every_database(engine):
    snapshot = startup.prepare(engine)

    assert len(snapshot.devices) > 300
    assert snapshot.market.offers[0].usd_per_hour_on_demand == pytest.approx(3.06)


def test_both_databases_give_the_same_catalogue(tmp_path, postgres_url):
    engines = [connect(f"sqlite:///{tmp_path}/one.db"), connect(postgres_url)]
    one, other = (startup.prepare(engine) for engine in engines)
    for engine in engines:
        engine.dispose()

    assert one.market == other.market
    assert one.models == other.models
    assert one.policy == other.policy
    assert str(one.devices.accelerators) == str(other.devices.accelerators)


def test_migrations_are_numbered_and_in_one_line():
    script = ScriptDirectory.from_config(startup.migration_config())

    assert script.get_current_head() == startup.newest_version()
    assert len(script.get_heads()) == 1


def test_a_migrated_database_is_known_without_asking_alembic(engine):
    assert startup.schema_version(engine) is None
    startup.migrate(engine)

    assert startup.schema_version(engine) == startup.newest_version()
    with reading(engine) as session:
        assert session.connection().dialect.name in {"sqlite", "postgresql"}


def test_every_table_has_a_primary_key():
    assert all(table.primary_key for table in Base.metadata.tables.values())


def test_processes_that_start_at_once_fill_a_database_once(engine):
    url = engine.url.render_as_string(hide_password=False)
    command = (
        "import sys; from app.catalogue import startup; from app.db import connect;"
        "print(startup.prepare(connect(sys.argv[1])).revision)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", command, url], stdout=subprocess.PIPE, cwd=ROOT) for _ in range(3)
    ]

    assert [process.communicate(timeout=60)[0].strip() for process in processes] == [b"1"] * 3
