"""Numbers of the pages on trade-offs: latency against throughput, buying against renting."""

from dataclasses import dataclass
from typing import Self

from app import formatting
from app.advice.market import Price
from app.advice.money import money
from app.advice.rental import DeviceHour
from app.catalogue.snapshot import Snapshot
from app.engine import cost
from app.engine.hardware import Accelerator
from app.engine.units import HOURS_PER_MONTH
from app.languages import say, say_count, spoken
from app.learn.estimating import estimated
from app.learn.lesson import Bar, Table, Worked

SERVER = "h100-sxm5-80gb"
CHAT = {
    "task": "inference",
    "domain": "text",
    "model": {"name": "llama-3.1-8b"},
    "precision": "bf16",
    "framework": "vllm",
    "prompt_tokens": 512,
    "output_tokens": 256,
}
CROWDS = (1, 4, 16, 64)
CARD = "geforce-rtx-5090"
HOURS = (10, 50, 100, 200, 400)
"""Hours of use a month, from a few evenings to most of the time."""


def latency_and_throughput(catalogue: Snapshot) -> Worked:
    """One card that answers one person, and crowds."""
    answers = [estimated(catalogue, {**CHAT, "concurrent_requests": crowd}, device=SERVER) for crowd in CROWDS]
    spans = [answer.throughput.decode_tokens_per_s if answer.throughput else None for answer in answers]
    totals = [span.expected if span else 0.0 for span in spans]
    each = [total / crowd for total, crowd in zip(totals, CROWDS, strict=True)]
    people = [say_count("{count} person", "{count} people at once", of=crowd, count=crowd) for crowd in CROWDS]
    card = catalogue.accelerators[SERVER]
    return Worked(
        numbers={
            "card": card.name,
            "crowd": str(CROWDS[-1]),
            "alone": formatting.number(totals[0]),
            "together": formatting.number(totals[-1]),
            "each": formatting.number(each[-1]),
            "gain": formatting.number(totals[-1] / totals[0]),
            "slower": formatting.number(each[0] / each[-1]),
        },
        bars=tuple(
            Bar(name, (total,), formatting.with_unit(total, "tokens/s"))
            for name, total in zip(people, totals, strict=True)
        ),
        table=Table(
            (say("How many"), say("All together"), say("Each of them")),
            tuple(
                (name, formatting.with_unit(total, "tokens/s"), formatting.with_unit(one, "tokens/s"))
                for name, total, one in zip(people, totals, each, strict=True)
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Owned:
    """A card with the computer around it, over its years of use."""

    paid_usd: float
    kept_usd: float
    wall_w: float
    usd_per_hour: float
    months: float

    @classmethod
    def of(cls, card: Accelerator, *, device_usd: float) -> Self:
        """One card, with the usual assumptions about money."""
        paid = float(cost.purchase_usd(device_usd=device_usd, count=1, host_usd=money("host_usd")))
        months = money("horizon_months")
        kept = cost.resale_usd(
            paid_usd=paid,
            months=months,
            share_after_fraction=money("resale_fraction"),
            share_after_months=money("resale_months"),
        )
        watts = cost.power_w(
            device_w=card.tdp_w or money("device_w"),
            count=1,
            host_w=money("host_w"),
            supply_efficiency_fraction=money("supply_efficiency"),
        )
        hour = cost.energy_usd(wall_w=watts, hours=1.0, usd_per_kwh=money("electricity_usd_per_kwh"))
        return cls(paid, float(kept), float(watts), float(hour), months)

    def spent_usd(self, hours: float) -> float:
        """Everything paid for so many hours a month, less what a sale brings."""
        spent = cost.cumulative_buy_usd(
            months=self.months, purchase=self.paid_usd, running_usd_per_month=hours * self.usd_per_hour
        )
        return float(spent) - self.kept_usd

    def rented_usd(self, hours: float, usd_per_hour: float) -> float:
        """What renting for so many hours a month costs in the same time."""
        rent = cost.cumulative_rent_usd(
            months=self.months, hours_per_month=hours, usd_per_hour=usd_per_hour, fixed_usd_per_month=0.0
        )
        return float(rent)

    def break_even(self, usd_per_hour: float) -> float | None:
        """Hours a month from which on owning is cheaper than this rent."""
        return cost.break_even_hours_per_month(
            purchase=self.paid_usd,
            resale=self.kept_usd,
            horizon_months=self.months,
            own_fixed_usd_per_month=0.0,
            own_usd_per_hour=self.usd_per_hour,
            rent_usd_per_hour=usd_per_hour,
            rent_fixed_usd_per_month=0.0,
        )


def buy_or_rent(catalogue: Snapshot) -> Worked:
    """One card owned, or rented at the lowest and the highest price, for some hours a month."""
    card = catalogue.accelerators[CARD]
    price = newest_price(catalogue, CARD)
    cheap, dear = rents(catalogue, CARD)
    owned = Owned.of(card, device_usd=price.usd)
    rows = [
        (hours, owned.spent_usd(hours), owned.rented_usd(hours, cheap.usd), owned.rented_usd(hours, dear.usd))
        for hours in HOURS
    ]
    ways = (say("Buy"), say("Rent, cheapest"), say("Rent, dearest"))
    return Worked(
        numbers={
            "card": card.name,
            "price": formatting.usd(price.usd),
            "price_date": formatting.day(price.as_of),
            "paid": formatting.usd(owned.paid_usd),
            "kept": formatting.usd(owned.kept_usd),
            "months": formatting.exact(owned.months),
            "watts": formatting.number(owned.wall_w),
            "own_hour": formatting.usd_per_hour(owned.usd_per_hour),
            "rent_hour": formatting.usd_per_hour(cheap.usd),
            "provider": provider_name(catalogue, cheap.provider),
            "rent_date": formatting.day(cheap.as_of),
            "dear_hour": formatting.usd_per_hour(dear.usd),
            "dear_provider": provider_name(catalogue, dear.provider),
            "dear_date": formatting.day(dear.as_of),
            "break_even": _told(owned.break_even(cheap.usd)),
            "dear_break_even": _told(owned.break_even(dear.usd)),
            "month_hours": formatting.exact(HOURS_PER_MONTH),
        },
        bars=tuple(
            Bar(
                say("{hours} h a month: {way}", hours=hours, way=way.lower() if spoken().english else way),
                (0.0,) * place + (usd,),
                formatting.usd(usd),
            )
            for hours, *costs in rows
            for place, (way, usd) in enumerate(zip(ways, costs, strict=True))
        ),
        legend=ways,
        table=Table(
            (say("Hours a month"), *ways),
            tuple((str(hours), *(formatting.usd(usd) for usd in costs)) for hours, *costs in rows),
        ),
    )


def rents(catalogue: Snapshot, slug: str) -> tuple[DeviceHour, DeviceHour]:
    """The lowest and the highest price of an hour, on demand, at living providers."""
    living = {each.slug for each in catalogue.market.providers if each.status == "active"}
    hours = [
        DeviceHour(each.usd_per_hour_on_demand / each.accelerator_count, each.provider, each.as_of, each.source)
        for each in catalogue.market.offers
        if each.accelerator == slug and each.provider in living and each.usd_per_hour_on_demand
    ]
    if not hours:
        raise LookupError(slug)
    return min(hours, key=lambda hour: hour.usd), max(hours, key=lambda hour: hour.usd)


def provider_name(catalogue: Snapshot, slug: str) -> str:
    """What a provider is called."""
    return next((each.name for each in catalogue.market.providers if each.slug == slug), slug)


def newest_price(catalogue: Snapshot, slug: str) -> Price:
    """The latest known price of a new device; of several of one day the lowest."""
    prices = [each for each in catalogue.market.prices if each.accelerator == slug and each.condition == "new"]
    if not prices:
        raise LookupError(slug)
    newest = max(each.as_of for each in prices)
    return min((each for each in prices if each.as_of == newest), key=lambda each: each.usd)


def _told(even: float | None) -> str:
    return (
        say("no number of hours at all")
        if even is None
        else say("about {hours} hours a month", hours=formatting.number(even))
    )
