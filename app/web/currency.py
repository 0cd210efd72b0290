"""Prices stand in US dollars; where the catalogue holds a dated exchange rate, pages can show another currency."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app import formatting
from app.advice.market import ExchangeRate
from app.languages import say
from app.questionnaire.questions import countries

_FILE = Path(__file__).with_name("currencies.toml")

SYMBOLS = {
    "USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥", "CHF": "CHF\u00a0", "CAD": "CA$", "AUD": "A$",
}  # fmt: skip
FIGURES = 5
"""Significant figures of a rate."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency to show prices in."""

    code: str
    rate: ExchangeRate | None = None
    """None: US dollars, as the prices are kept."""

    @property
    def symbol(self) -> str:
        """What stands before an amount."""
        return SYMBOLS.get(self.code, f"{self.code}\u00a0")

    @property
    def per_usd(self) -> float:
        """Units for one dollar."""
        return self.rate.per_usd if self.rate else 1.0

    @property
    def note(self) -> str:
        """By which rate amounts were converted; empty for dollars."""
        if self.rate is None:
            return ""
        return say(
            "Converted from US dollars at {rate} {currency} for 1 USD, the rate of {day}. "
            "Local prices and taxes differ.",
            rate=formatting.number(self.rate.per_usd, figures=FIGURES),
            currency=self.code,
            day=formatting.day(self.rate.as_of),
        )

    def money(self, usd: float | None) -> str:
        """An amount.

        >>> from datetime import date
        >>> Currency("EUR", ExchangeRate("EUR", 0.8, date(2026, 8, 21), "")).money(1000.0), Currency("USD").money(0.4)
        ('€800', '$0.40')
        """
        return self.dressed(formatting.usd(None if usd is None else usd * self.per_usd))

    def between(self, low: float | None, high: float | None) -> str:
        """An interval."""
        ends = (None if usd is None else usd * self.per_usd for usd in (low, high))
        return self.dressed(formatting.usd_between(*ends))

    def per_hour(self, usd: float | None) -> str:
        """A price of an hour."""
        return self.dressed(formatting.usd_per_hour(None if usd is None else usd * self.per_usd))

    def beside(self, low: float | None, high: float | None) -> str:
        """An interval in dollars, with this currency in brackets behind it.

        >>> from datetime import date
        >>> Currency("EUR", ExchangeRate("EUR", 0.8, date(2026, 8, 21), "")).beside(1000.0, 1200.0)
        '$1,000 to $1,200 (€800 to €960)'
        """
        dollars = formatting.usd_between(low, high)
        return f"{dollars} ({self.between(low, high)})" if self.rate and low is not None else dollars

    def dressed(self, dollars: str) -> str:
        """A text about dollars with this currency's own sign."""
        return dollars.replace("$", self.symbol)


DOLLARS = Currency("USD")


def currencies(rates: Iterable[ExchangeRate]) -> tuple[Currency, ...]:
    """What prices can be shown in: dollars, and each currency with a rate."""
    return (DOLLARS, *(Currency(rate.currency, rate) for rate in rates))


def currency_named(code: str, rates: Iterable[ExchangeRate]) -> Currency:
    """The currency of a code; dollars where there is no rate for it."""
    return next((each for each in currencies(rates) if each.code == code.upper()), DOLLARS)


@cache
def currency_of() -> dict[str, str]:
    """ISO 3166 code of a country to the name of the currency that people pay in there."""
    with _FILE.open("rb") as file:
        return {code: name for name, entry in tomllib.load(file).items() for code in entry["countries"]}


@cache
def _code_of() -> dict[str, str]:
    """ISO 3166 code of a country to the ISO 4217 code of its currency."""
    with _FILE.open("rb") as file:
        return {code: entry["code"] for entry in tomllib.load(file).values() for code in entry["countries"]}


def currency_in(country: str, rates: Iterable[ExchangeRate]) -> Currency:
    """The currency of a country; dollars where there is no rate for it."""
    return currency_named(_code_of().get(country.upper(), ""), rates)


def currency_note(country: str, rates: Iterable[ExchangeRate] = ()) -> str:
    """What to know about the prices in a country; "" where dollars are paid or nobody said the country.

    >>> currency_note("US"), currency_note("")
    ('', '')
    """
    code = country.upper()
    name = currency_of().get(code, "")
    if not name:
        return ""
    places = {"country": say(countries()[code]), "currency": say(name)}
    told = currency_in(code, rates).note
    if told:
        return (
            say(
                "Prices are in US dollars, before tax; amounts in brackets are in {currency}, as paid in {country}.",
                **places,
            )
            + f" {told}"
        )
    return say(
        "Prices are in US dollars, before tax. People in {country} pay in {currency}: the catalogue holds no dated "
        "exchange rate, so nothing is converted. Local prices with tax are often higher.",
        **places,
    )
