"""The tables of the catalogue: what answers are computed from, in the order in which it can be loaded."""

from app.tables.base import Base
from app.tables.evidence import EvidenceRow
from app.tables.hardware import AcceleratorFact, AcceleratorRow, Alias, SoftwareSupport, Source
from app.tables.market import (
    CountryRow,
    EconomicFactor,
    HostPartRow,
    MachineRow,
    OfferHistoryRow,
    OfferRow,
    PriceRow,
    ProviderRow,
)
from app.tables.models import AlgorithmRow, DatasetRow, DiffusionRow, NetworkRow, TransformerRow
from app.tables.policy import RuleRow, ScenarioRow, TierRow
from app.tables.quality import AcceptedFinding
from app.tables.questions import SavedQuestionRow

SEED_ORDER: tuple[type[Base], ...] = (
    Source,
    SoftwareSupport,
    AcceleratorRow,
    AcceleratorFact,
    Alias,
    PriceRow,
    ProviderRow,
    OfferRow,
    OfferHistoryRow,
    MachineRow,
    HostPartRow,
    CountryRow,
    EconomicFactor,
    TransformerRow,
    NetworkRow,
    DiffusionRow,
    AlgorithmRow,
    DatasetRow,
    EvidenceRow,
    ScenarioRow,
    TierRow,
    RuleRow,
    AcceptedFinding,
    SavedQuestionRow,
)
"""Those that others refer to first."""

CATALOGUE_TABLES = frozenset(table.__tablename__ for table in SEED_ORDER)
"""A write to one of these moves the revision."""
