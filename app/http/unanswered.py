"""Searches that find nothing: what people look for and we do not have. Words and how often, by day; never who.

A request only counts in memory; once in a while the counts are written, in a thread, and if that fails they wait.
"""

import asyncio
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from threading import Lock
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import transaction
from app.repeating import repeated
from app.tables import UnansweredSearch
from app.tables.searches import LONGEST_WORDS

log = logging.getLogger(__name__)

MOST_IN_MEMORY = 500
MOST_A_DAY = 300
"""Different words that are kept of one day; more are left out."""
KEPT_FOR = timedelta(days=90)
WRITTEN_EVERY_S = 20.0
MOST_DIGITS_IN_A_ROW = 5
MOST_DIGITS = 8
"""More than this is a telephone number or the like, not a device."""

_ADDRESS = re.compile(r"@|://|www\.|\b[\w-]+\.[a-z]{2,}\b|\b\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\b")
"""Addresses of people and sites, and days."""
_KEPT = re.compile(r"[^\w .+/-]|_")


def normalised(words: str) -> str:
    """The words as they are counted; empty when they may be about a person rather than a thing.

    >>> normalised("  RTX  9090 Ti!"), normalised("me@example.org"), normalised("+49 171 2345678")
    ('rtx 9090 ti', '', '')
    """
    told = unicodedata.normalize("NFKC", words).casefold()
    if len(told) > LONGEST_WORDS * 2 or _ADDRESS.search(told):
        return ""
    told = " ".join(_KEPT.sub(" ", told).split())
    digits = sum(letter.isdigit() for letter in told)
    longest = max((len(run) for run in re.findall(r"\d+", told)), default=0)
    only_digits = not any(letter.isalpha() for letter in told)
    too_many = longest > MOST_DIGITS_IN_A_ROW or digits > (MOST_DIGITS_IN_A_ROW if only_digits else MOST_DIGITS)
    return "" if too_many or not 2 <= len(told) <= LONGEST_WORDS else told


class UnansweredSearches:
    """The counts of this process that are not written yet."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine
        self._counts: Counter[tuple[date, str, str]] = Counter()
        self._lock = Lock()

    def note(self, place: str, words: str | None, *, found: Sized) -> None:
        """Count words that found nothing; it takes microseconds and cannot fail."""
        if not words or len(found):
            return
        told = normalised(words)
        if told:
            key = (datetime.now(UTC).date(), place, told)
            with self._lock:
                if key in self._counts or len(self._counts) < MOST_IN_MEMORY:
                    self._counts[key] += 1

    def write(self) -> None:
        """Add what was counted to what is kept; if that fails it waits for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts or self._engine is None:
            return
        try:
            with transaction(self._engine) as session:
                _add(session, counts)
        except SQLAlchemyError as error:
            log.warning("searches without an answer wait to be written: %s", error)
            with self._lock:
                for key, times in counts.most_common(MOST_IN_MEMORY - len(self._counts)):
                    self._counts[key] += times

    @asynccontextmanager
    async def followed(self, *, every_s: float = WRITTEN_EVERY_S) -> AsyncIterator[None]:
        """Write again and again, in a thread, while the block lasts; and what is left at its end."""
        try:
            async with repeated(self.write, pauses_s=repeat(every_s)):
                yield
        finally:
            await asyncio.to_thread(self.write)


def _add(session: Session, counts: Counter[tuple[date, str, str]]) -> None:
    session.execute(delete(UnansweredSearch).where(UnansweredSearch.day < datetime.now(UTC).date() - KEPT_FOR))
    several = (
        select(UnansweredSearch.day, func.count())
        .where(UnansweredSearch.day.in_({day for day, _, _ in counts}))
        .group_by(UnansweredSearch.day)
    )
    kept: dict[date, int] = {row[0]: row[1] for row in session.execute(several)}
    for (day, place, words), times in counts.most_common():
        there = session.get(UnansweredSearch, (day, place, words))
        if there is None:
            if kept.get(day, 0) >= MOST_A_DAY:
                continue
            kept[day] = kept.get(day, 0) + 1
        _add_one(session, {"day": day, "place": place, "words": words, "times": times})


def _add_one(session: Session, values: dict[str, Any]) -> None:
    """Count up, also when another worker writes the same words at the same moment."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(UnansweredSearch).values(**values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "place", "words"],
            set_={"times": UnansweredSearch.times + statement.excluded.times},
        )
    )


async def searches_of(request: Request) -> UnansweredSearches:
    """The counts of this process; a page that is only tried counts nothing."""
    searches: UnansweredSearches | None = getattr(request.app.state, "searches", None)
    return searches or UnansweredSearches(None)


SearchesDep = Annotated[UnansweredSearches, Depends(searches_of)]
