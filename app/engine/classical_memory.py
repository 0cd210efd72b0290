"""Memory of a classical fit: the table, its working copies, and what the library needs."""

import numpy as np

from app.engine.classical_cost import GRADIENT_PAIR_BYTES, Table, algorithm_of, booster_of
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.result import Footprint, MemoryPart

DOUBLE_BYTES = 8.0
"""pandas and scikit-learn hold numbers in double precision."""
FLOAT_BYTES = 4.0
"""GPU libraries and XGBoost's DMatrix hold them in single precision."""


def histogram_bytes(table: Table) -> float:
    """Binned copy of the table at one byte a value, and one pair of gradients per row. [bytes]

    Examples
    --------
    One million rows of eight columns:

    >>> histogram_bytes(Table(rows=1e6, columns=8, rounds=100)) / 1e6
    16.0
    """
    return table.rows * table.columns + GRADIENT_PAIR_BYTES * table.rows


def boosted_bytes(rows: float, columns: float) -> float:
    """What boosted trees on histograms hold in system memory: the table, an fp32 copy and the bins. [bytes]

    >>> boosted_bytes(1e6, 8) / 1e6
    112.0
    """
    return (DOUBLE_BYTES + FLOAT_BYTES) * rows * columns + histogram_bytes(Table(rows=rows, columns=columns, rounds=1))


def footprint(name: str, table: Table, *, systems: Systems) -> Footprint:
    """Parts of the memory of one fit. [bytes] On a CPU, system memory; on a GPU, device memory."""
    on_cpu = systems.devices.where(kind="cpu")
    cells = table.rows * table.columns
    size = np.where(on_cpu, DOUBLE_BYTES, FLOAT_BYTES) * cells
    shown = f"{table.rows:.4g} rows x {table.columns:g} columns x 8 bytes (4 on a GPU)"
    parts = [MemoryPart("data", size, shown)]
    if booster_of(name):
        working = histogram_bytes(table) + FLOAT_BYTES * cells * np.where(on_cpu, 1.0, 0.0)
        parts = [MemoryPart("data", np.where(on_cpu, size, 0.0), shown)]  # a GPU holds the binned copy only
        parts.append(
            MemoryPart(
                "histograms", working, "one byte per value, 8 bytes of gradients per row, one fp32 copy on a CPU"
            )
        )
    else:
        algorithm = algorithm_of(name)
        held = algorithm.working_bytes(table) if algorithm else cells * DOUBLE_BYTES
        parts.append(MemoryPart("working_copies", np.full(len(systems), held), "what the fit holds beside the table"))
    context = NETWORKS.column("table_program_bytes", families(systems.devices))
    return Footprint((*parts, MemoryPart("context", context, "program and libraries")))
