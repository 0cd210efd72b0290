"""What the tools answer: the same numbers as REST, cut down to what fits into a conversation."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from app.contract.answer import (
    CloudAnswer,
    EstimateAnswer,
    FitAnswer,
    FitJobAnswer,
    HardwareAnswer,
    MemoryAnswer,
    OwnedAnswer,
    Part,
    PickAnswer,
    PriceAnswer,
    RangeAnswer,
    RecommendationAnswer,
    TierAnswer,
    WarningAnswer,
)
from app.engine.hardware import Accelerator
from app.engine.units import GB, GIB

MOST_OFFERS = 3
MOST_WARNINGS = 3
MOST_STEPS = 3


class ScenarioSummary(Part):
    """Which of the four scenarios."""

    number: int
    slug: str
    title: str


class EstimateSummary(Part):
    """How a workload runs on one system; ranges are 80 % intervals, null is unknown."""

    hardware: HardwareAnswer
    fit: str | None = Field(description="fits, tight or does_not_fit")
    memory_gib_per_device: RangeAnswer | None
    usable_memory_gib: float | None
    throughput_unit: str | None
    throughput: RangeAnswer | None
    duration_hours: RangeAnswer | None
    energy_kwh: RangeAnswer | None
    cost_usd: RangeAnswer | None
    evidence: str
    warnings: list[WarningAnswer]

    @classmethod
    def of(cls, answer: EstimateAnswer, hardware: HardwareAnswer) -> Self:
        """The summary of an estimate."""
        speed = answer.throughput
        return cls(
            hardware=hardware,
            fit=answer.fit,
            memory_gib_per_device=_bare(answer.memory_gib_per_device),
            usable_memory_gib=answer.usable_memory_gib,
            throughput_unit=speed.unit if speed else None,
            throughput=speed.total if speed else None,
            duration_hours=answer.duration_hours,
            energy_kwh=answer.energy_kwh,
            cost_usd=answer.cost_usd,
            evidence=answer.evidence,
            warnings=answer.warnings[:MOST_WARNINGS],
        )


class PickSummary(Part):
    """One thing to buy or use."""

    role: str
    hardware: HardwareAnswer
    fit: str | None
    price_usd: PriceAnswer | None
    duration_hours: RangeAnswer | None
    why: str
    look_out_for: str

    @classmethod
    def of(cls, pick: PickAnswer) -> Self:
        """The summary of a pick."""
        return cls(
            role=pick.role,
            hardware=pick.hardware,
            fit=pick.fit,
            price_usd=pick.price_usd,
            duration_hours=pick.estimate.duration_hours,
            why=pick.why,
            look_out_for=pick.look_out_for,
        )


class OfferSummary(Part):
    """One thing to rent; the price is for the whole instance."""

    provider: str
    instance: str
    region: str
    accelerator: str
    count: float
    usd_per_hour: float
    pricing: str
    total_usd: RangeAnswer | None
    as_of: str

    @classmethod
    def of(cls, offer: CloudAnswer) -> Self:
        """The summary of an offer."""
        return cls(**{name: getattr(offer, name) for name in cls.model_fields})


class RecommendationSummary(Part):
    """What to use, what it costs and why; the page behind the link has every number with its source."""

    verdict: str
    scenario: ScenarioSummary
    tier: TierAnswer
    memory_gib: RangeAnswer | None
    picks: list[PickSummary]
    cloud: list[OfferSummary]
    owned: list[OwnedAnswer]
    break_even_hours_per_month: float | None
    first_steps: list[str]
    warnings: list[WarningAnswer]
    link: str

    @classmethod
    def of(cls, answer: RecommendationAnswer) -> Self:
        """The summary of a recommendation."""
        scenario = answer.scenario
        return cls(
            verdict=answer.verdict,
            scenario=ScenarioSummary(number=scenario.number, slug=scenario.slug, title=scenario.title),
            tier=answer.tier,
            memory_gib=answer.need.memory_gib,
            picks=[PickSummary.of(pick) for pick in answer.picks],
            cloud=[OfferSummary.of(offer) for offer in answer.cloud[:MOST_OFFERS]],
            owned=answer.owned,
            break_even_hours_per_month=answer.buy_or_rent.break_even_hours_per_month if answer.buy_or_rent else None,
            first_steps=answer.first_steps[:MOST_STEPS],
            warnings=answer.warnings[:MOST_WARNINGS],
            link=answer.links.html,
        )


class FitGroup(Part):
    """The typical jobs that fit alike."""

    fit: str = Field(description="fits, tight, fits_with_changes, does_not_fit, not_supported or unknown")
    jobs: list[str] = Field(description="Each with the change it needs, or else how fast it goes")

    @classmethod
    def all_of(cls, jobs: Sequence[FitJobAnswer]) -> list[Self]:
        """The groups in the order of their first jobs."""
        groups: dict[str, list[str]] = {}
        for job in jobs:
            speed = f"{job.speed.speed_class}, {job.speed.value.expected:.3g} {job.speed.unit}" if job.speed else ""
            note = job.change_needed or speed
            groups.setdefault(job.fit, []).append(f"{job.title}: {note}" if note else job.title)
        return [cls(fit=fit, jobs=titles) for fit, titles in groups.items()]


class FitSummary(Part):
    """What hardware can run, adapt and train; the page behind the link has every job in full."""

    verdict: str
    hardware: list[HardwareAnswer]
    counts: dict[str, int] = Field(description="Jobs by how they fit")
    jobs: list[FitGroup]
    ways_out: list[str] = Field(description="The cheapest ways out of what hinders")
    warnings: list[WarningAnswer]
    link: str

    @classmethod
    def of(cls, answer: FitAnswer, *, link: str) -> Self:
        """The summary of what hardware can do."""
        return cls(
            verdict=answer.verdict,
            hardware=answer.hardware,
            counts=answer.counts,
            jobs=FitGroup.all_of(answer.jobs),
            ways_out=[one.upgrade.text for one in answer.upgrades[:MOST_STEPS]],
            warnings=answer.warnings[:MOST_WARNINGS],
            link=link,
        )


class DeviceSummary(Part):
    """A device of the catalogue; null is unknown."""

    slug: str
    name: str
    kind: str
    memory_gib: float
    bandwidth_gb_per_s: float
    tdp_w: float | None
    launch_year: int | None
    support: str
    usd_new: float | None
    usd_used: float | None
    link: str

    @classmethod
    def of(cls, device: Accelerator, prices: dict[str, float], *, base_url: str) -> Self:
        """The summary of a device, with its usual prices by condition."""
        same = ("slug", "name", "kind", "tdp_w", "launch_year", "support")
        return cls(
            **{name: getattr(device, name) for name in same},
            memory_gib=round(device.memory_bytes / GIB, 2),
            bandwidth_gb_per_s=round(device.memory_bandwidth_bytes_per_s / GB, 1),
            usd_new=prices.get("new"),
            usd_used=prices.get("used"),
            link=f"{base_url}/hardware/{device.slug}",
        )


class FoundDevices(Part):
    """Devices that match, the closest first."""

    total: int = Field(description="How many match; the list is cut off at the limit")
    devices: list[DeviceSummary]


class Comparison(Part):
    """The same work on several systems, in the order in which they were given."""

    systems: list[EstimateSummary]
    fastest: str | None = Field(description="Slug of the system that finishes first among those that fit")
    cheapest: str | None = Field(description="Slug of the system with the lowest rental cost among those that fit")

    @classmethod
    def of(cls, systems: list[EstimateSummary]) -> Self:
        """The comparison of several summaries."""
        able = [system for system in systems if system.fit in {"fits", "tight"}]
        return cls(
            systems=systems,
            fastest=_least({_slug(one): one.duration_hours for one in able if one.duration_hours})
            or _most({_slug(one): one.throughput for one in able if one.throughput}),
            cheapest=_least({_slug(one): one.cost_usd for one in able if one.cost_usd}),
        )


def _bare(memory: MemoryAnswer | None) -> RangeAnswer | None:
    return RangeAnswer(low=memory.low, expected=memory.expected, high=memory.high) if memory else None


def _slug(system: EstimateSummary) -> str:
    return f"{system.hardware.count} x {system.hardware.accelerator}"


def _least(values: dict[str, RangeAnswer]) -> str | None:
    return min(values, key=lambda slug: values[slug].expected) if values else None


def _most(values: dict[str, RangeAnswer]) -> str | None:
    return max(values, key=lambda slug: values[slug].expected) if values else None
