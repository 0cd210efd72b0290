"""The published catalogue of one revision, in memory: everything an answer is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.advice.evidence import Evidence
from app.advice.market import Market
from app.advice.policy import Policy
from app.catalogue.names import NameIndex
from app.engine.hardware import Accelerator, Devices
from app.engine.model_spec import AlgorithmSpec, ModelSpec


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A public data set."""

    slug: str
    name: str
    modality: str
    samples: float | None
    tokens: float | None
    rows: float | None
    columns: float | None
    size_gb: float | None
    typical_epochs: float | None
    image_size: tuple[int, int] | None
    source: str


@dataclass(frozen=True)
class Snapshot:
    """One revision. Replaced whole when the revision moves; never changed."""

    revision: int
    data_as_of: str
    devices: Devices
    models: dict[str, ModelSpec]
    algorithms: dict[str, AlgorithmSpec]
    datasets: dict[str, DatasetFacts]
    market: Market
    policy: Policy
    hardware_names: NameIndex
    model_names: NameIndex
    dataset_names: NameIndex
    algorithm_names: NameIndex
    provider_names: NameIndex
    details: Mapping[str, dict[str, object]] = field(default_factory=dict)
    """Per accelerator slug, what pages show beyond the engine's fields: facts with source and date, aliases."""
    evidence: Evidence = field(default_factory=Evidence)
    """Published measurements, found by model and device."""
    model_domains: dict[str, str] = field(default_factory=dict)
    """Per model slug, the contract's domain that it works in."""

    @cached_property
    def accelerators(self) -> dict[str, Accelerator]:
        """Accelerators by slug."""
        return {a.slug: a for a in self.devices.accelerators}
