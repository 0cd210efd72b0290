"""Filters and orders that lists share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Read = Callable[[Any], Any]


def holds(value: str, wanted: str | None) -> bool:
    """Whether a value is among those asked for; nothing asked, everything holds.

    >>> holds("NVIDIA", "amd, nvidia"), holds("gpu", None), holds("gpu", "tpu")
    (True, True, False)
    """
    return wanted is None or value.lower() in {part.strip().lower() for part in wanted.split(",")}


def in_order(items: Sequence[Item], sort: str, *, fields: Mapping[str, str | Read]) -> list[Item]:
    """Items by a field, or by what is read of them; unknown values last in either direction, equal ones as before."""
    name = fields[sort.removeprefix("-")]

    def value(item: Item) -> Any:
        return getattr(item, name) if isinstance(name, str) else name(item)

    def is_known(item: Item) -> bool:
        return value(item) is not None and value(item) == value(item)  # NaN is no value, and unlike itself

    known = sorted(filter(is_known, items), key=value, reverse=sort.startswith("-"))
    return known + [item for item in items if not is_known(item)]
