"""How the figures of an answer came about: each sum with the person's own numbers, and how far it can be trusted."""

from collections.abc import Iterator
from dataclasses import dataclass

from app import formatting
from app.contract.answer import RecommendationAnswer
from app.engine.units import SECONDS_PER_HOUR
from app.languages import say
from app.web.labels import details
from app.web.pages.rent import by_month

MOST_PARTS = 4
"""Parts of the memory that a sum names; the rest is taken together."""
MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Sum:
    """One figure and what it is made of."""

    name: str
    formula: str
    result: str
    grade: str


def sums(answer: RecommendationAnswer) -> tuple[Sum, ...]:
    """Memory, time, and what renting costs, as far as they are known."""
    return (*_memory(answer), *_arithmetic(answer), *_time(answer), *_rent(answer))


def _memory(answer: RecommendationAnswer) -> Iterator[Sum]:
    need = answer.need.memory_gib
    parts = sorted((part.gib for part in answer.need.breakdown if part.gib > 0), reverse=True)
    if need is None or len(parts) < 2:
        return
    rest = sum(parts[MOST_PARTS:])
    told = [formatting.gib(size) for size in (*parts[:MOST_PARTS], *([rest] if rest else []))]
    yield Sum(say("Memory"), " + ".join(told), formatting.gib(need.expected), _grade(answer.need.evidence))


def _arithmetic(answer: RecommendationAnswer) -> Iterator[Sum]:
    if answer.need.flops_total is not None:
        told = say("counted from the layers of the model and the data")
        yield Sum(say("Arithmetic"), told, formatting.flops(answer.need.flops_total), _grade("calculated"))


def _time(answer: RecommendationAnswer) -> Iterator[Sum]:
    """The work of a run over the speed of the first pick."""
    if not answer.picks:
        return
    best = answer.picks[0]
    hours, speed = best.estimate.duration_hours, best.estimate.throughput
    if hours is None or speed is None or speed.total is None or not speed.total.expected:
        return
    work = hours.expected * SECONDS_PER_HOUR * speed.total.expected
    unit = speed.unit.removesuffix("/s")
    name = formatting.times(best.hardware.count, best.hardware.name)
    formula = f"{_amount(work)} {say(unit)} ÷ {_amount(speed.total.expected)} {say(speed.unit)}"
    grade = _grade(best.estimate.evidence)
    yield Sum(say("One run on {name}", name=name), formula, formatting.duration(hours.expected), grade)


def _rent(answer: RecommendationAnswer) -> Iterator[Sum]:
    """The first offer: its price times its hours."""
    priced = [offer for offer in answer.cloud if offer.hours and offer.total_usd and offer.usd_per_hour > 0]
    if not priced:
        return
    offer = priced[0]
    if offer.hours is None or offer.total_usd is None:
        return
    monthly = by_month(answer)
    title = say("A month of {name} at {provider}") if monthly else say("One run on {name} at {provider}")
    name = title.format(name=formatting.times(offer.count, offer.accelerator), provider=offer.provider)
    hours = f"{offer.hours.expected:.0f} h" if monthly else formatting.duration(offer.hours.expected)
    formula = f"{formatting.usd_per_hour(offer.usd_per_hour)} × {hours}"
    seen = say("price seen {day}", day=formatting.day(offer.as_of))
    yield Sum(name, formula, formatting.usd(offer.total_usd.expected), seen)


def _amount(value: float) -> str:
    return formatting.large(formatting.rounded(value)) if value >= MILLION else formatting.number(value)


def _grade(evidence: str) -> str:
    return details("grade", evidence)[0]
