import time

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.catalogue import startup
from app.catalogue.queries import load_snapshot, revision
from app.db import connect, reading, transaction
from app.tables import AcceleratorRow, CatalogueRevision, ProviderRow, Source

LOADS_WITHIN_S = 0.4


def test_an_empty_database_becomes_a_catalogue(fresh):
    snapshot = startup.prepare(fresh)

    assert snapshot.revision == 1
    assert "geforce-rtx-4090" in snapshot.accelerators


def test_a_second_start_changes_nothing(engine):
    assert startup.prepare(engine).revision == 1


def test_a_snapshot_is_read_quickly(seeded):
    def seconds() -> float:
        with reading(seeded) as session:
            began = time.process_time()
            load_snapshot(session)
            return time.process_time() - began

    assert min(seconds() for _ in range(3)) < LOADS_WITHIN_S


def test_a_write_by_the_orm_moves_the_revision(engine):
    with transaction(engine) as session:
        session.get(ProviderRow, "aws").note = "changed"

    assert present_revision(engine) == 2


def test_a_write_by_a_statement_moves_the_revision_once_for_each_transaction(engine):
    with transaction(engine) as session:
        for note in ("one", "two"):
            session.execute(update(ProviderRow).where(ProviderRow.slug == "aws").values(note=note))

    assert present_revision(engine) == 2


def test_a_write_that_is_taken_back_leaves_the_revision(engine):
    with Session(engine) as session:
        session.execute(update(ProviderRow).values(note="gone"))
        session.rollback()
        session.execute(select(ProviderRow.slug))
        session.commit()

    assert present_revision(engine) == 1


def test_a_table_outside_the_catalogue_leaves_the_revision(engine):
    with transaction(engine) as session:
        session.execute(update(CatalogueRevision).values(changed_at=CatalogueRevision.changed_at))

    assert present_revision(engine) == 1


def test_a_new_revision_is_noticed_by_those_who_hold_the_old_one(engine, monkeypatch):
    before = startup.current(engine)
    elsewhere = connect(str(engine.url))
    with transaction(elsewhere) as session:
        session.get(AcceleratorRow, "t4").name = "Tesla T4, renamed"
    elsewhere.dispose()

    assert startup.current(engine) is before
    monkeypatch.setattr(startup, "LOOK_AGAIN_AFTER_S", 0.0)
    assert startup.current(engine).accelerators["t4"].name == "Tesla T4, renamed"


def test_what_is_retired_leaves_the_snapshot(engine):
    with transaction(engine) as session:
        session.get(AcceleratorRow, "t4").retired = True

    with reading(engine) as session:
        assert "t4" not in load_snapshot(session).accelerators


def test_sources_may_be_added(engine):
    with transaction(engine) as session:
        session.add(Source(key="a-page", title="A page"))

    assert present_revision(engine) == 2


def present_revision(engine) -> int:
    with reading(engine) as session:
        return revision(session)
