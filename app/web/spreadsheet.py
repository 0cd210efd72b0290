"""Tables for spreadsheets."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as comma-separated values below their head; unknown values are empty."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> str:
    """A value as a spreadsheet should read it: text that looks like a formula is kept from being one."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
