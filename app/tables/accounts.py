"""Who may administer: accounts, their sessions and keys. Secrets are kept as hashes only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import SHORT, Base, text
from app.tables.moment import Moment

HASH_LENGTH = 64
"""Hexadecimal digits of a SHA-256."""


class User(Base):
    """Somebody who administers."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(SHORT), unique=True)
    """In small letters."""
    role: Mapped[str] = mapped_column(String(20))
    """viewer, editor or approver."""
    password_hash: Mapped[str] = mapped_column(String(400))
    disabled: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(Moment)


class SignedIn(Base):
    """A session: one browser that is signed in. Deleting the row signs it out."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    browser: Mapped[str] = text()
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    through_provider: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether it began at the OpenID Connect provider, where one can sign out as well."""


class Identity(Base):
    """Who somebody is at an OpenID Connect provider: the subject never changes, addresses do."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(400), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment)


class ApiKey(Base):
    """A key for programs; it can do at most what its owner can."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(SHORT))
    prefix: Mapped[str] = mapped_column(String(20))
    """Its first characters, to tell keys apart."""
    scope: Mapped[str] = mapped_column(String(20))
    """The role that it acts in."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)


class SignInQueue(Base):
    """Wrong passwords of late, by account and source: who gets them wrong waits longer each time."""

    __tablename__ = "sign_in_queues"

    key: Mapped[str] = mapped_column(String(HASH_LENGTH), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    free_at: Mapped[datetime] = mapped_column(Moment)
    """When the next attempt may be looked at."""
    last_at: Mapped[datetime] = mapped_column(Moment)


class IdempotentAnswer(Base):
    """What was answered to a creation that carried an Idempotency-Key."""

    __tablename__ = "idempotent_answers"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(String(SHORT))
    request_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)
