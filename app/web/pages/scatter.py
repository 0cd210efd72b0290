"""Time against money of one run, for everything that can be bought or rented; the best trade-offs joined by a line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app import formatting
from app.contract.answer import BuyOrRentAnswer, RecommendationAnswer
from app.engine.units import SECONDS_PER_HOUR
from app.languages import say
from app.web.charts import Tick

SIZES = (("wide", 640, 330), ("narrow", 340, 300))
LEFT, RIGHT, TOP, BELOW = 66.0, 22.0, 18.0, 40.0
FEWEST = 3
"""Ways from which on there is something to see."""
MOST_OFFERS = 8
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MONEY_STEPS = tuple(nice * 10.0**power for power in range(-2, 7) for nice in (1, 2, 5))
HOUR_STEPS = (
    1 / SECONDS_PER_HOUR, 1 / 60, 5 / 60, 0.25, 0.5, 1, 2, 4, 8, 12, 24, 48, 96, 168, 336, 730, 2190, 8766,
)  # fmt: skip
MOST_TICKS = 5
ROOM = 1.25
"""How much further than the outermost points the axes reach."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing the work: what a point means."""

    letter: str
    name: str
    url: str
    kind: str
    """buy or rent."""
    hours: float
    usd: float
    best: bool = False
    """Whether no other way is both quicker and cheaper."""

    @property
    def time(self) -> str:
        """How long a run takes."""
        return formatting.duration(self.hours)

    @property
    def cost(self) -> str:
        """What a run costs."""
        return formatting.usd(self.usd)

    @property
    def told(self) -> str:
        """The point in words."""
        return say(
            "{letter}: {name}, {time}, {cost} a run",
            letter=self.letter,
            name=self.name,
            time=self.time,
            cost=self.cost,
        )


@dataclass(frozen=True, slots=True)
class Point:
    """A point. In drawing units."""

    x: float
    y: float
    way: Way


@dataclass(frozen=True, slots=True)
class Plot:
    """The drawing for one width."""

    css: str
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    line: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Time against money."""

    plots: tuple[Plot, ...]
    ways: tuple[Way, ...]
    summary: str
    basis: str

    @classmethod
    def of(cls, answer: RecommendationAnswer) -> Self | None:
        """The plot of an answer; None where too few ways have a time and a cost."""
        ways = _ways(answer)
        if len(ways) < FEWEST or answer.buy_or_rent is None:
            return None
        best = [way for way in ways if way.best]
        quickest, cheapest = min(best, key=lambda way: way.hours), min(best, key=lambda way: way.usd)
        return cls(
            plots=tuple(_plot(ways, css=css, width=width, height=height) for css, width, height in SIZES),
            ways=ways,
            summary=say(
                "Quickest: {quickest}. Cheapest: {cheapest}. {count} of {all} ways are beaten in both by another.",
                quickest=quickest.told,
                cheapest=cheapest.told,
                count=len(ways) - len(best),
                all=len(ways),
            ),
            basis=_basis(answer.buy_or_rent),
        )


def _ways(answer: RecommendationAnswer) -> tuple[Way, ...]:
    found: list[Way] = []
    assumed = _assumed(answer.buy_or_rent)
    runs = _runs(answer)
    months, kept = assumed.get("horizon_months", 0.0), 1 - assumed.get("resale_fraction", 0.0)
    for pick in answer.picks:
        hours, price = pick.estimate.duration_hours, pick.price_usd
        if hours is None or price is None or not runs or not months:
            continue
        energy = pick.estimate.energy_kwh.expected if pick.estimate.energy_kwh else 0.0
        usd = price.expected * kept / (runs * months) + energy * assumed.get("electricity_usd_per_kwh", 0.0)
        name = formatting.times(pick.hardware.count, pick.hardware.name)
        url = f"/hardware/{pick.hardware.accelerator}" if pick.hardware.accelerator else "#picks"
        found.append(Way("", name, url, "buy", hours.expected, usd))
    for offer in answer.cloud[:MOST_OFFERS]:
        if offer.hours is None or offer.total_usd is None or offer.fit == "does_not_fit":
            continue
        name = say(
            "{hardware} from {provider}",
            hardware=formatting.times(offer.count, offer.accelerator),
            provider=offer.provider,
        )
        found.append(Way("", name, "#rent", "rent", offer.hours.expected, offer.total_usd.expected))
    usable = [way for way in found if way.hours > 0 and way.usd > 0]
    return tuple(
        Way(LETTERS[n], way.name, way.url, way.kind, way.hours, way.usd, best=not _beaten(way, usable))
        for n, way in enumerate(usable[: len(LETTERS)])
    )


def _beaten(way: Way, others: Sequence[Way]) -> bool:
    """Whether some other way is as good in both and better in one."""
    return any(
        other.hours <= way.hours and other.usd <= way.usd and (other.hours, other.usd) != (way.hours, way.usd)
        for other in others
    )


def _runs(answer: RecommendationAnswer) -> float:
    """Runs of a month: those hours of use that were taken, on the first pick."""
    used = answer.buy_or_rent.hours_per_month if answer.buy_or_rent else None
    first = next((pick.estimate.duration_hours for pick in answer.picks if pick.estimate.duration_hours), None)
    return used / first.expected if used and first and first.expected else 0.0


def _assumed(found: BuyOrRentAnswer | None) -> dict[str, float]:
    told = found.assumptions if found else []
    return {each.field: float(each.value) for each in told if isinstance(each.value, int | float)}


def _basis(found: BuyOrRentAnswer) -> str:
    assumed = _assumed(found)
    return say(
        "What is bought counts with its price, less what it sells for again, spread over the runs of {months} months "
        "at {hours} hours a month, and with the electricity of a run.",
        months=formatting.exact(assumed.get("horizon_months")),
        hours=formatting.number(found.hours_per_month),
    )


def _plot(ways: Sequence[Way], *, css: str, width: int, height: int) -> Plot:
    right, bottom = width - RIGHT, height - BELOW
    least_h, most_h = _ends([way.hours for way in ways])
    least_usd, most_usd = _ends([way.usd for way in ways])

    def x(hours: float) -> float:
        return round(LEFT + (right - LEFT) * math.log(hours / least_h) / math.log(most_h / least_h), 1)

    def y(usd: float) -> float:
        return round(bottom - (bottom - TOP) * math.log(usd / least_usd) / math.log(most_usd / least_usd), 1)

    best = sorted((way for way in ways if way.best), key=lambda way: (way.hours, -way.usd))
    return Plot(
        css=css,
        width=width,
        height=height,
        left=LEFT,
        right=right,
        top=TOP,
        bottom=bottom,
        across=tuple(Tick(x(at), formatting.duration(at)) for at in _ticks(HOUR_STEPS, least_h, most_h)),
        up=tuple(Tick(y(at), formatting.usd(at)) for at in _ticks(MONEY_STEPS, least_usd, most_usd)),
        line="M" + " L".join(f"{x(way.hours)},{y(way.usd)}" for way in best),
        points=tuple(Point(x(way.hours), y(way.usd), way) for way in ways),
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis; never closer than a factor of four."""
    low, high = min(values) / ROOM, max(values) * ROOM
    missing = max(4.0 / (high / low), 1.0) ** 0.5
    return low / missing, high * missing


def _ticks(steps: Sequence[float], low: float, high: float) -> list[float]:
    inside = [step for step in steps if low <= step <= high]
    every = -(-len(inside) // MOST_TICKS) or 1
    return inside[::every]
