"""What refreshing changes, in the audit trail and in the transaction of the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.tables import AuditEntry, CatalogueRevision
from app.tables.base import SHORT

DECISION = "decide"
"""Somebody decided about a change that was held."""
PUBLISHING = frozenset({"create", "update", "retire"})
LONGEST_WHY = 600


@dataclass(frozen=True, slots=True)
class By:
    """Who does it and why."""

    actor: str
    why: str


class Trail:
    """Collects entries and writes them at once: a run may change ten thousand offers."""

    def __init__(self, session: Session, by: By) -> None:
        self._session, self._by = session, by
        self._entries: list[dict[str, Any]] = []

    def note(
        self,
        action: str,
        entity: str,
        *,
        key: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """One change of one thing."""
        self._entries.append(
            {
                "at": datetime.now(UTC),
                "actor": self._by.actor[:SHORT],
                "action": action,
                "entity": entity,
                "key": key,
                "why": self._by.why.strip()[:LONGEST_WHY],
                "before": None if before is None else dict(before),
                "after": None if after is None else dict(after),
                "edited_by": "",
                "revision": None,
            }
        )

    def write(self) -> None:
        """Write what was noted; changes of the catalogue name the revision that they make."""
        if any(each["action"] in PUBLISHING for each in self._entries):
            now = self._session.scalar(select(CatalogueRevision.revision).with_for_update()) or 0
            for each in self._entries:  # app.tables.revision counts up when the transaction commits
                each["revision"] = now + 1 if each["action"] in PUBLISHING else None
        if self._entries:
            self._session.execute(insert(AuditEntry), self._entries)
        self._entries = []
