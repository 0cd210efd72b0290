"""The catalogue that is kept beside a SQLite database is that of the database, or it is not used."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from app.advice.evidence import Evidence
from app.catalogue import kept
from app.catalogue.packing import Unpackable, pack, unpack
from app.catalogue.snapshot import Snapshot
from app.engine.workload import Workload


@dataclass(frozen=True)
class Shelf:
    name: str
    filled: date | None
    sizes: tuple[int, ...] = ()


@pytest.fixture(scope="session")
def small(snapshot) -> Snapshot:
    return replace(snapshot, models={}, details={}, evidence=Evidence())


@pytest.fixture
def database(small, tmp_path, monkeypatch) -> Path:
    """A database beside which a catalogue is kept."""
    monkeypatch.setattr(kept, "SETTLED_NS", 0)
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (note TEXT)")
    kept.write(path, small, state=kept.state_of(path))
    return path


def place(database: Path) -> Path:
    return database.with_name(database.name + kept.SUFFIX)


def test_what_is_kept_is_what_was_read(database, snapshot):
    kept.write(database, snapshot, state=kept.state_of(database))

    found = kept.read(database)

    assert found is not snapshot
    assert repr(replace(found, details={})) == repr(replace(snapshot, details={}))
    assert dict(found.details) == dict(snapshot.details)
    assert found.hardware_names.resolve("4090").slug == "geforce-rtx-4090"


def test_a_database_that_was_written_is_read_again(database):
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO notes VALUES ('changed')")
        connection.commit()

        assert kept.read(database) is None  # while the change is in the log alone

    assert kept.read(database) is None


def test_a_link_to_a_database_sees_its_log(database, tmp_path):
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(database)
    assert kept.read(link) is not None
    with closing(sqlite3.connect(link)) as connection, connection:
        connection.execute("INSERT INTO notes VALUES ('changed')")
        connection.commit()

        assert kept.read(link) is None


def test_a_database_of_a_moment_ago_is_not_trusted(database, monkeypatch):
    monkeypatch.setattr(kept, "SETTLED_NS", 60_000_000_000)

    assert kept.state_of(database) is None
    assert kept.read(database) is None


def test_another_program_reads_the_tables_again(database, monkeypatch):
    monkeypatch.setattr(kept, "_program", lambda: "another")

    assert kept.read(database) is None


def test_a_write_while_the_tables_were_read_keeps_nothing(database, small):
    before = kept.state_of(database)
    place(database).unlink()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO notes VALUES ('changed')")

    kept.write(database, small, state=before)

    assert not place(database).exists()


@pytest.mark.parametrize("spoil", [lambda b: b[:-9], lambda b: b.replace(b'"Provider"', b'"os"'), lambda _: b"\n\n"])
def test_a_spoilt_file_is_not_read(database, spoil):
    content = place(database).read_bytes()

    place(database).write_bytes(spoil(content))

    assert kept.read(database) is None


def test_a_link_in_the_place_of_the_file_is_not_followed(database):
    elsewhere = database.with_name("elsewhere")
    place(database).rename(elsewhere)
    place(database).symlink_to(elsewhere)

    assert kept.read(database) is None


def test_somebody_elses_file_is_not_read(database, monkeypatch):
    monkeypatch.setattr(kept, "_owner", lambda file: 12345 if isinstance(file, int) else 12346)

    assert kept.read(database) is None


def test_nothing_is_kept_where_one_may_not_write(database, small, monkeypatch):
    place(database).unlink()

    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr(kept.tempfile, "mkstemp", refused)

    kept.write(database, small, state=kept.state_of(database))

    assert list(database.parent.glob("*snapshot*")) == []


def test_values_come_back_as_they_were():
    classes = {"Shelf": Shelf, "Workload": Workload}
    values = (
        (Shelf("a", date(2026, 1, 2), (1, 2)), Shelf("b", None)), {("x", "y"): [1.5, None]}, [], {},
        Workload(task="learn"), {"mixed": [1, "a", date(2025, 5, 5), (Shelf("c", None),)]},
    )  # fmt: skip

    assert unpack(pack(values), classes) == values


def test_only_named_classes_are_made():
    packed = pack(Shelf("a", None))

    with pytest.raises(Unpackable):
        unpack(packed, {})


def test_what_has_no_plain_form_is_not_packed():
    with pytest.raises(Unpackable):
        pack({"a": {1, 2}})
