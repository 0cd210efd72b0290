"""What has to hold whatever happens: one whole revision, an unaltered trail, every process up to date."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from app.admin import bench, drafts, publishing
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.catalogue import startup
from app.catalogue.queries import load_snapshot, revision
from app.db import connect, reading, transaction
from app.http.published import PublishedCatalogue
from app.tables import AcceleratorRow, AuditEntry

ROOT = Path(__file__).parents[2]
CARDS = ("geforce-rtx-4090", "geforce-rtx-3090", "geforce-gt-720")
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


def test_a_change_that_takes_the_place_of_another_makes_it_another_draft(engine, edit):
    seen = []
    for note in ("one", "two"):
        edit("hardware", CARDS[0], note=note)
        with transaction(engine) as session:
            seen.append(publishing.fingerprint_of(session))
            drafts.discard(session, entity_named("hardware"), key=CARDS[0], actor=ADA)

    edit("hardware", CARDS[0], note="three")
    assert seen[0] != seen[1]
    with pytest.raises(publishing.Conflict, match="changed while you looked"):
        publishing.publish(engine, actor=ADA, why="what I saw", fingerprint=seen[1])
