"""Geometry of the drawings: numbers in, coordinates out. Texts stand in HTML where they can."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app import formatting
from app.languages import say

BAR_WIDTH = 100.0
"""Width of a bar's drawing, which is stretched to the room it has."""

HEADROOM = 1.04
"""How much longer than the longest bar the drawing is."""

LABELLED_AT = 0.68
"""Which part of the way along its line a label stands: at the end, the step of the resale has its own."""

BELOW = 18
"""How far below the step its label stands."""

FEWEST_GRID_LINES = 3
NICE_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what there is, what is used of it, and how sure that is. All in drawing units."""

    room: float
    fill: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart, with its label."""

    css: str
    path: str
    label: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Drop:
    """A step down at the end of the first line."""

    css: str
    before: float
    after: float
    label: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """Two lines over the same months."""

    css: str
    width: int
    height: int
    left: float
    right: float
    bottom: float
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    lines: tuple[Line, ...]
    step: Line | None
    """The step down at the end, with its label at the right edge."""


def bars(values: Sequence[tuple[float, float, float, float]]) -> list[Bar]:
    """Bars on one scale, from (room, expected, low, high) in any unit."""
    longest = max((max(room, high) for room, _, _, high in values), default=0.0) * HEADROOM or 1.0
    return [Bar(*(round(BAR_WIDTH * part / longest, 2) for part in value)) for value in values]


def line_chart(
    months: Sequence[int],
    series: Sequence[tuple[str, str, Sequence[float]]],
    *,
    css: str,
    width: int,
    height: int,
    drop: Drop | None = None,
) -> LineChart:
    """A chart of money over months; each series is (css class, label, values)."""
    left, bottom, top = 62.0, height - 30.0, 22.0
    right = float(width - 24)
    step, most = scale(max((max(values) for _, _, values in series), default=1.0))
    last = max(months[-1], 1)

    def x(month: float) -> float:
        return round(left + (right - left) * month / last, 1)

    def y(usd: float) -> float:
        return round(bottom - (bottom - top) * usd / most, 1)

    middle = round((len(months) - 1) * LABELLED_AT)
    lines = tuple(
        Line(
            css=name,
            path="M" + " L".join(f"{x(month)},{y(usd)}" for month, usd in zip(months, values, strict=True)),
            label=label,
            label_x=x(months[middle]),
            label_y=y(values[middle]),
        )
        for name, label, values in series
    )
    return LineChart(
        css=css,
        width=width,
        height=height,
        left=left,
        right=right,
        bottom=bottom,
        across=tuple(Tick(x(month), say("{months} mo", months=month)) for month in _months(last)),
        up=tuple(Tick(y(step * n), formatting.usd(step * n)) for n in range(round(most / step) + 1)),
        lines=_apart(lines, top),
        step=_step(drop, at=x(last), y=y) if drop else None,
    )


def scale(most: float) -> tuple[float, float]:
    """A round step, and the multiple of it that covers the largest value."""
    raw = max(most, 1e-9) / (FEWEST_GRID_LINES + 1)
    power = 10.0 ** (len(str(int(raw))) - 1) if raw >= 1 else 0.1
    step = next((nice * power for nice in NICE_STEPS if nice * power >= raw), 10 * power)
    lines = FEWEST_GRID_LINES
    while step * lines < most:
        lines += 1
    return step, step * lines


def _step(drop: Drop, *, at: float, y: Callable[[float], float]) -> Line:
    return Line(drop.css, f"M{at},{y(drop.before)} V{y(drop.after)}", drop.label, at, y(drop.after) + BELOW)


def _months(last: int) -> list[int]:
    step = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120) if last / step <= 4 or step == 120)
    return list(range(0, last + 1, step))


def _apart(lines: tuple[Line, ...], top: float) -> tuple[Line, ...]:
    """Labels above their lines, moved so that they do not cover each other."""
    placed: list[Line] = []
    lowest = top - 8
    for line in sorted(lines, key=lambda one: one.label_y):
        at = max(line.label_y - 8, lowest)
        placed.append(replace(line, label_y=at))
        lowest = at + 17
    return tuple(placed)
