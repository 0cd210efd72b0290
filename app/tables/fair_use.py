"""Who asked how often of late, counted by every process that shares the database."""

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

LONGEST_CLIENT = 80


class RateCount(Base):
    """Requests of one client in one window of time."""

    __tablename__ = "rate_counts"

    client: Mapped[str] = mapped_column(String(LONGEST_CLIENT), primary_key=True)
    window: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hits: Mapped[int] = mapped_column(Integer)
