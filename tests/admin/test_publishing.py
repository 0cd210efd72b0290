"""What has to hold whatever happens: one whole revision, an unaltered trail, every process up to date."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.admin import bench, drafts, publishing
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.catalogue import startup
from app.catalogue.queries import load_snapshot, revision
from app.db import connect, reading, transaction
from app.published import PublishedCatalogue
from app.tables import AcceleratorRow, AuditEntry
from tests.admin.publish_forever import CARDS

ROOT = Path(__file__).parents[2]
KILLED = 20
ADA = "ada@example.org"


@pytest.fixture
def edit(engine):
    """Draft one field of one entry."""

    def edited(table: str, key: str, **values: object) -> None:
        entity = entity_named(table)
        with transaction(engine) as session:
            now = entry(session, entity, key=key)
            drafts.update(
                session, entity, key=key, values={**now.values, **values}, tag=now.tag, why="a test", actor=ADA
            )

    return edited


def test_the_audit_trail_cannot_be_altered(engine, edit):
    edit("hardware", CARDS[0], note="first")
    for statement in (update(AuditEntry).values(why="nothing happened"), delete(AuditEntry)):
        with pytest.raises(DBAPIError, match="never altered"), transaction(engine) as session:
            session.execute(statement)

    with reading(engine) as session:
        assert session.scalars(select(AuditEntry)).one().why == "a test"


def test_a_publication_that_fails_leaves_nothing_behind(engine, edit):
    edit("tiers", "entry", position=2)  # where another tier is
    edit("hardware", CARDS[0], note="never seen")
    with reading(engine) as session:
        before = revision(session)

    with pytest.raises(publishing.Conflict, match="do not go together"):
        publishing.publish(engine, actor=ADA, why="a mistake")

    with reading(engine) as session:
        assert revision(session) == before
        assert session.scalar(select(AcceleratorRow.note).where(AcceleratorRow.slug == CARDS[0])) != "never seen"
        assert len(drafts.changes(session)) == 2
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "update")).all() == []


def test_trying_out_writes_nothing_and_sees_everything(engine, edit):
    edit("hardware", CARDS[0], name="The Big One")
    with reading(engine) as session:
        before = revision(session)

    trial = publishing.try_out(engine)

    assert trial.snapshot.accelerators[CARDS[0]].name == "The Big One"
    with reading(engine) as session:
        assert revision(session) == before
        assert load_snapshot(session).accelerators[CARDS[0]].name == "GeForce RTX 4090"


def test_another_process_serves_what_is_published_within_a_second(engine, edit):
    other = connect(engine.url.render_as_string(hide_password=False))
    catalogue = PublishedCatalogue(other)
    edit("hardware", CARDS[0], name="The Big One")
    publishing.publish(engine, actor=ADA, why="a name")

    deadline = time.monotonic() + 1.0
    while catalogue.current().accelerators[CARDS[0]].name != "The Big One" and time.monotonic() < deadline:
        time.sleep(0.05)
        catalogue.refresh()
    other.dispose()

    assert catalogue.current().accelerators[CARDS[0]].name == "The Big One"


@pytest.fixture(scope="module")
def publishers():
    """A process that begets others which publish; so its modules are imported once."""
    command = [sys.executable, "-m", "tests.admin.publish_forever"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    yield process
    process.communicate(timeout=10)


@pytest.fixture
def killed_while_publishing(publishers, sqlite_copy, tmp_path):
    """Let a process publish for a while and kill it; the last number that it acknowledged."""

    def killed(number: int, *, after_s: float) -> int:
        said = tmp_path / "said.txt"
        said.write_text("")
        publishers.stdin.write(f"{sqlite_copy} {number} {said}\n")
        publishers.stdin.flush()
        process = int(publishers.stdout.readline())
        while not said.read_text():
            time.sleep(0.005)
        time.sleep(after_s)
        os.kill(process, signal.SIGKILL)
        assert publishers.stdout.readline() == "dead\n"
        return int(said.read_text().split()[-1])

    return killed


def test_a_process_that_is_killed_while_publishing_leaves_one_whole_revision(sqlite_copy, killed_while_publishing):
    chance, number = random.Random(20), 0
    for _ in range(KILLED):
        acknowledged = killed_while_publishing(number, after_s=chance.uniform(0, 0.15))
        engine = connect(sqlite_copy)
        with reading(engine) as session:
            cards = select(AcceleratorRow.note, AcceleratorRow.version).where(AcceleratorRow.slug.in_(CARDS))
            found = set(session.execute(cards).all())
            published = session.scalar(select(func.count()).where(AuditEntry.action == "update")) or 0
            assert len(load_snapshot(session).devices) > 300
        engine.dispose()
        ((note, version),) = found
        number = int(note)
        assert acknowledged <= number <= acknowledged + 1
        assert published == (version - 1) * len(CARDS) == number * len(CARDS)

    assert number >= KILLED
    with closing(sqlite3.connect(sqlite_copy.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_saved_questions_lead_where_they_have_to(sqlite_copy, monkeypatch):
    monkeypatch.undo()
    engine = connect(sqlite_copy)
    snapshot = startup.prepare(engine)
    with reading(engine) as session:
        asked = bench.questions(session)
    engine.dispose()

    compared = bench.compare(snapshot, snapshot, asked=asked)

    assert len(compared) == 72
    assert sum(each.question.must_pass for each in compared) == 49
    assert [each.question.slug for each in compared if each.changed or "no answer" in each.before.scenario] == []
    assert [(each.question.slug, each.wrong) for each in compared if each.wrong] == []


def test_editors_at_once_lose_nothing(filled_url):
    """Two processes that write at the same time: both edits are in the draft."""
    command = (
        "import sys\n"
        "from app.admin import drafts\n"
        "from app.admin.entities import entity_named\n"
        "from app.db import connect, transaction\n"
        "engine, sources = connect(sys.argv[1]), entity_named('sources')\n"
        "for number in range(10):\n"
        "    with transaction(engine) as session:\n"
        "        values = {'key': f'{sys.argv[2]}-{number}', 'title': 'x', 'url': ''}\n"
        "        drafts.create(session, sources, values=values, why='', actor=sys.argv[2])\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", command, filled_url, name], cwd=ROOT) for name in ("a", "b")]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]

    engine = connect(filled_url)
    with reading(engine) as session:
        count = session.scalar(text("SELECT count(*) FROM draft_changes"))
    assert (count, publishing.publish(engine, actor=ADA, why="all") > 1) == (20, True)
    engine.dispose()
