"""How many digits an answer shows."""

from app.advice.need import Range, range_at
from app.contract.answer import RangeAnswer
from app.engine.result import Interval

SIGNIFICANT_DIGITS = 6
"""More digits than anything here is known to; fewer make the parts of a sum look wrong."""


def rounded(value: float) -> float:
    """A number to six significant digits.

    >>> rounded(3.14159265)
    3.14159
    """
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def rounded_range(values: Range, *, per: float = 1.0) -> RangeAnswer:
    """An interval to six significant digits, in units of ``per``.

    >>> rounded_range(Range(1.0, 2.0, 4.0), per=3.0)
    RangeAnswer(low=0.333333, expected=0.666667, high=1.33333)
    """
    low, expected, high = (rounded(value / per) for value in (values.low, values.expected, values.high))
    return RangeAnswer(low=low, expected=expected, high=high)


def range_answer(interval: Interval | None, row: int, *, per: float = 1.0) -> RangeAnswer | None:
    """One row of an interval in units of ``per``; None when it is unknown."""
    found = range_at(interval, row)
    return None if found is None else rounded_range(found, per=per)
