"""What of the seed this installation has taken over, so that a newer seed knows what nobody has touched since."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import SLUG_LENGTH, Base, text

LONGEST_IDENTITY = 400


class SeedEntry(Base):
    """One entry of the seed as it was when it was taken over, or when somebody decided to keep another."""

    __tablename__ = "seed_entries"

    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    identity: Mapped[str] = mapped_column(String(LONGEST_IDENTITY), primary_key=True)
    """What tells it apart in the seed, which knows no numbers."""
    key: Mapped[str] = text(SLUG_LENGTH)
    """The entry of the catalogue that it became."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of its values. Of the row without an entity: of all files of the seed."""
