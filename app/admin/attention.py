"""What lists can be narrowed to because somebody should look at it: what is old, from memory, or contradicts itself."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, false, func, or_, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from app.admin.entities import Entity
from app.catalogue import checks
from app.tables import AcceleratorFact, AcceleratorRow, Alias, OfferRow, PriceRow

STATES = ("stale", "unsourced", "conflicting")
RECALLED = "general-knowledge"
"""The source of what nobody has looked up yet."""
FAR_APART = 3
"""Two prices of the same card and condition that differ by more disagree."""
STALE_AFTER_DAYS: Mapping[str, int] = {"prices": 120, "offers": 120, "machines": 120, "host-parts": 180, "rules": 365}
"""Prices older than 120 days no longer rank."""
USUALLY_STALE_AFTER_DAYS = 365
DATES = ("as_of", "last_checked", "price_as_of")
"""Columns that hold the day on which an entry was true."""


def date_column(entity: Entity) -> str:
    """The column that says when an entry was last looked at; empty: none does."""
    return next((name for name in DATES if name in entity.columns), "")


def stale_before(entity: Entity, today: date) -> date:
    """Entries of an earlier day are old."""
    return today - timedelta(days=STALE_AFTER_DAYS.get(entity.name, USUALLY_STALE_AFTER_DAYS))


def condition(session: Session, entity: Entity, *, state: str, today: date) -> ColumnElement[bool]:
    """The rows of a table that are so."""
    if state == "stale":
        return _stale(entity, stale_before(entity, today))
    if state == "unsourced":
        return _unsourced(entity)
    found = _CONFLICTS.get(entity.name)
    return found() if found else _found_implausible(session, entity)


def _stale(entity: Entity, before: date) -> ColumnElement[bool]:
    column = date_column(entity)
    if entity.has_facts:
        return _has_facts(AcceleratorFact.as_of < before)
    return entity.table.c[column] < before if column else false()


def _unsourced(entity: Entity) -> ColumnElement[bool]:
    if "source" not in entity.columns:
        return false()
    own: ColumnElement[bool] = entity.table.c.source.in_([RECALLED, ""])
    return or_(own, _has_facts(AcceleratorFact.source == RECALLED)) if entity.has_facts else own


def _has_facts(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return AcceleratorRow.__table__.c.slug.in_(select(AcceleratorFact.accelerator).where(which))


def _prices_far_apart() -> ColumnElement[bool]:
    prices = PriceRow.__table__.c
    amount = type_coerce(prices.amount, BigInteger)  # as the table has it: a factor would be taken for money
    groups = (
        select(prices.accelerator, prices.condition)
        .where(prices.retired.is_(False), prices.currency == "USD")
        .group_by(prices.accelerator, prices.condition)
        .having(func.max(amount) > FAR_APART * func.min(amount))
    )
    return (prices.currency == "USD") & tuple_(prices.accelerator, prices.condition).in_(groups)


def _offers_at_two_prices() -> ColumnElement[bool]:
    offers = OfferRow.__table__.c
    same = (offers.provider, offers.instance, offers.region, offers.accelerator_name, offers.accelerator_count)
    groups = (
        select(*same)
        .where(offers.retired.is_(False))
        .group_by(*same)
        .having(func.min(offers.usd_per_hour_on_demand) != func.max(offers.usd_per_hour_on_demand))
    )
    return tuple_(*same).in_(groups)


def _names_of_two() -> ColumnElement[bool]:
    aliases = Alias.__table__.c
    groups = (
        select(aliases.kind, func.lower(aliases.alias))
        .where(aliases.retired.is_(False), aliases.ambiguous.is_(False))
        .group_by(aliases.kind, func.lower(aliases.alias))
        .having(func.count(aliases.slug.distinct()) > 1)
    )
    return tuple_(aliases.kind, func.lower(aliases.alias)).in_(groups)


_CONFLICTS: Mapping[str, Callable[[], ColumnElement[bool]]] = {
    "prices": _prices_far_apart,
    "offers": _offers_at_two_prices,
    "aliases": _names_of_two,
}


def _found_implausible(session: Session, entity: Entity) -> ColumnElement[bool]:
    """Entries of which the plausibility check says that they cannot be right, or hardly; of cards, their prices too."""
    serious = {checks.ERROR, checks.WARNING}
    keys: set[Any] = {each.entry for each in checks.check(session) if each.severity in serious}
    if entity.has_facts:
        keys |= set(session.scalars(select(PriceRow.accelerator).where(_prices_far_apart())))
    return entity.key_column.in_(sorted(keys)) if not entity.numbered else false()
