"""One edit of many entries: each is checked as a single edit would be; all go into the draft together, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from app.admin import attention, drafts
from app.admin.drafts import Names
from app.admin.entities import Document, Entity
from app.admin.entries import Entry, entry
from app.admin.schemas import checked
from app.errors import AppError, Conflict, Unprocessable
from app.field_problems import FieldProblem, nearest

MOST = 500
"""Entries at once; an import takes more."""
ACTIONS: Mapping[str, str] = {
    "check": "Mark as checked today",
    "set": "Set a field",
    "retire": "Retire",
    "restore": "Restore",
    "discard": "Discard the draft",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be done with each entry."""

    action: str
    source: str = ""
    """Key of the source that was looked at; empty: the one that stands there."""
    name: str = ""
    """Of the field to set."""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One entry that the wish can be fulfilled for; None: it has no new values."""

    entry: Entry
    document: Document | None


@dataclass(slots=True)
class Plan:
    """What would be done, and what not and why."""

    wish: Wish
    planned: list[Planned] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Key and reason."""


def plan(session: Session, entity: Entity, *, wish: Wish, tagged: Sequence[tuple[str, str]], today: date) -> Plan:
    """Look at every entry; ``tagged`` are keys, each with the tag of the entry as it was seen."""
    _check(entity, wish, tagged)
    made = Plan(wish)
    names = drafts.known_names(session, entity)
    for key, tag in tagged:
        try:
            now = entry(session, entity, key=key)
            if tag not in {now.tag, drafts.ANY_TAG}:
                raise Conflict("somebody else changed it in between")
            made.planned.append(Planned(now, _document(now, wish, names=names, today=today)))
        except AppError as error:
            made.refused.append((key, error.detail.rstrip(".")))
    return made


def carry_out(session: Session, entity: Entity, *, made: Plan, why: str, actor: str) -> int:
    """Draft everything that was planned; how many entries."""
    for each in made.planned:
        now = each.entry
        if made.wish.action == "discard":
            drafts.discard(session, entity, key=now.key, actor=actor)
        elif made.wish.action == "retire":
            drafts.retire(session, entity, key=now.key, tag=now.tag, why=why, actor=actor)
        else:
            drafts.update(session, entity, key=now.key, values=each.document or {}, tag=now.tag, why=why, actor=actor)
    return len(made.planned)


def fields(entity: Entity) -> list[str]:
    """The fields that many entries may be given the same value of."""
    return [name for name in entity.columns if name != entity.key_column.name]


def _check(entity: Entity, wish: Wish, tagged: Sequence[tuple[str, str]]) -> None:
    problems = []
    if wish.action not in ACTIONS:
        problems.append(FieldProblem("/action", f"Choose {', '.join(ACTIONS)}"))
    if not tagged:
        problems.append(FieldProblem("/which", "Tick at least one entry"))
    if len(tagged) > MOST:
        problems.append(FieldProblem("/which", f"{len(tagged):,} entries are too many at once: {MOST} is the most"))
    if wish.action == "set" and wish.name not in fields(entity):
        problems.append(FieldProblem("/name", "Choose the field to set", nearest(wish.name, fields(entity))))
    if problems:
        raise Unprocessable(problems)


def _document(now: Entry, wish: Wish, *, names: Names, today: date) -> Document | None:
    if wish.action == "discard":
        if now.change is None:
            raise Conflict("it is not in the draft")
        return None
    if wish.action == "retire":
        if now.published is None or now.retired:
            raise Conflict("only a published entry can be retired")
        return None
    if wish.action == "restore" and not now.retired:
        raise Conflict("it is not retired")
    document = checked(now.entity, _wished(now, wish, today))
    if document == now.values and not now.retired:
        raise Conflict("it is so already")
    drafts.check_names(now.entity, document, names=names)
    return document


def _wished(now: Entry, wish: Wish, today: date) -> Document:
    values = now.values
    if wish.action == "set":
        return {**values, wish.name: wish.value}
    if wish.action == "restore":
        return values
    given = {"source": wish.source} if wish.source and "source" in now.entity.columns else {}
    day = {"as_of": today.isoformat()}
    if now.entity.has_facts:
        return {**values, **given, "facts": {name: {**fact, **day, **given} for name, fact in values["facts"].items()}}
    column = attention.date_column(now.entity)
    if not column and not given:
        raise Conflict("it has no date: give the source that was looked at")
    return {**values, **given, **({column: today.isoformat()} if column else {})}
