"""Texts of the pure packages, made so that the edge can say them in another language."""

from typing import Any


class Worded(str):
    """An English text that still knows its template and the values in its places.

    >>> text = worded("{count} passes over the data", count=3)
    >>> text, text.template, text.values
    ('3 passes over the data', '{count} passes over the data', {'count': 3})
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]


def worded(template: str, /, **values: Any) -> Worded:
    """A text; what stands in the places is a number, a name, or a text of this kind."""
    text = Worded(template.format_map(values) if values else template)
    text.template, text.values = template, values
    return text


def worded_count(one: str, several: str) -> tuple[str, str]:
    """A text about one thing and about several, whose number comes later."""
    return one, several
