"""Rent instead: offers, and from how many hours a month on buying is cheaper."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app import formatting
from app.advice.reasons import Reason
from app.contract.answer import BuyOrRentAnswer, CloudAnswer, RangeAnswer, RecommendationAnswer
from app.languages import say
from app.web.charts import Drop, LineChart, line_chart
from app.web.currency import DOLLARS, Currency
from app.web.labels import assumed_value, label, place
from app.worded import worded
from app.wording import sentence

OFFERS_IN_WORDS = (
    worded("per-GPU list"), worded("community-cloud pod"), worded("secure-cloud pod"),
    worded("per-GPU (lowest of all shapes)"), worded("on-demand"), worded("spot"), worded("marketplace"),
)  # fmt: skip
"""What the catalogue calls offers that have no name of their own."""
_SAMPLED = re.compile(r"marketplace offer \(cheapest rentable of (\d+) sampled\)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")

WIDE = (640, 280)
NARROW = (340, 250)
"""Sizes of the chart, for wide and narrow screens: a shrunken wide one could not be read."""

SHOWN_AT_ONCE = 3
"""Offers that stand open; the rest is one click away."""

FEWEST_FOR_A_LINE = 3
"""Months from which on the monthly cost, and so the resale at the end, can be told from the sums."""

LEAST_RESALE_USD = 1.0
"""Below, the last month only differs by rounding."""

MOST_ROWS = 5
"""Rows of the chart's table twin."""


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer."""

    provider: str
    accelerator: str
    note: str
    """The provider's own name for it."""
    region: str
    per_hour: str
    usd_per_hour: float
    spot: bool
    hours: str
    total: str
    as_of: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    """What was paid up to a month."""

    month: str
    buy: str
    rent: str


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Buying against renting over time."""

    explanation: str
    caption: str
    description: str
    break_even_hours: float | None
    charts: tuple[LineChart, ...]
    rows: tuple[MonthRow, ...]
    assumptions: tuple[str, ...]

    @classmethod
    def of(cls, found: BuyOrRentAnswer, *, offers: Sequence[CloudAnswer] = ()) -> Self:
        """The comparison, with the offers it may speak of; without a chart where there are no months."""
        return cls(
            explanation=found.explanation,
            caption=say(
                "Money spent up to each month: buying {bought}, or renting {rented}.",
                bought=found.buy_hardware or say("your own"),
                rented=_rented(found, offers),
            ),
            description=_description(found),
            break_even_hours=found.break_even_hours_per_month,
            charts=_charts(found),
            rows=_rows(found),
            assumptions=tuple(
                f"{label('assumption', each.field)}: {assumed_value(each.value, each.field)}. {_because(each.why)}"
                for each in found.assumptions
            ),
        )


@dataclass(frozen=True, slots=True)
class RentSection:
    """Offers and the comparison."""

    offers: tuple[OfferRow, ...]
    more_offers: tuple[OfferRow, ...]
    notes: tuple[str, ...]
    """Remarks on offers, each once."""
    break_even: BreakEven | None
    monthly: bool
    """Whether hours and costs are those of a month, as there is no run that ends."""

    @classmethod
    def of(cls, answer: RecommendationAnswer, *, currency: Currency = DOLLARS) -> Self | None:
        """The section of an answer; None where there is nothing to rent and nothing to compare."""
        if not answer.cloud and answer.buy_or_rent is None:
            return None
        offers = tuple(_offer(offer, currency, monthly=by_month(answer)) for offer in answer.cloud)
        return cls(
            offers=offers[:SHOWN_AT_ONCE],
            more_offers=offers[SHOWN_AT_ONCE:],
            notes=_notes(answer.cloud),
            break_even=BreakEven.of(answer.buy_or_rent, offers=answer.cloud) if answer.buy_or_rent else None,
            monthly=by_month(answer),
        )


def _notes(offers: Sequence[CloudAnswer]) -> tuple[str, ...]:
    """Remarks on providers; that costs are a month's stands in the head of the table."""
    head = sentence(Reason("cloud_per_month"))
    return tuple(dict.fromkeys(f"{each.provider}: {each.note}" for each in offers if each.note not in {"", head}))


def by_month(answer: RecommendationAnswer) -> bool:
    """Whether offers are told by the month: a run takes about so long, the hours of a month are exactly those asked."""
    told = [offer.hours for offer in answer.cloud if offer.hours]
    return bool(told) and all(hours.low == hours.high for hours in told)


def _because(why: str) -> str:
    """A reason as a sentence, its dates in words."""
    dated = _DATE.sub(lambda found: formatting.day(found[0]), why)
    return f"{dated[:1].upper()}{dated[1:]}".rstrip(".") + "."


def named_in_words(instance: str) -> str:
    """The provider's name for an offer, in the language of the page where it is made of words."""
    sampled = _SAMPLED.fullmatch(instance)
    if sampled:
        return say("marketplace offer (cheapest rentable of {count} sampled)", count=sampled[1])
    return say(instance) if instance in OFFERS_IN_WORDS else instance


def _offer(offer: CloudAnswer, currency: Currency, *, monthly: bool) -> OfferRow:
    return OfferRow(
        provider=offer.provider,
        accelerator=formatting.times(offer.count, offer.accelerator),
        note=named_in_words(offer.instance),
        region=place(offer.region) or say("any"),
        per_hour=formatting.usd_per_hour(offer.usd_per_hour),
        usd_per_hour=offer.usd_per_hour,
        spot=offer.pricing == "spot",
        hours=_hours(offer.hours, monthly=monthly) if offer.hours else "",
        total=currency.beside(offer.total_usd.low, offer.total_usd.high) if offer.total_usd else "",
        as_of=formatting.day(offer.as_of),
    )


def _hours(hours: RangeAnswer, *, monthly: bool) -> str:
    """How long a run takes; hours of a month are counted as the price is."""
    if monthly:
        return f"{hours.expected:.0f} h"
    return formatting.duration_between(hours.low, hours.high)


def _rented(found: BuyOrRentAnswer, offers: Sequence[CloudAnswer]) -> str:
    """What is rented in people's words; the provider's own name only where the offer is not shown."""
    named = found.rent_offer or ""
    meant = [
        offer
        for offer in offers
        if named.startswith(offer.provider) and offer.instance.endswith(named.removeprefix(offer.provider).strip())
    ]
    hardware = {formatting.times(offer.count, offer.accelerator) for offer in meant}
    if not meant:
        return named or say("a machine")
    thing = hardware.pop() if len(hardware) == 1 else say("a machine")
    return say("{hardware} from {provider}", hardware=thing, provider=meant[0].provider)


def _resale_usd(found: BuyOrRentAnswer) -> float:
    """What selling brings at the end: how far the last month falls below the line of the months before it."""
    spent = found.buy_cumulative_usd
    if len(spent) < FEWEST_FOR_A_LINE:
        return 0.0
    fallen = 2 * spent[-2] - spent[-3] - spent[-1]
    return fallen if fallen > LEAST_RESALE_USD else 0.0


def _charts(found: BuyOrRentAnswer) -> tuple[LineChart, ...]:
    if len(found.months) < 2:
        return ()
    buy, rent, resale = found.buy_cumulative_usd, found.rent_cumulative_usd, _resale_usd(found)
    before = [*buy[:-1], buy[-1] + resale]
    bought, rented = (formatting.usd(usd) for usd in (before[-1], rent[-1]))
    series = (("buy", say("buy {price}", price=bought), before), ("rent", say("rent {price}", price=rented), rent))
    sold = say("sold again: {price}", price=formatting.usd(buy[-1]))
    drop = Drop("resale", before[-1], buy[-1], sold) if resale else None
    sizes = (("wide", *WIDE), ("narrow", *NARROW))
    return tuple(
        line_chart(found.months, series, css=css, width=width, height=height, drop=drop) for css, width, height in sizes
    )


def _description(found: BuyOrRentAnswer) -> str:
    if not found.months:
        return ""
    buy, rent, resale = found.buy_cumulative_usd, found.rent_cumulative_usd, _resale_usd(found)
    places = {
        "months": found.months[-1],
        "bought": formatting.usd(buy[-1]),
        "rented": formatting.usd(rent[-1]),
        "hours": formatting.number(found.hours_per_month),
    }
    if resale and len(rent) >= FEWEST_FOR_A_LINE and rent[-1] == rent[-2]:  # what is rented for one run has an end
        return say(
            "After {months} months and one run, buying has cost {bought} once it is sold again for about {resale} (the "
            "dotted step), and renting {rented}.",
            resale=formatting.usd(resale),
            **places,
        )
    if not resale:
        return say(
            "After {months} months, buying has cost {bought}, and renting {rented}, at {hours} hours a month.", **places
        )
    return say(
        "After {months} months, buying has cost {bought} once it is sold again for about {resale} (the dotted step), "
        "and renting {rented}, at {hours} hours a month.",
        resale=formatting.usd(resale),
        **places,
    )


def _rows(found: BuyOrRentAnswer) -> tuple[MonthRow, ...]:
    """Some of the months; the last one before and after the sale."""
    every = max(1, -(-len(found.months) // MOST_ROWS))
    resale = _resale_usd(found)
    buy = [*found.buy_cumulative_usd[:-1], *(usd + resale for usd in found.buy_cumulative_usd[-1:])]
    points = list(zip((str(month) for month in found.months), buy, found.rent_cumulative_usd, strict=True))
    shown = points[::every]
    if points and shown[-1] != points[-1]:
        shown.append(points[-1])
    if resale:
        shown.append(
            (
                say("{months}, sold again", months=found.months[-1]),
                found.buy_cumulative_usd[-1],
                found.rent_cumulative_usd[-1],
            )
        )
    return tuple(MonthRow(month, formatting.usd(bought), formatting.usd(rented)) for month, bought, rented in shown)
