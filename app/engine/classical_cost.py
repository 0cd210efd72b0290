"""Operations, memory passes and working sets of classical algorithms, as functions of rows, columns and rounds."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from app.engine.coefficients_networks import NETWORKS

USUAL_TREES = 100
"""Trees of a forest or boosting rounds where nobody says. scikit-learn and XGBoost defaults."""
SPLIT_FLOPS = 20.0
"""Operations to sort and score one value at one level of a tree. Assumption; scikit-learn guide, 1.10.5."""
TREE_BYTES_PER_ROW = 30.0
"""Nodes of an unpruned tree. A node with its value takes 80 bytes (sklearn.tree._tree.Node); classes take 0.15 to 0.4
nodes a row, noisy numbers 1.3. github.com/szilard/benchm-ml: 500 trees of a million rows within 20 GB."""
WHOLE_TREE_FLOPS = 40.0
"""The same where a tree looks at all columns of all rows: a forest's see two thirds of the rows, some twice."""
RANDOM_SPLIT_FLOPS = 4.5
"""The same where splits are drawn and nothing is sorted (sklearn.ensemble.ExtraTreesClassifier)."""
CHOICE_FLOPS = 40.0
"""Operations per pair to keep a row's nearest: a fifth of a distance of a hundred columns. Assumption; scikit-learn."""
COLUMNS_OF_EQUAL_DISTANCES = 400.0
"""Columns whose distances take as long as the layout of a row. Assumption; UMAP, 70,000 x 784 against 30,000 x 50."""
MERGE_COLUMNS = 4.0
"""Work per pair beside its distance, in columns: pairs that are merged are measured anew."""
EMBEDDING_CORES, NEIGHBOUR_GRAPH_CORES = 0.5, 0.25
"""Powers of the cores that t-SNE and UMAP are shared by. t-SNE keeps 4.5 of 16 busy
(github.com/clara-parabricks/rapids-single-cell-examples), UMAP fewer. Assumptions."""
SORTED_ROW_BYTES = 128.0
"""Index and feature buffers per row while one tree grows. Assumption."""
NEIGHBOUR_BYTES = 2e3
"""Neighbour lists and gradients of one row: 15 to 100 neighbours. Assumption; UMAP, arXiv:1802.03426."""
NEIGHBOURHOOD_BYTES = 400.0
"""Materialised neighbourhood of one row: about 50 indices. Assumption; sklearn.cluster.DBSCAN notes on memory."""
QUERY_TILE_BYTES = 4e3
"""Tile of distances per row in brute-force search, a thousand in fp32. Assumption."""
LBFGS_BYTES = 160.0
"""Ten pairs of fp64 vectors per column. SciPy L-BFGS-B default, m=10."""
LOSS_ROW_BYTES, CENTRE_BYTES = 34.0, 10.0
"""Labels, scores and gradients of a row; its distance and weight to each centre. Measured with scikit-learn 1.9:
114 MB beside a table of a million rows of ten columns for logistic regression, 161 MB for k-means of eight clusters."""
HYPERPARAMETER_STEPS = 30.0
"""Likelihood evaluations while a Gaussian process is fitted. Assumption."""
MATRIX_BYTES = 8.0
"""fp64."""
LIBSVM_CACHE_BYTES = 200e6
"""Kernel cache of scikit-learn's SVC, 200 MB by default (sklearn.svm.SVC, cache_size)."""


@dataclass(frozen=True, slots=True)
class Table:
    """The data of one fit."""

    rows: float
    columns: float
    rounds: float
    """Trees, boosting rounds or iterations asked for."""


def _nothing(_: Table) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How one algorithm scales. Operations count multiply-adds as two."""

    flops: Callable[[Table], float]
    """Operations of one fit. [FLOP]"""
    passes: Callable[[Table], float]
    """How often a fit reads the whole table. [-]"""
    working_bytes: Callable[[Table], float]
    """What a fit holds beside the table. [bytes]"""
    cores: float = 1.0
    """Power of the cores that a fit is shared by: 1 all of them, 0 one alone."""
    gpu: bool = True
    """A GPU library fits it."""
    efficiency: str = "classical_efficiency"
    """Coefficient with the share of the fp32 peak that it reaches."""
    scalar: str | None = None
    """For branches and gathers: the coefficient with the seconds of one operation on one core of 2016."""
    misses: bool = True
    """Operations take longer as the table leaves the caches."""
    gpu_scalar: str | None = None
    """For gathers on a GPU: the coefficient with the seconds of one unit of ``gpu_work`` on the reference GPU."""
    gpu_work: Callable[[Table], float] = _nothing
    """Units of such work; what ``gpu_scalar`` counts. [-]"""
    steps: Callable[[Table], float] = _nothing
    """Steps that a GPU takes one after the other: trees, iterations. [-]"""
    step: str = "forest_gpu_s_per_tree"
    """Coefficient with the time of one such step."""
    factorised: Callable[[Table], float] = _nothing
    """Operations of a factorisation, which a GPU works off at a small, steady rate. [FLOP]"""

    @property
    def irregular(self) -> bool:
        """Reaches a small part of the peak, on any hardware."""
        return self.scalar is not None


def _levels(table: Table) -> float:
    return math.log2(max(table.rows, 2.0))


def _clusters() -> float:
    return NETWORKS.value("usual_clusters")


def gram_flops(table: Table) -> float:
    """Normal equations: the products of all pairs of columns, and one cubic factorisation. [FLOP]

    >>> gram_flops(Table(rows=1000, columns=10, rounds=1))
    201000.0
    """
    return 2.0 * table.rows * table.columns**2 + table.columns**3


def least_squares_flops(table: Table) -> float:
    """Least squares by a singular value decomposition, as LAPACK's gelsd does. [FLOP]

    Golub and Van Loan, Matrix Computations, figure 8.6.1: 6 m n^2 + 20 n^3.

    >>> least_squares_flops(Table(rows=1000, columns=10, rounds=1))
    620000.0
    """
    return 6.0 * table.rows * table.columns**2 + 20.0 * table.columns**3


def neighbours_flops(table: Table) -> float:
    """Brute-force neighbours for queries that are a stated share of the rows: distances, and the choice. [FLOP]"""
    pairs = table.rows**2 * NETWORKS.value("query_share_of_rows")
    return (2.0 * table.columns + CHOICE_FLOPS) * pairs


def decomposition_flops(table: Table) -> float:
    """Eigenvectors of a symmetric matrix of all columns. [FLOP] Golub and Van Loan, Matrix Computations, 8.3: 9 n^3.

    >>> decomposition_flops(Table(rows=1000, columns=10, rounds=1))
    9000.0
    """
    return 9.0 * table.columns**3


def _copied(table: Table) -> float:
    return MATRIX_BYTES * (table.rows + table.columns) * table.columns


def _copied_twice(table: Table) -> float:
    """A centred copy, and the one that LAPACK writes over (sklearn.linear_model.LinearRegression: 16 bytes a value)."""
    return _copied(table) + MATRIX_BYTES * table.rows * table.columns


def _iterated(table: Table) -> float:
    return 4.0 * NETWORKS.value("solver_iterations") * table.rows * table.columns


def _forest(split_flops: float) -> Algorithm:
    """Trees that are grown apart from each other, each split weighing the square root of all columns."""
    return Algorithm(
        lambda t: split_flops * t.rounds * math.sqrt(t.columns) * t.rows * _levels(t),
        lambda _: 10.0,
        lambda t: TREE_BYTES_PER_ROW * t.rounds * t.rows,
        scalar="tree_s_per_operation",
        steps=lambda t: t.rounds,
    )


ALGORITHMS: dict[str, Algorithm] = {
    "linear": Algorithm(least_squares_flops, lambda _: 2.0, _copied_twice),
    "gram": Algorithm(gram_flops, lambda _: 4.0, _copied),
    "iterative-linear": Algorithm(
        _iterated,
        lambda _: 2.0 * NETWORKS.value("solver_iterations"),
        lambda t: MATRIX_BYTES * t.rows * t.columns + LBFGS_BYTES * t.columns + LOSS_ROW_BYTES * t.rows,
    ),
    "coordinates": Algorithm(
        lambda t: t.rows * t.columns,
        lambda _: 2.0,
        lambda t: MATRIX_BYTES * t.rows * t.columns,
        cores=0.0,
        scalar="coordinate_s_per_value",
        misses=False,
        gpu_scalar="solver_gpu_s_per_value",
        gpu_work=lambda t: t.rows * t.columns,
    ),
    "kernel-svm": Algorithm(
        lambda t: 2.0 * t.columns * t.rows**2,
        lambda _: 1.0,
        lambda _: LIBSVM_CACHE_BYTES,
        cores=0.0,
        scalar="kernel_s_per_operation",
    ),
    "neighbours": Algorithm(neighbours_flops, lambda _: 2.0, lambda t: QUERY_TILE_BYTES * t.rows),
    "kmeans": Algorithm(
        lambda t: 3.0 * t.rows * t.columns * _clusters() * NETWORKS.value("clustering_iterations"),
        lambda _: NETWORKS.value("clustering_iterations"),
        lambda t: MATRIX_BYTES * t.rows * t.columns + CENTRE_BYTES * t.rows * _clusters(),
        efficiency="clustering_efficiency",
        steps=lambda _: NETWORKS.value("clustering_iterations"),
        step="solver_gpu_s_per_step",
    ),
    "pca": Algorithm(gram_flops, lambda _: 3.0, _copied, factorised=decomposition_flops),
    "density": Algorithm(
        lambda t: 2.0 * t.rows**2 * t.columns,
        lambda _: 2.0,
        lambda t: NEIGHBOURHOOD_BYTES * t.rows,
        cores=0.0,
        scalar="neighbour_s_per_operation",
    ),
    "hierarchy": Algorithm(
        lambda t: 2.0 * t.rows**2 * (t.columns + MERGE_COLUMNS),
        lambda _: 2.0,
        lambda t: MATRIX_BYTES * t.rows**2 / 2.0,
        cores=0.0,
        scalar="merge_s_per_operation",
        misses=False,
    ),
    "embedding": Algorithm(
        lambda t: t.rows * _levels(t),
        lambda _: 10.0,
        lambda t: NEIGHBOUR_BYTES * t.rows,
        cores=EMBEDDING_CORES,
        scalar="embedding_s_per_row_and_level",
        misses=False,
        gpu_scalar="embedding_gpu_s_per_row",
        gpu_work=lambda t: t.rows * (1.0 + t.rows / NETWORKS.value("rows_of_equal_neighbours")),
    ),
    "neighbour-graph": Algorithm(
        lambda t: t.rows * (1.0 + t.columns / COLUMNS_OF_EQUAL_DISTANCES),
        lambda _: 10.0,
        lambda t: NEIGHBOUR_BYTES * t.rows,
        cores=NEIGHBOUR_GRAPH_CORES,
        scalar="neighbour_graph_s_per_row",
        misses=False,
        gpu_scalar="neighbour_graph_gpu_s_per_row",
        gpu_work=lambda t: t.rows,
    ),
    "tree": Algorithm(
        lambda t: WHOLE_TREE_FLOPS * t.columns * t.rows * _levels(t),
        lambda _: 10.0,
        lambda t: SORTED_ROW_BYTES * t.rows,
        cores=0.0,
        scalar="tree_s_per_operation",
        steps=lambda _: 1.0,
    ),
    "forest": _forest(SPLIT_FLOPS),
    "random-splits": _forest(RANDOM_SPLIT_FLOPS),
    "gaussian-process": Algorithm(
        lambda t: HYPERPARAMETER_STEPS * (t.rows**3 / 3 + 2 * t.rows**2 * t.columns),
        lambda _: HYPERPARAMETER_STEPS,
        lambda t: 2 * MATRIX_BYTES * t.rows**2,
    ),
    "counting": Algorithm(lambda t: 2.0 * t.rows * t.columns, lambda _: 2.0, lambda t: 16.0 * t.columns, gpu=False),
}
SAME_AS = {
    "linear-regression": "linear", "ridge": "gram", "lasso": "coordinates",
    "lasso-elasticnet": "coordinates", "elasticnet": "coordinates",
    "logistic-regression": "iterative-linear", "linear-svm": "coordinates",
    "tfidf-logreg": "iterative-linear", "svm": "kernel-svm", "kernel-svm": "kernel-svm", "svc": "kernel-svm",
    "knn": "neighbours", "knn-brute": "neighbours", "kmeans": "kmeans", "k-means": "kmeans", "pca": "pca",
    "dbscan": "density", "hdbscan": "density", "hierarchical-clustering": "hierarchy",
    "tsne": "embedding", "t-sne": "embedding", "umap": "neighbour-graph",
    "decision-tree": "tree", "random-forest": "forest", "extra-trees": "random-splits",
    "gaussian-process": "gaussian-process", "naive-bayes": "counting",
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


def is_forest(name: str) -> bool:
    """Whether an algorithm grows a forest of full trees.

    >>> is_forest("random-forest"), is_forest("xgboost")
    (True, False)
    """
    return SAME_AS.get(slug_of(name)) in {"forest", "random-splits"}


def grows_trees(name: str) -> bool:
    """Whether an algorithm's work grows with a number of trees or rounds.

    >>> grows_trees("xgboost"), grows_trees("random-forest"), grows_trees("k-means")
    (True, True, False)
    """
    return booster_of(name) is not None or is_forest(name)


def algorithm_of(name: str) -> Algorithm | None:
    """How an algorithm scales; None where no formula is known."""
    known = SAME_AS.get(slug_of(name))
    return ALGORITHMS[known] if known else None
