"""Where sources differ about a price: who says what, and what answers count with."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from app import formatting
from app.advice.market import Price
from app.advice.money import money
from app.languages import say
from app.web.currency import Currency
from app.web.labels import label
from app.worded import worded

FAR_APART = 1.25
"""From which ratio of the highest to the lowest price on sources differ; less is the usual spread of shops."""
NEWEST = worded(
    "Sources differ about its price ({condition}): {low_source} says {low} ({low_day}), {high_source} says {high} "
    "({high_day}). We count with {used}, because it is the newest."
)
BEST_SUPPORTED = worded(
    "Sources differ about its price ({condition}): {low_source} says {low} ({low_day}), {high_source} says {high} "
    "({high_day}). We count with {used}, the best supported of the newest."
)


def differences(prices: Sequence[Price], counted: Mapping[str, Price], *, currency: Currency) -> tuple[str, ...]:
    """A sentence for each condition about which sources differ; ``counted`` holds the price that answers take.

    Prices that are too old to rank beside the one that is taken differ by their age, and count as history.
    """
    told = (_told(prices, used, currency=currency) for used in counted.values())
    return tuple(sentence for sentence in told if sentence)


def _told(prices: Sequence[Price], used: Price, *, currency: Currency) -> str:
    since = used.as_of - timedelta(days=money("price_age_days"))
    rivals = [each for each in prices if each.condition == used.condition and each.as_of >= since]
    low, high = min(rivals, key=lambda each: each.usd), max(rivals, key=lambda each: each.usd)
    if high.usd < FAR_APART * low.usd:
        return ""
    alone = sum(each.as_of == used.as_of for each in rivals) == 1
    return say(
        NEWEST if alone else BEST_SUPPORTED,
        condition=label("condition", used.condition),
        low_source=site(low.source),
        low=currency.money(low.usd),
        low_day=formatting.day(low.as_of),
        high_source=site(high.source),
        high=currency.money(high.usd),
        high_day=formatting.day(high.as_of),
        used=currency.money(used.usd),
    )


def site(source: str) -> str:
    """The site that a source stands on; other sources as they are.

    >>> site("https://www.example.org/prices/today"), site("a shop nearby")
    ('example.org', 'a shop nearby')
    """
    return source.removeprefix("https://").removeprefix("www.").split("/")[0] if "://" in source else source
