import asyncio
import threading

import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue import startup
from app.db import connect
from app.http.published import PublishedCatalogue


@pytest.fixture(scope="module")
def catalogue(database_url):
    engine = connect(database_url)
    yield PublishedCatalogue(engine)
    engine.dispose()


def test_the_catalogue_is_at_hand_from_the_start(catalogue):
    assert catalogue.current().revision >= 1


def test_a_new_revision_is_taken_over_in_the_background(catalogue, monkeypatch):
    newer, asked, real = object(), threading.Event(), startup.current

    def current(engine):
        # Another application of the same process may be following its own database.
        if engine is not catalogue._engine:
            return real(engine)
        asked.set()
        return newer

    monkeypatch.setattr(startup, "current", current)
    monkeypatch.setattr(catalogue, "_snapshot", catalogue.current())

    async def wait_for_it() -> bool:
        async with catalogue.followed(every_s=0.01):
            return await asyncio.to_thread(asked.wait, 5)

    assert asyncio.run(wait_for_it())
    assert catalogue.current() is newer


def test_a_database_out_of_reach_leaves_the_old_revision_in_use(catalogue, monkeypatch, caplog):
    def fail(engine: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(startup, "current", fail)
    before = catalogue.current()

    catalogue.refresh()

    assert catalogue.current() is before
    assert "stays in use" in caplog.text
