"""Entries by the names that people write in files: a full name, another name or an address leads to the key."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.admin.entities import Entity
from app.catalogue.name_keys import HARDWARE_NOISE
from app.tables import Alias

KeysByName = Mapping[str, Mapping[str, str]]
"""Of each field that names another entry: keys by folded name."""

_NAMED_BY = ("name", "title", "url")
_ALIASED = {"hardware": "hardware", "providers": "provider"}
"""Kinds of entries and what the table of other names calls them."""
FEWEST_WORDS = 2
"""Of a card's name that are left without its maker; fewer could be anything."""


@lru_cache(maxsize=10_000)
def folded(name: str) -> str:
    """A name as it is compared.

    >>> folded("  GeForce  RTX 4090 ")
    'geforce rtx 4090'
    """
    return " ".join(name.split()).casefold()


def keys_by_name(session: Session, entity: Entity) -> KeysByName:
    """What the names in the fields of an entity stand for; a name of two entries stands for none."""
    targets = {field: target for field, target in entity.references.items() if not target.numbered}
    known = {target.name: _names(session, target) for target in targets.values()}
    return {field: known[target.name] for field, target in targets.items()}


def with_keys(row: Mapping[str, Any], names: KeysByName) -> dict[str, Any]:
    """A row whose fields name entries by their keys, as far as their names are known."""
    found = dict(row)
    for field, known in names.items():
        given = row.get(field)
        key = known.get(folded(given)) if isinstance(given, str) else None
        if key is not None:
            found[field] = key
    if isinstance(row.get("facts"), dict) and "source" in names:
        found["facts"] = {
            name: with_keys(fact, {"source": names["source"]}) if isinstance(fact, dict) else fact
            for name, fact in row["facts"].items()
        }
    return found


def _names(session: Session, target: Entity) -> dict[str, str]:
    own, table = target.key_column, target.table.c
    columns: list[ColumnElement[Any]] = [table[name] for name in _NAMED_BY if name in target.columns]
    if {"vendor", "name"} <= set(target.columns):
        columns.append(table.vendor + " " + table.name)
    pairs = [
        (str(name), str(row[0]))
        for row in session.execute(select(own, *columns).where(target.table.c.retired.is_(False)))
        for name in row[1:]
        if name
    ]
    if target.name in _ALIASED:
        kind = Alias.kind == _ALIASED[target.name]
        aliases = select(Alias.alias, Alias.slug).where(kind, Alias.retired.is_(False), Alias.ambiguous.is_(False))
        pairs += [(alias, slug) for alias, slug in session.execute(aliases)]
    keys: dict[str, set[str]] = {}
    for name, key in pairs:
        keys.setdefault(folded(name), set()).add(key)
    present = {key for _, key in pairs}
    short = _without_makers(pairs) if target.name == "hardware" else {}
    for name in short.keys() - keys.keys():
        keys[name] = short[name]
    return {name: next(iter(found)) for name, found in keys.items() if len(found) == 1 and name not in present}


def _without_makers(pairs: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    """What cards are called without their maker and family: an RTX 3090 is a GeForce RTX 3090.

    >>> sorted(_without_makers([("NVIDIA GeForce RTX 3090", "geforce-rtx-3090")]))
    ['geforce rtx 3090', 'nvidia geforce rtx 3090', 'nvidia rtx 3090', 'rtx 3090']
    """
    keys: dict[str, set[str]] = {}
    for name, key in pairs:
        maker, *words = folded(name).split()
        while maker in HARDWARE_NOISE and len(words) >= FEWEST_WORDS:
            for called in (" ".join(words), " ".join((maker, *words))):
                keys.setdefault(called, set()).add(key)
            if words[0] not in HARDWARE_NOISE:
                break
            words = words[1:]
    return keys
