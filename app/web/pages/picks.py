"""Things to buy or use, what the person has, and how long each takes."""

from dataclasses import dataclass
from typing import Self

from app import formatting
from app.contract.answer import (
    EstimateAnswer,
    MeasuredAnswer,
    OwnedAnswer,
    PickAnswer,
    RangeAnswer,
    RecommendationAnswer,
)
from app.languages import say
from app.present.facts import Fact, spread_facts
from app.present.measured import result_in_words
from app.web.currency import DOLLARS, Currency
from app.web.labels import details, label, seen

MILLION = 1e6
SHOWN_OFFERS = 3
"""Offers that the table of times compares with what can be bought."""


@dataclass(frozen=True, slots=True)
class PickView:
    """One pick."""

    role: str
    name: str
    url: str
    best: bool
    fit: str
    fit_css: str
    fit_mark: str
    memory: str
    price: str
    price_note: str
    run: str
    speed: str
    support: str
    good_for: str
    look_out_for: str
    why: str
    machine: str
    spread: tuple[Fact, ...]
    """How the work is shared, what a server promises, and what feeds it."""
    measured: tuple["MeasuredLine", ...]

    @classmethod
    def of(cls, pick: PickAnswer, *, best: bool, currency: Currency = DOLLARS) -> Self:
        """The view of a pick."""
        fit, mark = details("fit", pick.fit or "unknown")
        price = pick.price_usd
        return cls(
            role=label("role", pick.role),
            name=formatting.times(pick.hardware.count, pick.hardware.name),
            url=f"/hardware/{pick.hardware.accelerator}" if pick.hardware.accelerator else "",
            best=best,
            fit=fit,
            fit_css=pick.fit or "unknown",
            fit_mark=mark,
            memory=formatting.gib(pick.estimate.usable_memory_gib) + (say(" each") if pick.hardware.count > 1 else ""),
            price=currency.beside(price.low, price.high) if price else formatting.unknown(),
            price_note=seen(price) if price else "",
            run=_run(pick.estimate),
            speed=_speed(pick.estimate),
            support=label("support", pick.support),
            good_for=pick.good_for,
            look_out_for=pick.look_out_for,
            why=pick.why,
            machine=pick.machine or "",
            spread=spread_facts(pick.estimate),
            measured=tuple(MeasuredLine.of(each) for each in pick.estimate.measured),
        )


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """What somebody else measured of the same work, with its link."""

    text: str
    url: str

    @classmethod
    def of(cls, measured: MeasuredAnswer) -> Self:
        """The line of a measurement."""
        result = result_in_words(measured.metric, measured.value, unit=measured.unit)
        return cls(f"{result}: {measured.work} ({measured.source})", measured.url)


@dataclass(frozen=True, slots=True)
class OwnedView:
    """Something the person has or considers."""

    name: str
    url: str
    fit: str
    fit_css: str
    fit_mark: str
    verdict: str
    change_needed: str
    considering: bool

    @classmethod
    def of(cls, owned: OwnedAnswer) -> Self:
        """The view of owned hardware."""
        fit, mark = details("fit", owned.fit)
        return cls(
            name=formatting.times(owned.hardware.count, owned.hardware.name),
            url=f"/hardware/{owned.hardware.accelerator}" if owned.hardware.accelerator else "",
            fit=fit,
            fit_css=owned.fit,
            fit_mark=mark,
            verdict=owned.verdict,
            change_needed=owned.change_needed or "",
            considering=owned.considering,
        )


@dataclass(frozen=True, slots=True)
class TimeRow:
    """Time and cost of one way to do it."""

    name: str
    how: str
    run: str
    run_hours: float | None
    cost: str
    energy: str

    @classmethod
    def all_of(cls, answer: RecommendationAnswer) -> tuple[Self, ...]:
        """Every way whose time is known, bought first."""
        bought = [
            cls(
                name=formatting.times(pick.hardware.count, pick.hardware.name),
                how=say("Your own"),
                run=_run(pick.estimate),
                run_hours=pick.estimate.duration_hours.expected,
                cost=say("{price} once", price=_usd(pick.price_usd)) if pick.price_usd else say("price unknown"),
                energy=_energy(pick.estimate.energy_kwh),
            )
            for pick in answer.picks
            if pick.estimate.duration_hours
        ]
        rented = [
            cls(
                name=say(
                    "{hardware} from {provider}",
                    hardware=formatting.times(offer.count, offer.accelerator),
                    provider=offer.provider,
                ),
                how=say("Rented"),
                run=formatting.duration_between(offer.hours.low, offer.hours.high),
                run_hours=offer.hours.expected,
                cost=say("{price} a run", price=_usd(offer.total_usd)),
                energy=say("in the price"),
            )
            for offer in answer.cloud[:SHOWN_OFFERS]
            if offer.hours
        ]
        return (*bought, *rented)


def _run(estimate: EstimateAnswer) -> str:
    hours = estimate.duration_hours
    return formatting.duration_between(hours.low, hours.high) if hours else ""


def _speed(estimate: EstimateAnswer) -> str:
    speed = estimate.throughput
    if speed is None or speed.total is None:
        return ""
    if speed.total.low < MILLION:
        return formatting.pace(speed.total.low, speed.total.high, unit=speed.unit)
    return _between(speed.total, unit=speed.unit)


def _usd(money: RangeAnswer | None) -> str:
    return formatting.usd_between(money.low, money.high) if money else formatting.unknown()


def _energy(kwh: RangeAnswer | None) -> str:
    return _between(kwh, unit="kWh") if kwh else formatting.unknown()


def _between(values: RangeAnswer, *, unit: str) -> str:
    """An interval, in words from a million on."""
    if values.low < MILLION:
        return formatting.between(values.low, values.high, unit=unit)
    low, high = (formatting.large(formatting.rounded(value)) for value in (values.low, values.high))
    return f"{low if low == high else say('{low} to {high}', low=low, high=high)} {say(unit)}"
