"""How the price of a device moved: dated prices as points and lines, with the table of prices as their twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Self

from app import formatting
from app.advice.market import Price
from app.languages import say
from app.web.charts import Tick, scale
from app.web.currency import Currency
from app.web.labels import label

FEWEST_POINTS = 3
"""Dated prices from which on a line says something."""
SIZES = (("wide", 640, 250), ("narrow", 340, 230))
LEFT, TOP, BELOW, RIGHT = 66.0, 16.0, 34.0, 16.0
CONDITIONS = ("new", "used")


@dataclass(frozen=True, slots=True)
class Point:
    """One dated price, with the span that was seen."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trace:
    """The prices of one condition."""

    css: str
    path: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class PriceChart:
    """The drawing. All in drawing units."""

    css: str
    width: int
    height: int
    left: float
    right: float
    bottom: float
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Price by date; without charts where there are too few points."""

    charts: tuple[PriceChart, ...]
    summary: str
    legend: tuple[tuple[str, str], ...]
    """Class and name of each line."""

    @classmethod
    def of(cls, prices: Sequence[Price], currency: Currency) -> Self:
        """The history that these prices make."""
        lines = {name: found for name in CONDITIONS if len(found := _by_day(prices, name, currency)) >= FEWEST_POINTS}
        if not lines:
            return cls((), "", ())
        charts = tuple(_chart(lines, currency, css=css, size=(width, height)) for css, width, height in SIZES)
        told = " ".join(_summary(name, found, currency) for name, found in lines.items())
        return cls(charts, told, tuple((f"price-{name}", label("condition", name)) for name in lines))


Dated = tuple[date, float, float, float]
"""Day, and the price with its low and high end in the currency shown."""


def _by_day(prices: Sequence[Price], condition: str, currency: Currency) -> list[Dated]:
    """One price for each day; the middle one where several were seen."""
    days: dict[date, list[Price]] = {}
    for price in prices:
        if price.condition == condition:
            days.setdefault(price.as_of, []).append(price)
    rate = currency.per_usd
    return [
        (
            day,
            median(each.usd for each in found) * rate,
            min(each.usd_low for each in found) * rate,
            max(each.usd_high for each in found) * rate,
        )
        for day, found in sorted(days.items())
    ]


def _summary(name: str, found: Sequence[Dated], currency: Currency) -> str:
    first, last = found[0], found[-1]
    return say(
        "{condition}: {first} on {first_day}, {last} on {last_day}.",
        condition=label("condition", name).capitalize(),
        first=_money(first[1], currency),
        first_day=formatting.day(first[0]),
        last=_money(last[1], currency),
        last_day=formatting.day(last[0]),
    )


def _money(amount: float, currency: Currency) -> str:
    return currency.dressed(formatting.usd(amount))


def _chart(lines: dict[str, list[Dated]], currency: Currency, *, css: str, size: tuple[int, int]) -> PriceChart:
    width, height = size
    right, bottom = width - RIGHT, height - BELOW
    every = [dated for found in lines.values() for dated in found]
    first, last = min(day for day, *_ in every), max(day for day, *_ in every)
    step, most = scale(max(high for *_, high in every))
    days = max((last - first).days, 1)

    def x(day: date) -> float:
        return round(LEFT + (right - LEFT) * (day - first).days / days, 1)

    def y(amount: float) -> float:
        return round(bottom - (bottom - TOP) * amount / most, 1)

    traces = tuple(
        Trace(
            f"price-{name}",
            "M" + " L".join(f"{x(day)},{y(amount)}" for day, amount, _, _ in found),
            tuple(Point(x(day), y(amount), y(low), y(high)) for day, amount, low, high in found),
        )
        for name, found in lines.items()
    )
    middle = date.fromordinal((first.toordinal() + last.toordinal()) // 2)
    across = tuple(Tick(x(day), formatting.month(day)) for day in dict.fromkeys((first, middle, last)))
    up = tuple(Tick(y(step * n), _money(step * n, currency)) for n in range(round(most / step) + 1))
    return PriceChart(css, width, height, LEFT, right, bottom, across, up, traces)
