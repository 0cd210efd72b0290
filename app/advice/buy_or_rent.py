"""Buy or rent: what each costs month by month over the horizon, and from how many hours a month buying pays."""

import math
from dataclasses import dataclass

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
OWNING = ("host_usd", "resale_fraction", "host_w", "idle_hours_per_month", "supply_efficiency")
RENTING_AGAIN = ("rent_setup_fraction", "rent_storage_usd_per_gb", "rent_storage_gb")
"""What renting costs beside its hours where work comes back: after one run nothing is set up again or kept."""
ONE_RUN = "one run and no more, as nothing was said"
A_FEW_RUNS = "a few runs a month, as nothing was said"
AN_HOUR_A_DAY = "about an hour a day, as nothing was said"
ALWAYS_ON = "a service for many people is on all the time"
KNOWN = {"stated": "as you said", "runs": "runs a month times the hours of one", "service": ALWAYS_ON}
"""How the hours of a month are known, where they are more than a guess."""


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
    rent_setup_fraction: float
    """Hours that are billed while nothing is worked on yet, of those of work that comes back."""
    rent_fixed_usd_per_month: float
    horizon_months: int

    @property
    def rent_again_usd_per_hour(self) -> float:
        """The rent of an hour of work that comes back, with its share of setting up."""
        return self.rent_usd_per_hour * (1 + self.rent_setup_fraction)

    def break_even(self) -> float | None:
        """Hours a month at which both cost the same."""
        return cost.break_even_hours_per_month(
            purchase=self.purchase_usd,
            resale=self.resale_usd,
            horizon_months=self.horizon_months,
            own_fixed_usd_per_month=self.own_fixed_usd_per_month,
            own_usd_per_hour=self.own_usd_per_hour,
            rent_usd_per_hour=self.rent_again_usd_per_hour,
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
        """Spent on renting up to the end of a month; one run is billed as its offer says."""
        if use.run_hours is not None:
            return use.hours_until(months) * self.rent_usd_per_hour
        return float(
            cost.cumulative_rent_usd(
                months=months,
                hours_per_month=use.hours_per_month,
                usd_per_hour=self.rent_again_usd_per_hour,
                fixed_usd_per_month=self.rent_fixed_usd_per_month,
            )
        )


@dataclass(frozen=True, slots=True)
class Use:
    """When the hardware works: so many hours every month, or one run at the beginning and nothing after it."""

    hours_per_month: float
    """Of one run, as the mean of the horizon."""
    run_hours: float | None = None
    """Hours of the one run; None where work comes back every month."""

    @classmethod
    def once(cls, run_hours: float, *, horizon_months: int) -> "Use":
        """One run at the beginning.

        >>> Use.once(720.0, horizon_months=36).hours_per_month, Use.once(5000.0, horizon_months=1).hours_per_month
        (20.0, 730.0)
        """
        return cls(min(run_hours / horizon_months, HOURS_PER_MONTH), run_hours)

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
    even = terms.break_even()
    use, why_so_often = _use(
        need,
        task=candidates.job.workload.task,
        run_hours=float(candidates.hours[pick.row]),
        horizon_months=terms.horizon_months,
    )
    one_run, planned = use.run_hours is not None, not need.hours_are_assumed
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
        explanation=_explanation(
            pick, rent, terms, use=use, even=even, buy=buy[-1], rented=rented[-1], planned=planned
        ),
        assumptions=(
            Assumption("hours_per_month", use.hours_per_month, why_so_often),
            _as_assumption(power),
            _horizon(terms, constraints),
            *_constants(pick, one_run=one_run),
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
        rent_usd_per_hour=rent.usd_per_hour * relative_speed(pick, rent, candidates=candidates),
        rent_setup_fraction=money("rent_setup_fraction"),
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


def _use(need: Need, *, task: str, run_hours: float, horizon_months: int) -> tuple[Use, str]:
    """When the hardware to buy works, where a run takes it ``run_hours``, and how that is known."""
    if task == "pretrain" and need.monthly_basis == "assumed" and math.isfinite(run_hours):
        return Use.once(run_hours, horizon_months=horizon_months), ONE_RUN
    if need.monthly_hours is None:
        constant = MONEY["hours_per_month"]
        return Use(constant.value), _because(constant)
    counted = need.monthly_basis != "stated" and need.run_hours and math.isfinite(run_hours)
    scale = run_hours / need.run_hours if counted and need.run_hours else 1.0
    why = KNOWN.get(need.monthly_basis) or (AN_HOUR_A_DAY if need.run_hours is None else A_FEW_RUNS)
    return Use(min(need.monthly_hours * scale, HOURS_PER_MONTH)), why


def _as_assumption(constant: Constant) -> Assumption:
    return Assumption(constant.name, constant.value, _because(constant))


def _because(constant: Constant) -> str:
    source = "" if constant.source in {"", "assumption"} else f" ({constant.source}, {constant.as_of.isoformat()})"
    return f"{constant.why}{source}"


def _constants(pick: Pick, *, one_run: bool) -> tuple[Assumption, ...]:
    renting = () if one_run else RENTING_AGAIN
    power = ("device_w",) if pick.device.tdp_w is None else ()
    return tuple(_as_assumption(MONEY[name]) for name in (*OWNING, *renting, *power))


def _horizon(terms: Terms, constraints: Constraints) -> Assumption:
    why = MONEY["horizon_months"].why if constraints.horizon_months is None else "as you said"
    return Assumption("horizon_months", terms.horizon_months, why)


def _explanation(
    pick: Pick,
    rent: CloudOption,
    terms: Terms,
    *,
    use: Use,
    even: float | None,
    buy: float,
    rented: float,
    planned: bool,
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
    assumed = "" if planned else "_assumed"
    if use.run_hours is not None:
        if even is None or even > HOURS_PER_MONTH:
            return Reason("money_one_run_only", values)
        return Reason("money_one_run_buy" if buy < rented else "money_one_run_rent", values)
    if even is None:
        return Reason("money_never_pays", values)
    if even > HOURS_PER_MONTH:
        return Reason(f"money_more_than_a_month{assumed}", values)
    if even == 0:
        return Reason("money_buy_always", values)
    return Reason(f"money_{'buy' if buy < rented else 'rent'}{assumed}", values)
