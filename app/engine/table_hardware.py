"""What hardware is worth at work on tables: cores, their speed, and the rate of a GPU's counters."""

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.serving_rates import FP32_PER_CLOCK, clock_hz

REFERENCE_YEAR = 2016
"""Launch year of the processor that the CPU times were measured on (Xeon E5 v4)."""


def is_cpu(systems: Systems) -> BoolArray:
    """Which systems compute on processors."""
    return systems.devices.where(kind="cpu")


def cores_of(systems: Systems) -> FloatArray:
    """Cores of one socket. [-]"""
    cores = systems.devices.compute_units
    return np.where(np.isnan(cores), NETWORKS.value("usual_cpu_cores"), cores)


def cores_used(systems: Systems) -> FloatArray:
    """Share of all cores that work, where threads are limited. [-]"""
    if systems.threads.size == 0:
        return np.ones(len(systems))
    share = systems.threads / (systems.devices.compute_units * systems.count)
    return np.where(np.isnan(share), 1.0, np.minimum(share, 1.0))


def threads_of(systems: Systems) -> FloatArray:
    """Threads that work on a fit: the stated number, else one for each core of all sockets. [-]"""
    return cores_of(systems) * systems.count * cores_used(systems)


def core_speed(systems: Systems) -> FloatArray:
    """Speed of one core of a processor against one of a server of 2016: by its year, and by its clock on a desk. [-]

    The cores of desktop processors run at about one and a half times the clock of those of servers.
    """
    growth = NETWORKS.value("table_core_speed_per_year")
    by_year = systems.devices.core_speed(growth_per_year=growth, since=REFERENCE_YEAR)
    on_a_desk = systems.devices.where(segment="desktop")
    return np.asarray(by_year * np.where(on_a_desk, NETWORKS.value("desktop_core_speed"), 1.0))


def gpu_rate(systems: Systems) -> FloatArray:
    """Speed of a GPU at building histograms, relative to a V100: by its cycles, and a little by its bandwidth. [-]

    Counts are added up in the fast memory of every compute unit, a fixed number a cycle; rows are fetched meanwhile.
    """
    devices = systems.devices
    share = NETWORKS.value("histogram_share_of_bandwidth")
    units = np.where(
        np.isnan(devices.compute_units),
        devices.peak_flops_per_s("fp32") / (FP32_PER_CLOCK * clock_hz(systems)),
        devices.compute_units,
    )
    cycles = units * clock_hz(systems) / NETWORKS.value("reference_gpu_cycles_per_s")
    bandwidth = devices.memory_bandwidth_bytes_per_s / NETWORKS.value("reference_gpu_bytes_per_s")
    reached = NETWORKS.column("histogram_efficiency", families(devices))
    return np.asarray(cycles ** (1.0 - share) * bandwidth**share * reached)
