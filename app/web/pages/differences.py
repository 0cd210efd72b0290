"""What changed between a kept answer and today's answer to the same question."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from app import formatting
from app.contract.answer import PriceAnswer, RangeAnswer, RecommendationAnswer
from app.languages import say
from app.web.labels import label, place
from app.worded import worded

NONE = worded("none")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing, then and now."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class DifferencesPage:
    """Then and now."""

    template: ClassVar[str] = "results/differences.html"

    title: str
    kept_on: str
    kept_url: str
    today_url: str
    verdict: str
    """Of today."""
    data: str
    """From which data both come."""
    differences: tuple[Difference, ...]

    @classmethod
    def of(cls, before: RecommendationAnswer, now: RecommendationAnswer, *, slug: str, kept_on: str) -> Self:
        """The comparison of two answers to one question."""
        old, new = before.provenance, now.provenance
        told = dict.fromkeys(_compared(before, now))
        return cls(
            title=say("With today's data"),
            kept_on=kept_on,
            kept_url=f"/r/{slug}",
            today_url=f"/result?{now.links.html.partition('?')[2]}",
            verdict=now.verdict,
            data=say(
                "Kept: catalogue revision {old_revision}, engine {old_engine}. "
                "Today: catalogue revision {new_revision}, engine {new_engine}.",
                old_revision=old.catalogue_revision,
                old_engine=old.engine_version,
                new_revision=new.catalogue_revision,
                new_engine=new.engine_version,
            ),
            differences=tuple(each for each in told if each.before != each.now),
        )


def _compared(before: RecommendationAnswer, now: RecommendationAnswer) -> Iterator[Difference]:
    yield Difference(say("Verdict"), before.verdict, now.verdict)
    yield Difference(say("Kind of answer"), before.scenario.title, now.scenario.title)
    yield Difference(say("Class of hardware"), before.tier.title, now.tier.title)
    yield Difference(say("Memory"), _memory(before.need.memory_gib), _memory(now.need.memory_gib))
    yield from _picks(before, now)
    yield from _offers(before, now)
    yield Difference(say("Buying pays from"), _break_even(before), _break_even(now))


def _picks(before: RecommendationAnswer, now: RecommendationAnswer) -> Iterator[Difference]:
    old, new = ({pick.role: pick for pick in answer.picks} for answer in (before, now))
    for role in dict.fromkeys([*old, *new]):
        names = [
            formatting.times(held[role].hardware.count, held[role].hardware.name) if role in held else say(NONE)
            for held in (old, new)
        ]
        yield Difference(label("role", role), names[0], names[1])
        if names[0] == names[1]:
            yield Difference(
                say("Price of {name}", name=names[0]), _price(old[role].price_usd), _price(new[role].price_usd)
            )


def _offers(before: RecommendationAnswer, now: RecommendationAnswer) -> Iterator[Difference]:
    old, new = (
        {
            say(
                "{hardware} at {provider}, {region}",
                hardware=formatting.times(offer.count, offer.accelerator),
                provider=offer.provider,
                region=place(offer.region),
            ): offer
            for offer in answer.cloud
        }
        for answer in (before, now)
    )
    for name in dict.fromkeys([*old, *new]):
        prices = [
            formatting.usd_per_hour(held[name].usd_per_hour) if name in held else say(NONE) for held in (old, new)
        ]
        yield Difference(say("Renting {name}", name=name), prices[0], prices[1])


def _memory(need: RangeAnswer | None) -> str:
    return formatting.gib_between(need.low, need.high) if need else formatting.unknown()


def _price(price: PriceAnswer | None) -> str:
    if price is None:
        return formatting.unknown()
    return f"{formatting.usd_between(price.low, price.high)} ({formatting.day(price.as_of)})"


def _break_even(answer: RecommendationAnswer) -> str:
    deal = answer.buy_or_rent
    if deal is None or deal.break_even_hours_per_month is None:
        return say(NONE)
    return say("{hours} hours a month", hours=formatting.number(deal.break_even_hours_per_month))
