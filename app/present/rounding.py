"""How many digits an answer shows."""

SIGNIFICANT_DIGITS = 6
"""More digits than anything here is known to; fewer make the parts of a sum look wrong."""


def rounded(value: float) -> float:
    """A number to six significant digits.

    >>> rounded(3.14159265)
    3.14159
    """
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
