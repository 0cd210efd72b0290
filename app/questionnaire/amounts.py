"""Read the numbers that people type: "24gb", "1,5 TB", "20k", "EUR 500", "2h"."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime

from app.engine.units import HOURS_PER_DAY
from app.questionnaire.questions import Field

_TEXT = re.compile(
    r"(?P<before>[^\d.,+-]*)(?P<number>[+-]?(?:\d[\d.,'\s\u00a0_]*|[.,]\d+)(?:e[+-]?\d+)?)(?P<after>.*)", re.DOTALL
)
_MARKED = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<body>\d{1,3}(?:(?P<mark>[.,])\d{3}(?:(?P=mark)\d{3})*))(?P<tail>(?!(?P=mark))[.,]\d*)?"
    r"|(?P<plain>\d*[.,]?\d*))"
)
"""Thousands in groups of three with a decimal part behind the other mark, or digits with one decimal mark."""

_SIZES = re.compile(r"\s*[x\u00d7*]\s*\d+", re.IGNORECASE)

_COUNTS = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mio": 1e6, "mln": 1e6, "million": 1e6,
    "b": 1e9, "bn": 1e9, "g": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12, "trillion": 1e12,
    "tsd": 1e3, "tausend": 1e3, "millionen": 1e6, "mrd": 1e9, "milliarde": 1e9, "milliarden": 1e9,
}  # fmt: skip
_CODES = {
    "$": "usd", "us$": "usd", "dollar": "usd", "€": "eur", "euro": "eur", "£": "gbp", "pound": "gbp", "pfund": "gbp",
    "₹": "inr", "rupee": "inr", "¥": "jpy", "yen": "jpy", "franc": "chf", "franken": "chf",
}  # fmt: skip
"""Signs and names of currencies, by the code that each stands for."""
WHOLE_FROM = 10.0
"""Dollars from which on an amount that was converted has no cents."""
USUAL_USD = {"eur": 1.1, "gbp": 1.3, "inr": 0.011, "jpy": 0.0066, "chf": 1.2, "cad": 0.72, "aud": 0.66}
"""What a unit is worth in dollars where nobody knows a dated rate."""
_USD: ContextVar[Mapping[str, float]] = ContextVar("usd", default=USUAL_USD)


@contextmanager
def counting_with(usd_per_unit: Mapping[str, float]) -> Iterator[None]:
    """In this block, amounts in other currencies are converted by these rates; those without one by the usual ones.

    >>> with counting_with({"EUR": 1.25}):
    ...     amount("EUR 500", "money").value
    625.0
    """
    token = _USD.set(USUAL_USD | {code.lower(): usd for code, usd in usd_per_unit.items()})
    try:
        yield
    finally:
        _USD.reset(token)


_UNITS: Mapping[str, Mapping[str, float]] = {
    "count": _COUNTS,
    "money": {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6},
    "gigabytes": {"gb": 1, "gib": 1, "g": 1, "tb": 1e3, "tib": 1e3, "t": 1e3, "mb": 1e-3, "mib": 1e-3},
    "hours": {
        "stunde": 1,
        "stunden": 1,
        "minuten": 1 / 60,
        "tag": 24,
        "tage": 24,
        "tagen": 24,
        "woche": 168,
        "wochen": 168,
        "h": 1,
        "hr": 1,
        "hour": 1,
        "min": 1 / 60,
        "minute": 1 / 60,
        "d": 24,
        "day": 24,
        "week": 168,
        "k": 1e3,
    },
    "seconds": {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "sekunde": 1, "sekunden": 1, "minuten": 60},
    "milliseconds": {"ms": 1, "millisecond": 1, "s": 1e3, "sec": 1e3, "second": 1e3},
    "watts": {"w": 1, "watt": 1, "kw": 1e3},
    "months": {"mo": 1, "month": 1, "y": 12, "yr": 12, "year": 12, "monat": 1, "monate": 1, "jahr": 12, "jahre": 12},
    "pixels": {"px": 1, "pixel": 1, "p": 1, "k": 1e3, "voxel": 1, "point": 1, "punkt": 1, "punkte": 1},
}
_WHOLE = {"count", "money", "pixels"}
"""Measures in which 250.000 means a quarter of a million, as people write in much of Europe."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that was understood, and how it was written where its unit is not ours."""

    value: float
    foreign: str = ""


def amount(text: str, measure: str) -> Amount | None:
    """A number in the measure's base unit (USD, GB, hours, seconds, pixels); None when it cannot be read.

    >>> amount("20k", "count"), amount("1,5 TB", "gigabytes"), amount("EUR 500", "money")
    (Amount(value=20000.0, foreign=''), Amount(value=1500.0, foreign=''), Amount(value=550.0, foreign='EUR 500'))
    >>> amount("2 days", "hours").value, amount("1024 x 768", "pixels").value, amount("many", "count")
    (48.0, 1024.0, None)
    """
    found = _TEXT.fullmatch(_SIZES.sub("", text.strip().lower()) if measure == "pixels" else text.strip().lower())
    if found is None:
        return None
    value = _number(found["number"], whole=measure in _WHOLE)
    words = re.findall(r"us\$|[a-z]+|[^\s\w.,]", f"{found['before']} {found['after']}")
    if value is None:
        return None
    foreign = ""
    for place, word in enumerate(words):
        factor = _factor(word, measure)
        if factor is None and (measure == "money" or (place == 0 and not _is_noun(word, measure))):
            return None
        if measure == "money" and _currency(word) not in {"", "usd"}:
            foreign = text.strip()
        value *= factor or 1
    return Amount(float(round(value)) if foreign and value >= WHOLE_FROM else value, foreign)


def amount_of(field: Field, text: str) -> Amount | None:
    """A number as an answer to a field; None when it cannot be read or lies outside what the field takes."""
    found = amount(text, field.measure)
    return found if found and field.min <= found.value <= field.max else None


def day(text: str) -> date | None:
    """A day, as forms send it or as it is written in much of Europe; None when it cannot be read.

    >>> day("2026-12-24"), day("24.12.2026"), day("Christmas")
    (datetime.date(2026, 12, 24), datetime.date(2026, 12, 24), None)
    """
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            return datetime.strptime(text.strip(), pattern).replace(tzinfo=UTC).date()
    return None


def hours_until(text: str, *, now: datetime | None = None) -> float | None:
    """Hours from today to a day; None when that is no day after today.

    >>> hours_until("2026-12-24", now=datetime(2026, 12, 22, tzinfo=UTC)), hours_until("2020-01-01")
    (48.0, None)
    """
    wanted = day(text)
    days = (wanted - (now or datetime.now(UTC)).date()).days if wanted else 0
    return HOURS_PER_DAY * days if days > 0 else None


def _factor(word: str, measure: str) -> float | None:
    units = _UNITS[measure]
    if measure == "money" and (code := _currency(word)):
        return 1.0 if code == "usd" else _USD.get()[code]
    return units.get(word) or units.get(word.removesuffix("s"))


def _currency(word: str) -> str:
    """The code of a currency that a word names; "" when it names none.

    >>> _currency("euros"), _currency("£"), _currency("k")
    ('eur', 'gbp', '')
    """
    for spelled in (word, word.removesuffix("s")):
        code = _CODES.get(spelled, spelled)
        if code == "usd" or code in _USD.get():
            return code
    return ""


def _is_noun(word: str, measure: str) -> bool:
    """Whether a word only says what is counted: "25000 pictures"."""
    return measure == "count" and len(word) > 3


def _number(text: str, *, whole: bool) -> float | None:
    """A number with any of the marks in use for decimals and thousands; None when they contradict each other."""
    digits, _, exponent = re.sub(r"[\s\u00a0'_]", "", text).partition("e")
    found = _MARKED.fullmatch(digits)
    if found is None:
        return None
    body, mark, tail = found["body"] or found["plain"], found["mark"], found["tail"] or ""
    certain = mark and (body.count(mark) > 1 or tail)
    if certain or (mark and not body.startswith("0") and (mark == "," or whole)):
        body = body.replace(mark, "")
    plain = (body + tail).replace(",", ".")
    return float(f"{found['sign']}{plain}e{exponent or 0}") if plain.strip(".") else None
