"""Classical algorithms on tables: seconds of one fit on CPUs and GPUs, and the row count from which a GPU pays."""

import math
from dataclasses import replace

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.classical_cost import USUAL_TREES, Algorithm, Table, algorithm_of, booster_of
from app.engine.classical_memory import DOUBLE_BYTES, footprint
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Accelerator, Devices, Systems, systems_of
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec
from app.engine.result import Pace, Physics
from app.engine.serving_rates import FP32_PER_CLOCK, clock_hz

USUAL_COLUMNS = 20.0
"""Columns of a table where nobody says."""
REFERENCE_YEAR = 2016
"""Launch year of the processor that the CPU times were measured on (Xeon E5 v4)."""
SMALLEST_TABLE, LARGEST_TABLE = 1e2, 1e10
NO_ROWS = "Say how many rows the table has; without it neither memory nor time can be told."
NO_FORMULA = "No cost formula is known for {name}, so its time is not estimated; memory counts the table and one copy."
CPU_ONLY = "{name} has no widely used GPU library: a GPU does not speed it up."
FEWER_THREADS = (
    "Limit the fit to about {threads} threads: with all cores of this machine it takes longer, because after every "
    "split all wait for the last."
)
WORTH_LIMITING = 0.75
"""Threads are worth a limit where it leaves less than this share of the time. [-]"""


def physics(job: Job, systems: Systems) -> Physics:
    """Memory [bytes] and time of one fit [s] of a classical algorithm."""
    spec = job.model
    if not isinstance(spec, AlgorithmSpec):
        raise TypeError(f"classical.physics needs an AlgorithmSpec, not {type(spec).__name__}")
    if not job.rows:
        return Physics(None, None, (NO_ROWS,))
    table = Table(job.rows, job.columns or USUAL_COLUMNS, job.steps or USUAL_TREES)
    memory = footprint(spec.name, table, systems=systems)
    seconds = fit_s(spec.name, table, systems=systems)
    if seconds is None:
        return Physics(memory, None, (NO_FORMULA.format(name=spec.name),))
    algorithm = algorithm_of(spec.name)
    cpu_only = algorithm is not None and not algorithm.gpu
    warned = (CPU_ONLY.format(name=spec.name),) if cpu_only and bool(np.any(~_is_cpu(systems))) else ()
    best = best_threads(spec.name, table, systems=systems) if len(systems) == 1 else None
    warned = warned if best is None else (*warned, FEWER_THREADS.format(threads=round(best)))
    rows = np.full(len(systems), table.rows)
    flops = algorithm.flops(table) if algorithm else table.rows * table.columns * table.rounds
    pace = Pace(
        unit="samples/s",
        step_s=seconds,
        units_per_step=rows,
        model_flops_per_step=np.full(len(systems), flops),
        bound_by=_bound_by(spec.name, systems),
        run_units=rows,
        comparable_peak="fp32",
    )
    return Physics(memory, pace, warned)


def fit_s(name: str, table: Table, *, systems: Systems) -> FloatArray | None:
    """Time of one fit on each system; None where no formula is known. [s]"""
    booster = booster_of(name)
    if booster is not None:
        return boosting_s(booster, table, systems=systems)
    algorithm = algorithm_of(name)
    return None if algorithm is None else algorithm_s(algorithm, table, systems=systems)


def boosting_s(library: str, table: Table, *, systems: Systems) -> FloatArray:
    """Boosted trees on histograms: a fixed start, a time per value and round, and threads that wait. [s]

    The times per value are measured (github.com/szilard/GBM-perf) and carried to other hardware by cores and their
    generation, or by the cycles and the bandwidth of a GPU. What the host does beside a GPU stays as it is.
    """
    rounds = table.rounds / USUAL_TREES
    values = table.rows * counted_columns(library, table.columns, systems=systems) * table.rounds
    grown = max(1.0, (table.rows / 1e6)) ** NETWORKS.value(f"{library}_cpu_growth")
    one_core = NETWORKS.value(f"{library}_cpu_fixed_s") * rounds + values * grown * NETWORKS.value(
        f"{library}_cpu_s_per_value"
    ) / threads_of(systems) ** NETWORKS.value(f"{library}_core_scaling")
    cpu = one_core / _newer(systems) + waiting_s(library, systems=systems) * rounds
    full = min(table.rows / NETWORKS.value("rows_of_full_trees"), 1.0) ** NETWORKS.value(f"{library}_gpu_small_tables")
    gpu = NETWORKS.value(f"{library}_gpu_fixed_s") * rounds * full + values * (
        NETWORKS.value(f"{library}_gpu_s_per_value") / gpu_rate(systems)
        + NETWORKS.value(f"{library}_gpu_host_s_per_value")
    )
    gpu = gpu + NETWORKS.value(f"{library}_gpu_start_s_per_row") * table.rows
    return np.asarray(np.where(_is_cpu(systems), cpu, gpu))


def waiting_s(library: str, *, systems: Systems) -> FloatArray:
    """Time of 100 rounds in which threads wait for each other at the end of every split. [s]

    A barrier costs time in proportion to its threads, and several times as much across sockets. That is why many
    cores grow the trees of a small table slower than a few.
    """
    threads = threads_of(systems)
    sockets = np.where(threads > _cores(systems), NETWORKS.value("second_socket_waiting"), 1.0)
    return np.asarray(NETWORKS.value(f"{library}_waiting_s_per_thread") * threads * sockets)


def best_threads(name: str, table: Table, *, systems: Systems) -> float | None:
    """Threads that fit boosted trees much sooner than all cores of a machine would; None where none do. [-]"""
    library, said = booster_of(name), systems.threads.size > 0 and not np.all(np.isnan(systems.threads))
    if library is None or said or not bool(np.all(_is_cpu(systems))):
        return None
    most = float(threads_of(systems)[0])
    taken = {most: float(boosting_s(library, table, systems=systems)[0])}
    for threads in (2.0**power for power in range(int(math.log2(max(most, 1.0))) + 1)):
        limited = replace(systems, threads=np.full(len(systems), threads))
        taken[threads] = float(boosting_s(library, table, systems=limited)[0])
    best = min(taken, key=lambda threads: taken[threads])
    return best if taken[best] < WORTH_LIMITING * taken[most] else None


def counted_columns(library: str, columns: float, *, systems: Systems) -> FloatArray:
    """Columns that the work of a row amounts to, where times were measured with a few: a row costs beside them. [-]

    Gradients, scores and the move to a child node are the same however many columns a row has.
    """
    beside = NETWORKS.column(f"{library}_columns_beside", families(systems.devices))
    measured = NETWORKS.value("boosting_columns_measured")
    return measured * (columns + beside) / (measured + beside)


def algorithm_s(algorithm: Algorithm, table: Table, *, systems: Systems) -> FloatArray:
    """Time of one fit as a roofline: operations over what is reached of the peak, passes over the bandwidth. [s]"""
    devices, groups = systems.devices, families(systems.devices)
    rate = devices.peak_flops_per_s("fp32") * NETWORKS.column("classical_efficiency", groups)
    if algorithm.irregular:
        rate = np.where(_is_cpu(systems), rate, NETWORKS.value("irregular_gpu_flops_per_s") * gpu_rate(systems))
    used = _cores_used(systems) if algorithm.parallel else 1.0 / _cores(systems)
    used = np.where(_is_cpu(systems), used, 1.0)
    math_s = algorithm.flops(table) / (rate * used)
    if algorithm.scalar is not None:
        math_s = np.where(_is_cpu(systems), _scalar_s(algorithm, table, systems=systems), math_s)
    moved = algorithm.passes(table) * table.rows * table.columns * DOUBLE_BYTES
    bandwidth = NETWORKS.column("bandwidth_efficiency", groups) * devices.memory_bandwidth_bytes_per_s
    launches_s = algorithm.trees(table) * NETWORKS.value("forest_gpu_s_per_tree")
    start = np.where(
        _is_cpu(systems), NETWORKS.value("fit_start_cpu_s"), NETWORKS.value("fit_start_gpu_s") + launches_s
    )
    seconds = start + math_s + moved / bandwidth
    return np.where(_is_cpu(systems) | algorithm.gpu, seconds, np.nan)


def _scalar_s(algorithm: Algorithm, table: Table, *, systems: Systems) -> FloatArray:
    """Work full of branches and gathers on a CPU: seconds per operation, more of them as the table leaves the caches.

    [s] Trees and queries share nothing, so that all cores count in full; vector units do not help.
    """
    assert algorithm.scalar is not None
    cores = _cores(systems) * _cores_used(systems) if algorithm.parallel else np.ones(len(systems))
    misses = (table.rows / NETWORKS.value("rows_in_cache")) ** NETWORKS.value("scalar_growth")
    one_core_s = algorithm.flops(table) * NETWORKS.value(algorithm.scalar) * misses
    return np.asarray(one_core_s / (cores * _newer(systems)))


def _newer(systems: Systems) -> FloatArray:
    """Speed of one core relative to one of 2016. [-]"""
    growth = NETWORKS.value("table_core_speed_per_year")
    return systems.devices.core_speed(growth_per_year=growth, since=REFERENCE_YEAR)


def threads_of(systems: Systems) -> FloatArray:
    """Threads that work on a fit: the stated number, else one for each core of all sockets. [-]"""
    return _cores(systems) * systems.count * _cores_used(systems)


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


def rows_where_gpu_pays(
    name: str, *, columns: float, rounds: float, cpu: Accelerator, gpu: Accelerator
) -> float | None:
    """Rows from which a fit is faster on this GPU than on this CPU; None where it never is. [rows]"""
    systems = systems_of(Devices((cpu, gpu)), count=[1, 1])

    def gpu_wins(rows: float) -> bool:
        seconds = fit_s(name, Table(rows, columns, rounds), systems=systems)
        return seconds is not None and bool(seconds[1] < seconds[0])

    if not gpu_wins(LARGEST_TABLE):
        return None
    low, high = math.log(SMALLEST_TABLE), math.log(LARGEST_TABLE)
    if gpu_wins(SMALLEST_TABLE):
        return SMALLEST_TABLE
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if gpu_wins(math.exp(middle)) else (middle, high)
    return math.exp(high)


def _cores(systems: Systems) -> FloatArray:
    cores = systems.devices.compute_units
    return np.where(np.isnan(cores), NETWORKS.value("usual_cpu_cores"), cores)


def _cores_used(systems: Systems) -> FloatArray:
    if systems.threads.size == 0:
        return np.ones(len(systems))
    share = systems.threads / (systems.devices.compute_units * systems.count)
    return np.where(np.isnan(share), 1.0, np.minimum(share, 1.0))


def _is_cpu(systems: Systems) -> BoolArray:
    return systems.devices.where(kind="cpu")


def _bound_by(name: str, systems: Systems) -> tuple[str, ...]:
    irregular = booster_of(name) is not None or bool((known := algorithm_of(name)) and known.irregular)
    return ("memory" if irregular else "compute",) * len(systems)
