"""Passwords: argon2id, at most two at a time so that nobody fills the memory with sign-ins."""

from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.errors import Unprocessable
from app.field_problems import FieldProblem

SHORTEST, LONGEST = 12, 200
"""Characters of a password."""

_AT_ONCE = BoundedSemaphore(2)
"""Each hash takes 64 MiB and a quarter of a second."""

_hasher = PasswordHash((Argon2Hasher(),))


def check_password(password: str, *, pointer: str = "/password") -> None:
    """Raise when a new password is too short or too long."""
    if len(password) < SHORTEST:
        raise Unprocessable([FieldProblem(pointer, f"Enter a password of at least {SHORTEST} characters")])
    if len(password) > LONGEST:
        raise Unprocessable([FieldProblem(pointer, f"Enter a password of at most {LONGEST} characters")])


def hashed(password: str) -> str:
    """The hash to keep."""
    with _AT_ONCE:
        return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password belongs to a hash; without one, None or empty, it takes as long and is wrong."""
    with _AT_ONCE:
        matches = _hasher.verify(password[:LONGEST], kept or _nobodys())
    return matches and bool(kept)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
