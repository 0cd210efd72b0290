"""The 80 % interval around an estimate: how measured values have spread around predictions in each class of work.

``data/intervals.json`` holds, per metric and class, the 10 % and 90 % quantiles of measured / predicted over runs whose
source was left out of the fit (split-conformal prediction, Vovk et al.; Angelopoulos and Bates, arXiv:2107.07511).
``bench/fit_intervals.py`` writes it. A class with too few runs takes the spread of its kin or of its metric.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from app.engine.arrays import FloatArray
from app.engine.result import Interval


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of measured / predicted. [-]"""

    low: float
    high: float
    runs: int
    """How many measured runs they rest on; 0 for an assumed spread."""


@cache
def _spreads() -> dict[str, dict[str, Spread]]:
    text = resources.files("app.engine").joinpath("data/intervals.json").read_text("utf-8")
    return {
        metric: {name: Spread(**values) for name, values in classes.items()}
        for metric, classes in json.loads(text)["spreads"].items()
    }


TRANSFORMERS = "transformers"
"""Name of the spread that classes of transformers share when they have too few runs of their own."""


def is_transformer(work_class: str) -> bool:
    """Whether a class of work is one of text transformers.

    >>> is_transformer("llm_lora"), is_transformer("vision_train")
    (True, False)
    """
    return work_class.startswith(("llm_", "nlp_", "seq2seq_", "audio_train"))


def spread(metric: str, work_class: str) -> Spread:
    """The spread for a metric (memory, throughput, prefill, decode, seconds) and class of work."""
    classes = _spreads()[metric]
    kin = classes.get(TRANSFORMERS) if is_transformer(work_class) else None
    return classes.get(work_class) or kin or classes["pooled"]


def around(expected: FloatArray, *, metric: str, work_class: str) -> Interval:
    """The interval around these expected values."""
    ratio = spread(metric, work_class)
    return Interval(expected * ratio.low, expected, expected * ratio.high)
