"""What a dollar is worth: the European Central Bank's daily reference rates, as frankfurter.dev serves them."""

from dataclasses import dataclass
from datetime import date

from app.sources.fetching import Document, Fetcher
from app.sources.reading import MalformedError, json_object, price

CURRENCIES = ("EUR", "GBP", "INR", "JPY", "CHF", "CAD", "AUD")
ADDRESS = f"https://api.frankfurter.dev/v1/latest?base=USD&symbols={','.join(CURRENCIES)}"
PLAUSIBLE = {
    "EUR": (0.5, 1.5), "GBP": (0.4, 1.3), "INR": (40.0, 200.0), "JPY": (60.0, 400.0), "CHF": (0.4, 1.5),
    "CAD": (0.8, 2.5), "AUD": (0.8, 2.5),
}  # fmt: skip
"""Units of a currency for one dollar; outside of these something was turned round."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Units of each currency for one dollar, on one day."""

    per_usd: dict[str, float]
    day: date

    def usd(self, value: float, currency: str) -> float:
        """An amount in dollars.

        >>> round(Rates({"EUR": 0.8}, date(2026, 8, 21)).usd(2.0, "EUR"), 2)
        2.5
        """
        if currency == "USD":
            return value
        if currency not in self.per_usd:
            raise MalformedError(f"{ADDRESS}: there is no rate for {currency}")
        return round(value / self.per_usd[currency], 6)

    def note(self, value: float, currency: str) -> str:
        """How an amount was turned into dollars."""
        rate = 1 / self.per_usd[currency]
        return f"{currency} {value:g}/h before tax, at {rate:.4f} USD for 1 {currency} (ECB {self.day.isoformat()})"


def fetch(fetcher: Fetcher) -> Document:
    """Today's rates, whatever was read before."""
    return fetcher.get(ADDRESS)


def parse(document: Document) -> Rates:
    """The rates of a document; implausible ones are refused."""
    told = json_object(document)
    rates = told.get("rates")
    if told.get("base") != "USD" or not isinstance(rates, dict):
        raise MalformedError(f"{ADDRESS}: there are no rates for the dollar")
    found = {name: rate for name, rate in ((name, price(rates.get(name))) for name in CURRENCIES) if rate}
    for name, rate in found.items():
        low, high = PLAUSIBLE[name]
        if not low <= rate <= high:
            raise MalformedError(f"{ADDRESS}: {rate:g} {name} for a dollar cannot be")
    try:
        return Rates(found, date.fromisoformat(str(told.get("date"))))
    except ValueError as error:
        raise MalformedError(f"{ADDRESS}: there is no date") from error
