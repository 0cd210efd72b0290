"""What every source hands on: offers as it prints them, in one shape, with their origin."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.sources.exchange_rates import Rates
from app.sources.fetching import Document, Fetcher


@dataclass(frozen=True, slots=True)
class LiveOffer:
    """One instance in one region. Prices are USD per hour for the whole instance; None is unknown, never free."""

    provider: str
    instance: str
    region: str
    accelerator_name: str
    """As the source spells it; empty where the instance says it all."""
    count: float
    usd_per_hour_on_demand: float | None
    usd_per_hour_spot: float | None = None
    memory_gib: float | None = None
    """Of one accelerator, where the source can be trusted with it."""
    vcpus: float | None = None
    ram_gb: float | None = None
    as_of: date | None = None
    """None: the day of the run."""
    note: str = ""
    doubt: str = ""
    """Why a person should look at it first, where the source itself gives reason to."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an instance is made of, as the catalogue knows it."""

    accelerator: str
    accelerator_name: str
    count: float
    memory_gib: float
    vcpus: float | None
    ram_gb: float | None
    regions: tuple[str, ...] = ()
    """Where the catalogue has it."""


@dataclass(frozen=True)
class Known:
    """What the catalogue knows that a source leaves out."""

    today: date
    shapes: Mapping[tuple[str, str], Shape] = field(default_factory=dict)
    """By provider and instance."""
    regions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By provider."""

    def shapes_of(self, provider: str) -> dict[str, Shape]:
        """Instances of one provider."""
        return {instance: shape for (owner, instance), shape in self.shapes.items() if owner == provider}


@dataclass
class Parsed:
    """What one run read."""

    offers: list[LiveOffer] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    """How many rows were left out, by reason."""
    complete: set[str] = field(default_factory=set)
    """Providers whose whole list was read: what is missing there has vanished."""
    rows_seen: int = 0
    rates: Rates | None = None
    """What a dollar is worth, where that is what was read."""


@dataclass(frozen=True)
class Source:
    """A public address with prices: ``fetch`` does all input and output, ``parse`` none."""

    key: str
    title: str
    url: str
    licence: str
    fetch: Callable[[Fetcher, Known], list[Document]]
    parse: Callable[[Sequence[Document], Known], Parsed]
    firsthand: bool = True
    """The provider's own list; it goes before what others collected of it."""
    knows_spot: bool = True
    """Whether a missing spot price means that there is none."""
    guarded: bool = False
    """Whether only public addresses are read: for an address that somebody entered."""

    @property
    def row_key(self) -> str:
        """Its key among the sources of the catalogue."""
        return f"live-{self.key}"
