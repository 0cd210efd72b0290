"""What hardware costs: bought, powered, sold again, or rented by the hour. Formulas of plain numbers or columns."""

from app.engine.arrays import Floats
from app.engine.units import WATTS_PER_KILOWATT


def purchase_usd(*, device_usd: Floats, count: Floats, host_usd: Floats = 0.0) -> Floats:
    """Price of the devices and of the computer around them. [USD]

    Parameters
    ----------
    host_usd
        Board, processor, memory, storage, power supply and case; 0 when a computer is there already
        or when the price is that of a whole machine. [USD]

    Examples
    --------
    Two cards of 1,600 USD in a computer of 1,700 USD:

    >>> purchase_usd(device_usd=1600.0, count=2, host_usd=1700.0)
    4900.0
    """
    return device_usd * count + host_usd


def power_w(*, device_w: Floats, count: Floats, host_w: Floats, supply_efficiency_fraction: float) -> Floats:
    """Power drawn from the wall while working. [W]

    Parameters
    ----------
    device_w
        Board power of one device while working; its TDP is an upper bound. [W]
    supply_efficiency_fraction
        Share of the wall power that the power supply passes on. [-]

    Examples
    --------
    >>> power_w(device_w=360.0, count=1, host_w=90.0, supply_efficiency_fraction=0.9)
    500.0
    """
    return (device_w * count + host_w) / supply_efficiency_fraction


def energy_usd(*, wall_w: Floats, hours: Floats, usd_per_kwh: Floats, pue: Floats = 1.0) -> Floats:
    """Cost of electricity. [USD]

    Parameters
    ----------
    pue
        Power usage effectiveness: power of the whole building over that of the computers; 1 at home
        without air conditioning. Rented hours contain it already. [-]

    Examples
    --------
    500 W for 100 hours at 0.17 USD/kWh:

    >>> round(energy_usd(wall_w=500.0, hours=100.0, usd_per_kwh=0.17), 2)
    8.5
    """
    return wall_w / WATTS_PER_KILOWATT * hours * usd_per_kwh * pue


def resale_usd(*, paid_usd: Floats, months: Floats, share_after_fraction: float, share_after_months: float) -> Floats:
    r"""What the hardware can be sold for after some months of use. [USD]

    .. math:: P \, s^{t / T}

    A constant percentage is lost each month, so that a share ``s`` is left after ``T`` months. Prices of
    used cards have also risen in years of shortage; a person may know better than this formula.

    Parameters
    ----------
    share_after_fraction
        Share of the price left after ``share_after_months``. [-]

    Examples
    --------
    30 % left after three years:

    >>> round(resale_usd(paid_usd=1000.0, months=36.0, share_after_fraction=0.3, share_after_months=36.0))
    300
    """
    return paid_usd * share_after_fraction ** (months / share_after_months)


def cumulative_buy_usd(*, months: Floats, purchase: float, running_usd_per_month: float) -> Floats:
    """Money spent from the purchase up to the end of month ``months``, resale not counted. [USD]

    Examples
    --------
    >>> cumulative_buy_usd(months=12.0, purchase=3000.0, running_usd_per_month=10.0)
    3120.0
    """
    return purchase + running_usd_per_month * months


def cumulative_rent_usd(
    *, months: Floats, hours_per_month: float, usd_per_hour: float, fixed_usd_per_month: float
) -> Floats:
    """Money spent on renting up to the end of month ``months``; ``fixed_usd_per_month`` is storage. [USD]

    Examples
    --------
    >>> cumulative_rent_usd(months=12.0, hours_per_month=20.0, usd_per_hour=0.5, fixed_usd_per_month=8.0)
    216.0
    """
    return (hours_per_month * usd_per_hour + fixed_usd_per_month) * months


def break_even_hours_per_month(
    *,
    purchase: float,
    resale: float,
    horizon_months: float,
    own_fixed_usd_per_month: float,
    own_usd_per_hour: float,
    rent_usd_per_hour: float,
    rent_fixed_usd_per_month: float,
) -> float | None:
    r"""Hours of use a month at which owning and renting cost the same over the horizon. [h/month]

    .. math:: \frac{(P - R) / M + f_{own} - f_{rent}}{c_{rent} - c_{own}}

    None when an owned hour costs as much as a rented one: then buying never pays back. 0 when owning is
    cheaper from the first hour on.

    Parameters
    ----------
    own_usd_per_hour
        Electricity of one hour of work. [USD/h]
    rent_usd_per_hour
        Rent of the same amount of work; scale it when the rented device is faster or slower. [USD/h]

    Examples
    --------
    A computer of 3,600 USD that keeps nothing after 36 months, against 2.10 USD an hour; power costs 0.10:

    >>> break_even_hours_per_month(purchase=3600, resale=0, horizon_months=36, own_fixed_usd_per_month=0,
    ...                            own_usd_per_hour=0.10, rent_usd_per_hour=2.10, rent_fixed_usd_per_month=0)
    50.0
    """
    saved_per_hour = rent_usd_per_hour - own_usd_per_hour
    if saved_per_hour <= 0:
        return None
    fixed = (purchase - resale) / horizon_months + own_fixed_usd_per_month - rent_fixed_usd_per_month
    return max(0.0, fixed / saved_per_hour)
