"""Scenarios, tiers and rules as value objects: what an administrator may change about how answers are decided."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of the four kinds of answer."""

    number: int
    slug: str
    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A class of hardware by memory. None: no bound. [GiB as the contract counts it]"""

    slug: str
    title: str
    memory_gib_min: float | None
    memory_gib_max: float | None
    position: int
    description: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """When ``condition`` holds, the answer is ``scenario`` (kind "scenario") or ``tier`` (kind "tier").

    Rules are tried by falling priority; the first that holds decides and is named in the answer.
    """

    slug: str
    kind: str
    """scenario, tier or warning."""
    priority: int
    condition: str
    """A CEL condition over workload, need and constraints."""
    outcome: str
    """Slug of the scenario or tier; of a warning its severity: problem, warning or note."""
    reason: str
    """A sentence for the person, with {need.memory_gib}-style places filled from what the condition may look at."""
    valid_from: date
    last_checked: date
    owner: str
    source: str = ""


@dataclass(frozen=True)
class Policy:
    """All scenarios, tiers and rules of one catalogue revision."""

    scenarios: tuple[Scenario, ...]
    tiers: tuple[Tier, ...]
    rules: tuple[Rule, ...]
