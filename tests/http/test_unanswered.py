"""Searches that find nothing are counted, without anything about whoever searched."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.catalogue import startup
from app.db import connect, reading, transaction
from app.http.unanswered import MOST_A_DAY, MOST_IN_MEMORY, UnansweredSearches, normalised
from app.main import create_app
from app.settings import Settings
from app.tables import UnansweredSearch


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    url = f"sqlite:///{tmp_path}/searches.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = connect(url)
    startup.migrate(engine)
    yield engine
    engine.dispose()


def kept(engine) -> dict[tuple[str, str], int]:
    with reading(engine) as session:
        return {(row.place, row.words): row.times for row in session.scalars(select(UnansweredSearch))}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("  RTX  9090 Ti!", "rtx 9090 ti"),
        ("Meta-Llama/Llama-9.1-8B", "meta-llama/llama-9.1-8b"),
        ("7900 XTX 24GB", "7900 xtx 24gb"),
        ("4090", "4090"),
        ("ＲＴＸ ９０９０", "rtx 9090"),
        ("<script>alert(1)</script>", "script alert 1 /script"),
    ],
)
def test_the_same_words_count_as_the_same(words, told):
    assert normalised(words) == told


@pytest.mark.parametrize(
    "words",
    [
        "me@example.org", "https://example.org/me", "www.example", "example.org", "+49 171 2345678", "0171-2345678",
        "192.168.178.22", "4111 1111 1111 1111", "order 123456", "x", "", "   ", "a" * 61, "a " * 10_000,
        "1980-12-31 me",
    ],
)  # fmt: skip
def test_what_could_be_about_a_person_is_not_counted(words):
    assert normalised(words) == ""


def test_counts_add_up_over_workers_and_time(engine):
    one, other = UnansweredSearches(engine), UnansweredSearches(engine)
    for searches in (one, other, one):
        searches.note("hardware", "RTX 9090", found=[])
        searches.note("hardware", "rtx 4090", found=["found"])
        searches.note("models", None, found=[])
    one.write()
    other.write()
    one.write()

    assert kept(engine) == {("hardware", "rtx 9090"): 3}


def test_the_table_stays_small(engine):
    with transaction(engine) as session:
        old = datetime.now(UTC).date() - timedelta(days=91)
        session.add(UnansweredSearch(day=old, place="cloud", words="old", times=1))
    for _ in range(2):
        searches = UnansweredSearches(engine)
        for number in range(MOST_IN_MEMORY * 2):
            searches.note("hardware", f"card {number} of {id(searches) % 1000}", found=[])
        searches.write()

    assert len(kept(engine)) == MOST_A_DAY
    assert ("cloud", "old") not in kept(engine)


def test_counts_that_cannot_be_written_wait(engine):
    startup.migrate(engine)
    searches = UnansweredSearches(engine)
    searches.note("hardware", "RTX 9090", found=[])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE unanswered_searches RENAME TO away")
    searches.write()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO unanswered_searches")
    searches.write()

    assert kept(engine) == {("hardware", "rtx 9090"): 1}
    assert Counter() == searches._counts


def test_pages_count_what_they_do_not_find(seeded_url):
    with TestClient(create_app(Settings(database_url=seeded_url))) as client:
        page = {"accept": "text/html"}
        for address in (
            "/hardware?q=RTX+9090", "/hardware?q=4090", "/models?q=llama-99", "/cloud?q=moon+base", "/hardware",
            "/hardware?q=me@example.org",
        ):  # fmt: skip
            assert client.get(address, headers=page).status_code == 200
        assert client.get("/ask?model=nothing-like-it", headers=page).status_code == 404
    engine = connect(seeded_url)

    assert kept(engine) == {
        ("hardware", "rtx 9090"): 1,
        ("models", "llama-99"): 1,
        ("models", "nothing-like-it"): 1,
        ("cloud", "moon base"): 1,
    }
    engine.dispose()
