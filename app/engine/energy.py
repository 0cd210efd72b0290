"""Electricity that the devices take."""

from app.engine.arrays import Floats
from app.engine.units import WATTS_PER_KILOWATT


def energy_kwh(*, device_hours: Floats, tdp_w: Floats) -> Floats:
    """Energy of the devices at their rated power; the computer around them is not in it. [kWh]

    Rated power is an upper bound for work that waits for memory or data, and the figure that model cards report.

    Examples
    --------
    Llama 2 70B took 1,720,320 hours of A100 at 400 W [1]_:

    >>> round(energy_kwh(device_hours=1_720_320.0, tdp_w=400.0) / 1e3)
    688

    References
    ----------
    .. [1] H. Touvron et al., "Llama 2," 2023, arXiv:2307.09288, table 2.
    """
    return device_hours * tdp_w / WATTS_PER_KILOWATT
