"""What the processor does, with nothing but numpy."""

from collections.abc import Iterator

import numpy as np

from app.engine.units import GIB
from app.measure.figures import Figure, seconds_of
from app.measure.trees import binned, boosted

SIDE = 2048
COPIED_BYTES = 0.25 * GIB
ROWS, COLUMNS, ROUNDS, DEPTH = 100_000, 28, 10, 6
SEED = 7


def measured(*, at_least_s: float, scale: float = 1.0) -> Iterator[Figure]:
    """Arithmetic, memory bandwidth, a linear regression and boosted trees; a ``scale`` below 1 is quicker."""
    rng = np.random.default_rng(SEED)
    side = max(64, int(SIDE * scale))
    one, other = (rng.random((side, side), dtype=np.float32) for _ in range(2))
    took = seconds_of(lambda: one @ other, at_least_s=at_least_s)
    yield Figure("matmul_fp32", "matrix product, fp32", 2 * side**3 / took, "FLOP/s")
    source = np.ones(int(COPIED_BYTES * scale / 8))
    target = np.empty_like(source)
    took = seconds_of(lambda: np.copyto(target, source), at_least_s=at_least_s)
    yield Figure("memory_bandwidth", "memory, read and written", 2 * source.nbytes / took, "bytes/s")
    yield from _tables(rng, at_least_s=at_least_s, scale=scale)


def _tables(rng: np.random.Generator, *, at_least_s: float, scale: float) -> Iterator[Figure]:
    rows = max(1000, int(ROWS * scale))
    table = rng.random((rows, COLUMNS))
    truth = table @ rng.random(COLUMNS) + rng.normal(size=rows)
    size = {"rows": rows, "columns": COLUMNS}
    took = seconds_of(lambda: np.linalg.lstsq(table, truth, rcond=None), at_least_s=at_least_s)
    linear = {"task": "classical", "algorithm": "linear_regression", "dataset": size, "framework": "sklearn"}
    yield Figure("linear_regression", "linear regression", took, "s", "duration_hours", linear)
    bins = binned(table)
    took = seconds_of(lambda: boosted(bins, truth, rounds=ROUNDS, depth=DEPTH), at_least_s=at_least_s)
    trees = {"task": "classical", "algorithm": "xgboost", "dataset": size, "steps": ROUNDS, "framework": "xgboost"}
    title = "boosted trees (in numpy; the prediction is for XGBoost on one core)"
    yield Figure("boosted_trees", title, took, "s", "duration_hours", trees, comparable=False, threads=1)
