"""What administrators should look at: stale prices, facts without a source, ended support, prices that disagree."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.admin import attention
from app.admin.entities import ENTITIES
from app.catalogue import checks
from app.catalogue.checks import Finding
from app.catalogue.snapshot import Snapshot
from app.tables import (
    AcceleratorFact,
    AcceleratorRow,
    OfferRow,
    PriceRow,
    RefreshRun,
    SoftwareSupport,
    UnansweredSearch,
)

AGES_DAYS = (30, 120, 365, 730)
"""Prices older than 120 days should not rank; the others help to choose what to look at first."""
RECALLED = "general-knowledge"
"""The source of what nobody has looked up yet."""
SEARCHES_OF = timedelta(days=30)
MOST_SEARCHES = 100
FAR_APART = 3.0
"""Two prices of the same card and condition that differ by more disagree."""


@dataclass(frozen=True, slots=True)
class Age:
    """How many prices are how old."""

    label: str
    prices: int
    offers: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Prices of one card that cannot both be right."""

    accelerator: str
    condition: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Words that found nothing of late."""

    words: str
    place: str
    times: int
    last: date


@dataclass(frozen=True, slots=True)
class FailedRefresh:
    """A source whose newest run came to nothing."""

    run: int
    source: str
    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the catalogue."""

    ages: list[Age]
    unsourced: list[tuple[str, str]]
    ending: list[tuple[str, str, int]]
    disagreements: list[Disagreement]
    conflicting: list[tuple[str, int]]
    """Tables with entries that contradict each other, and how many."""
    findings: list[Finding]
    unanswered: list[Unanswered]
    failed: list[FailedRefresh]


def health(session: Session, *, today: date, snapshot: Snapshot | None = None) -> Health:
    """Look at everything once; the published catalogue may be at hand."""
    findings = checks.check(session, today=today, snapshot=snapshot)
    return Health(
        ages=list(_ages(session, today)),
        unsourced=_unsourced(session),
        ending=_ending(session, today),
        disagreements=list(_disagreements(session)),
        conflicting=list(_conflicting(session, today)),
        findings=[each for each in findings if each.severity in {checks.ERROR, checks.WARNING}],
        unanswered=_unanswered(session, today),
        failed=_failed(session),
    )


def _ages(session: Session, today: date) -> Iterator[Age]:
    prices = [(today - day).days for day in session.scalars(select(PriceRow.as_of).where(PriceRow.retired.is_(False)))]
    offers = [(today - day).days for day in session.scalars(select(OfferRow.as_of).where(OfferRow.retired.is_(False)))]
    bounds = [0, *AGES_DAYS]
    for low, high in zip(bounds, [*AGES_DAYS, None], strict=True):
        label = f"{low} to {high} days" if high else f"over {low} days"
        yield Age(label, _between(prices, low, high), _between(offers, low, high))


def _unanswered(session: Session, today: date) -> list[Unanswered]:
    """What people looked for and did not find, most often first."""
    table = UnansweredSearch
    times = func.sum(table.times)
    statement = (
        select(table.words, table.place, times, func.max(table.day))
        .where(table.day > today - SEARCHES_OF)
        .group_by(table.words, table.place)
        .order_by(times.desc(), table.words)
        .limit(MOST_SEARCHES)
    )
    return [Unanswered(words, place, int(count), last) for words, place, count, last in session.execute(statement)]


def _failed(session: Session) -> list[FailedRefresh]:
    """Sources whose newest run failed or was refused, with what went wrong."""
    newest = select(func.max(RefreshRun.id)).group_by(RefreshRun.source)
    rows = session.scalars(
        select(RefreshRun)
        .where(RefreshRun.id.in_(newest), RefreshRun.outcome.in_(("failed", "refused")))
        .order_by(RefreshRun.source)
    )
    return [FailedRefresh(row.id, row.source, row.started_at, row.message) for row in rows]


def _between(ages: list[int], low: int, high: int | None) -> int:
    return sum(low <= max(age, 0) and (high is None or age < high) for age in ages)


def _unsourced(session: Session) -> list[tuple[str, str]]:
    """Facts from memory: the accelerator and how many."""
    found = Counter(session.scalars(select(AcceleratorFact.accelerator).where(AcceleratorFact.source == RECALLED)))
    return [(slug, f"{count} facts") for slug, count in sorted(found.items(), key=lambda each: (-each[1], each[0]))]


def _ending(session: Session, today: date) -> list[tuple[str, str, int]]:
    """Support that begins, ends or has ended, the latest first: what is known, and how many devices it concerns."""
    devices = Counter(session.scalars(select(AcceleratorRow.support).where(AcceleratorRow.retired.is_(False))))
    rows = session.execute(
        select(SoftwareSupport.slug, SoftwareSupport.status, SoftwareSupport.since)
        .where(SoftwareSupport.status != "supported", SoftwareSupport.retired.is_(False))
        .order_by(SoftwareSupport.since.desc())
    )
    return [(row.slug, f"{row.status} {_when(row.since, today)}", devices[row.slug]) for row in rows]


def _when(since: str, today: date) -> str:
    """A day, a month or a year, as far as it is known.

    >>> _when("2027-04", date(2026, 11, 1)), _when("2025-10", date(2026, 11, 1))
    ('from 2027-04 on', 'since 2025-10')
    """
    if not since:
        return "since an unknown day"
    return f"from {since} on" if since > today.isoformat()[: len(since)] else f"since {since}"


def _conflicting(session: Session, today: date) -> Iterator[tuple[str, int]]:
    for name in ("offers", "aliases"):
        entity = ENTITIES[name]
        which = attention.condition(session, entity, state="conflicting", today=today)
        count = session.scalar(select(func.count()).where(entity.table.c.retired.is_(False), which))
        if count:
            yield name, count


def _disagreements(session: Session) -> Iterator[Disagreement]:
    rows = session.execute(
        select(PriceRow.accelerator, PriceRow.condition, PriceRow.amount)
        .where(PriceRow.retired.is_(False), PriceRow.currency == "USD")
        .order_by(PriceRow.accelerator, PriceRow.condition)
    )
    amounts: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        amounts.setdefault((row.accelerator, row.condition), []).append(row.amount)
    for (accelerator, condition), found in amounts.items():
        if max(found) > FAR_APART * min(found):
            yield Disagreement(accelerator, condition, min(found), max(found))
