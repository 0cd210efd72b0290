"""Value objects as plain JSON and back: only of the classes that are named, and nothing in it is ever run.

Objects of one class become columns, because a column of plain values is read as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

PLAIN = (str, int, float, bool, type(None))
Classes = Mapping[str, type[Any]]
"""What may be packed, by name: dataclasses and pydantic models."""


class Unpackable(ValueError):
    """Something has no place in a package, or a package was made by another version."""


def shape_of(classes: Classes) -> dict[str, list[str]]:
    """The fields of each class in their order: a package is good for classes of the same shape only."""
    return {
        name: [entry.name for entry in fields(each) if entry.init] if is_dataclass(each) else sorted(each.model_fields)
        for name, each in classes.items()
    }


def pack(value: Any) -> Any:
    """A value as plain JSON: a plain value stays, anything else becomes an object that says what it is.

    >>> pack((1, date(2026, 1, 2)))
    {'tuple': {'each': [1, {'day': '2026-01-02'}]}}
    """
    match value:
        case _ if type(value) in PLAIN:
            return value
        case date():
            return {"day": value.isoformat()}
        case tuple():
            return {"tuple": _column(value)}
        case list():
            return {"list": _column(value)}
        case dict():
            return {"keys": _column(list(value)), "values": _column(list(value.values()))}
        case _:
            return {"one": _column([value])}


def unpack(packed: Any, classes: Classes) -> Any:
    """The value of a package.

    >>> unpack(pack({"a": (1, 2.5), "b": ()}), {})
    {'a': (1, 2.5), 'b': ()}
    """
    if type(packed) is not dict:
        return packed
    match packed:
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case {"tuple": column}:
            return tuple(_entries(column, classes))
        case {"list": column}:
            return list(_entries(column, classes))
        case {"keys": keys, "values": values}:
            return dict(zip(_entries(keys, classes), _entries(values, classes), strict=True))
        case {"one": column}:
            return next(iter(_entries(column, classes)))
    raise Unpackable("no such kind of package")


def _column(values: "list[Any] | tuple[Any, ...]") -> Any:
    """Values of one class together; plain ones as they are."""
    kinds = {type(value) for value in values}
    if kinds <= set(PLAIN):
        return list(values)
    if kinds == {date}:
        return {"days": [value.isoformat() for value in values]}
    if kinds == {tuple} and all(type(part) in PLAIN for value in values for part in value):
        return {"tuples": [list(value) for value in values]}
    kind = next(iter(kinds))
    if len(kinds) == 1 and is_dataclass(kind):
        names = [entry.name for entry in fields(kind) if entry.init]
        return {"class": kind.__name__, "columns": [_column([getattr(v, name) for v in values]) for name in names]}
    if len(kinds) == 1 and issubclass(kind, BaseModel):
        return {
            "class": kind.__name__,
            "given": [value.model_dump(mode="json", exclude_unset=True) for value in values],
        }
    if unknown := sorted(kind.__name__ for kind in kinds if not _packable(kind)):
        raise Unpackable(f"no way to pack {', '.join(unknown)}")
    return {"each": [pack(value) for value in values]}


def _packable(kind: type[Any]) -> bool:
    return kind in {*PLAIN, date, tuple, list, dict} or is_dataclass(kind) or issubclass(kind, BaseModel)


def _entries(column: Any, classes: Classes) -> Iterable[Any]:
    if type(column) is list:
        return column
    match column:
        case {"days": days}:
            return map(date.fromisoformat, days)
        case {"tuples": tuples}:
            return map(tuple, tuples)
        case {"class": name, "columns": columns}:
            return map(_class(name, classes), *(_entries(each, classes) for each in columns))
        case {"class": name, "given": given}:
            return map(_class(name, classes).model_validate, given)
        case {"each": each}:
            return (unpack(one, classes) for one in each)
    raise Unpackable("no such kind of column")


def _class(name: str, classes: Classes) -> Any:
    if name not in classes:
        raise Unpackable(f"{name} is no class of this package")
    return classes[name]
