"""Who holds a key, for the limits of fair use: remembered for a moment, so that a busy program costs no look-ups."""

import asyncio
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Scope

from app.admin import accounts
from app.db import reading

REMEMBERED_S = 30.0
MOST_REMEMBERED = 10_000

_Found = tuple[float, str | None]


class KeyHolders:
    """Looks keys up; one that was ended counts as its holder's for half a minute more."""

    def __init__(self) -> None:
        self._found: dict[str, _Found] = {}

    async def __call__(self, scope: Scope, key: str) -> str | None:
        """The holder of a key; None for one that is unknown, ended or expired."""
        known = self._found.get(key)
        if known is not None and monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        holder = await asyncio.to_thread(self._look_up, scope, key)
        if len(self._found) >= MOST_REMEMBERED:
            self._found.clear()
        self._found[key] = (monotonic(), holder)
        return holder

    @staticmethod
    def _look_up(scope: Scope, key: str) -> str | None:
        engine = getattr(scope["app"].state, "engine", None)
        if engine is None or not key.startswith(accounts.KEY_PREFIX):
            return None
        try:
            with reading(engine) as session:
                found = accounts.caller_of_key(session, key)
        except SQLAlchemyError:
            return None
        return None if found is None else f"user {found[0].user_id}"
