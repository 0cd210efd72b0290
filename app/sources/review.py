"""Which of the offers that a run read are taken over, and which a person looks at first. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from statistics import median

from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.names import NameIndex
from app.sources.offers import Known, LiveOffer, Parsed, Source

MOST_MOVE = 3.0
"""A price that moves by more than this factor is held."""
MOST_UNLIKE_OTHERS = 10.0
"""A price per device this far from what others ask for it is held: cents or months in place of dollars or hours."""
USD_PER_DEVICE_HOUR = (0.004, 250.0)
MOST_DEVICES = 20_000
MEMORY_TOLERANCE = 0.2
LARGEST_LOSS = 0.5
"""A list that loses more than this share of its rows is broken, not shorter."""
FEWEST_FOR_LOSS = 10
FRESH = timedelta(days=7)
"""How long a provider's own price goes before one that somebody else collected."""

Identity = tuple[str, str, str, str, float]
"""Provider, instance, region, accelerator and count."""


@dataclass(frozen=True, slots=True)
class CurrentOffer:
    """A row of the catalogue."""

    id: int
    provider: str
    instance: str
    region: str
    accelerator: str
    count: float
    usd_per_hour_on_demand: float | None
    usd_per_hour_spot: float | None
    as_of: date
    source: str
    firsthand: bool = False
    """Whether it came from the provider's own list, by a run."""
    version: int = 1
    """As it was read: an edit in between is not overwritten."""
    accelerator_name: str = ""
    """As its source spells the device."""

    @property
    def identity(self) -> Identity:
        """What makes it the same offer at another price."""
        return (self.provider, self.instance, self.region, self.accelerator, self.count)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer whose accelerator is known."""

    offer: LiveOffer
    accelerator: str
    memory_gib: float

    @property
    def identity(self) -> Identity:
        """What makes it the same offer at another price."""
        return (self.offer.provider, self.offer.instance, self.offer.region, self.accelerator, self.offer.count)


@dataclass(frozen=True, slots=True)
class Held:
    """A change that a person decides about."""

    kind: str
    detail: str
    offer: LiveOffer
    accelerator: str = ""
    memory_gib: float = 0.0
    current: int | None = None

    @property
    def identity(self) -> str:
        """The same change in the next run has the same."""
        offer = self.offer
        return "|".join([offer.provider, offer.instance, offer.region, offer.accelerator_name, f"{offer.count:g}"])


@dataclass
class Reviewed:
    """What becomes of a run."""

    new: list[Candidate] = field(default_factory=list)
    changed: list[tuple[CurrentOffer, Candidate]] = field(default_factory=list)
    confirmed: list[tuple[CurrentOffer, Candidate]] = field(default_factory=list)
    vanished: list[CurrentOffer] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    refused: str = ""
    """Why nothing of it is taken over."""


@dataclass(frozen=True)
class Catalogue:
    """What the review compares with."""

    names: NameIndex
    memory_gib: dict[str, float]
    """By accelerator."""
    offers: Sequence[CurrentOffer]
    providers: frozenset[str]
    devices: dict[tuple[str, float | None], str | None] = field(default_factory=dict)
    """Names that were looked up already: lists repeat them thousands of times."""

    @cached_property
    def spelled(self) -> dict[Identity, str]:
        """The device of each offer by the spelling of its source: what a person has named stays named."""
        found: dict[Identity, str] = {}
        for one in self.offers:
            key = (one.provider, one.instance, one.region, one.accelerator_name, one.count)
            found[key] = one.accelerator if found.get(key, one.accelerator) == one.accelerator else ""
        return found


def review(parsed: Parsed, catalogue: Catalogue, *, known: Known, source: Source) -> Reviewed:
    """Sort what was read into new, changed, confirmed, vanished and held."""
    result = Reviewed()
    current = {offer.identity: offer for offer in catalogue.offers}
    usual = _usual_prices(catalogue.offers)
    seen: set[Identity] = set()
    for offer in _once(parsed):
        found = _identified(offer, catalogue, known=known)
        if isinstance(found, Held):
            result.held.append(found)
            continue
        seen.add(found.identity)
        before = current.get(found.identity)
        if offer.doubt:
            if before is None or _moved(before, offer):
                result.held.append(_held("suspicious", f"{offer.instance}: {offer.doubt}", found=found, before=before))
            continue
        doubt = "" if before and _familiar(before, found.offer) else _doubt(found, usual)
        if doubt:
            result.held.append(_held("suspicious", doubt, found=found, before=before))
        elif before is None:
            result.new.append(found)
        elif not source.firsthand and before.firsthand and known.today - before.as_of < FRESH:
            result.confirmed.append((before, replace(found, offer=_with_prices_of(found.offer, before))))
        else:
            _compare(before, found if source.knows_spot else _with_spot_of(found, before), result=result)
    mine = [offer for offer in catalogue.offers if offer.source == source.row_key and offer.provider in parsed.complete]
    result.vanished = [offer for offer in mine if offer.identity not in seen]
    _hold_vanished(result, mine)
    return result


def _once(parsed: Parsed) -> Iterable[LiveOffer]:
    """Each offer once, at its lowest price: zones of one region are one place to rent."""
    groups: dict[tuple[str, str, str, str, float], list[LiveOffer]] = defaultdict(list)
    for offer in parsed.offers:
        groups[offer.provider, offer.instance, offer.region, offer.accelerator_name, offer.count].append(offer)
    for same in groups.values():
        yield replace(
            same[0],
            usd_per_hour_on_demand=_least(one.usd_per_hour_on_demand for one in same),
            usd_per_hour_spot=_least(one.usd_per_hour_spot for one in same),
        )


def _least(prices: Iterable[float | None]) -> float | None:
    return min((price for price in prices if price is not None), default=None)


def _identified(offer: LiveOffer, catalogue: Catalogue, *, known: Known) -> Candidate | Held:
    shape = known.shapes.get((offer.provider, offer.instance))
    if shape is not None and (not offer.accelerator_name or shape.count == offer.count):
        completed = replace(
            offer,
            count=shape.count,
            vcpus=offer.vcpus or shape.vcpus,
            ram_gb=offer.ram_gb or shape.ram_gb,
            accelerator_name=offer.accelerator_name or shape.accelerator_name,
        )
        return Candidate(completed, shape.accelerator, shape.memory_gib)
    asked = (offer.accelerator_name, offer.memory_gib)
    if asked not in catalogue.devices:
        catalogue.devices[asked] = accelerator_of(*asked, catalogue=catalogue)
    slug = catalogue.devices[asked]
    key = (offer.provider, offer.instance, offer.region, offer.accelerator_name, offer.count)
    named = catalogue.spelled.get(key) if slug is None and offer.accelerator_name else None
    if named:
        return Candidate(offer, named, catalogue.memory_gib[named])
    if slug is None:
        unknown = offer.accelerator_name or offer.instance
        return Held("unknown_accelerator", f"We know no device like {unknown} ({offer.instance}).", offer)
    memory_gib = catalogue.memory_gib[slug]
    if offer.provider not in catalogue.providers:
        detail = f"We know no provider called {offer.provider} ({offer.instance})."
        return Held("unknown_provider", detail, offer, slug, memory_gib)
    if offer.count >= 1 and offer.memory_gib and _unlike(offer.memory_gib, memory_gib):
        detail = f"{offer.instance}: {offer.memory_gib:g} GiB where {slug} has {memory_gib:g} GiB."
        return Held("suspicious", detail, offer, slug, memory_gib)
    return Candidate(offer, slug, memory_gib)


def accelerator_of(name: str, memory_gib: float | None, *, catalogue: Catalogue) -> str | None:
    """The device of a name; where the memory speaks against the usual reading, the one of that memory."""
    readings = [f"{name} {memory_gib:.0f}GB"] if memory_gib else []
    matches = [catalogue.names.resolve(reading) for reading in (name, *readings)]
    slugs: list[str] = []
    for match in matches:
        if isinstance(match, Match):
            slugs.append(match.slug)
        elif isinstance(match, Ambiguous):
            slugs.extend(match.slugs)
    if memory_gib:
        fitting = [slug for slug in slugs if not _unlike(memory_gib, catalogue.memory_gib[slug])]
        return fitting[0] if fitting else (slugs[0] if slugs else None)
    return matches[0].slug if isinstance(matches[0], Match) else None


def _unlike(one: float, other: float) -> bool:
    return abs(one - other) > MEMORY_TOLERANCE * other


def _usual_prices(offers: Iterable[CurrentOffer]) -> dict[str, float]:
    prices: dict[str, list[float]] = defaultdict(list)
    for offer in offers:
        if offer.usd_per_hour_on_demand and offer.count:
            prices[offer.accelerator].append(offer.usd_per_hour_on_demand / offer.count)
    return {slug: median(each) for slug, each in prices.items()}


def _doubt(found: Candidate, usual: dict[str, float]) -> str:
    """Why the units of an offer look wrong; empty when they do not."""
    offer = found.offer
    if not 0 < offer.count <= MOST_DEVICES:
        return f"{offer.instance}: {offer.count:g} devices."
    per_device = [one / offer.count for one in (offer.usd_per_hour_on_demand, offer.usd_per_hour_spot) if one]
    low, high = USD_PER_DEVICE_HOUR
    for usd in per_device:
        if not low <= usd <= high:
            return f"{offer.instance}: {usd:.6g} USD for one device and hour."
    on_demand, expected = offer.usd_per_hour_on_demand, usual.get(found.accelerator)
    if on_demand and expected and not _near(on_demand / offer.count, expected, within=MOST_UNLIKE_OTHERS):
        asked = on_demand / offer.count
        return f"{offer.instance}: {asked:.6g} USD for one {found.accelerator} and hour; others ask {expected:.6g}."
    return ""


def _familiar(before: CurrentOffer, offer: LiveOffer) -> bool:
    """Whether an offer costs about what it cost before, which was looked at then."""
    pairs = [
        (before.usd_per_hour_on_demand, offer.usd_per_hour_on_demand),
        (before.usd_per_hour_spot, offer.usd_per_hour_spot),
    ]
    return all(old is not None and _near(old, new, within=MOST_MOVE) for old, new in pairs if new is not None)


def _near(one: float, other: float, *, within: float) -> bool:
    return max(one, other) <= within * min(one, other)


def _compare(before: CurrentOffer, found: Candidate, *, result: Reviewed) -> None:
    offer = found.offer
    if offer.as_of is not None and offer.as_of < before.as_of:
        result.confirmed.append((before, replace(found, offer=_with_prices_of(offer, before))))
        return
    pairs = [
        ("on demand", before.usd_per_hour_on_demand, offer.usd_per_hour_on_demand),
        ("spot", before.usd_per_hour_spot, offer.usd_per_hour_spot),
    ]
    for name, old, new in pairs:
        if old and new and not _near(old, new, within=MOST_MOVE):
            detail = f"{offer.instance} in {offer.region}, {name}: {old:.6g} USD became {new:.6g} USD."
            result.held.append(_held("moved", detail, found=found, before=before))
            return
    (result.changed if _moved(before, offer) else result.confirmed).append((before, found))


def _moved(before: CurrentOffer, offer: LiveOffer) -> bool:
    pairs = [
        (before.usd_per_hour_on_demand, offer.usd_per_hour_on_demand),
        (before.usd_per_hour_spot, offer.usd_per_hour_spot),
    ]
    return any((old is None) != (new is None) or abs((old or 0) - (new or 0)) >= 1e-6 for old, new in pairs)


def _with_spot_of(found: Candidate, before: CurrentOffer) -> Candidate:
    return replace(found, offer=replace(found.offer, usd_per_hour_spot=before.usd_per_hour_spot))


def _with_prices_of(offer: LiveOffer, before: CurrentOffer) -> LiveOffer:
    return replace(
        offer,
        usd_per_hour_on_demand=before.usd_per_hour_on_demand,
        usd_per_hour_spot=before.usd_per_hour_spot,
        as_of=before.as_of,
    )


def _held(kind: str, detail: str, *, found: Candidate, before: CurrentOffer | None) -> Held:
    return Held(kind, detail, found.offer, found.accelerator, found.memory_gib, before.id if before else None)


def _hold_vanished(result: Reviewed, mine: Sequence[CurrentOffer]) -> None:
    if len(mine) >= FEWEST_FOR_LOSS and len(result.vanished) > LARGEST_LOSS * len(mine):
        result.refused = (
            f"{len(result.vanished)} of {len(mine)} known offers are missing: the list is broken rather than shorter"
        )
    for gone in result.vanished:
        offer = LiveOffer(
            gone.provider,
            gone.instance,
            gone.region,
            gone.accelerator,
            gone.count,
            gone.usd_per_hour_on_demand,
            gone.usd_per_hour_spot,
        )
        detail = f"{gone.instance} in {gone.region} is no longer on the list."
        result.held.append(Held("vanished", detail, offer, gone.accelerator, current=gone.id))
