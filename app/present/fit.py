"""What hardware can do, as the API tells it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from app import __version__
from app.advice.fit import WORKING, Judged, Speed
from app.advice.given import Given
from app.advice.pieces import Item
from app.advice.reasons import Reason
from app.advice.rigs import ASSUMED_SYSTEM_GIB, UNNAMED, Rig
from app.advice.upgrades import Upgrade
from app.contract.answer import (
    AssumptionAnswer,
    BestUpgradeAnswer,
    FitAnswer,
    FitJobAnswer,
    HardwareAnswer,
    ProvenanceAnswer,
    SpeedAnswer,
    UpgradeAnswer,
    WarningAnswer,
)
from app.engine.units import GIB
from app.languages import say, say_finished
from app.present.recommendations import price_answer
from app.present.rounding import rounded, rounded_range
from app.wording import sentence, sentences


def fit_answer(
    judged: Sequence[Judged],
    given: Given,
    *,
    rigs: Sequence[Rig],
    system_gib: float | None,
    revision: int,
    at: datetime,
) -> FitAnswer:
    """The answer of ``POST /fit``."""
    counts: Counter[str] = Counter(one.fit for one in judged)
    return FitAnswer(
        hardware=[_item(item) for item in given.items],
        verdict=sentence(_verdict(counts, known=bool(rigs))),
        counts=dict(sorted(counts.items())),
        jobs=[_job(one) for one in judged],
        upgrades=_upgrades(judged),
        warnings=[WarningAnswer(severity=c.severity, text=sentence(c.reason)) for c in given.cautions],
        assumptions=_assumptions(rigs, system_gib),
        provenance=ProvenanceAnswer(
            catalogue_revision=revision,
            engine_version=__version__,
            computed_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        ),
    )


def _verdict(counts: Counter[str], *, known: bool) -> Reason:
    if not known:
        return Reason("fit_verdict_nothing")
    working = sum(counts[word] for word in WORKING)
    values = {"as_is": counts["fits"], "tight": counts["tight"], "changed": counts["fits_with_changes"]}
    return Reason("fit_verdict", {**values, "working": working, "total": counts.total()})


def _item(item: Item) -> HardwareAnswer:
    device, words = item.device, item.words.text
    name = device.name if device else words
    return HardwareAnswer(accelerator=device and device.slug, name=name, count=item.count, description=words)


def _rig(rig: Rig) -> HardwareAnswer:
    slug = None if rig.mixed or rig.device.slug == UNNAMED else rig.device.slug
    name = say_finished(rig.name) if rig.mixed or rig.assumed else rig.device.name
    return HardwareAnswer(accelerator=slug, name=name, count=rig.count)


def _job(judged: Judged) -> FitJobAnswer:
    return FitJobAnswer(
        slug=judged.job.slug,
        group=say(judged.job.group),
        title=say(judged.job.title),
        workload=judged.job.workload,
        fit=judged.fit,
        hardware=judged.rig and _rig(judged.rig),
        memory_gib=judged.memory and rounded_range(judged.memory, per=GIB),
        usable_memory_gib=None if judged.usable_bytes is None else rounded(judged.usable_bytes / GIB),
        speed=judged.speed and _speed(judged.speed),
        bottleneck=judged.bottleneck,
        verdict=sentences(judged.reasons),
        change_needed=sentence(judged.change) if judged.change else None,
        upgrade=judged.upgrade and _upgrade(judged.upgrade),
    )


def _speed(speed: Speed) -> SpeedAnswer:
    return SpeedAnswer(speed_class=speed.speed_class, unit=speed.unit, value=rounded_range(speed.value))


def _upgrade(upgrade: Upgrade) -> UpgradeAnswer:
    tag, offer = upgrade.tag, upgrade.offer
    hardware = HardwareAnswer(accelerator=upgrade.device.slug, name=upgrade.device.name, count=upgrade.count)
    return UpgradeAnswer(
        action=upgrade.action,
        hardware=hardware,
        price_usd=tag and price_answer(tag),
        usd_per_hour=offer.usd_per_hour_on_demand if offer else None,
        provider=offer.provider if offer else None,
        instance=offer.instance if offer else None,
        as_of=tag.as_of.isoformat() if tag else offer.as_of.isoformat() if offer else "",
        source=tag.source if tag else offer.source if offer else "",
        text=sentence(upgrade.reason),
    )


def _upgrades(judged: Sequence[Judged]) -> list[BestUpgradeAnswer]:
    """Each upgrade once, with the jobs it is the cheapest way for; what is bought first, the cheapest first."""
    jobs: dict[tuple[str, str, int], list[str]] = {}
    upgrades: dict[tuple[str, str, int], Upgrade] = {}
    for one in judged:
        if one.upgrade is not None:
            key = (one.upgrade.action, one.upgrade.device.slug, one.upgrade.count)
            upgrades.setdefault(key, one.upgrade)
            jobs.setdefault(key, []).append(one.job.slug)
    ordered = sorted(upgrades, key=lambda key: _cost(upgrades[key]))
    return [BestUpgradeAnswer(upgrade=_upgrade(upgrades[key]), jobs=jobs[key]) for key in ordered]


def _cost(upgrade: Upgrade) -> tuple[bool, float, str]:
    usd = upgrade.tag.usd if upgrade.tag else (upgrade.offer and upgrade.offer.usd_per_hour_on_demand) or 0.0
    return (upgrade.tag is None, usd, upgrade.device.slug)


def _assumptions(rigs: Sequence[Rig], system_gib: float | None) -> list[AssumptionAnswer]:
    """What nobody said about the computer around the cards."""
    processors = [rig for rig in rigs if rig.device.kind == "cpu"]
    told = [
        AssumptionAnswer(
            field="processor",
            value=rig.device.slug,
            why=say("every computer has a processor; an ordinary one is taken"),
        )
        for rig in processors
        if rig.assumed
    ]
    if processors and system_gib is None:
        why = say("nobody said how much memory the computer has; most are sold with this")
        told.append(AssumptionAnswer(field="system_memory_gb", value=ASSUMED_SYSTEM_GIB, why=why))
    return told
