"""Operations, memory passes and working sets of classical algorithms, as functions of rows, columns and rounds."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from app.engine.coefficients_networks import NETWORKS

USUAL_TREES = 100
"""Trees of a forest or boosting rounds where nobody says. scikit-learn and XGBoost defaults."""
GRADIENT_PAIR_BYTES = 8.0
"""First and second derivative of one row in fp32. XGBoost, arXiv:1603.02754, section 2.2."""
LIBSVM_CACHE_BYTES = 200e6
"""Kernel cache of scikit-learn's SVC, 200 MB by default (sklearn.svm.SVC, cache_size)."""


@dataclass(frozen=True, slots=True)
class Table:
    """The data of one fit."""

    rows: float
    columns: float
    rounds: float
    """Trees, boosting rounds or iterations asked for."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How one algorithm scales. Operations count multiply-adds as two."""

    flops: Callable[[Table], float]
    """Operations of one fit. [FLOP]"""
    passes: Callable[[Table], float]
    """How often a fit reads the whole table. [-]"""
    working_bytes: Callable[[Table], float]
    """What a fit holds beside the table. [bytes]"""
    parallel: bool = True
    """Uses all cores."""
    gpu: bool = True
    """A GPU library fits it."""
    irregular: bool = False
    """Branches and gathers: reaches a small part of the peak, on any hardware."""


def _levels(table: Table) -> float:
    return math.log2(max(table.rows, 2.0))


def _clusters() -> float:
    return NETWORKS.value("usual_clusters")


def least_squares_flops(table: Table) -> float:
    """Normal equations or QR: twice rows times columns squared, and one cubic factorisation. [FLOP]

    >>> least_squares_flops(Table(rows=1000, columns=10, rounds=1))
    201000.0
    """
    return 2.0 * table.rows * table.columns**2 + table.columns**3


def neighbours_flops(table: Table) -> float:
    """Brute-force neighbours for queries that are a stated share of the rows. [FLOP]"""
    return 2.0 * table.rows**2 * NETWORKS.value("query_share_of_rows") * table.columns


ALGORITHMS: dict[str, Algorithm] = {
    "linear": Algorithm(least_squares_flops, lambda _: 2.0, lambda t: 8 * t.rows * t.columns + 8 * t.columns**2),
    "iterative-linear": Algorithm(
        lambda t: 4.0 * NETWORKS.value("solver_iterations") * t.rows * t.columns,
        lambda _: 2.0 * NETWORKS.value("solver_iterations"),
        lambda t: 160.0 * t.columns,
    ),
    "kernel-svm": Algorithm(
        lambda t: 2.0 * t.columns * t.rows**2,
        lambda _: 1.0,
        lambda _: LIBSVM_CACHE_BYTES,
        parallel=False,
        irregular=True,
    ),
    "neighbours": Algorithm(neighbours_flops, lambda _: 2.0, lambda t: 4e3 * t.rows),
    "kmeans": Algorithm(
        lambda t: 3.0 * t.rows * t.columns * _clusters() * NETWORKS.value("solver_iterations"),
        lambda _: NETWORKS.value("solver_iterations"),
        lambda t: 4.0 * t.rows * _clusters(),
    ),
    "pca": Algorithm(least_squares_flops, lambda _: 3.0, lambda t: 8 * t.rows * t.columns + 8 * t.columns**2),
    "density": Algorithm(
        lambda t: 2.0 * t.rows**2 * t.columns, lambda _: 2.0, lambda t: 400.0 * t.rows, parallel=False, irregular=True
    ),
    "embedding": Algorithm(
        lambda t: 2e3 * t.rows * _levels(t) * t.columns**0.5, lambda _: 10.0, lambda t: 2e3 * t.rows, irregular=True
    ),
    "tree": Algorithm(
        lambda t: 20.0 * t.columns * t.rows * _levels(t),
        lambda _: 10.0,
        lambda t: 128.0 * t.rows,
        parallel=False,
        irregular=True,
    ),
    "forest": Algorithm(
        lambda t: 20.0 * t.rounds * math.sqrt(t.columns) * t.rows * _levels(t),
        lambda _: 10.0,
        lambda t: 80.0 * t.rounds * t.rows,
        irregular=True,
    ),
    "gaussian-process": Algorithm(
        lambda t: 30.0 * (t.rows**3 / 3 + 2 * t.rows**2 * t.columns), lambda _: 30.0, lambda t: 16.0 * t.rows**2
    ),
    "counting": Algorithm(lambda t: 2.0 * t.rows * t.columns, lambda _: 2.0, lambda t: 16.0 * t.columns, gpu=False),
}  # fmt: skip
SAME_AS = {
    "linear-regression": "linear", "ridge": "linear", "lasso": "iterative-linear",
    "lasso-elasticnet": "iterative-linear", "elasticnet": "iterative-linear",
    "logistic-regression": "iterative-linear", "linear-svm": "iterative-linear",
    "tfidf-logreg": "iterative-linear", "svm": "kernel-svm", "kernel-svm": "kernel-svm", "svc": "kernel-svm",
    "knn": "neighbours", "knn-brute": "neighbours", "kmeans": "kmeans", "k-means": "kmeans", "pca": "pca",
    "dbscan": "density", "hdbscan": "density", "tsne": "embedding", "t-sne": "embedding", "umap": "embedding",
    "decision-tree": "tree", "random-forest": "forest", "extra-trees": "forest", "gaussian-process": "gaussian-process",
    "naive-bayes": "counting",
}  # fmt: skip
BOOSTERS = ("xgboost", "lightgbm", "catboost", "gradient-boosting")
"""Boosted trees on histograms, measured; plain gradient boosting counts as LightGBM, whose method it shares."""


def slug_of(name: str) -> str:
    """An algorithm's name as the tables here spell it.

    >>> slug_of("Random_Forest")
    'random-forest'
    """
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def booster_of(name: str) -> str | None:
    """The boosted-tree library of a name, if it is one."""
    slug = slug_of(name)
    match = next((known for known in BOOSTERS if slug.startswith(known)), None)
    return "lightgbm" if match == "gradient-boosting" else match


def algorithm_of(name: str) -> Algorithm | None:
    """How an algorithm scales; None where no formula is known."""
    known = SAME_AS.get(slug_of(name))
    return ALGORITHMS[known] if known else None
