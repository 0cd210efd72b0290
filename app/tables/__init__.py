"""The tables of the database."""

from app.tables.accounts import ApiKey, IdempotentAnswer, Identity, SignedIn, SignInQueue, User
from app.tables.answers import SavedAnswer
from app.tables.audit import AuditEntry
from app.tables.base import Base
from app.tables.catalogue_tables import CATALOGUE_TABLES, SEED_ORDER
from app.tables.drafts import DraftChange
from app.tables.evidence import EvidenceRow
from app.tables.fair_use import RateCount
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
from app.tables.refresh import (
    FetchedPage,
    HeldChange,
    PriceFeed,
    RefreshJob,
    RefreshRun,
    SourceValidator,
    WorkLease,
)
from app.tables.revision import CatalogueRevision
from app.tables.searches import UnansweredSearch
from app.tables.seeding import SeedEntry
from app.tables.uploads import ImportMapping, ImportUpload

__all__ = [
    "CATALOGUE_TABLES",
    "SEED_ORDER",
    "AcceleratorFact",
    "AcceleratorRow",
    "AcceptedFinding",
    "AlgorithmRow",
    "Alias",
    "ApiKey",
    "AuditEntry",
    "Base",
    "CatalogueRevision",
    "CountryRow",
    "DatasetRow",
    "DiffusionRow",
    "DraftChange",
    "EconomicFactor",
    "EvidenceRow",
    "FetchedPage",
    "HeldChange",
    "HostPartRow",
    "IdempotentAnswer",
    "Identity",
    "ImportMapping",
    "ImportUpload",
    "MachineRow",
    "NetworkRow",
    "OfferHistoryRow",
    "OfferRow",
    "PriceFeed",
    "PriceRow",
    "ProviderRow",
    "RateCount",
    "RefreshJob",
    "RefreshRun",
    "RuleRow",
    "SavedAnswer",
    "SavedQuestionRow",
    "ScenarioRow",
    "SeedEntry",
    "SignInQueue",
    "SignedIn",
    "SoftwareSupport",
    "Source",
    "SourceValidator",
    "TierRow",
    "TransformerRow",
    "UnansweredSearch",
    "User",
    "WorkLease",
]
