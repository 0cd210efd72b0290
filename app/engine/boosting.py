"""Boosted trees on histograms: seconds of one fit on CPUs and GPUs."""

import math
from dataclasses import replace

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.classical_cost import USUAL_TREES, Table, booster_of
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.table_hardware import core_speed, cores_of, gpu_rate, is_cpu, threads_of

WORTH_LIMITING = 0.75
"""Threads are worth a limit where it leaves less than this share of the time. [-]"""
TWO_LEAVES = 2.0
"""The smallest tree that splits at all. [-]"""
LEAF_BY_LEAF = frozenset({"lightgbm"})
"""Libraries that split one leaf after the other; the others split all leaves of a level at once."""


def tree_size(rounds: float, *, rows: float) -> float:
    """Leaves of a tree against those of the published comparisons of 100 rounds, some 500: nobody says them. [-]

    Who asks for many rounds keeps trees small: ten levels or 512 leaves at 100 rounds, some 90 at 1,000; libraries grow
    31 to 64 unasked. A leaf holds twenty rows or more.

    >>> tree_size(100, rows=1e6), round(tree_size(1000, rows=1e6), 2), tree_size(100, rows=1024)
    (1.0, 0.18, 0.1)
    """
    longer = max(rounds / USUAL_TREES, 1.0)
    asked = max(longer ** -NETWORKS.value("leaves_power_of_rounds"), NETWORKS.value("least_share_of_leaves"))
    filled = rows / (NETWORKS.value("rows_of_a_leaf") * NETWORKS.value("leaves_of_full_trees"))
    return float(min(asked, max(filled, TWO_LEAVES / NETWORKS.value("leaves_of_full_trees"))))


def levels(size: float) -> float:
    """Levels of a balanced tree against those of a full one: every level goes through all rows. [-]

    >>> levels(1.0), round(levels(1 / 8), 2)
    (1.0, 0.67)
    """
    full = math.log2(NETWORKS.value("leaves_of_full_trees"))
    return (full + math.log2(size)) / full


def fit_s(library: str, table: Table, *, systems: Systems) -> FloatArray:
    """Time of one fit: a fixed start, a time per value and level, one per column and leaf, and threads that wait. [s]

    The times are measured (github.com/szilard/GBM-perf, github.com/mirekphd/gbdt-algos-performance-tests,
    github.com/catboost/benchmarks) and carried to other hardware by cores and their generation, or by the cycles and
    the bandwidth of a GPU. What the host does beside a GPU stays as it is.
    """
    return np.asarray(
        np.where(is_cpu(systems), _cpu_s(library, table, systems=systems), _gpu_s(library, table, systems=systems))
    )


def _cpu_s(library: str, table: Table, *, systems: Systems) -> FloatArray:
    size, rounds = tree_size(table.rounds, rows=table.rows), table.rounds / USUAL_TREES
    grown = max(1.0, (table.rows / 1e6)) ** NETWORKS.value(f"{library}_cpu_growth")
    added = (
        _values(library, table, systems=systems) * grown * levels(size) * NETWORKS.value(f"{library}_cpu_s_per_value")
    )
    scanned = table.columns * table.rounds * size * NETWORKS.value(f"{library}_cpu_s_per_column")
    shared = (added + scanned) / threads_of(systems) ** NETWORKS.value(f"{library}_core_scaling")
    splits = rounds * _splits(library, size)
    alone = NETWORKS.value(f"{library}_cpu_fixed_s") * splits
    return np.asarray((alone + shared) / core_speed(systems) + waiting_s(library, systems=systems) * splits)


def _gpu_s(library: str, table: Table, *, systems: Systems) -> FloatArray:
    size, rounds = tree_size(table.rounds, rows=table.rows), table.rounds / USUAL_TREES
    rate = gpu_rate(systems)
    full = min(table.rows / NETWORKS.value("rows_of_full_trees"), 1.0) ** NETWORKS.value(f"{library}_gpu_small_tables")
    added_s = NETWORKS.value(f"{library}_gpu_s_per_value") / rate + NETWORKS.value(f"{library}_gpu_host_s_per_value")
    added = _values(library, table, systems=systems) * levels(size) * added_s
    scanned = table.columns * table.rounds * size * NETWORKS.value(f"{library}_gpu_s_per_column") / rate
    launched = NETWORKS.value(f"{library}_gpu_fixed_s") * rounds * full * _splits(library, size)
    began = NETWORKS.value(f"{library}_gpu_start_s_per_row") * table.rows
    return np.asarray(launched + added + scanned + began)


def _values(library: str, table: Table, *, systems: Systems) -> FloatArray:
    return table.rows * counted_columns(library, table.columns, systems=systems) * table.rounds


def _splits(library: str, size: float) -> float:
    """Steps one after the other in a tree, against a full one: leaves, or levels. [-]"""
    return size if library in LEAF_BY_LEAF else levels(size)


def waiting_s(library: str, *, systems: Systems) -> FloatArray:
    """Time of 100 rounds of full trees in which threads wait for each other at the end of every split. [s]

    A barrier costs time in proportion to its threads, and several times as much across sockets. That is why many
    cores grow the trees of a small table slower than a few.
    """
    threads = threads_of(systems)
    sockets = np.where(threads > cores_of(systems), NETWORKS.value("second_socket_waiting"), 1.0)
    return np.asarray(NETWORKS.value(f"{library}_waiting_s_per_thread") * threads * sockets)


def best_threads(name: str, table: Table, *, systems: Systems) -> float | None:
    """Threads that fit boosted trees much sooner than all cores of a machine would; None where none do. [-]"""
    library, said = booster_of(name), systems.threads.size > 0 and not np.all(np.isnan(systems.threads))
    if library is None or said or not bool(np.all(is_cpu(systems))):
        return None
    most = float(threads_of(systems)[0])
    taken = {most: float(fit_s(library, table, systems=systems)[0])}
    for threads in (2.0**power for power in range(int(math.log2(max(most, 1.0))) + 1)):
        limited = replace(systems, threads=np.full(len(systems), threads))
        taken[threads] = float(fit_s(library, table, systems=limited)[0])
    best = min(taken, key=lambda threads: taken[threads])
    return best if taken[best] < WORTH_LIMITING * taken[most] else None


def counted_columns(library: str, columns: float, *, systems: Systems) -> FloatArray:
    """Columns that the work of a row amounts to, where times were measured with a few: a row costs beside them. [-]

    Gradients, scores and the move to a child node are the same however many columns a row has.
    """
    beside = NETWORKS.column(f"{library}_columns_beside", families(systems.devices))
    measured = NETWORKS.value("boosting_columns_measured")
    return measured * (columns + beside) / (measured + beside)
