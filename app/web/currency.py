"""Prices stand in US dollars; people elsewhere are told what that means for them."""

import tomllib
from functools import cache
from pathlib import Path

from app.questionnaire.questions import countries

_FILE = Path(__file__).with_name("currencies.toml")


@cache
def currency_of() -> dict[str, str]:
    """ISO 3166 code of a country to the name of the currency that people pay in there."""
    with _FILE.open("rb") as file:
        return {code: name for name, codes in tomllib.load(file).items() for code in codes}


def currency_note(country: str) -> str:
    """What to know about the prices in a country; "" where dollars are paid or nobody said the country.

    >>> currency_note("US"), currency_note("")
    ('', '')
    """
    code = country.upper()
    currency = currency_of().get(code, "")
    if not currency:
        return ""
    return (
        f"Prices are in US dollars, before tax. People in {countries()[code]} pay in {currency}: the catalogue holds "
        "no dated exchange rate, so nothing is converted. Local prices with tax are often higher."
    )
