"""Tables for spreadsheets."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from app.web.currency import DOLLARS, Currency

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""
DECIMAL_PLACES = 4
"""Of converted amounts: the price of an hour is often a few cents."""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]], *, currency: Currency = DOLLARS) -> str:
    """Rows as comma-separated values below their head; unknown values are empty.

    In another currency than dollars, every column of dollars follows once more in that currency.
    """
    out = StringIO()
    writer = csv.writer(out)
    dollars = [place for place, name in enumerate(head) if "usd" in name] if currency.rate else []
    writer.writerow([*head, *(head[place].replace("usd", currency.code.lower()) for place in dollars)])
    for row in rows:
        writer.writerow([_cell(value) for value in (*row, *(_converted(row[place], currency) for place in dollars))])
    return out.getvalue()


def _converted(usd: object, currency: Currency) -> float | None:
    return round(usd * currency.per_usd, DECIMAL_PLACES) if isinstance(usd, int | float) else None


def _cell(value: object) -> str:
    """A value as a spreadsheet should read it: text that looks like a formula is kept from being one."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
