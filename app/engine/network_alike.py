"""A network described by its size and operations alone is often one that is known: its layers are taken from there."""

import math
from collections.abc import Iterable
from dataclasses import replace

from app.engine.coefficients_networks import NETWORKS
from app.engine.model_spec import ModelSpec, NetworkSpec


def difference(spec: NetworkSpec, known: NetworkSpec, *, size: tuple[int, ...]) -> float:
    """How far parameters and multiply-adds at this size are from those of a known network, as logarithms. [-]

    >>> asked = NetworkSpec("", "cnn", "", 25.6e6, 4.1e9, None)
    >>> resnet50 = NetworkSpec("resnet50", "cnn", "resnet", 25.56e6, 4.11e9, 11.1e6, (224, 224), 50)
    >>> round(difference(asked, resnet50, size=(224, 224)), 3)
    0.002
    >>> difference(asked, resnet50, size=(112, 112)) > 1
    True
    """
    if spec.macs_per_sample is None or not known.macs_per_sample or len(known.reference_size) != len(size):
        return math.inf
    scaled = known.macs_per_sample * math.prod(size) / math.prod(known.reference_size)
    return max(abs(math.log(spec.parameters / known.parameters)), abs(math.log(spec.macs_per_sample / scaled)))


def as_known(spec: NetworkSpec, models: Iterable[ModelSpec], *, size: tuple[int, ...]) -> NetworkSpec:
    """The network with the activations and the layers of the known one that has its counts, if there is one.

    >>> asked = NetworkSpec("your model", "cnn", "", 25.6e6, 4.1e9, None)
    >>> resnet50 = NetworkSpec("resnet50", "cnn", "resnet", 25.56e6, 4.11e9, 11.1e6, (224, 224), 50)
    >>> as_known(asked, [resnet50], size=(224, 224)).depth
    50
    """
    if spec.activations_per_sample is not None or spec.depth is not None or not size:
        return spec
    alike = [
        (difference(spec, known, size=size), known)
        for known in models
        if isinstance(known, NetworkSpec) and known.architecture == spec.architecture and known.activations_per_sample
    ]
    nearest, known = min(alike, key=lambda pair: pair[0], default=(math.inf, spec))
    if nearest > NETWORKS.value("same_counts_within") or known.activations_per_sample is None:
        return spec
    grown = math.prod(size) / math.prod(known.reference_size)
    counted = known.activations_per_sample * grown
    return replace(
        known, name=spec.name, parameters=spec.parameters, macs_per_sample=spec.macs_per_sample,
        activations_per_sample=counted, reference_size=spec.reference_size, source=spec.source,
    )  # fmt: skip
