"""A newer seed on both databases: what nobody touched follows, what somebody touched stays and is told."""

import csv
import shutil
from functools import cache

import pytest
from sqlalchemy import delete, select, text

from app.admin import drafts, publishing, seed_documents, seed_upgrade, trail
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.admin.seed_comparison import compare
from app.catalogue import seed, startup
from app.catalogue.queries import load_snapshot, revision
from app.db import connect, reading, transaction
from app.errors import NotFound
from app.tables import AcceleratorFact, AuditEntry, OfferRow, SeedEntry, Source

ADA = "ada@example.org"
ENTRIES_OF = seed_documents.of
CARD, OTHER, THIRD = "geforce-rtx-4090", "geforce-rtx-3090", "geforce-rtx-3060-12gb"


@pytest.fixture(autouse=True)
def read_once(monkeypatch):
    """What stands in a file of the seed is read again only when the file is another one: that takes two thirds of a look."""
    monkeypatch.setattr(seed_documents, "of", lambda entity: entries_of(entity.name, _written(entity)))


@cache
def entries_of(name: str, written: tuple):
    return ENTRIES_OF(entity_named(name))


def _written(entity) -> tuple:
    """The state of the files that a kind of entry is read from."""
    files = (seed.FOLDER / f"{entity.row.__tablename__}.csv", seed.FOLDER / "accelerator_facts.csv", seed.POLICY)
    looked_at = [path.stat() for path in files if path.exists() and (entity.has_facts or "facts" not in path.name)]
    return tuple((state.st_mtime_ns, state.st_size) for state in looked_at)


@pytest.fixture
def newer_seed(tmp_path, monkeypatch):
    """Another version of the seed: rows of its files may be changed, added and taken away."""
    folder = tmp_path / "seed"
    shutil.copytree(seed.FOLDER, folder)

    def edit(file: str, change) -> None:
        path = folder / file
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows, names = change(list(reader)), reader.fieldnames
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        monkeypatch.setattr(seed, "FOLDER", folder)
        monkeypatch.setattr(seed, "POLICY", folder / "policy.toml")

    return edit


def fact(card: str, field: str, value: str):
    """The change of one number of a card."""

    def change(rows):
        (row,) = [each for each in rows if (each["accelerator"], each["field"]) == (card, field)]
        row["value"] = value
        return rows

    return change


@pytest.fixture
def publish(engine):
    def published(table: str, key: str, **values: object) -> int:
        entity = entity_named(table)
        with transaction(engine) as session:
            now = entry(session, entity, key=key)
            drafts.update(
                session, entity, key=key, values={**now.values, **values}, tag=now.tag, why="a test", actor=ADA
            )
        return publishing.publish(engine, actor=ADA, why="a test")

    return published


ON_BOTH = pytest.mark.parametrize("filled_url", ["sqlite", "postgresql"], indirect=True)
FROM_BEFORE = pytest.mark.parametrize("followed", ["remembered", "not remembered"], indirect=True)


@pytest.fixture(scope="session")
def follow():
    """Let a database look at the seed it was made of."""

    def followed(url: str) -> str:
        engine = connect(url)
        assert seed_upgrade.follow(engine).is_news is False
        engine.dispose()
        return url

    return followed


@pytest.fixture(scope="session")
def followed_sqlite(sqlite_template, follow, tmp_path_factory) -> str:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("followed") / "template.db")
    follow(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def followed_postgres(postgres_server, postgres_template, follow) -> str:
    postgres_server.psql(f"CREATE DATABASE seed_followed TEMPLATE {postgres_template};")
    follow(postgres_server.get_uri(database="seed_followed"))
    return "seed_followed"


@pytest.fixture
def filled_url(request, tmp_path):
    """SQLite where nothing else is asked for; it has looked at its seed where that is asked for."""
    knows = {"followed", "waiting"} & set(request.fixturenames)
    if getattr(request, "param", "sqlite") == "sqlite":
        template = request.getfixturevalue("followed_sqlite" if knows else "sqlite_template")
        return f"sqlite:///{shutil.copy(template, tmp_path / 'copy.db')}"
    template = request.getfixturevalue("followed_postgres" if knows else "postgres_template")
    return request.getfixturevalue("postgres_copy")(template)


@pytest.fixture
def followed(request, engine):
    """A database that knows the seed it was made of, or one from before that was remembered."""
    assert seed_upgrade.is_current(engine)
    if getattr(request, "param", "") == "not remembered":
        with transaction(engine) as session:
            session.execute(delete(SeedEntry))
    return engine


def memory_gib(engine, card: str) -> float:
    told = select(AcceleratorFact.value).where(AcceleratorFact.accelerator == card, AcceleratorFact.field == "memory")
    with reading(engine) as session:
        return float(session.scalars(told).one())


def test_a_catalogue_that_is_as_the_seed_has_it_stays(engine):
    with reading(engine) as session:
        before = revision(session)

    assert seed_upgrade.follow(engine).told.endswith("nothing to change")
    assert seed_upgrade.follow(engine) is None
    with reading(engine) as session:
        assert revision(session) == before
        assert session.scalars(select(AuditEntry)).all() == []


@FROM_BEFORE
@ON_BOTH
def test_untouched_entries_follow_as_one_revision_and_edited_ones_stay(followed, publish, newer_seed):
    publish("hardware", CARD, note="looked at")
    newer_seed("accelerator_facts.csv", fact(CARD, "memory", "25"))
    newer_seed("accelerator_facts.csv", fact(OTHER, "memory", "26"))
    with reading(followed) as session:
        before = revision(session)

    found = seed_upgrade.follow(followed)

    assert (found.revision, dict(found.counts)) == (before + 1, {"update": 1})
    (waiting,) = found.differences
    assert (waiting.entity.name, waiting.key, waiting.here["note"]) == ("hardware", CARD, "looked at")
    assert (memory_gib(followed, CARD), memory_gib(followed, OTHER)) == (24, 26)
    with reading(followed) as session:
        assert revision(session) == before + 1
        (told,) = session.scalars(select(AuditEntry).where(AuditEntry.revision == before + 1)).all()
    assert (told.actor, told.action, told.key, told.why) == ("seed", "update", OTHER, "seed of version 0.1.0")
    assert (told.before["facts"]["memory"]["value"], told.after["facts"]["memory"]["value"]) == (24, 26)


def test_what_the_seed_changed_is_undone_like_any_revision(followed, newer_seed):
    newer_seed("accelerator_facts.csv", fact(OTHER, "memory", "26"))
    found = seed_upgrade.follow(followed)
    with transaction(followed) as session:
        trail.restore_revision(session, found.revision - 1, actor=ADA)
    publishing.publish(followed, actor=ADA, why="not so")

    assert memory_gib(followed, OTHER) == 24
    with reading(followed) as session:
        assert compare(session).differences == []  # it was decided about: the seed has not moved since


def test_the_same_correction_made_here_is_no_difference(followed, publish, newer_seed):
    newer_seed(
        "sources.csv", lambda rows: [row | ({"note": "better"} if row["key"] == rows[0]["key"] else {}) for row in rows]
    )
    with reading(followed) as session:
        key = session.scalars(select(Source.key).where(Source.key == seed.seed_entries(Source)[0]["key"])).one()
    publish("sources", key, note="better")

    found = seed_upgrade.follow(followed)

    assert (found.revision, found.differences) == (None, ())


@ON_BOTH
def test_new_entries_are_added_with_what_they_refer_to(followed, newer_seed):
    newer_seed(
        "sources.csv", lambda rows: [*rows, rows[0] | {"key": "new-page", "title": "New", "url": "https://example.org"}]
    )
    newer_seed(
        "prices.csv", lambda rows: [*rows, rows[0] | {"source": "new-page", "amount": "2345.67", "amount_low": ""}]
    )

    found = seed_upgrade.follow(followed)

    assert dict(found.counts) == {"create": 2}
    with reading(followed) as session:
        prices = [each for each in load_snapshot(session).market.prices if each.source == "https://example.org"]
        assert [each.usd for each in prices] == [2345.67]
        assert compare(session).moves == []
    assert seed_upgrade.follow(followed) is None


@ON_BOTH
def test_what_the_seed_has_no_more_is_retired_unless_it_was_edited_or_is_named(engine, publish, newer_seed):
    seed_upgrade.follow(engine)
    with reading(engine) as session:
        numbers = session.execute(text("SELECT id, accelerator FROM prices ORDER BY id LIMIT 2")).all()
        used = session.scalar(text("SELECT source FROM accelerator_facts ORDER BY id LIMIT 1"))
    publish("prices", str(numbers[1].id), note="mine")
    newer_seed("prices.csv", lambda rows: rows[2:])
    newer_seed("sources.csv", lambda rows: [row for row in rows if row["key"] != used])

    found = seed_upgrade.follow(engine)

    assert found.counts["retire"] == 1
    why = {(each.entity.name, each.key): each.why for each in found.differences}
    assert why["prices", str(numbers[1].id)] == "it was edited here, and the seed has it no more"
    with reading(engine) as session:
        rows = session.execute(text("SELECT retired FROM prices ORDER BY id LIMIT 2")).scalars().all()
        alive = session.scalar(select(Source.retired).where(Source.key == used))
    assert [bool(row) for row in rows] == [True, False]
    assert not alive
    assert why["sources", used] == "the seed has it no more, but other entries name it"


@FROM_BEFORE
def test_what_was_retired_here_stays_retired(followed, newer_seed):
    entity = entity_named("aliases")
    with transaction(followed) as session:
        key = str(session.scalar(text("SELECT min(id) FROM aliases WHERE NOT ambiguous")))
        drafts.retire(session, entity, key=key, tag="*", why="wrong", actor=ADA)
    publishing.publish(followed, actor=ADA, why="wrong")
    with reading(followed) as session:
        alias = entry(session, entity, key=key).published["alias"]
    newer_seed(
        "aliases.csv", lambda rows: [row | ({"note": "better"} if row["alias"] == alias else {}) for row in rows]
    )

    found = seed_upgrade.follow(followed)

    assert key in {each.key for each in found.differences}
    with reading(followed) as session:
        assert entry(session, entity, key=key).retired


@FROM_BEFORE
def test_prices_that_were_read_lately_are_kept_without_asking(followed, newer_seed):
    with transaction(followed) as session:
        session.add(Source(key="live-shop", title="Shop"))
        session.flush()
        first, second = session.scalars(select(OfferRow).order_by(OfferRow.id).limit(2))
        for row, day in ((first, "2099-01-01"), (second, "2000-01-01")):
            row.source, row.version, row.usd_per_hour_on_demand = "live-shop", 2, 9.75
            row.as_of = type(row.as_of).fromisoformat(day)
        keys = first.id, second.id
    newer_seed("offers.csv", lambda rows: [row | {"usd_per_hour_on_demand": "7.25"} for row in rows[:2]] + rows[2:])

    found = seed_upgrade.follow(followed)

    assert (found.newer_here, dict(found.counts), found.differences) == (1, {"update": 1}, ())
    with reading(followed) as session:
        assert [session.get(OfferRow, key).usd_per_hour_on_demand for key in keys] == [9.75, 7.25]


def test_an_edit_in_the_draft_is_told_that_the_seed_moved(followed, newer_seed):
    entity = entity_named("hardware")
    with transaction(followed) as session:
        now = entry(session, entity, key=OTHER)
        drafts.update(session, entity, key=OTHER, values={**now.values, "note": "mine"}, tag=now.tag, why="", actor=ADA)
    newer_seed("accelerator_facts.csv", fact(OTHER, "memory", "26"))
    seed_upgrade.follow(followed)

    with pytest.raises(publishing.Conflict, match="Published since you edited it"):
        publishing.publish(followed, actor=ADA, why="mine")
    with reading(followed) as session:
        assert entry(session, entity, key=OTHER).change.values["note"] == "mine"


def test_a_new_entry_that_names_what_was_retired_here_waits(followed, newer_seed):
    with transaction(followed) as session:
        session.add(Source(key="old-page", title="Old", retired=True))
    newer_seed("sources.csv", lambda rows: [*rows, rows[0] | {"key": "old-page", "title": "Old"}])
    newer_seed("aliases.csv", lambda rows: rows)
    newer_seed("prices.csv", lambda rows: [*rows, rows[0] | {"source": "old-page"}])

    found = seed_upgrade.follow(followed)

    assert found.revision is None
    assert sorted(each.why for each in found.differences) == [
        "it names sources/old-page, which is retired here",
        "it was retired here, and the seed has changed it",
    ]


def test_a_seed_that_breaks_a_rule_of_the_database_changes_nothing(followed, newer_seed, capsys):
    from app.server import follow_seed

    newer_seed("accelerator_facts.csv", fact(OTHER, "memory", "26"))
    newer_seed("providers.csv", lambda rows: [*rows, rows[0] | {"slug": "another"}])
    newer_seed("aliases.csv", lambda rows: [*rows, rows[0] | {"note": "again"}])

    follow_seed(followed)

    assert "could not be taken over" in capsys.readouterr().err
    assert memory_gib(followed, OTHER) == 24
    assert not seed_upgrade.is_current(followed)


@pytest.fixture
def waiting(client, publish, newer_seed):
    """A card that was edited here, and is another in the seed."""
    publish("hardware", CARD, note="looked at")
    newer_seed("accelerator_facts.csv", fact(CARD, "memory", "25"))
    seed_upgrade.follow(client.app.state.engine)
    return client


def test_a_difference_is_looked_at_and_taken_on_a_page(waiting, signed_in):
    browser = signed_in(waiting, "approver")
    page = browser.get("/admin/seed")
    cells = [cell.get_text() for cell in page.select("td")]
    assert "1 entries wait" in page.get_text()
    assert {"24", "25"} <= set(cells)

    after = browser.submit(page, form='form[action="/admin/seed"]', decision="take")
    assert "in the draft" in after.get_text()
    publishing.publish(waiting.app.state.engine, actor=ADA, why="the seed is right")

    assert memory_gib(waiting.app.state.engine, CARD) == 25
    assert "Nothing waits" in browser.get("/admin/seed").get_text()


def test_a_difference_is_kept_by_program_until_the_seed_moves_again(waiting, key_of, newer_seed):
    editor = key_of(waiting, "editor")
    (told,) = waiting.get("/admin/api/seed-differences", headers=editor).json()["differences"]
    assert (told["here"]["facts"]["memory"]["value"], told["seed"]["facts"]["memory"]["value"]) == (24, 25)
    decision = {"table": "hardware", "identity": CARD, "decision": "keep"}
    assert waiting.post("/admin/api/seed-differences", json=decision, headers=editor).status_code == 204

    assert waiting.get("/admin/api/seed-differences", headers=editor).json()["differences"] == []
    trail_of = waiting.get(f"/admin/api/audit?action=keep&key={CARD}", headers=editor).json()["entries"]
    assert [each["actor"] for each in trail_of] == ["editor@example.org"]
    assert waiting.post("/admin/api/seed-differences", json=decision, headers=editor).status_code == 404
    newer_seed("accelerator_facts.csv", fact(CARD, "memory", "27"))
    assert len(waiting.get("/admin/api/seed-differences", headers=editor).json()["differences"]) == 1


def test_a_decision_about_nothing_is_refused(engine):
    with pytest.raises(NotFound), transaction(engine) as session:
        seed_upgrade.decide(session, table=entity_named("tiers"), identity="entry", take=True, actor=ADA)


def test_the_seed_of_an_older_schema_with_edits_in_it_is_brought_up(tmp_path, newer_seed, monkeypatch):
    """A database of the first version, edited there, then opened by this version with a newer seed."""
    from alembic import command

    engine = connect(f"sqlite:///{tmp_path}/old.db")
    startup.init(engine)
    with transaction(engine) as session:
        now = entry(session, entity_named("hardware"), key=CARD)
        drafts.update(session, now.entity, key=CARD, values={**now.values, "note": "x"}, tag=now.tag, why="", actor=ADA)
    publishing.publish(engine, actor=ADA, why="before the upgrade")
    config = startup.migration_config()
    config.attributes["engine"] = engine
    command.downgrade(config, "0007")
    newer_seed("accelerator_facts.csv", fact(CARD, "memory", "25"))
    newer_seed("accelerator_facts.csv", fact(OTHER, "memory", "26"))

    startup.init(engine)
    found = seed_upgrade.follow(engine)

    assert [each.key for each in found.differences] == [CARD]
    assert (memory_gib(engine, CARD), memory_gib(engine, OTHER)) == (24, 26)
    engine.dispose()


def test_the_command_says_what_it_does(sqlite_copy, newer_seed, monkeypatch, capsys):
    from app.commands.catalogue import command

    monkeypatch.setenv("WHICHRIG_DATABASE_URL", sqlite_copy)
    command(["upgrade"], standalone_mode=False)
    newer_seed("accelerator_facts.csv", fact(OTHER, "memory", "26"))
    command(["upgrade", "--dry-run"], standalone_mode=False)
    command(["upgrade"], standalone_mode=False)

    told = capsys.readouterr().err.splitlines()
    assert told == [
        "whichrig: seed of version 0.1.0: nothing to change",
        "whichrig: would follow the seed of version 0.1.0: 1 changed",
        "whichrig: seed of version 0.1.0: 1 changed as revision 2",
    ]
