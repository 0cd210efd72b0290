import json
import os
import subprocess

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, text
from sqlalchemy.exc import DBAPIError

from app.catalogue import startup
from app.catalogue.queries import revision
from app.db import connect, reading
from app.tables import Base


@pytest.fixture(params=["sqlite", "postgres_url"], ids=["sqlite", "postgresql"])
def engine(request, tmp_path):
    empty = f"sqlite:///{tmp_path}/migrated.db"
    engine = connect(empty if request.param == "sqlite" else request.getfixturevalue(request.param))
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


def test_both_databases_give_the_same_catalogue(seeded_url, seeded_postgres_url):
    engines = [connect(seeded_url), connect(seeded_postgres_url)]
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


def test_processes_that_start_at_once_fill_a_database_once(engine, whichrig_program):
    environment = os.environ | {"WHICHRIG_DATABASE_URL": engine.url.render_as_string(hide_password=False)}
    command = [*whichrig_program, "hardware", "show", "t4", "--json"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(3)]

    shown = [json.loads(process.communicate(timeout=60)[0]) for process in processes]

    assert [each["slug"] for each in shown] == ["t4"] * 3
    with reading(engine) as session:
        assert revision(session) == 1


def test_migrations_are_kept_together_or_not_at_all(engine):
    def fail_at_the_end(_connection, _cursor, statement, parameters, _context, _many):
        if "alembic_version" in statement and startup.newest_version() in f"{statement}{parameters}":
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", fail_at_the_end)
    with pytest.raises(KeyboardInterrupt):
        startup.migrate(engine)
    event.remove(engine, "before_cursor_execute", fail_at_the_end)

    assert not inspect(engine).get_table_names()
    startup.migrate(engine)
    assert startup.schema_version(engine) == startup.newest_version()


VERSIONS = [path.name[:4] for path in sorted(startup.MIGRATIONS.glob("versions/[0-9]*.py"), reverse=True)]


@pytest.mark.parametrize("engine", ["seeded_url", "seeded_postgres_url"], ids=["sqlite", "postgresql"], indirect=True)
def test_a_database_of_every_earlier_version_is_brought_up_with_what_it_holds(engine):
    """Down to each version from a full catalogue, something written there, and up again: nothing is lost."""
    before = startup.prepare(engine)
    config = startup.migration_config()
    config.attributes["engine"] = engine
    for version in VERSIONS:
        command.downgrade(config, version)
        write(engine, version)
        startup.migrate(engine)
        command.check(config)
        assert startup.schema_version(engine) == startup.newest_version()
        check(engine, version)

    after = startup.prepare(engine)
    assert (after.market.offers, after.models, after.policy) == (before.market.offers, before.models, before.policy)
    assert str(after.devices.accelerators) == str(before.devices.accelerators)


def write(engine, version: str) -> None:
    """As an older version does."""
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text(f"UPDATE providers SET note = 'by {version}' WHERE slug = 'aws'"))
        if version >= "0002":
            connection.execute(text(AUDITED.format(version)))
            connection.execute(text(DRAFTED.format(version)))


def check(engine, version: str) -> None:
    """All of it is there, and the trail is guarded."""
    with reading(engine) as session:
        assert session.scalar(text("SELECT note FROM providers WHERE slug = 'aws'")) == f"by {version}"
        if version >= "0002":
            assert session.scalar(text(f"SELECT count(*) FROM audit_entries WHERE why = 'by {version}'")) == 1
            assert session.scalar(text(f"SELECT count(*) FROM draft_changes WHERE key = 'page-{version}'")) == 1
    for statement in ("UPDATE audit_entries SET why = ''", "DELETE FROM audit_entries"):
        if version >= "0002":
            with pytest.raises(DBAPIError, match="never altered"), engine.begin() as connection:
                connection.execute(text(statement))


AUDITED = """INSERT INTO audit_entries (at, actor, action, entity, key, why)
VALUES ('2026-10-01 00:00:00', 'ada@example.org', 'draft', 'sources', 'a-page', 'by {0}')"""
DRAFTED = """INSERT INTO draft_changes (entity, key, action, base_version, "values", changed_by, changed_at, version)
VALUES ('sources', 'page-{0}', 'create', 0, '{{}}', 'ada@example.org', '2026-10-01 00:00:00', 1)"""
