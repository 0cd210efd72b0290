"""Reading tables: plain selects of what is not retired, in a fixed order."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from app.tables import Base

Sources = dict[str, str]
"""Address, or else title, of each source by its key."""
Rows = list[Row[Any]]


def selected(table: type[Base]) -> Select[Any]:
    statement = select(table.__table__)
    columns = table.__table__.columns
    if "retired" in columns:
        statement = statement.where(columns.retired.is_(False))
    return statement.order_by(*table.__table__.primary_key)


def rows(session: Session, table: type[Base]) -> Rows:
    return list(session.execute(selected(table)).all())


def chunks(session: Session, table: type[Base], *, only: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
    """Some columns, few rows of them in memory at a time."""
    columns = table.__table__.columns
    statement = selected(table).with_only_columns(*(columns[name] for name in only))
    yield from session.execute(statement, execution_options={"yield_per": 1000}).partitions()


def other_names_of(aliases: Rows, kind: str) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for row in aliases:
        if row.kind == kind:
            names[row.slug].append(row.alias)
    return names
