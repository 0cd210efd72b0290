"""The page on what one's own hardware can do: the question, and the table of typical jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.advice.constraints import OwnedHardware
from app.contract.answer import AssumptionAnswer, FitAnswer, FitJobAnswer, HardwareAnswer, RangeAnswer, UpgradeAnswer
from app.contract.flat_query import hardware_text
from app.languages import say, say_finished
from app.web.labels import assumed_value, details, label
from app.web.pages.head import Head
from app.worded import worded

ROWS = 3
"""Empty rows for devices, at least."""
SPEEDS = {
    "fast": worded("Fast"),
    "usable": worded("Usable"),
    "slow": worded("Slow"),
    "impractical": worded("Too slow"),
}
ACTIONS = {"buy": worded("Buy"), "add": worded("Add"), "rent": worded("Rent")}
FITS = {"not_supported": (worded("Not supported"), "✕"), "unknown": (worded("Unknown"), "?")}
BEST_UPGRADES = 4


ABOUT = worded("Name your graphics cards or chips, and see which models they run, adapt and train, and how fast.")


@dataclass(frozen=True, slots=True)
class FitProblem:
    """What is wrong with the form."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class CardRow:
    """One row of the form."""

    row: int
    name: str
    count: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One typical job."""

    title: str
    fit: str
    mark: str
    css: str
    on: str
    memory: str
    speed: str
    speed_word: str
    verdict: str
    change: str
    """The smallest change that makes it fit."""
    get: str
    """What to get instead, in short."""
    upgrade: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """Jobs of one kind."""

    id: str
    title: str
    jobs: tuple[JobRow, ...]


@dataclass(frozen=True, slots=True)
class UpgradeView:
    """A way out of what hinders, and what it opens."""

    action: str
    name: str
    cost: str
    unlocks: str
    text: str
    url: str
    source: str


@dataclass(frozen=True, slots=True)
class FitPage:
    """What one's own hardware can do."""

    template: ClassVar[str] = "fit/show.html"

    title: str
    verdict: str
    hardware: tuple[str, ...]
    warnings: tuple[tuple[str, str], ...]
    groups: tuple[GroupView, ...]
    upgrades: tuple[UpgradeView, ...]
    assumptions: tuple[str, ...]
    rows: tuple[CardRow, ...]
    work: str
    """Where to ask about one piece of work with this hardware."""
    memory: str
    pasted: str
    errors: tuple[FitProblem, ...]
    head: Head

    @classmethod
    def asking(
        cls,
        hardware: Sequence[str] = (),
        memory: str = "",
        *,
        pasted: str = "",
        problem: FitProblem | None = None,
        base_url: str,
    ) -> Self:
        """The question, with what was entered before."""
        return cls(
            title=say("What can I do with what I have?"),
            verdict="",
            hardware=(),
            warnings=(),
            groups=(),
            upgrades=(),
            assumptions=(),
            rows=_rows(hardware),
            work="",
            memory=memory,
            pasted=pasted,
            errors=(problem,) if problem else (),
            head=_head(base_url, indexed=not hardware),
        )

    @classmethod
    def of(cls, answer: FitAnswer, hardware: Sequence[str], *, memory: str, base_url: str) -> Self:
        """The answer, with the form to ask again."""
        groups = groupby(answer.jobs, key=lambda job: job.group)
        titles = {job.slug: job.title for job in answer.jobs}
        return cls(
            title=say("What your hardware can do"),
            verdict=answer.verdict,
            hardware=tuple(formatting.times(one.count, one.name) for one in answer.hardware),
            warnings=tuple((details("severity", each.severity)[0], each.text) for each in answer.warnings),
            groups=tuple(
                GroupView(f"group-{number}", title, tuple(map(_job, jobs)))
                for number, (title, jobs) in enumerate(groups)
            ),
            upgrades=tuple(
                _upgrade(one.upgrade, [titles[slug] for slug in one.jobs])
                for one in sorted(answer.upgrades, key=lambda one: -len(one.jobs))[:BEST_UPGRADES]
            ),
            assumptions=tuple(_assumed(one) for one in answer.assumptions),
            rows=_rows(hardware),
            work=work_link(answer.hardware, memory),
            memory=memory,
            pasted="",
            errors=(),
            head=_head(base_url, indexed=False),
        )


def _head(base_url: str, *, indexed: bool) -> Head:
    return Head.of(say("What can I do with what I have?"), say(ABOUT), url=f"{base_url}/fit", indexed=indexed)


def speed_in_words(value: RangeAnswer, unit: str) -> str:
    """A rate with its unit, or a time as people say it.

    >>> speed_in_words(RangeAnswer(low=1, expected=2, high=3), "h for a run")
    '2 h a run'
    """
    if unit.startswith("h "):
        return say("{time} a run", time=formatting.duration(value.expected))
    if unit.startswith("s "):
        return say("{time} each", time=formatting.duration(value.expected / 3600))
    return formatting.with_unit(value.expected, unit)


def _rows(hardware: Sequence[str]) -> tuple[CardRow, ...]:
    rows = [CardRow(number, text, "") for number, text in enumerate(hardware, 1)]
    return (*rows, *(CardRow(number, "", "") for number in range(len(rows) + 1, max(ROWS, len(rows) + 1) + 1)))


def _job(job: FitJobAnswer) -> JobRow:
    word, mark = FITS.get(job.fit) or details("fit", job.fit)[:2]
    memory = ""
    if job.memory_gib:
        each = formatting.gib_between(job.memory_gib.low, job.memory_gib.high)
        memory = formatting.times(job.hardware.count if job.hardware else 1, each)
    return JobRow(
        title=job.title,
        fit=say(word),
        mark=mark,
        css={"fits_with_changes": "tight", "not_supported": "unsupported"}.get(job.fit, job.fit),
        on=formatting.times(job.hardware.count, job.hardware.name) if job.hardware else "",
        memory=memory,
        speed=speed_in_words(job.speed.value, job.speed.unit) if job.speed else "",
        speed_word=say(SPEEDS[job.speed.speed_class]) if job.speed else "",
        verdict=job.verdict,
        change=job.change_needed or "",
        get=_in_short(job.upgrade) if job.upgrade else "",
        upgrade=job.upgrade.text if job.upgrade else "",
    )


def _in_short(upgrade: UpgradeAnswer) -> str:
    name = formatting.times(upgrade.hardware.count, upgrade.hardware.name)
    action = say(ACTIONS[upgrade.action])
    return say("{action} {hardware}, about {price}.", action=action, hardware=name, price=_cost(upgrade))


def _cost(upgrade: UpgradeAnswer) -> str:
    price = upgrade.price_usd
    return formatting.usd(price.expected) if price else formatting.usd_per_hour(upgrade.usd_per_hour)


def _upgrade(upgrade: UpgradeAnswer, titles: Sequence[str]) -> UpgradeView:
    return UpgradeView(
        action=say(ACTIONS[upgrade.action]),
        name=formatting.times(upgrade.hardware.count, upgrade.hardware.name),
        cost=_cost(upgrade),
        unlocks="; ".join(titles),
        text=upgrade.text,
        url="/hardware/" + (upgrade.hardware.accelerator or ""),
        source=upgrade.source,
    )


def _assumed(assumption: AssumptionAnswer) -> str:
    return (
        f"{label('assumption', assumption.field)}: {say_finished(assumed_value(assumption.value))} ({assumption.why})"
    )


def link(hardware: Sequence[str], memory: str = "") -> str:
    """The address of an answer.

    >>> link(["RTX 3090 x2"], "64")
    '/fit?hardware=RTX+3090+x2&memory=64'
    """
    return "/fit?" + urlencode([*(("hardware", one) for one in hardware), *([("memory", memory)] if memory else [])])


def work_link(hardware: Sequence[HardwareAnswer], memory: str = "") -> str:
    """All settings, with this hardware as what somebody has.

    >>> work_link([HardwareAnswer(accelerator="rtx-3090", name="GeForce RTX 3090", count=2)], "64")
    '/settings?existing_hardware=rtx-3090+x2&system_memory_gb=64'
    """
    owned = [
        OwnedHardware(accelerator=one.accelerator, description=None if one.accelerator else one.name, count=one.count)
        for one in hardware
    ]
    fields = [("existing_hardware", hardware_text(one)) for one in owned]
    return "/settings?" + urlencode([*fields, *([("system_memory_gb", memory)] if memory else [])])
