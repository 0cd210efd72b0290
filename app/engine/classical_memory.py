"""Memory of a classical fit: the table, its working copies, and what the library needs."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.classical_cost import Table, algorithm_of, booster_of
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.result import Footprint, MemoryPart

DOUBLE_BYTES = 8.0
"""pandas and scikit-learn hold numbers in double precision."""
FLOAT_BYTES = 4.0
"""GPU libraries and XGBoost's DMatrix hold them in single precision."""


def working_bytes(library: str, table: Table, *, systems: Systems) -> FloatArray:
    """What a library of boosted trees holds beside the data frame: bins, copies, gradients and orders. [bytes]

    On a CPU XGBoost keeps its own matrix beside the bins; CatBoost keeps several orders of the rows.
    """
    groups = families(systems.devices)
    per_value = NETWORKS.column(f"{library}_bytes_per_value", groups)
    per_row = NETWORKS.column(f"{library}_bytes_per_row", groups)
    return np.asarray(table.rows * (per_value * table.columns + per_row))


def boosted_bytes(rows: float, columns: float) -> float:
    """What boosted trees on histograms (LightGBM) hold in system memory, the data frame included. [bytes]

    Examples
    --------
    One million rows of eight columns:

    >>> boosted_bytes(1e6, 8) / 1e6
    123.0
    """
    per_value = NETWORKS["lightgbm_bytes_per_value"].of("cpu")
    return rows * ((DOUBLE_BYTES + per_value) * columns + NETWORKS["lightgbm_bytes_per_row"].of("cpu"))


def footprint(name: str, table: Table, *, systems: Systems) -> Footprint:
    """Parts of the memory of one fit. [bytes] On a CPU, system memory; on a GPU, device memory."""
    on_cpu = systems.devices.where(kind="cpu")
    cells = table.rows * table.columns
    size = np.where(on_cpu, DOUBLE_BYTES, FLOAT_BYTES) * cells
    shown = f"{table.rows:.4g} rows x {table.columns:g} columns x 8 bytes (4 on a GPU)"
    parts = [MemoryPart("data", size, shown)]
    booster = booster_of(name)
    if booster is not None:
        parts = [MemoryPart("data", np.where(on_cpu, size, 0.0), shown)]  # a GPU holds the binned copy only
        held = working_bytes(booster, table, systems=systems)
        parts.append(MemoryPart("histograms", held, "bins of every value; gradients, scores and orders of every row"))
    else:
        algorithm = algorithm_of(name)
        copies = algorithm.working_bytes(table) if algorithm else cells * DOUBLE_BYTES
        parts.append(MemoryPart("working_copies", np.full(len(systems), copies), "what the fit holds beside the table"))
    context = NETWORKS.column("table_program_bytes", families(systems.devices))
    return Footprint((*parts, MemoryPart("context", context, "program and libraries")))
