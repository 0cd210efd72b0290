"""What every table shares: names of constraints, money as integers, and the marks of an editable entry."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, MetaData, String, false
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

MICRO_PER_USD = 1_000_000

SLUG_LENGTH = 120
SHORT = 200
LONG = 2_000


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class MicroUsd(TypeDecorator[float]):
    """Money: USD outside, an integer count of millionths in the table, so that sums are exact everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else int((Decimal(str(value)) * MICRO_PER_USD).to_integral_value())

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:  # noqa: ARG002
        return None if value is None else value / MICRO_PER_USD


class Entry:
    """Columns of everything an administrator may edit: a version for If-Match, and retiring instead of deleting."""

    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    retired: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


def slug_key() -> Mapped[str]:
    """Primary key of a named entry."""
    return mapped_column(String(SLUG_LENGTH), primary_key=True)


def text(length: int = SHORT) -> Mapped[str]:
    """Text that may be empty but never NULL."""
    return mapped_column(String(length), default="", server_default="")
