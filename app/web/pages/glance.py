"""The answer at a glance: the few figures that people look for first."""

from collections.abc import Iterator
from dataclasses import dataclass

from app import formatting
from app.contract.answer import CloudAnswer, RecommendationAnswer
from app.languages import say, say_count

WITHOUT_CARD = 1
"""Number of the scenario that needs none."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure, and the section that tells more of it."""

    name: str
    value: str
    note: str
    section: str


def key_figures(answer: RecommendationAnswer) -> tuple[KeyFigure, ...]:
    """Memory, the first pick or the computer that is enough, what renting costs, and how long a run takes."""
    return (*_memory(answer), *_device(answer), *_rent(answer), *_run(answer))


def _memory(answer: RecommendationAnswer) -> Iterator[KeyFigure]:
    need = answer.need.memory_gib
    if need is not None:
        likely = say("most likely {expected}", expected=formatting.gib(need.expected))
        yield KeyFigure(say("Memory it takes"), formatting.gib_between(need.low, need.high), likely, "fit")


def _device(answer: RecommendationAnswer) -> Iterator[KeyFigure]:
    if (enough := _mine(answer, "fits")) and answer.scenario.number != WITHOUT_CARD:
        yield KeyFigure(say("What you have is enough"), enough, say("nothing to buy"), "owned")
    elif answer.scenario.number == WITHOUT_CARD:
        host = answer.host
        cores = say_count("{count} core", "{count} cores", of=host.cpu_cores, count=host.cpu_cores)
        ram = say("{size} of RAM, no graphics card", size=formatting.nominal_gib(host.ram_gb))
        yield KeyFigure(say("Computer that is enough"), cores, ram, "computer")
    elif just := _mine(answer, "tight"):
        yield KeyFigure(say("Try first what you have"), just, say("may just hold it"), "owned")
    elif answer.picks:
        best = answer.picks[0]
        price = best.price_usd
        note = formatting.usd_between(price.low, price.high) if price else say("price unknown")
        yield KeyFigure(say("First pick"), formatting.times(best.hardware.count, best.hardware.name), note, "picks")


def _mine(answer: RecommendationAnswer, fit: str) -> str | None:
    """The first usable thing that somebody has, and does not merely consider, with this verdict."""
    held = (each.hardware for each in answer.owned if each.fit == fit and each.usable and not each.considering)
    return next((formatting.times(each.count, each.name) for each in held), None)


def _rent(answer: RecommendationAnswer) -> Iterator[KeyFigure]:
    cheapest: CloudAnswer | None = min(
        (offer for offer in answer.cloud if offer.fit != "does_not_fit"),
        key=lambda offer: offer.usd_per_hour,
        default=None,
    )
    if cheapest is None:
        return
    name = formatting.times(cheapest.count, cheapest.accelerator)
    note = say("{name} at {provider}", name=name, provider=cheapest.provider)
    free = cheapest.usd_per_hour == 0
    yield KeyFigure(
        say("Or rent"), say("free") if free else formatting.usd_per_hour(cheapest.usd_per_hour), note, "rent"
    )


def _run(answer: RecommendationAnswer) -> Iterator[KeyFigure]:
    if not answer.picks:
        return
    best, name = answer.picks[0].estimate, answer.picks[0].hardware.name
    told = say("on {name}", name=formatting.times(answer.picks[0].hardware.count, name))
    if best.duration_hours is not None:
        hours = best.duration_hours
        yield KeyFigure(say("One run takes"), formatting.duration_between(hours.low, hours.high), told, "times")
    elif best.throughput is not None and best.throughput.total is not None:
        speed = best.throughput.total
        words = formatting.pace(speed.low, speed.high, unit=best.throughput.unit)
        yield KeyFigure(say("Speed"), words, told, "picks")
