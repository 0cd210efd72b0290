"""What can be edited: each kind of entry with its table, the words its fields may hold, and its name in addresses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Date, Integer, String, Table, inspect

from app.advice.evidence import METRICS
from app.engine.science import FOLDING
from app.errors import NotFound
from app.field_problems import nearest
from app.tables import (
    AcceleratorRow,
    AlgorithmRow,
    Alias,
    Base,
    CountryRow,
    DatasetRow,
    DiffusionRow,
    EconomicFactor,
    EvidenceRow,
    HostPartRow,
    MachineRow,
    NetworkRow,
    OfferRow,
    PriceRow,
    ProviderRow,
    RuleRow,
    SavedQuestionRow,
    ScenarioRow,
    SoftwareSupport,
    Source,
    TierRow,
    TransformerRow,
)

Document = dict[str, Any]
"""An entry as JSON: every field by its name; of hardware also ``facts``."""

OWN_COLUMNS = frozenset({"id", "version", "retired"})
"""Columns that are no fields of an entry."""

CONFIDENCE = ("high", "medium", "low")
NO_KEY = "world"
"""Stands in addresses for the country whose code is empty."""

FACT_UNITS: Mapping[str, str] = {
    "memory": "GiB",
    "visible_memory": "GiB",
    "memory_bandwidth": "GB/s",
    "fp32": "TFLOP/s",
    "tf32": "TFLOP/s",
    "fp16": "TFLOP/s",
    "bf16": "TFLOP/s",
    "fp16_accumulate_fp16": "TFLOP/s",
    "fp8": "TFLOP/s",
    "fp8_accumulate_fp16": "TFLOP/s",
    "fp4": "TFLOP/s",
    "int8": "TOP/s",
    "boost_clock": "MHz",
    "compute_units": "1",
    "threads": "1",
    "interconnect_bandwidth": "GB/s",
    "rack_devices": "1",
    "trains": "1",
    "pcie_generation": "1",
    "pcie_lanes": "1",
    "tdp": "W",
    "tgp_min": "W",
    "tgp_max": "W",
    "slots": "1",
    "launch_price": "USD",
}
"""The numbers of an accelerator and the unit each is kept in."""


TOLD_COLUMNS = 2
"""Of the list, that tell a numbered entry from others of its kind."""


@dataclass(frozen=True)
class Entity:
    """One kind of entry."""

    name: str
    """In addresses; plural."""
    title: str
    row: type[Base]
    shown: tuple[str, ...]
    """Columns of the list."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has_facts: bool = False

    @cached_property
    def table(self) -> Table:
        """Its table."""
        return self.row.metadata.tables[self.row.__tablename__]

    @cached_property
    def columns(self) -> dict[str, Column[Any]]:
        """Its fields."""
        return {column.name: column for column in inspect(self.row).columns if column.name not in OWN_COLUMNS}

    @cached_property
    def key_column(self) -> Column[Any]:
        """What tells its entries apart."""
        return next(iter(self.table.primary_key))

    @cached_property
    def numbered(self) -> bool:
        """Whether the database gives the key."""
        return isinstance(self.key_column.type, Integer)

    @cached_property
    def references(self) -> dict[str, "Entity"]:
        """Fields that name another entry."""
        by_table = {entity.table.name: entity for entity in ENTITIES.values()}
        return {
            name: by_table[key.column.table.name]
            for name, column in self.columns.items()
            for key in column.foreign_keys
        }

    def key_of(self, key: str) -> Any:
        """A key of an address as the database has it."""
        if self.numbered:
            if not (key.isdecimal() and len(key) < len(str(2**31))):
                raise self.unknown(key)
            return int(key)
        return "" if key == NO_KEY and self.name == "countries" else key

    def key_text(self, key: object) -> str:
        """A key of the database as addresses have it."""
        return str(key) or NO_KEY

    def document(self, row: Sequence[Any]) -> Document:
        """A whole row of the table as JSON, without facts."""
        found: Document = dict(zip(self.columns, self._fields_of(row), strict=True))
        for name in self._dates:
            if found[name] is not None:
                found[name] = found[name].isoformat()
        return found

    @cached_property
    def _fields_of(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        places = {column.name: place for place, column in enumerate(self.table.columns)}
        return itemgetter(*(places[name] for name in self.columns))

    @cached_property
    def _dates(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if isinstance(column.type, Date))

    def words(self, values: Mapping[str, Any]) -> str:
        """What an entry is about, where its key is a number that says nothing."""
        told = (values.get(name) for name in self.shown[:TOLD_COLUMNS]) if self.numbered else ()
        return ", ".join(str(value) for value in told if value not in {None, ""})

    def unknown(self, key: str) -> NotFound:
        """There is no such entry."""
        return NotFound(f"There is no entry “{key[:80]}” in {self.title.lower()}.")

    def is_long(self, name: str) -> bool:
        """Whether a field holds sentences."""
        kind = self.columns[name].type
        return isinstance(kind, String) and (kind.length or 0) >= 400 and not self.columns[name].foreign_keys


def entity_named(name: str) -> Entity:
    """The kind of entry of an address."""
    if name not in ENTITIES:
        raise NotFound(f"There is no table “{name[:60]}”.", suggestions=nearest(name, list(ENTITIES)))
    return ENTITIES[name]


_HARDWARE = Entity(
    "hardware",
    "Hardware",
    AcceleratorRow,
    ("name", "vendor", "kind", "segment", "launch"),
    {
        "kind": ("gpu", "npu", "apple_soc", "tpu", "fpga", "cpu"),
        "segment": ("desktop", "laptop", "workstation", "datacenter", "edge", "soc"),
        "interconnect": ("none", "nvlink", "xgmi", "roce", "ici", "neuronlink"),
        "market_status": ("", "current", "previous", "legacy", "discontinued", "announced"),
        "confidence": CONFIDENCE,
    },
    has_facts=True,
)
_PRICES = Entity(
    "prices",
    "Prices to buy",
    PriceRow,
    ("accelerator", "condition", "amount", "currency", "as_of"),
    {"condition": ("new", "used"), "confidence": CONFIDENCE},
)
_OFFERS = Entity(
    "offers",
    "Offers to rent",
    OfferRow,
    ("provider", "instance", "region", "usd_per_hour_on_demand", "as_of"),
)
_PROVIDERS = Entity(
    "providers",
    "Providers",
    ProviderRow,
    ("name", "kind", "status"),
    {
        "kind": ("hyperscaler", "specialist", "marketplace", "serverless", "notebook", "defunct"),
        "status": ("active", "closed", "unclear"),
    },
)
_TRANSFORMERS = Entity(
    "transformers",
    "Models: transformers",
    TransformerRow,
    ("name", "family", "parameters", "architecture"),
    {"architecture": ("encoder", "decoder", "encoder_decoder"), "confidence": CONFIDENCE},
)
_NETWORKS = Entity(
    "networks",
    "Models: networks",
    NetworkRow,
    ("name", "architecture", "parameters", "macs_per_sample"),
    {
        "tokens_meet": ("", "none", "attention", "equal_blocks", "windows", "mixed", *sorted(FOLDING)),
        "confidence": CONFIDENCE,
    },
)
_DIFFUSION = Entity(
    "diffusion-models",
    "Models: diffusion",
    DiffusionRow,
    ("name", "architecture", "denoiser_parameters"),
    {"architecture": ("diffusion_unet", "diffusion_transformer"), "confidence": CONFIDENCE},
)
_RULES = Entity(
    "rules",
    "Rules",
    RuleRow,
    ("kind", "priority", "outcome", "condition", "last_checked"),
    {"kind": ("scenario", "tier", "warning")},
)
_SUPPORT = Entity(
    "software-support",
    "Software support",
    SoftwareSupport,
    ("vendor", "architecture", "status", "since"),
    {"status": ("supported", "legacy", "unsupported", "announced"), "confidence": CONFIDENCE},
)
_ALIASES = Entity(
    "aliases",
    "Other names",
    Alias,
    ("kind", "alias", "slug"),
    {"kind": ("hardware", "model", "dataset", "algorithm", "provider")},
)
_QUESTIONS = Entity(
    "questions",
    "Saved questions",
    SavedQuestionRow,
    ("question", "scenarios", "tiers", "must_pass", "origin"),
    {"origin": ("own", "public")},
)

_EVIDENCE = Entity(
    "evidence",
    "Measurements",
    EvidenceRow,
    ("model", "accelerator", "accelerator_count", "metric", "value"),
    {"metric": METRICS, "confidence": CONFIDENCE},
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        _HARDWARE,
        _PRICES,
        _OFFERS,
        _PROVIDERS,
        Entity("machines", "Whole machines", MachineRow, ("name", "kind", "usd", "as_of"), {"confidence": CONFIDENCE}),
        Entity("host-parts", "Parts", HostPartRow, ("part", "spec", "amount_low"), {"confidence": CONFIDENCE}),
        _TRANSFORMERS,
        _NETWORKS,
        _DIFFUSION,
        Entity("algorithms", "Algorithms", AlgorithmRow, ("name", "category"), {"confidence": CONFIDENCE}),
        Entity("datasets", "Data sets", DatasetRow, ("name", "modality", "samples"), {"confidence": CONFIDENCE}),
        _EVIDENCE,
        Entity("scenarios", "Scenarios", ScenarioRow, ("number", "title")),
        Entity("tiers", "Tiers", TierRow, ("title", "memory_gib_min", "memory_gib_max", "position")),
        _RULES,
        _QUESTIONS,
        _SUPPORT,
        Entity("sources", "Sources", Source, ("title", "url")),
        _ALIASES,
        Entity("countries", "Countries", CountryRow, ("name", "usd_per_kwh"), {"confidence": CONFIDENCE}),
        Entity("factors", "Factors", EconomicFactor, ("topic", "subject", "value"), {"confidence": CONFIDENCE}),
    )
}
"""Every kind of entry by its name in addresses."""
