import json

import pytest
from sqlalchemy import select

from app.admin import importing, publishing
from app.admin.entities import ENTITIES, entity_named
from app.admin.entries import documents
from app.admin.safe_cells import armed, defused
from app.admin.schemas import checked
from app.catalogue import startup, transfer
from app.catalogue.queries import load_snapshot
from app.db import connect, reading, transaction
from app.errors import AppError

ADA = "ada@example.org"


@pytest.fixture
def planned(engine):
    """What a file would do to a table."""

    def plan(table: str, content: str, *, is_json: bool = False) -> importing.Plan:
        entity = entity_named(table)
        rows = importing.rows_of(entity, content.encode(), is_json=is_json)
        with reading(engine) as session:
            return importing.plan(session, entity, rows=rows, actor=ADA, why="a file")

    return plan


@pytest.fixture
def exported(engine):
    def text(table: str) -> str:
        with reading(engine) as session:
            return "".join(importing.csv_lines(session, entity_named(table)))

    return text


@pytest.mark.parametrize("table", ENTITIES)
def test_every_published_entry_passes_its_own_schema(sqlite_copy, table):
    engine, entity = connect(sqlite_copy), ENTITIES[table]
    with reading(engine) as session:
        found = documents(session, entity, rows=session.execute(select(entity.table)).all())
    engine.dispose()

    assert found
    assert [each for each in found if checked(entity, each) != each] == []


@pytest.mark.parametrize("table", ENTITIES)
def test_a_table_that_is_exported_and_imported_changes_nothing(sqlite_copy, table):
    engine, entity = connect(sqlite_copy), ENTITIES[table]
    with reading(engine) as session:
        text = "".join(importing.csv_lines(session, entity))
        rows = list(importing.rows_of(entity, text.encode(), is_json=False))
        plan = importing.plan(session, entity, rows=rows, actor=ADA, why="")
        as_json = importing.rows_of(entity, importing.json_text(session, entity).encode(), is_json=True)
        again = importing.plan(session, entity, rows=as_json, actor=ADA, why="")
    engine.dispose()

    assert (plan.edits, plan.rejected) == ([], [])
    assert (again.edits, again.rejected) == ([], [])
    assert plan.unchanged == again.unchanged == len(rows)


def test_rows_are_told_apart_as_new_changed_unchanged_and_rejected(planned, exported):
    heading, first, second, *_ = exported("providers").splitlines()
    columns = heading.split(",")
    new = ["brand-new", "Brand New", "specialist", "active", "", "", "", "", "", "", second.rsplit(",", 1)[1]]
    wrong = ["wrong", "Wrong", "planet", *new[3:]]
    changed = first.replace("active", "unclear", 1)

    plan = planned("providers", "\n".join([heading, changed, second, ",".join(new), ",".join(wrong)]))

    assert len(columns) == len(new)
    assert [edit.key for edit in plan.new] == ["brand-new"]
    assert (len(plan.changed), plan.unchanged) == (1, 1)
    assert [each.row for each in plan.rejected] == [4]
    assert plan.rejected[0].reason.startswith("kind: Choose hyperscaler")


def test_an_import_is_published_and_undone_like_any_edit(engine, planned, exported):
    before = exported("prices")
    heading, first, *_ = before.splitlines()
    plan = planned("prices", "\n".join([heading, first.replace("2699", "2500")]))
    with transaction(engine) as session:
        importing.put_in_draft(session, plan)

    revision = publishing.publish(engine, actor=ADA, why="new prices")
    assert exported("prices") != before

    from app.admin import trail

    with transaction(engine) as session:
        assert trail.restore_revision(session, revision - 1, actor=ADA) == 1
    publishing.publish(engine, actor=ADA, why="undo")
    assert exported("prices") == before


def test_an_unknown_column_is_named(planned):
    with pytest.raises(AppError, match="There are no columns colour"):
        planned("sources", "key,colour\na,b\n")


def test_a_row_that_stands_twice_is_taken_once(planned):
    rows = [{"key": "twice", "title": "Twice", "url": ""}] * 2

    plan = planned("sources", json.dumps({"rows": rows}), is_json=True)

    assert (len(plan.new), [each.row for each in plan.rejected]) == (1, [2])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "plain", "'tis", ""])
def test_text_survives_a_spreadsheet_without_being_run(text):
    cell = defused(text)

    assert armed(str(cell)) == text
    assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_backup_gives_the_same_answers_elsewhere(engine, sqlite_copy, tmp_path):
    with reading(engine) as session, (tmp_path / "all.jsonl").open("w") as file:
        transfer.write(session, file)
        before = load_snapshot(session)
    other = connect(f"sqlite:///{tmp_path}/other.db")
    startup.init(other)

    with transaction(other) as session, (tmp_path / "all.jsonl").open() as lines:
        transfer.restore(session, lines)
    with reading(other) as session:
        after = load_snapshot(session)
    other.dispose()

    assert (after.market, after.models, after.policy) == (before.market, before.models, before.policy)
    assert str(after.devices.accelerators) == str(before.devices.accelerators)


def test_a_file_that_is_no_backup_changes_nothing(engine):
    with pytest.raises(AppError, match="This is no catalogue"), transaction(engine) as session:
        transfer.restore(session, iter(["{}"]))
    with pytest.raises(AppError, match="Line 2 is no row"), transaction(engine) as session:
        transfer.restore(session, iter(['{"format": "whichrig-catalogue-1"}', "nonsense"]))

    with reading(engine) as session:
        assert len(load_snapshot(session).devices) > 300


def test_a_database_goes_on_counting_after_a_restore(engine, tmp_path):
    with reading(engine) as session, (tmp_path / "all.jsonl").open("w") as file:
        transfer.write(session, file)
    with transaction(engine) as session, (tmp_path / "all.jsonl").open() as lines:
        transfer.restore(session, lines)
    entity = entity_named("aliases")
    with transaction(engine) as session:
        rows = [{"kind": "hardware", "alias": "the big one", "slug": "geforce-rtx-4090"}]
        plan = importing.plan(session, entity, rows=rows, actor=ADA, why="")
        importing.put_in_draft(session, plan)

    assert publishing.publish(engine, actor=ADA, why="a name") > 1


def test_names_in_a_file_lead_to_entries_and_a_wrong_one_to_the_nearest(planned):
    price = {"condition": "new", "amount": 1999, "currency": "USD", "region": "US", "as_of": "2026-10-01"}
    price |= {"confidence": "low", "source": "general-knowledge"}
    rows = [price | {"accelerator": name} for name in ("NVIDIA  geforce RTX 4090", "geforce-rtx-4090x", "RTX 3090")]

    plan = planned("prices", json.dumps({"rows": rows}), is_json=True)

    assert [each.values["accelerator"] for each in plan.new] == ["geforce-rtx-4090", "geforce-rtx-3090"]
    assert "Did you mean geforce-rtx-4090" in plan.rejected[0].reason
