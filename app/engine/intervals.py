"""The 80 % interval around an estimate: how measured values have spread around predictions in each class of work.

``data/intervals.json`` holds, per metric and class, the 10 % and 90 % quantiles of measured / predicted over runs whose
source was left out of the fit (split-conformal prediction, Vovk et al.; Angelopoulos and Bates, arXiv:2107.07511).
``bench/fit_intervals.py`` writes it. A class with too few runs takes the spread of its kin or of its metric. Work
unlike what was measured is known less well: the interval is stretched on hardware and frameworks without such runs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.result import Interval


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of measured / predicted. [-]"""

    low: float
    high: float
    runs: int
    """How many measured runs they rest on."""


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files("app.engine").joinpath("data/intervals.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


@cache
def _spreads() -> dict[str, dict[str, Spread]]:
    return {
        metric: {name: Spread(**values) for name, values in classes.items()}
        for metric, classes in _data()["spreads"].items()
    }


TRANSFORMERS = "transformers"
"""Name of the spread that classes of transformers share when they have too few runs of their own."""
FINETUNING = "finetuning"
"""The same for language models that are adapted; programs for that differ more than those for anything else."""
FINETUNING_CLASSES = frozenset({"llm_lora", "llm_qlora", "llm_finetune_full"})
MEMORY_CLASSES = {"llm_serving": "llm_inference"}
"""Classes that the memory of a job is measured as where its speed is measured as another."""
POOLED = "pooled"
"""Name of the spread over all classes of a metric."""
LAUNCHING = 1.4
"""Processors, drivers and programs differ more than what cards compute and move. In fourteen classes of published runs
those that waited for launches spread 1.2 to 1.9 times as wide, logarithmically, as the others; 1.4 times in the middle.
"""


def is_transformer(work_class: str) -> bool:
    """Whether a class of work is one of text transformers.

    >>> is_transformer("llm_lora"), is_transformer("vision_train")
    (True, False)
    """
    return work_class.startswith(("llm_", "nlp_", "seq2seq_", "audio_train"))


def spread(metric: str, work_class: str) -> Spread:
    """The spread for a metric (memory, throughput, prefill, decode, seconds) and class of work."""
    classes = _spreads()[metric]
    names = (measured_as(metric, work_class), work_class, *kin_of(work_class), POOLED)
    return next(classes[name] for name in names if name in classes)


def measured_as(metric: str, work_class: str) -> str:
    """The class whose runs tell a metric of this class of work.

    >>> measured_as("memory", "llm_serving"), measured_as("throughput", "llm_serving")
    ('llm_inference', 'llm_serving')
    """
    return MEMORY_CLASSES.get(work_class, work_class) if metric == "memory" else work_class


def kin_of(work_class: str) -> tuple[str, ...]:
    """Names of the spreads that stand in for a class of too few runs, the nearest kin first.

    >>> kin_of("llm_lora"), kin_of("llm_serving"), kin_of("gan")
    (('finetuning', 'transformers'), ('transformers',), ())
    """
    named = ((FINETUNING, work_class in FINETUNING_CLASSES), (TRANSFORMERS, is_transformer(work_class)))
    return tuple(name for name, belongs in named if belongs)


def maker(family: str) -> str:
    """Hardware families that share a programming model.

    >>> maker("cuda_ada"), maker("amd_cdna")
    ('cuda', 'amd')
    """
    return family.partition("_")[0]


def stretch(metric: str, work_class: str, *, framework: str, families: Sequence[str]) -> Floats:
    """How much wider, logarithmically, an interval is for work unlike what was measured in its class. [-]

    A spread that is pooled over classes is not stretched. Memory does not depend on the maker of a device.
    """
    known = _data()["measured"].get(metric, {}).get(measured_as(metric, work_class))
    if known is None:
        return 1.0
    base = 1.0 if framework in known["frameworks"] else float(_data()["stretch"]["framework"])
    return base if metric == "memory" else base * _by_family(metric, work_class, tuple(families))


@lru_cache(maxsize=1024)
def _by_family(metric: str, work_class: str, families: tuple[str, ...]) -> FloatArray:
    """Made once for the same devices; nobody may write into it."""
    known, factors = _data()["measured"][metric][work_class], _data()["stretch"]
    makers = {maker(family) for family in known["families"]}

    def of(family: str) -> float:
        if family in known["families"]:
            return 1.0
        return float(factors["generation" if maker(family) in makers else "maker"])

    column = np.array([of(family) for family in families])
    column.setflags(write=False)
    return column


def doubt_of_speed(bound_by: Sequence[str]) -> FloatArray:
    """How often the logarithm of the usual spread of a speed is taken, by what takes longest on each system. [-]

    >>> doubt_of_speed(("compute", "overhead")).tolist()
    [1.0, 1.4]
    """
    return np.array([LAUNCHING if longest == "overhead" else 1.0 for longest in bound_by])


def around(expected: FloatArray, *, metric: str, work_class: str, stretched: Floats = 1.0) -> Interval:
    """The interval around these expected values, its logarithmic ends stretched where asked."""
    ratio = spread(metric, work_class)
    return Interval(expected * ratio.low**stretched, expected, expected * ratio.high**stretched)
