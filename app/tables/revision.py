"""The revision of the catalogue: one row that moves with every transaction that writes a catalogue table.

The listeners sit on every engine of the process, below ORM and Core alike, so no writer can forget them.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Integer, event, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.dml import UpdateBase

from app.tables.base import Base
from app.tables.catalogue_tables import CATALOGUE_TABLES

_DIRTY = "catalogue_dirty"


class CatalogueRevision(Base):
    """The only row has id 1."""

    __tablename__ = "catalogue_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@event.listens_for(Engine, "before_execute")
def _note_write(connection: Connection, statement: Any, *_: Any) -> None:
    if isinstance(statement, UpdateBase) and getattr(statement.table, "name", "") in CATALOGUE_TABLES:
        connection.info[_DIRTY] = True


@event.listens_for(Engine, "commit")
def _move_revision(connection: Connection) -> None:
    if connection.info.pop(_DIRTY, False):
        table = CatalogueRevision.__table__
        changed = {"revision": table.c.revision + 1, "changed_at": datetime.now(UTC)}
        connection.execute(update(CatalogueRevision).values(changed))


@event.listens_for(Engine, "rollback")
def _forget_write(connection: Connection) -> None:
    if not connection.invalidated:  # one that was cut has no info any more
        connection.info.pop(_DIRTY, None)
