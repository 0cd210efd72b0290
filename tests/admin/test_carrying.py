"""Backups: of one moment, told apart from broken ones, and nothing is left of a restore that fails."""

import io
import json

import pytest

from app.admin import drafts, publishing, seed_upgrade
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.catalogue import transfer
from app.catalogue.queries import load_snapshot, revision
from app.db import reading, transaction
from app.errors import AppError

CARD = "geforce-rtx-4090"
ADA = "ada@example.org"


@pytest.fixture
def backup(engine) -> list[str]:
    file = io.StringIO()
    with reading(engine) as session:
        transfer.write(session, file)
    return file.getvalue().splitlines(keepends=True)


def publish_note(engine, note: str) -> int:
    hardware = entity_named("hardware")
    with transaction(engine) as session:
        now = entry(session, hardware, key=CARD)
        values = {**now.values, "note": note}
        drafts.update(session, hardware, key=CARD, values=values, tag=now.tag, why="", actor=ADA)
    return publishing.publish(engine, actor=ADA, why="a note")


def test_a_backup_tells_how_many_rows_it_has(backup):
    assert transfer.verified(backup) == json.loads(backup[-1])["rows"] == len(backup) - 2


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda lines: lines[:-1], "its end is missing"),
        (lambda lines: lines[:100], "its end is missing"),
        (lambda lines: [*lines[:50], *lines[51:]], "check sum differs"),
        (lambda lines: [*lines[:9], lines[9].replace('"', "'", 1), *lines[10:]], "check sum differs|is no row"),
        (lambda lines: [*lines[:20], lines[20].replace("{", "{ "), *lines[21:]], "check sum differs"),
        (lambda lines: lines[1:], "This is no catalogue"),
    ],
    ids=["without its end", "cut short", "a row missing", "a row broken", "a row altered", "without its heading"],
)
def test_a_file_that_is_not_whole_changes_nothing(engine, backup, broken, told):
    with pytest.raises(AppError, match=told), transaction(engine) as session:
        transfer.restore(session, iter(broken(backup)))

    with reading(engine) as session:
        assert revision(session) == 1
        assert len(load_snapshot(session).devices) > 300


def test_a_file_of_the_format_before_is_read(engine, backup):
    old = [backup[0].replace(transfer.FORMAT, transfer.WITHOUT_END), *backup[1:-1]]

    with transaction(engine) as session:
        assert transfer.restore(session, iter(old)) == len(old) - 1


def test_a_backup_is_of_one_moment_while_others_publish(engine):
    """The first table is read before the publication, the others after it."""
    file = io.StringIO()
    with reading(engine) as session:
        before = revision(session)
        publish_note(engine, "published in between")
        transfer.write(session, file)
    with reading(engine) as session:
        after = revision(session)

    assert (before, after) == (1, 2)
    assert json.loads(file.getvalue().partition("\n")[0])["revision"] == before
    assert "published in between" not in file.getvalue()


def test_a_catalogue_is_read_whole_while_others_publish(engine):
    with reading(engine) as session:
        revision(session)
        publish_note(engine, "published in between")
        snapshot = load_snapshot(session)

    assert (snapshot.revision, snapshot.details[CARD]["note"]) == (1, snapshot.details[CARD]["note"])
    assert snapshot.details[CARD]["note"] != "published in between"


def test_a_restored_catalogue_follows_the_next_seed_where_nobody_touched_it(engine, backup):
    seed_upgrade.follow(engine)
    with transaction(engine) as session:
        transfer.restore(session, iter(backup))

    followed = seed_upgrade.follow(engine)

    assert (followed.revision, followed.differences) == (None, ())
