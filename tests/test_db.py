import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from app.db import connect, reading, transaction


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/made/on/the/way/test.db"


@pytest.fixture
def engine(url):
    engine = connect(url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE part (id integer PRIMARY KEY, whole integer REFERENCES part (id))"))
    yield engine
    engine.dispose()


@pytest.fixture
def parts(engine):
    def count() -> int:
        with reading(engine) as session:
            return session.scalar(text("SELECT count(*) FROM part"))

    return count


def test_a_transaction_keeps_its_changes(engine: Engine, parts):
    with transaction(engine) as session:
        session.execute(text("INSERT INTO part VALUES (1, NULL)"))

    assert parts() == 1


def test_an_exception_undoes_the_whole_transaction(engine, parts):
    def fail_halfway() -> None:
        with transaction(engine) as session:
            session.execute(text("INSERT INTO part VALUES (1, NULL)"))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()

    assert parts() == 0


def test_a_savepoint_can_be_undone_by_itself(engine, parts):
    with transaction(engine) as session:
        session.execute(text("INSERT INTO part VALUES (1, NULL)"))
        savepoint = session.begin_nested()
        session.execute(text("INSERT INTO part VALUES (2, NULL)"))
        savepoint.rollback()

    assert parts() == 1


def test_a_reading_session_keeps_nothing(engine, parts):
    with reading(engine) as session:
        session.execute(text("INSERT INTO part VALUES (1, NULL)"))

    assert parts() == 0


def test_a_reference_to_nothing_is_refused(engine):
    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.execute(text("INSERT INTO part VALUES (1, 99)"))


def test_writers_wait_for_each_other(engine, parts):
    def write(first: int) -> None:
        for number in range(first, first + 10):
            with transaction(engine) as session:
                taken = session.scalar(text("SELECT count(*) FROM part WHERE id = :id"), {"id": number})
                session.execute(text("INSERT INTO part VALUES (:id, NULL)"), {"id": number + 1000 * taken})

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert parts() == 40


def test_sqlite_writes_ahead_so_that_readers_go_on(tmp_path):
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    with reading(engine) as session:
        mode = session.scalar(text("PRAGMA journal_mode"))
    engine.dispose()

    assert mode == "wal"
