"""Measurements as text for a terminal."""

from app import formatting
from app.measure.compare import Compared

HEAD = ("", "measured", "predicted", "measured / predicted")
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def row_of(found: Compared) -> tuple[str, str, str, str]:
    """One line of the table."""
    ratio = formatting.UNKNOWN if found.ratio is None else f"{found.ratio:.2f}"
    figure = found.figure
    return figure.title, amount(figure.value, figure.unit), amount(found.predicted, figure.unit), ratio


def amount(value: float | None, unit: str) -> str:
    """A rate or a time in a unit that reads well.

    >>> amount(1.5e12, "FLOP/s"), amount(0.25, "s"), amount(81920.0, "tokens/s"), amount(None, "s")
    ('1.5 TFLOP/s', '0.25 s', '81,900 tokens/s', 'unknown')
    """
    if value is None:
        return formatting.UNKNOWN
    for size, prefix in PREFIXES if unit in {"FLOP/s", "bytes/s"} else ():
        if value >= size:
            return f"{three_figures(value / size)} {prefix}{'B/s' if unit == 'bytes/s' else unit}"
    return f"{three_figures(value)} {unit}"


def three_figures(value: float) -> str:
    """A measured number to three figures."""
    return formatting.exact(float(f"{value:.3g}"))
