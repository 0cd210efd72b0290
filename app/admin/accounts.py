"""Accounts, their sessions and their keys."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal, get_args

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.admin import passwords
from app.errors import Conflict, NotFound, Unprocessable
from app.field_problems import FieldProblem, nearest
from app.tables import ApiKey, AuditEntry, SignedIn, User

Role = Literal["viewer", "editor", "approver"]
ROLES: tuple[str, ...] = get_args(Role)
"""From the one who may least; each may do what those before it may."""

SESSION_LASTS = timedelta(hours=12)
KEY_LASTS_DAYS = (1, 366)
KEY_PREFIX = "wr_"
SHOWN_OF_A_KEY = 9
LONGEST_EMAIL = 200
USED_AGAIN_AFTER = timedelta(minutes=1)
"""How exactly the last use of a key is noted."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and as what."""

    user_id: int
    email: str
    role: str
    session_id: int | None = None
    """None: a program with a key."""

    def may(self, role: str) -> bool:
        """Whether the caller's role holds this one."""
        return ROLES.index(self.role) >= ROLES.index(role)


def create_user(session: Session, email: str, *, role: str, password: str, actor: str) -> User:
    """A new account."""
    address = _new_address(session, email, role=role)
    passwords.check_password(password)
    return _created(session, address, role=role, password_hash=passwords.hashed(password), actor=actor)


def create_user_of_provider(session: Session, email: str, *, role: str, actor: str) -> User:
    """A new account for somebody who signs in elsewhere: it has no password."""
    return _created(session, _new_address(session, email, role=role), role=role, password_hash="", actor=actor)


def _new_address(session: Session, email: str, *, role: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address) or len(address) > LONGEST_EMAIL:
        raise Unprocessable([FieldProblem("/email", "Enter an address like ada@example.org")])
    if role not in ROLES:
        raise Unprocessable([FieldProblem("/role", f"Choose {', '.join(ROLES)}", nearest(role, ROLES))])
    if session.scalar(select(User.id).where(User.email == address)):
        raise Conflict(f"There is an account {address} already.")
    return address


def _created(session: Session, address: str, *, role: str, password_hash: str, actor: str) -> User:
    user = User(email=address, role=role, password_hash=password_hash, created_at=_now())
    session.add(user)
    session.flush()
    note(session, actor=actor, key=address, after={"email": address, "role": role}, why="account created")
    return user


def there_are_accounts(session: Session) -> bool:
    """Whether anybody could sign in."""
    return bool(session.scalar(select(func.count()).select_from(User)))


def user_named(session: Session, email: str) -> User:
    """The account of an address."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(
            f"There is no account {email}.", suggestions=nearest(email, list(session.scalars(select(User.email))))
        )
    return user


def signed_in(session: Session, user: User, *, browser: str, through_provider: bool = False) -> str:
    """The secret of a new session."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(SignedIn).where(SignedIn.expires_at < _now()))
    session.add(
        SignedIn(
            token_hash=digest(token),
            user_id=user.id,
            browser=browser[:200],
            created_at=_now(),
            expires_at=_now() + SESSION_LASTS,
            through_provider=through_provider,
        )
    )
    return token


def caller_of_session(session: Session, token: str) -> Caller | None:
    """Who a session belongs to; None when it is unknown, has expired or was ended."""
    found = session.execute(
        select(SignedIn.id, SignedIn.expires_at, User)
        .join(User, User.id == SignedIn.user_id)
        .where(SignedIn.token_hash == digest(token), User.disabled.is_(False))
    ).first()
    if found is None or found.expires_at <= _now():
        return None
    return Caller(found.User.id, found.User.email, found.User.role, found.id)


def sign_out(session: Session, session_id: int | None) -> bool:
    """End one session; whether it began at the provider."""
    through = delete(SignedIn).where(SignedIn.id == session_id).returning(SignedIn.through_provider)
    return bool(session.scalar(through))


def end_session(session: Session, caller: Caller, *, session_id: int) -> None:
    """End one of the caller's sessions, in whichever browser it is."""
    found = session.get(SignedIn, session_id)
    if found is None or found.user_id != caller.user_id:
        raise NotFound("You have no such session.")
    session.delete(found)


def sign_out_everywhere(session: Session, user_id: int) -> None:
    """End all sessions of an account."""
    session.execute(delete(SignedIn).where(SignedIn.user_id == user_id))


def change_password(session: Session, user: User, *, new: str, pointer: str = "/new_password", actor: str = "") -> None:
    """A new password; every session ends."""
    passwords.check_password(new, pointer=pointer)
    user.password_hash = passwords.hashed(new)
    sign_out_everywhere(session, user.id)
    note(session, actor=actor or user.email, key=user.email, after=None, why="password changed, signed out everywhere")


def change_account(session: Session, user: User, *, role: str | None, disabled: bool | None, actor: str) -> None:
    """Another role, or no entry any more."""
    before = {"email": user.email, "role": user.role, "disabled": user.disabled}
    if role is not None:
        if role not in ROLES:
            raise Unprocessable([FieldProblem("/role", f"Choose {', '.join(ROLES)}", nearest(role, ROLES))])
        user.role = role
    if disabled is not None:
        user.disabled = disabled
    if user.disabled:
        sign_out_everywhere(session, user.id)
    after = {"email": user.email, "role": user.role, "disabled": user.disabled}
    note(session, actor=actor, key=user.email, before=before, after=after, why="account changed")


def new_key(session: Session, caller: Caller, *, name: str, scope: str, days: int) -> str:
    """A key for programs, shown this once."""
    problems = []
    if not name.strip():
        problems.append(FieldProblem("/name", "Enter a name that says what the key is for"))
    if scope not in ROLES or not caller.may(scope):
        problems.append(
            FieldProblem("/scope", f"Choose a scope that you have yourself: {', '.join(_up_to(caller.role))}")
        )
    if not KEY_LASTS_DAYS[0] <= days <= KEY_LASTS_DAYS[1]:
        problems.append(FieldProblem("/days", f"Enter a whole number from {KEY_LASTS_DAYS[0]} to {KEY_LASTS_DAYS[1]}"))
    if problems:
        raise Unprocessable(problems)
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            key_hash=digest(key),
            user_id=caller.user_id,
            name=name.strip()[:200],
            prefix=key[:SHOWN_OF_A_KEY],
            scope=scope,
            created_at=_now(),
            expires_at=_now() + timedelta(days=days),
        )
    )
    note(
        session, actor=caller.email, key=caller.email, after={"key": name.strip()[:200], "scope": scope}, why="key made"
    )
    return key


def end_key(session: Session, caller: Caller, *, key_id: int) -> None:
    """Make one of the caller's keys useless."""
    key = session.get(ApiKey, key_id)
    if key is None or key.user_id != caller.user_id:
        raise NotFound("You have no such key.")
    session.delete(key)
    note(session, actor=caller.email, key=caller.email, before={"key": key.name, "scope": key.scope}, why="key ended")


def caller_of_key(session: Session, key: str) -> tuple[Caller, bool] | None:
    """Who a key acts for, and whether its use should be noted; None when it is unknown, expired or ended."""
    found = session.execute(
        select(ApiKey.scope, ApiKey.expires_at, ApiKey.last_used_at, User)
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.key_hash == digest(key), User.disabled.is_(False))
    ).first()
    if found is None or found.expires_at <= _now():
        return None
    role = min(found.scope, found.User.role, key=ROLES.index)
    stale = found.last_used_at is None or found.last_used_at < _now() - USED_AGAIN_AFTER
    return Caller(found.User.id, found.User.email, role), stale


def note_use(session: Session, key: str) -> None:
    """Remember when a key was used last."""
    used = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(key)))
    if used is not None:
        used.last_used_at = _now()


def note(
    session: Session,
    *,
    actor: str,
    key: str,
    why: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """An entry of the audit trail about people and keys."""
    session.add(
        AuditEntry(
            at=_now(),
            actor=actor,
            action="account",
            entity="accounts",
            key=key[:120],
            why=why,
            before=before,
            after=after,
        )
    )


def digest(secret: str) -> str:
    """What is kept of a random secret: it needs no slow hash."""
    return sha256(secret.encode()).hexdigest()


def _up_to(role: str) -> tuple[str, ...]:
    return ROLES[: ROLES.index(role) + 1]


def _now() -> datetime:
    return datetime.now(UTC)
