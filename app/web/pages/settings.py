"""All settings on one page, with the answer in short beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.contract.answer import AssumptionAnswer, RecommendationAnswer
from app.languages import say
from app.web.labels import assumed_value, details, flat_name
from app.web.pages.head import Head
from app.web.pages.questions import ErrorView
from app.web.settings_fields import Section, Setting, sections
from app.web.settings_form import Typed
from app.worded import worded

PATH = "/settings"
ABOUT = worded("Every setting of a machine-learning job on one page, each with its default and why it matters.")
FOCUS = "at"
"""Query field that says which setting takes the keyboard's focus."""


def settings_url(query: str, name: str = "") -> str:
    """Address of the page with a question in it, led to one of its settings."""
    focus = urlencode({FOCUS: name}) if name else ""
    joined = "&".join(part for part in (query, focus) if part)
    return f"{PATH}{'?' if joined else ''}{joined}{f'#{name}' if name else ''}"


@dataclass(frozen=True, slots=True)
class OptionView:
    """One value to choose."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SettingView:
    """One setting with what was typed."""

    id: str
    kind: str
    label: str
    why: str
    default: str
    example: str
    value: str
    options: tuple[OptionView, ...]
    error: str
    echo: str
    focused: bool
    reset_url: str
    """Address of the page without this setting; empty when it is not set."""

    @property
    def described_by(self) -> str:
        """Ids of what is said about the control."""
        told = (("why", self.why), ("error", self.error), ("echo", self.echo))
        return " ".join(f"{self.id}-{name}" for name, text in told if text)


@dataclass(frozen=True, slots=True)
class SectionView:
    """Settings that belong together."""

    id: str
    title: str
    intro: str
    learn_url: str
    open: bool
    filled: int
    settings: tuple[SettingView, ...]


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """A name and what the answer says."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer in short."""

    verdict: str
    grade: str
    lines: tuple[OutcomeLine, ...]
    url: str

    @classmethod
    def of(cls, answer: RecommendationAnswer) -> Self:
        """The answer in short."""
        need, lines = answer.need.memory_gib, []
        if need:
            lines.append(OutcomeLine(say("Memory"), formatting.gib_between(need.low, need.high)))
        if answer.picks:
            best = answer.picks[0]
            lines.append(OutcomeLine(say("First pick"), formatting.times(best.hardware.count, best.hardware.name)))
            if best.price_usd:
                price = formatting.usd_between(best.price_usd.low, best.price_usd.high)
                lines.append(OutcomeLine(say("Its price"), price))
            if hours := best.estimate.duration_hours:
                lines.append(OutcomeLine(say("One run"), formatting.duration_between(hours.low, hours.high)))
        if answer.cloud:
            offer = answer.cloud[0]
            name = formatting.times(offer.count, offer.accelerator)
            lines.append(OutcomeLine(say("To rent"), f"{name}, {formatting.usd_per_hour(offer.usd_per_hour)}"))
        query = answer.links.html.partition("?")[2]
        return cls(answer.verdict, details("grade", answer.need.evidence)[0], tuple(lines), f"/result?{query}")


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Every setting."""

    template: ClassVar[str] = "settings/show.html"

    title: str
    action: str
    sections: tuple[SectionView, ...]
    errors: tuple[ErrorView, ...]
    outcome: Outcome | None
    head: Head

    @classmethod
    def of(
        cls,
        typed: Typed,
        *,
        errors: Mapping[str, str],
        echoes: Mapping[str, str],
        answer: RecommendationAnswer | None,
        focus: str = "",
        base_url: str,
    ) -> Self:
        """The page of what was typed; ``answer`` where it could be understood."""
        assumed = {flat_name(each.field): each for each in answer.assumptions} if answer else {}

        def view(setting: Setting) -> SettingView:
            return _setting(setting, typed, assumed=assumed.get(setting.id), errors=errors, echoes=echoes, focus=focus)

        shown = tuple(_section(each, tuple(view(one) for one in each.settings), focus) for each in sections())
        return cls(
            title=say("All settings on one page"),
            action=PATH,
            sections=shown,
            errors=tuple(ErrorView(one.id, one.error) for section in shown for one in section.settings if one.error),
            outcome=Outcome.of(answer) if answer else None,
            head=Head.of(say("All settings on one page"), say(ABOUT), url=base_url + PATH, indexed=not typed.texts),
        )


def _section(section: Section, settings: tuple[SettingView, ...], focus: str) -> SectionView:
    filled = sum(bool(one.value) for one in settings)
    wanted = any(one.error or one.id == focus for one in settings)
    return SectionView(
        id=section.id,
        title=say(section.title),
        intro=say(section.intro),
        learn_url=f"/learn/{section.learn}",
        open=section.open or wanted or filled > 0,
        filled=filled,
        settings=settings,
    )


def _setting(
    setting: Setting,
    typed: Typed,
    *,
    assumed: AssumptionAnswer | None,
    errors: Mapping[str, str],
    echoes: Mapping[str, str],
    focus: str,
) -> SettingView:
    value = typed.texts.get(setting.id, "")
    unit = f" ({say(setting.unit)})" if setting.unit else ""
    default = say(setting.default)
    if assumed is not None and not value:
        value_taken = assumed_value(assumed.value, assumed.field)
        default = say("We take {value}: {why}.", value=value_taken, why=assumed.why)
    return SettingView(
        id=setting.id,
        kind=setting.kind,
        label=f"{say(setting.label)}{unit}",
        why=say(setting.why),
        default=default,
        example=setting.example,
        value=value,
        options=tuple(OptionView(each, word, _same(each, value)) for each, word in setting.options),
        error=errors.get(setting.id, ""),
        echo=echoes.get(setting.id, ""),
        focused=setting.id == focus and not errors,
        reset_url=settings_url(urlencode(typed.without(setting.id).pairs()), setting.id) if value else "",
    )


def _same(option: str, value: str) -> bool:
    return option.lower() == value.lower()
