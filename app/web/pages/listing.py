"""What lists share: filters that live in the address, columns to sort by, pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from app import formatting
from app.advice.market import ExchangeRate
from app.languages import say, say_count
from app.web.currency import Currency, currencies

Item = TypeVar("Item")

PER_PAGE = 50
SHOWN_FILTERS = 3
"""Filters that stand open; the rest is folded away."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter with its values."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the list without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head; it sorts when it has an address."""

    label: str
    css: str
    url: str
    aria_sort: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Where in the list one is."""

    told: str
    before_url: str
    after_url: str


def link(path: str, fields: Mapping[str, str], **changes: str) -> str:
    """An address with these fields, some changed; empty ones are left out."""
    query = urlencode({name: value for name, value in {**fields, **changes}.items() if value})
    return f"{path}?{query}" if query else path


def choices(name: str, label: str, *, values: Sequence[tuple[str, str]], chosen: str) -> Filter:
    """A filter whose first choice is any value; a value that the address brings is offered too."""
    brought = [(chosen, chosen)] if chosen and chosen not in dict(values) else []
    offered = (("", say("Any")), *values, *brought)
    return Filter(name, label, tuple(Choice(value, text, value == chosen) for value, text in offered))


def currency_switch(rates: Sequence[ExchangeRate], chosen: Currency) -> Filter:
    """Currencies whose rates are known; dollars need no mention in an address."""
    offered = (
        Choice(each.code if each.rate else "", each.code, each.code == chosen.code) for each in currencies(rates)
    )
    return Filter("currency", say("Currency"), tuple(offered))


def chips(path: str, fields: Mapping[str, str], *, filters: Sequence[Filter]) -> tuple[Chip, ...]:
    """Every filter that is set, the searched words first, each with the way to be rid of it alone."""
    words = [("q", say("Words"), say("“{words}”", words=fields["q"]))] if fields.get("q") else []
    chosen = [
        (each.name, each.label, choice.label)
        for each in filters
        for choice in each.choices
        if choice.chosen and choice.value
    ]
    return tuple(Chip(label, value, link(path, fields, **{name: ""})) for name, label, value in (*words, *chosen))


def rarer_set(fields: Mapping[str, str], filters: Sequence[Filter], *, switches: Sequence[str]) -> bool:
    """Whether one of these filters or switches is set, so that what is folded away has to be seen."""
    return bool(({each.name for each in filters} | set(switches) - {"sort"}) & set(fields))


def column(path: str, fields: Mapping[str, str], *, label: str, by: str = "", falling: bool = False) -> Column:
    """A column's head; a second click turns the order round."""
    css = "num" if falling else ""
    if not by:
        return Column(label, css, "", "")
    now = fields.get("sort", "")
    first, second = (f"-{by}", by) if falling else (by, f"-{by}")
    state = {by: "ascending", f"-{by}": "descending"}.get(now, "none")
    return Column(label, css, link(path, fields, sort=second if now == first else first, page=""), state)


def cut(
    items: Sequence[Item], *, path: str, fields: Mapping[str, str], page: int, noun: tuple[str, str]
) -> tuple[Sequence[Item], Pages]:
    """One page of a list, and the way to the others."""
    last = max(1, -(-len(items) // PER_PAGE))
    page = min(max(page, 1), last)
    first = (page - 1) * PER_PAGE
    shown = items[first : first + PER_PAGE]
    counted = say_count(*noun, of=len(items), count=formatting.exact(len(items)))
    told = (
        counted
        if last == 1
        else say("{first} to {last} of {all}", first=first + 1, last=first + len(shown), all=counted)
    )
    before = link(path, fields, page=str(page - 1)) if page > 1 else ""
    after = link(path, fields, page=str(page + 1)) if page < last else ""
    return shown, Pages(told, before, after)
