"""A network described by its size and operations alone is often one that is known: its layers are taken from there."""

import math
from collections.abc import Iterable
from dataclasses import replace

from app.engine.coefficients_networks import NETWORKS
from app.engine.model_spec import ModelSpec, NetworkSpec

CLASSIFIERS = frozenset({"cnn", "vit"})
"""Architectures whose three counts tell one network from all others."""


def difference(spec: NetworkSpec, known: NetworkSpec, *, size: tuple[int, ...]) -> float:
    """How far parameters, multiply-adds and, if told, activations are from a known network at this size. [-]

    The largest of their logarithms counts.

    >>> asked = NetworkSpec("", "cnn", "", 25.6e6, 4.1e9, None)
    >>> resnet50 = NetworkSpec("resnet50", "cnn", "resnet", 25.56e6, 4.11e9, 11.1e6, (224, 224), 50)
    >>> round(difference(asked, resnet50, size=(224, 224)), 3)
    0.002
    >>> difference(asked, resnet50, size=(112, 112)) > 1
    True
    """
    if spec.macs_per_sample is None or not known.macs_per_sample or len(known.reference_size) != len(size):
        return math.inf
    grown = math.prod(size) / math.prod(known.reference_size)
    asked = [(spec.parameters, known.parameters), (spec.macs_per_sample, known.macs_per_sample * grown)]
    if spec.activations_per_sample and known.activations_per_sample:
        asked.append((spec.activations_per_sample, known.activations_per_sample * grown))
    return max(abs(math.log(told / of_known)) for told, of_known in asked)


def as_known(spec: NetworkSpec, models: Iterable[ModelSpec], *, size: tuple[int, ...]) -> NetworkSpec:
    """The network with the layers of the known one that has its counts, and with its activations unless told.

    Of detectors and the like whose activations are told, the layers are not taken.

    >>> asked = NetworkSpec("your model", "cnn", "", 25.6e6, 4.1e9, None)
    >>> resnet50 = NetworkSpec("resnet50", "cnn", "resnet", 25.56e6, 4.11e9, 11.1e6, (224, 224), 50)
    >>> as_known(asked, [resnet50], size=(224, 224)).depth
    50
    """
    told = spec.activations_per_sample
    if spec.depth is not None or not size or (told is not None and spec.architecture not in CLASSIFIERS):
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
    counted = known.activations_per_sample * grown if told is None else told
    return replace(
        known, name=spec.name, parameters=spec.parameters, macs_per_sample=spec.macs_per_sample,
        activations_per_sample=counted, reference_size=spec.reference_size, source=spec.source,
    )  # fmt: skip
