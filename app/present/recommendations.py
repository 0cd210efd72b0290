"""A recommendation as the contract tells it."""

from datetime import UTC, datetime

from app import __version__, formatting
from app.advice.buy_or_rent import BuyOrRent
from app.advice.cloud import CloudOption
from app.advice.decide import Decision
from app.advice.evidence import Evidence
from app.advice.host import Host
from app.advice.market import Market
from app.advice.need import Need
from app.advice.owned import Owned
from app.advice.picks import Pick
from app.advice.prices import Tag
from app.advice.reasons import Caution, Reason
from app.advice.recommendation import Recommendation
from app.advice.rejections import Rejection
from app.advice.sensitivity import Change
from app.contract.answer import (
    AssumptionAnswer,
    BreakdownAnswer,
    BuyOrRentAnswer,
    ChangeAnswer,
    CloudAnswer,
    HardwareAnswer,
    HostAnswer,
    LinksAnswer,
    NeedAnswer,
    OwnedAnswer,
    PickAnswer,
    PriceAnswer,
    ProvenanceAnswer,
    RecommendationAnswer,
    RejectedAnswer,
    ScenarioAnswer,
    TierAnswer,
    WarningAnswer,
)
from app.engine.hardware import Accelerator
from app.engine.job import Assumption
from app.engine.units import GIB
from app.languages import say, say_finished, say_sum
from app.present.estimates import estimate_answer
from app.present.rounding import rounded, rounded_range
from app.wording import sentence


def recommendation_answer(
    found: Recommendation,
    *,
    market: Market,
    evidence: Evidence,
    revision: int,
    at: datetime,
    links: LinksAnswer,
) -> RecommendationAnswer:
    """The answer of ``POST /recommend``."""
    return RecommendationAnswer(
        meets_limits=found.meets_limits,
        scenario=_scenario(found.decision, found.why),
        tier=_tier(found.decision),
        verdict=sentence(found.verdict),
        need=_need(found.need),
        picks=[_pick(pick, found, market=market, evidence=evidence) for pick in found.picks],
        cloud=[_cloud(option) for option in found.cloud],
        buy_or_rent=found.buy_or_rent and _buy_or_rent(found.buy_or_rent),
        owned=[_owned(owned, old_will_do=found.verdict.code == "verdict_owned_old") for owned in found.owned],
        host=_host(found.host),
        what_would_change_this=[_change(change) for change in found.changes],
        rejected=[_rejected(rejection) for rejection in found.rejected],
        first_steps=[sentence(step) for step in found.first_steps],
        warnings=[_warning(caution) for caution in found.cautions],
        assumptions=[_assumption(assumption) for assumption in found.job.assumptions],
        provenance=ProvenanceAnswer(
            catalogue_revision=revision,
            engine_version=__version__,
            computed_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        ),
        links=links,
    )


def _scenario(decision: Decision, why: tuple[Reason, ...]) -> ScenarioAnswer:
    return ScenarioAnswer(
        number=decision.scenario.number,
        slug=decision.scenario.slug,
        title=say(decision.scenario.title),
        rule=decision.rule.slug,
        reasons=[sentence(reason) for reason in why],
    )


def _tier(decision: Decision) -> TierAnswer:
    tier = decision.tier
    return TierAnswer(
        slug=tier.slug, title=say(tier.title), memory_gib_min=tier.memory_gib_min, memory_gib_max=tier.memory_gib_max
    )


def _need(need: Need) -> NeedAnswer:
    parts = sorted(need.memory_parts, key=lambda part: -part.bytes)
    return NeedAnswer(
        memory_gib=need.memory and rounded_range(need.memory, per=GIB),
        breakdown=[
            BreakdownAnswer(part=part.part, gib=rounded(part.bytes / GIB), formula=say_sum(part.formula))
            for part in parts
            if part.bytes > 0
        ],
        flops_total=None if need.flops_total is None else rounded(need.flops_total),
        evidence=need.evidence,
    )


def hardware_answer(device: Accelerator, count: float, *, nodes: int = 1) -> HardwareAnswer:
    """A device and how many of it."""
    return HardwareAnswer(accelerator=device.slug, name=device.name, count=max(1, round(count)), nodes=nodes)


def _pick(pick: Pick, found: Recommendation, *, market: Market, evidence: Evidence) -> PickAnswer:
    candidates = found.candidates
    estimate = estimate_answer(
        found.job, candidates.estimates, row=pick.row, systems=candidates.systems, market=market, evidence=evidence
    )
    return PickAnswer(
        role=pick.role,
        hardware=hardware_answer(pick.device, pick.count, nodes=pick.nodes),
        fit=pick.fit,
        estimate=estimate,
        price_usd=pick.price and price_answer(pick.price),
        good_for=sentence(pick.good_for),
        look_out_for=sentence(pick.look_out_for),
        why=sentence(pick.why),
        support=pick.device.support,
        machine=pick.machine.name if pick.machine else None,
    )


def price_answer(tag: Tag) -> PriceAnswer:
    """A price with its pedigree."""
    return PriceAnswer(
        low=rounded(tag.usd_low),
        expected=rounded(tag.usd),
        high=rounded(tag.usd_high),
        as_of=tag.as_of.isoformat(),
        source=tag.source,
        condition=tag.condition,
        note=tag.note,
    )


def _cloud(option: CloudOption) -> CloudAnswer:
    return CloudAnswer(
        provider=option.provider_name,
        instance=option.instance if option.instances == 1 else f"{option.instances:,} x {option.instance}",
        region=option.region,
        accelerator=option.device.name,
        count=option.count,
        usd_per_hour=rounded(option.usd_per_hour),
        pricing="spot" if option.pricing == "spot" else "on_demand",
        hours=option.hours and rounded_range(option.hours),
        total_usd=option.total_usd and rounded_range(option.total_usd),
        as_of=option.as_of.isoformat(),
        source=option.source,
        fit=option.fit,
        note=sentence(option.note) if option.note else "",
    )


def _buy_or_rent(found: BuyOrRent) -> BuyOrRentAnswer:
    even = found.break_even_hours_per_month
    return BuyOrRentAnswer(
        break_even_hours_per_month=None if even is None else rounded(even),
        cheaper=found.cheaper,
        hours_per_month=rounded(found.hours_per_month),
        months=list(found.months),
        buy_cumulative_usd=[round(usd, 2) for usd in found.buy_cumulative_usd],
        rent_cumulative_usd=[round(usd, 2) for usd in found.rent_cumulative_usd],
        buy_hardware=formatting.times(found.buy.count, found.buy.device.name),
        rent_offer=f"{found.rent.provider_name} {found.rent.instance}",
        explanation=sentence(found.explanation),
        assumptions=[_assumption(assumption) for assumption in found.assumptions],
    )


def _owned(owned: Owned, *, old_will_do: bool) -> OwnedAnswer:
    return OwnedAnswer(
        hardware=HardwareAnswer(
            accelerator=owned.slug, name=say_finished(owned.name), count=owned.count, description=owned.text or None
        ),
        fit=owned.fit,
        verdict=" ".join(sentence(reason) for reason in owned.reasons),
        change_needed=sentence(owned.change_needed) if owned.change_needed else None,
        considering=owned.considering,
        usable=owned.usable or old_will_do,
    )


def _host(host: Host) -> HostAnswer:
    return HostAnswer(
        cpu_cores=round(host.cpu_cores),
        ram_gb=round(host.ram_gb),
        storage_gb=round(host.storage_gb),
        psu_watts=None if host.psu_watts is None else round(host.psu_watts),
        reasons=[sentence(reason) for reason in host.reasons],
    )


def _change(change: Change) -> ChangeAnswer:
    return ChangeAnswer(if_=sentence(change.if_), then=sentence(change.then))


def _rejected(rejection: Rejection) -> RejectedAnswer:
    return RejectedAnswer(
        hardware=hardware_answer(rejection.device, rejection.count), because=sentence(rejection.because)
    )


def _warning(caution: Caution) -> WarningAnswer:
    return WarningAnswer(
        severity=caution.severity,
        text=sentence(caution.reason),
    )


def _assumption(assumption: Assumption) -> AssumptionAnswer:
    return AssumptionAnswer(field=assumption.field, value=assumption.value, why=_because(assumption.why))


def _because(why: str) -> str:
    """A reason; its source and date, in brackets, need no words."""
    told, mark, source = why.partition(" (https://")
    return f"{say_finished(told)}{mark}{source}"
