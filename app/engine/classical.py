"""Classical algorithms on tables: seconds of one fit on CPUs and GPUs, and the row count from which a GPU pays."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

import numpy as np

from app.engine import boosting
from app.engine.arrays import FloatArray
from app.engine.classical_cost import USUAL_TREES, Algorithm, Table, algorithm_of, booster_of
from app.engine.classical_memory import DOUBLE_BYTES, footprint
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Accelerator, Devices, Systems, systems_of
from app.engine.hardware_family import families
from app.engine.intervals import spread
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec
from app.engine.result import Pace, Physics
from app.engine.table_hardware import core_speed, cores_of, cores_used, gpu_rate, is_cpu

USUAL_COLUMNS = 20.0
"""Columns of a table where nobody says."""
SMALLEST_TABLE, LARGEST_TABLE = 1e2, 1e10
"""Rows between which a crossover is looked for. [rows]"""
SIZES_TRIED = 33
"""Four a factor of ten: times cross more than once where a few launches cost as much as a few rows."""
BISECTIONS = 8
"""Halvings between two of them: within half a percent."""
NOTICED_S = 1.0
"""A wait that holds up nobody's thoughts: R. Miller, "Response time in man-computer conversational transactions," 1968,
doi:10.1145/1476589.1476628. [s]"""
NO_ROWS = "Say how many rows the table has; without it neither memory nor time can be told."
NO_FORMULA = "No cost formula is known for {name}, so its time is not estimated; memory counts the table and one copy."
CPU_ONLY = "{name} has no widely used GPU library: a GPU does not speed it up."
FEWER_THREADS = (
    "Limit the fit to about {threads} threads: with all cores of this machine it takes longer, because after every "
    "split all wait for the last."
)


@dataclass(frozen=True, slots=True)
class Crossover:
    """Size of table from which a GPU pays. [rows]"""

    low: float
    expected: float
    high: float | None
    """None where the GPU may never be faster."""
    columns: float


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
    warned = (CPU_ONLY.format(name=spec.name),) if cpu_only and bool(np.any(~is_cpu(systems))) else ()
    best = boosting.best_threads(spec.name, table, systems=systems) if len(systems) == 1 else None
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
        return boosting.fit_s(booster, table, systems=systems)
    algorithm = algorithm_of(name)
    return None if algorithm is None else algorithm_s(algorithm, table, systems=systems)


def algorithm_s(algorithm: Algorithm, table: Table, *, systems: Systems) -> FloatArray:
    """Time of one fit: a start, its operations, and passes over the table at the bandwidth. [s]"""
    on_cpu, devices = is_cpu(systems), systems.devices
    math_s = np.where(
        on_cpu, _cpu_math_s(algorithm, table, systems=systems), _gpu_math_s(algorithm, table, systems=systems)
    )
    moved = algorithm.passes(table) * table.rows * table.columns * DOUBLE_BYTES
    reached = NETWORKS.column("bandwidth_efficiency", families(devices))
    start = np.where(on_cpu, NETWORKS.value("fit_start_cpu_s"), NETWORKS.value("fit_start_gpu_s"))
    seconds = start + math_s + moved / (reached * devices.memory_bandwidth_bytes_per_s)
    return np.where(on_cpu | algorithm.gpu, seconds, np.nan)


def _regular_s(flops: float, algorithm: Algorithm, *, systems: Systems) -> FloatArray:
    """Products of matrices at a share of the peak. [s]"""
    reached = NETWORKS.column(algorithm.efficiency, families(systems.devices))
    return np.asarray(flops / (systems.devices.peak_flops_per_s("fp32") * reached))


def _gpu_math_s(algorithm: Algorithm, table: Table, *, systems: Systems) -> FloatArray:
    """Operations on a GPU: at a share of its peak, or gathered; steps and factorisations beside. [s]"""
    rate = gpu_rate(systems)
    stepped = algorithm.steps(table) * NETWORKS.value(algorithm.step)
    factorised = algorithm.factorised(table) / NETWORKS.value("factorisation_gpu_flops_per_s")
    if algorithm.gpu_scalar is not None:
        worked = algorithm.gpu_work(table) * NETWORKS.value(algorithm.gpu_scalar) / rate
    elif algorithm.irregular:
        worked = algorithm.flops(table) / (NETWORKS.value("irregular_gpu_flops_per_s") * rate)
    else:
        worked = _regular_s(algorithm.flops(table), algorithm, systems=systems)
    return np.asarray(worked + stepped + factorised)


def _cpu_math_s(algorithm: Algorithm, table: Table, *, systems: Systems) -> FloatArray:
    """Operations on the cores that an algorithm uses. [s]

    Branches and gathers take seconds per operation, more of them as the table leaves the caches; vector units do not
    help. Trees and queries share nothing, so that all cores count in full.
    """
    cores = cores_of(systems) * cores_used(systems)
    if algorithm.scalar is None:
        flops = algorithm.flops(table) + algorithm.factorised(table)
        used = cores_used(systems) if algorithm.cores else 1.0 / cores_of(systems)
        return _regular_s(flops, algorithm, systems=systems) / used
    missed = (table.rows / NETWORKS.value("rows_in_cache")) ** NETWORKS.value("scalar_growth")
    one_core_s = algorithm.flops(table) * NETWORKS.value(algorithm.scalar) * (missed if algorithm.misses else 1.0)
    return np.asarray(one_core_s / (np.maximum(cores, 1.0) ** algorithm.cores * core_speed(systems)))


FitTimes = Callable[[float], tuple[float, float]]
"""Time of one fit on a CPU and on a GPU, by the rows of the table. [s]"""


def _fit_times(name: str, *, columns: float, rounds: float, cpu: Accelerator, gpu: Accelerator) -> FitTimes:
    """Each size is worked out once, however often it is asked for."""
    systems = systems_of(Devices((cpu, gpu)), count=[1, 1])

    @cache
    def times(rows: float) -> tuple[float, float]:
        seconds = fit_s(name, Table(rows, columns, rounds), systems=systems)
        return (math.nan, math.nan) if seconds is None else (float(seconds[0]), float(seconds[1]))

    return times


def _rows_from(times: FitTimes, *, slower: float) -> float | None:
    """Rows from which the GPU wins time that is noticed; None where it never does. [rows]

    Where it wins over several ranges of sizes, the widest one counts. A GPU that compares all pairs of rows loses to
    trees on a CPU in the end, but there both take days.
    ``slower`` is how many times as long as estimated the GPU takes beside the CPU, for the doubt in both.
    """

    def gpu_wins(rows: float) -> bool:
        cpu_s, gpu_s = times(rows)
        return cpu_s > NOTICED_S * max(slower, 1.0) and gpu_s * slower < cpu_s  # the CPU may be quicker, too

    sizes = np.geomspace(SMALLEST_TABLE, LARGEST_TABLE, SIZES_TRIED)
    wins = [gpu_wins(float(rows)) for rows in sizes]
    runs = [len(list(takewhile(bool, wins[start:]))) for start in range(len(wins))]
    first = max(range(len(runs)), key=lambda start: runs[start])
    if not runs[first]:
        return None
    if first == 0:
        return SMALLEST_TABLE
    low, high = math.log(sizes[first - 1]), math.log(sizes[first])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if gpu_wins(math.exp(middle)) else (middle, high)
    return math.exp(high)


def crossover(job: Job, *, cpu: Accelerator, gpu: Accelerator) -> Crossover | None:
    """Rows from which a GPU fits a table sooner than a CPU, with its range; None where it never is expected to. [rows]

    The times of both are as uncertain as the estimates of this class; half of that spread either way is taken.
    """
    columns, rounds = job.columns or USUAL_COLUMNS, job.steps or USUAL_TREES
    known = spread("seconds", job.work_class)
    doubt = math.sqrt(known.high / known.low)
    times = _fit_times(job.model.name, columns=columns, rounds=rounds, cpu=cpu, gpu=gpu)
    low, expected, high = (_rows_from(times, slower=slower) for slower in (1.0 / doubt, 1.0, doubt))
    return None if low is None or expected is None else Crossover(low, expected, high, columns)


def _bound_by(name: str, systems: Systems) -> tuple[str, ...]:
    irregular = booster_of(name) is not None or bool((known := algorithm_of(name)) and known.irregular)
    return ("memory" if irregular else "compute",) * len(systems)
