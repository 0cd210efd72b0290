"""Number to text for people, in the language that is spoken. None becomes "unknown", never zero."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale
from babel.dates import format_date

from app.engine.units import SECONDS_PER_HOUR
from app.languages import say, say_count, spoken
from app.worded import worded_count

UNKNOWN = "unknown"
SLOW_PER_S = 0.1
"""Work of which fewer are done in a second is told by the time of each."""
FIGURES = 2
"""Significant figures of an estimate: its interval is wider than a third one could tell."""

_LARGE = (
    (1e12, worded_count("{number} trillion", "{number} trillion")),
    (1e9, worded_count("{number} billion", "{number} billion")),
    (1e6, worded_count("{number} million", "{number} million")),
)
_DURATIONS = ((8766.0, "years"), (24.0, "days"), (1.0, "h"), (1 / 60, "min"), (1 / 3600, "s"), (1 / 3.6e6, "ms"))
"""Hours in each unit, largest first."""

_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w|\.\d)")
"""A number in English, not a part of a name."""

_LEAST_OF_UNIT = {"years": 1.0, "days": 2.0}
"""From how many on a unit reads better than the next smaller one: "36 h", but "2 days"."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How a language writes numbers."""

    marks: dict[int, str] | None
    """English marks of thousands and decimals to its own; None: the same."""
    money: str
    percent: str


@lru_cache
def _signs(code: str) -> Signs:
    if code == "en":
        return Signs(None, "${}", "{} %")
    locale = Locale.parse(code)
    symbols = locale.number_symbols.get("latn", {})
    marks = str.maketrans({",": symbols.get("group", ","), ".": symbols.get("decimal", ".")})
    money = _pattern(locale.currency_formats["standard"].pattern)
    return Signs(marks, money.replace("¤", "$"), _pattern(locale.percent_formats[None].pattern))


def _pattern(cldr: str) -> str:
    """A pattern such as ``#,##0.00 ¤`` with one place for the number."""
    return re.sub(r"[#0][#0,.]*", "{}", cldr.split(";", maxsplit=1)[0], count=1)


def local(number_in_english: str) -> str:
    """A number with the marks of the language that is spoken."""
    marks = _signs(spoken().code).marks
    return number_in_english.translate(marks) if marks else number_in_english


def unknown() -> str:
    """The word for what nobody knows."""
    return say("unknown")


def _dollars(text: str) -> str:
    return _signs(spoken().code).money.format(text)


def rounded(value: float, *, figures: int = FIGURES) -> float:
    """A number rounded to significant figures.

    >>> rounded(0.04567), rounded(1234.0)
    (0.046, 1200.0)
    """
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, figures - 1 - math.floor(math.log10(abs(value))))


def number(value: float | None, *, figures: int = FIGURES) -> str:
    """A number with significant figures and thousands separators, never in exponent form below 10^15.

    >>> number(0.0456), number(9.96), number(12345.0), number(7.0)
    ('0.046', '10', '12,000', '7')
    """
    if value is None or not math.isfinite(value):
        return unknown()
    if abs(value) >= 1e15:
        return power_of_ten(value, figures=figures)
    short = rounded(value, figures=figures)
    if short == int(short):
        return local(f"{int(short):,}")
    decimals = max(0, figures - 1 - math.floor(math.log10(abs(short))))
    return local(f"{short:,.{decimals}f}".rstrip("0").rstrip("."))


def exact(value: float | None) -> str:
    """A number as it is, with thousands separators; for what people chose and what is counted.

    >>> exact(1281167), exact(0.5), exact(24.0)
    ('1,281,167', '0.5', '24')
    """
    if value is None or not math.isfinite(value):
        return unknown()
    return local(f"{int(value):,}" if value == int(value) else f"{value:,.10g}")


def power_of_ten(value: float, *, figures: int = FIGURES) -> str:
    """A very large number.

    >>> power_of_ten(3.8e25)
    '3.8 x 10^25'
    """
    mantissa, exponent = f"{value:.{figures - 1}e}".split("e")
    return f"{local(mantissa)} x 10^{int(exponent)}"


def large(value: float | None) -> str:
    """A count in words from a million on.

    >>> large(15.6e12), large(8.03e9), large(50000)
    ('15.6 trillion', '8.03 billion', '50,000')
    """
    if value is None or not math.isfinite(value):
        return unknown()
    for size, words in _LARGE:
        if size <= abs(value) < 1e15:
            return say_count(*words, of=rounded(value / size, figures=3), number=number(value / size, figures=3))
    return number(value, figures=6) if abs(value) < 1e6 else number(value)


def with_unit(value: float | None, unit: str) -> str:
    """An estimate with its unit, a blank between them.

    >>> with_unit(1234.5, "tokens/s"), with_unit(None, "W")
    ('1,200 tokens/s', 'unknown')
    """
    return unknown() if value is None else f"{number(value)} {say(unit)}"


def with_exact_unit(value: float | None, unit: str) -> str:
    """A figure of a data sheet with its unit.

    >>> with_exact_unit(1008.0, "GB/s"), with_exact_unit(None, "W")
    ('1,008 GB/s', 'unknown')
    """
    return unknown() if value is None else f"{exact(value)} {say(unit)}"


def between(low: float | None, high: float | None, *, unit: str = "") -> str:
    """An interval, or one number where both ends look the same.

    >>> between(8.1, 11.04, unit="GiB"), between(2.01, 2.02, unit="s")
    ('8.1 to 11 GiB', '2 s')
    """
    return _joined(number(low), number(high), lambda text: f"{text} {say(unit)}" if unit else text)


def pace(low: float | None, high: float | None, *, unit: str) -> str:
    """Work a second; where that takes longer than people count in seconds, the time of each.

    >>> pace(8.1, 11.04, unit="samples/s"), pace(0.00025, 0.00054, unit="samples/s")
    ('8.1 to 11 samples/s', '31 min to 1 h 5 min each')
    """
    if unit != "samples/s" or low is None or high is None or not 0 < low <= high < SLOW_PER_S:
        return between(low, high, unit=unit)
    times_each = duration_between(*(1 / (rate * SECONDS_PER_HOUR) for rate in (high, low)))
    return say("{time} each", time=times_each)


def gib(value: float | None) -> str:
    """Memory of a job.

    >>> gib(9.44), gib(140.2), gib(0.03)
    ('9.4 GiB', '140 GiB', '0.03 GiB')
    """
    return with_unit(value, "GiB")


def gib_between(low: float | None, high: float | None) -> str:
    """An interval of memory.

    >>> gib_between(8.1, 11.0)
    '8.1 to 11 GiB'
    """
    return between(low, high, unit="GiB")


MOST_OF_A_BOX_GB = 10_000
"""Memory from here on is that of many devices together."""


def nominal_gib(value: float | None) -> str:
    """Memory of a device, as the box says it; that of thousands of devices with three figures.

    >>> nominal_gib(24.0), nominal_gib(0.5), nominal_gib(141.3), nominal_gib(733429.8)
    ('24 GB', '0.5 GB', '141.3 GB', '733,000 GB')
    """
    if value is None:
        return unknown()
    return f"{exact(round(value, 1) if value < MOST_OF_A_BOX_GB else float(f'{value:.3g}'))} GB"


def usd(value: float | None) -> str:
    """Money: cents below ten dollars, whole dollars below a hundred, three figures above, thousands separated.

    >>> usd(0.42), usd(11.1), usd(1234.4), usd(27854321.0), usd(0), usd(0.00004)
    ('$0.42', '$11', '$1,230', '$27.9 million', '$0', 'under $0.01')
    """
    if value is None or not math.isfinite(value):
        return unknown()
    if value == 0:
        return _dollars("0")
    if abs(value) < 0.01:
        return say("under {price}", price=_dollars(local("0.01")))
    if abs(value) < 10:
        return _dollars(local(f"{value:.2f}"))
    if abs(value) < 100:
        return _dollars(str(round(value)))
    return _dollars(large(value) if abs(value) >= 1e6 else number(value, figures=3))


def usd_between(low: float | None, high: float | None) -> str:
    """An interval of money.

    >>> usd_between(1200, 1500), usd_between(0.5, 0.5)
    ('$1,200 to $1,500', '$0.50')
    """
    return _joined(usd(low), usd(high), str)


def usd_exactly(value: float | None) -> str:
    """A price or budget as somebody stated it.

    >>> usd_exactly(1599), usd_exactly(0.75), usd_exactly(12.5)
    ('$1,599', '$0.75', '$12.50')
    """
    if value is None or not math.isfinite(value):
        return unknown()
    cents = round(value, 2)  # a converted amount such as 1650.0000000000002 is whole
    return _dollars(local(f"{int(cents):,}" if cents == int(cents) else f"{cents:,.2f}"))


def usd_to_the_cent(value: float) -> str:
    """A price in a list, always with its cents, and a tenth of them below ten cents.

    >>> usd_to_the_cent(60.0), usd_to_the_cent(0.048)
    ('$60.00', '$0.048')
    """
    return _dollars(local(f"{value:,.2f}" if value >= 0.1 else f"{value:.3f}"))


def usd_per_hour(value: float | None) -> str:
    """A rental price.

    >>> usd_per_hour(2.49), usd_per_hour(0.048), usd_per_hour(0)
    ('$2.49/h', '$0.048/h', 'free')
    """
    if value is None:
        return unknown()
    if value == 0:
        return say("free")
    return f"{usd_exactly(round(value, 2)) if value >= 0.1 else _dollars(local(f'{value:.3f}'))}/h"


def duration(hours: float | None) -> str:
    """A length of time.

    >>> duration(3.34), duration(0.75), duration(0.0005), duration(60), duration(30000)
    ('3 h 20 min', '45 min', '1.8 s', '2.5 days', '3.4 years')
    """
    if hours is None or not math.isfinite(hours):
        return unknown()
    unit = _unit_of(hours)
    if unit == "h":
        return _hours_and_minutes(hours)
    return _counted(number(hours / _size_of(unit)), rounded(hours / _size_of(unit)), unit)


def duration_between(low_hours: float | None, high_hours: float | None) -> str:
    """An interval of time, in one unit where both ends have it.

    >>> duration_between(48, 96), duration_between(0.5, 3), duration_between(3.1, 5.5)
    ('2 to 4 days', '30 min to 3 h', '3.1 to 5.5 h')
    """
    if low_hours is None or high_hours is None:
        return unknown()
    unit = _unit_of(high_hours)
    if _unit_of(low_hours) != unit:
        return _joined(duration(low_hours), duration(high_hours), str)
    low, high = low_hours / _size_of(unit), high_hours / _size_of(unit)
    return _joined(number(low), number(high), lambda text: _counted(text, rounded(high), unit))


def percent(fraction: float | None) -> str:
    """A share.

    >>> percent(0.414), percent(1)
    ('41 %', '100 %')
    """
    return unknown() if fraction is None else _signs(spoken().code).percent.format(number(fraction * 100))


def share(fraction: float, *, figures: int) -> str:
    """A share that is known better than an estimate.

    >>> share(0.8937, figures=3)
    '89.4 %'
    """
    return _signs(spoken().code).percent.format(number(fraction * 100, figures=figures))


def flops(value: float | None) -> str:
    """An amount of arithmetic.

    >>> flops(3.8e25), flops(None)
    ('3.8 x 10^25 FLOP', 'unknown')
    """
    return unknown() if value is None else f"{power_of_ten(value) if value >= 1e6 else number(value)} FLOP"


def formula(text: str) -> str:
    """A formula with its numbers as people write them, and one sign for times.

    >>> formula("7.055e+10 parameters x 2 bytes (bf16)"), formula("4096 tokens x 3.277e+05 bytes (q4_k_m)")
    ('70.5 billion parameters × 2 bytes (bf16)', '4,096 tokens × 327,700 bytes (q4_k_m)')
    """
    told = _NUMBER.sub(lambda found: _in_words(found[0]), text)
    return told.replace(" x ", " × ").replace("sgd_momentum", say("SGD with momentum"))


def _in_words(figure: str) -> str:
    return large(float(figure)) if "e" in figure else exact(float(figure))


def day(value: date | str | None) -> str:
    """A date in words; what is no full date stays as it is.

    >>> day("2026-10-01"), day("2026-10"), day(None)
    ('1 October 2026', '2026-10', 'unknown')
    """
    if value is None:
        return unknown()
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return str(value)
    return _day(value, spoken().code)


@lru_cache(maxsize=4096)
def _day(value: date, code: str) -> str:
    return format_date(value, "d MMMM y" if code == "en" else "long", locale=code)


def month(value: date) -> str:
    """A month on an axis.

    >>> month(date(2026, 10, 1))
    'Oct 2026'
    """
    return format_date(value, "MMM y", locale=spoken().code)


def one_of(names: Sequence[str]) -> str:
    """Names to choose from.

    >>> one_of(["A40", "A100", "H100"])
    'A40 or A100 or H100'
    """
    return say(" or ").join(names)


def all_of(names: Sequence[str]) -> str:
    """Names that belong together.

    >>> all_of(["Colab", "Kaggle"])
    'Colab and Kaggle'
    """
    return say(" and ").join(names)


def times(count: float | None, name: str) -> str:
    """A thing and how many of it.

    >>> times(1, "RTX 4090"), times(8, "H100"), times(0.5, "A10")
    ('RTX 4090', '8 x H100', '0.5 x A10')
    """
    return name if count in {None, 1} else f"{exact(count)} x {name}"


def _joined(low: str, high: str, dress: Callable[[str], str]) -> str:
    if unknown() in {low, high}:
        return unknown()
    return dress(low) if low == high else dress(say("{low} to {high}", low=low, high=high))


def _unit_of(hours: float) -> str:
    if hours == 0:
        return "h"
    for size, unit in _DURATIONS:
        if rounded(abs(hours) / size) >= _LEAST_OF_UNIT.get(unit, 1.0):
            return unit
    return _DURATIONS[-1][1]


def _size_of(unit: str) -> float:
    return next(size for size, name in _DURATIONS if name == unit)


def _hours_and_minutes(hours: float) -> str:
    """Minutes to the nearest five once there are hours: the interval is wider than that."""
    whole, minutes = divmod(round(hours * 12) * 5, 60)
    if minutes and whole < 10:
        return say("{hours} h {minutes} min", hours=whole, minutes=minutes)
    return _counted(local(f"{round(hours)}"), round(hours), "h")


def _counted(text: str, count: float, unit: str) -> str:
    """An amount of time with its unit, in the form that its number asks for."""
    match unit:
        case "years":
            return say_count("{count} year", "{count} years", of=count, count=text)
        case "days":
            return say_count("{count} day", "{count} days", of=count, count=text)
    return f"{text} {say(unit)}"
