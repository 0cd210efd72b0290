"""Pages that a run has read already: one that dies on page N goes on from there instead of from the beginning."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from app.db import reading, transaction
from app.tables import FetchedPage

GOOD_FOR = timedelta(hours=2)
"""Pages of one list should be of one time."""
LARGEST_BYTES = 16 * 1024 * 1024
"""A single answer that is larger is read again rather than kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was read, with its validator."""

    body: bytes
    etag: str


@dataclass
class Pages:
    """The pages of one source."""

    engine: Engine
    source: str
    now: datetime
    taken: int = 0
    """How many did not have to be read again."""

    def find(self, address: str, body: object) -> Page | None:
        """A page that an earlier run read and did not come to use."""
        key = (self.source, _question(address, body))
        with reading(self.engine) as session:
            row = session.get(FetchedPage, key)
        if row is None or row.read_at < self.now - GOOD_FOR:
            return None
        etag, _, text = zlib.decompress(row.body).partition(b"\n")
        self.taken += 1
        return Page(text, etag.decode())

    def keep(self, address: str, body: object, *, page: Page) -> None:
        """Remember a page until the run has ended."""
        if len(page.body) > LARGEST_BYTES:
            return
        packed = zlib.compress(page.etag.encode() + b"\n" + page.body, 1)
        key = {"source": self.source, "question": _question(address, body)}
        with transaction(self.engine) as session:
            _forget(session, FetchedPage.source == key["source"], FetchedPage.question == key["question"])
            session.execute(insert(FetchedPage).values(**key, body=packed, read_at=datetime.now(UTC)))


def forget(session: Session, source: str) -> None:
    """The run has ended, or what it read is of no use: the next one begins anew."""
    _forget(session, FetchedPage.source == source)


def forget_old(engine: Engine, *, now: datetime) -> None:
    """Whatever no run will use any more."""
    with reading(engine) as session:
        if session.scalar(select(FetchedPage.source).where(FetchedPage.read_at < now - GOOD_FOR).limit(1)) is None:
            return
    with transaction(engine) as session:
        _forget(session, FetchedPage.read_at < now - GOOD_FOR)


def waiting(session: Session) -> Iterable[tuple[str, int]]:
    """Sources of which pages are kept, and how many."""
    counts: dict[str, int] = {}
    for source in session.scalars(select(FetchedPage.source)):
        counts[source] = counts.get(source, 0) + 1
    return sorted(counts.items())


def _forget(session: Session, *conditions: object) -> None:
    session.execute(delete(FetchedPage).where(*conditions))  # type: ignore[arg-type]


def _question(address: str, body: object) -> str:
    return sha256(json.dumps([address, body], sort_keys=True).encode()).hexdigest()
