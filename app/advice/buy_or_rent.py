"""Buy or rent: what each costs month by month over the horizon, and from how many hours a month buying pays."""

import math
from dataclasses import dataclass, replace

import numpy as np

from app.advice.candidates import Candidates
from app.advice.cloud import CloudOption
from app.advice.constraints import Constraints
from app.advice.limits import hardware_name
from app.advice.market import Market
from app.advice.money import MONEY, Constant, money
from app.advice.need import Need
from app.advice.picks import Pick
from app.advice.prices import is_module
from app.advice.reasons import Reason, Value
from app.engine import cost
from app.engine.job import Assumption
from app.engine.units import HOURS_PER_MONTH, WATTS_PER_KILOWATT

COMPARABLE_SPEED_RATIO = 2.0
"""Rented hardware that is this many times slower, or the square of it faster, is not what a buyer compares with."""
CONSTANTS_USED = (
    "host_usd", "resale_fraction", "host_w", "idle_hours_per_month", "supply_efficiency", "rent_setup_fraction",
    "rent_storage_usd_per_gb", "rent_storage_gb",
)  # fmt: skip


@dataclass(frozen=True)
class BuyOrRent:
    """Both ways over the horizon. Costs are sums up to the end of each month. [USD]"""

    buy: Pick
    rent: CloudOption
    hours_per_month: float
    """Hours of use a month on the hardware to buy."""
    break_even_hours_per_month: float | None
    """None: buying never pays back, because its electricity costs as much as the rent."""
    cheaper: str
    """buy, rent or neither."""
    one_run: bool
    """Whether all the work is one run, as of a model trained from nothing."""
    months: tuple[int, ...]
    buy_cumulative_usd: tuple[float, ...]
    rent_cumulative_usd: tuple[float, ...]
    explanation: Reason
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers of one comparison."""

    purchase_usd: float
    resale_usd: float
    own_fixed_usd_per_month: float
    own_usd_per_hour: float
    rent_usd_per_hour: float
    """For the work that the bought hardware does in one hour."""
    rent_fixed_usd_per_month: float
    horizon_months: int

    def break_even(self) -> float | None:
        """Hours a month at which both cost the same."""
        return cost.break_even_hours_per_month(
            purchase=self.purchase_usd,
            resale=self.resale_usd,
            horizon_months=self.horizon_months,
            own_fixed_usd_per_month=self.own_fixed_usd_per_month,
            own_usd_per_hour=self.own_usd_per_hour,
            rent_usd_per_hour=self.rent_usd_per_hour,
            rent_fixed_usd_per_month=self.rent_fixed_usd_per_month,
        )

    def buy_usd(self, months: int, *, use: "Use") -> float:
        """Spent on owning up to the end of a month; what a sale brings is counted at the end of the horizon."""
        power_usd = use.hours_until(months) * self.own_usd_per_hour
        kept_usd = cost.cumulative_buy_usd(
            months=months, purchase=self.purchase_usd, running_usd_per_month=self.own_fixed_usd_per_month
        )
        spent = float(kept_usd) + power_usd
        return spent - self.resale_usd if months == self.horizon_months else spent

    def rent_usd(self, months: int, *, use: "Use") -> float:
        """Spent on renting up to the end of a month; nothing is kept after the end of the only run."""
        kept_months = min(months, use.months)
        return use.hours_until(months) * self.rent_usd_per_hour + kept_months * self.rent_fixed_usd_per_month


@dataclass(frozen=True, slots=True)
class Use:
    """When the hardware works: so many hours every month, or one run at the beginning and nothing after it."""

    hours_per_month: float
    run_hours: float | None = None

    @property
    def months(self) -> float:
        """Months with work in them."""
        return math.inf if self.run_hours is None else math.ceil(self.run_hours / HOURS_PER_MONTH)

    def hours_until(self, months: int) -> float:
        """Hours of work up to the end of a month.

        >>> Use(20.0).hours_until(3), Use(10.0, run_hours=1000.0).hours_until(1), Use(10.0, 1000.0).hours_until(36)
        (60.0, 730.0, 1000.0)
        """
        if self.run_hours is None:
            return self.hours_per_month * months
        return min(self.run_hours, HOURS_PER_MONTH * months)


def buy_or_rent(
    picks: tuple[Pick, ...],
    options: tuple[CloudOption, ...],
    *,
    need: Need,
    constraints: Constraints,
    candidates: Candidates,
    market: Market,
) -> BuyOrRent | None:
    """The best fit against the cheapest comparable offer; None where one of the two has no known price."""
    pick = next((pick for pick in picks if pick.price is not None and pick.fit != "does_not_fit"), None)
    if pick is None:
        return None
    rent = comparable(pick, options, candidates=candidates)
    if rent is None:
        return None
    power = electricity(constraints, market)
    terms = terms_of(pick, rent, constraints=constraints, candidates=candidates, usd_per_kwh=power.value)
    run_hours = float(candidates.hours[pick.row])
    even = terms.break_even()
    one_run = candidates.job.workload.task == "pretrain" and need.monthly_basis == "assumed" and run_hours < math.inf
    if one_run:  # billed as its offer says: data are copied once, and nothing is kept afterwards
        rent_usd_per_hour = rent.usd_per_hour * relative_speed(pick, rent, candidates=candidates)
        terms = replace(terms, rent_usd_per_hour=rent_usd_per_hour, rent_fixed_usd_per_month=0.0)
        use, hours_assumption = _once(run_hours, terms.horizon_months)
    else:
        hours, hours_assumption = hours_of(need, run_hours=run_hours)
        use = Use(hours)
    months = tuple(range(terms.horizon_months + 1))
    buy = tuple(terms.buy_usd(month, use=use) for month in months)
    rented = tuple(terms.rent_usd(month, use=use) for month in months)
    cheaper = "buy" if buy[-1] < rented[-1] else "rent" if rented[-1] < buy[-1] else "neither"
    return BuyOrRent(
        buy=pick,
        rent=rent,
        hours_per_month=use.hours_per_month,
        break_even_hours_per_month=even,
        cheaper=cheaper,
        one_run=one_run,
        months=months,
        buy_cumulative_usd=buy,
        rent_cumulative_usd=rented,
        explanation=_explanation(pick, rent, terms, use=use, even=even, buy=buy[-1], rented=rented[-1]),
        assumptions=(
            *hours_assumption,
            _as_assumption(power),
            _horizon(terms, constraints),
            *(each for each in _constants(pick) if not (one_run and each.field.startswith("rent_"))),
        ),
    )


def comparable(pick: Pick, options: tuple[CloudOption, ...], *, candidates: Candidates) -> CloudOption | None:
    """The offer whose work costs least, of those that are about as fast, have fresh prices and can be relied on.

    Marketplaces come after providers with their own machines; free notebooks are left out.
    """

    def work_usd(option: CloudOption) -> float:
        return option.usd_per_hour * relative_speed(pick, option, candidates=candidates)

    def unlike(option: CloudOption) -> bool:
        ratio = relative_speed(pick, option, candidates=candidates)
        return ratio > COMPARABLE_SPEED_RATIO or ratio < 1 / COMPARABLE_SPEED_RATIO**2

    paid = [option for option in options if not option.free]

    def rank(option: CloudOption) -> tuple[bool, bool, bool, float, str]:
        market = option.provider_kind == "marketplace"
        return (not option.fresh, unlike(option), market, work_usd(option), option.provider)

    return min(paid, key=rank, default=None)


def relative_speed(pick: Pick, option: CloudOption, *, candidates: Candidates) -> float:
    """How many rented hours do the work of one hour on the hardware to buy."""
    ratio = float(candidates.speed[pick.row] / candidates.speed[option.row])
    return ratio if np.isfinite(ratio) and ratio > 0 else 1.0


def terms_of(
    pick: Pick, rent: CloudOption, *, constraints: Constraints, candidates: Candidates, usd_per_kwh: float
) -> Terms:
    """Purchase, power and rent of one comparison."""
    assert pick.price is not None
    horizon = max(1, round(constraints.horizon_months or money("horizon_months")))
    host = 0.0 if pick.price.machine else candidates.host_usd_at(pick.row)
    purchase = float(cost.purchase_usd(device_usd=pick.price.usd, count=1, host_usd=host))
    wall = cost.power_w(
        device_w=pick.device.tdp_w or money("device_w"),
        count=pick.count,
        host_w=money("host_w"),
        supply_efficiency_fraction=money("supply_efficiency"),
    )
    pue = money("pue_datacenter") if is_module(pick.device) else money("pue_home")
    rented = rent.usd_per_hour * relative_speed(pick, rent, candidates=candidates)
    idle = money("idle_w") * money("idle_hours_per_month") / WATTS_PER_KILOWATT * usd_per_kwh
    return Terms(
        purchase_usd=purchase,
        resale_usd=float(
            cost.resale_usd(
                paid_usd=purchase,
                months=float(horizon),
                share_after_fraction=money("resale_fraction"),
                share_after_months=money("resale_months"),
            )
        ),
        own_fixed_usd_per_month=idle,
        own_usd_per_hour=float(cost.energy_usd(wall_w=wall, hours=1.0, usd_per_kwh=usd_per_kwh, pue=pue)),
        rent_usd_per_hour=rented * (1 + money("rent_setup_fraction")),
        rent_fixed_usd_per_month=money("rent_storage_gb") * money("rent_storage_usd_per_gb"),
        horizon_months=horizon,
    )


def electricity(constraints: Constraints, market: Market) -> Constant:
    """The price of a kilowatt-hour: as given, of the country, or of the world. [USD/kWh]"""
    default = MONEY["electricity_usd_per_kwh"]
    if constraints.electricity_usd_per_kwh is not None:
        stated = constraints.electricity_usd_per_kwh
        return Constant(default.name, stated, default.unit, "as you said", "", default.as_of)
    wanted = (constraints.country or "").upper()
    for country in (wanted, ""):
        for price in market.electricity:
            if price.country.upper() == country:
                where = f"households in {country}" if country else "world average of households"
                return Constant(default.name, price.usd_per_kwh, default.unit, where, price.source, price.as_of)
    return default


def hours_of(need: Need, *, run_hours: float = math.nan) -> tuple[float, tuple[Assumption, ...]]:
    """Hours of use a month, and the assumption where nobody said them. [h/month]

    Where runs are counted, each takes ``run_hours`` on the hardware to buy.
    """
    if need.monthly_hours is not None:
        counted = need.monthly_basis != "stated" and need.run_hours and math.isfinite(run_hours)
        scale = run_hours / need.run_hours if counted and need.run_hours else 1.0
        hours = min(need.monthly_hours * scale, HOURS_PER_MONTH)
        why = {"stated": "as you said", "runs": "runs a month times the hours of one"}.get(need.monthly_basis)
        often = need.run_hours is not None
        why = why or (
            "a few runs a month, as nothing was said" if often else "about an hour a day, as nothing was said"
        )
        return hours, (Assumption("hours_per_month", hours, why),)
    constant = MONEY["hours_per_month"]
    return constant.value, (_as_assumption(constant),)


def _once(run_hours: float, horizon_months: int) -> tuple[Use, tuple[Assumption, ...]]:
    """One run at the beginning, and the hours a month that this comes to."""
    use = Use(run_hours / horizon_months, run_hours)
    why = "one run and no more, as nothing was said"
    return use, (Assumption("hours_per_month", use.hours_per_month, why),)


def _as_assumption(constant: Constant) -> Assumption:
    source = "" if constant.source in {"", "assumption"} else f" ({constant.source}, {constant.as_of.isoformat()})"
    return Assumption(constant.name, constant.value, f"{constant.why}{source}")


def _constants(pick: Pick) -> tuple[Assumption, ...]:
    power = ("device_w",) if pick.device.tdp_w is None else ()
    return tuple(_as_assumption(MONEY[name]) for name in (*CONSTANTS_USED, *power))


def _horizon(terms: Terms, constraints: Constraints) -> Assumption:
    why = MONEY["horizon_months"].why if constraints.horizon_months is None else "as you said"
    return Assumption("horizon_months", terms.horizon_months, why)


def _explanation(
    pick: Pick, rent: CloudOption, terms: Terms, *, use: Use, even: float | None, buy: float, rented: float
) -> Reason:
    values: dict[str, Value] = {
        "buy_hardware": hardware_name(pick.device, pick.count),
        "rent_hardware": hardware_name(rent.device, rent.count),
        "provider": rent.provider_name,
        "usd_per_hour": rent.usd_per_hour,
        "hours": use.hours_per_month,
        "break_even_hours": even,
        "months": terms.horizon_months,
        "buy_usd": buy,
        "rent_usd": rented,
        "purchase_usd": terms.purchase_usd,
        "power_usd_per_hour": terms.own_usd_per_hour,
        "as_of": rent.as_of.isoformat(),
    }
    if use.run_hours is not None:
        pays = even is not None and even <= HOURS_PER_MONTH
        cheap = "buy" if buy < rented else "rent"
        return Reason(f"money_one_run_{cheap if pays else 'only'}", values)
    if even is None:
        return Reason("money_never_pays", values)
    if even > HOURS_PER_MONTH:
        return Reason("money_more_than_a_month", values)
    if even == 0:
        return Reason("money_buy_always", values)
    return Reason("money_buy" if buy < rented else "money_rent", values)
