"""The start page, and the page on how answers are decided."""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

from app import formatting
from app.advice.policy import Policy, Rule, Scenario, Tier
from app.catalogue.snapshot import Snapshot
from app.languages import say
from app.web.labels import rule_name
from app.web.pages.head import Head
from app.worded import worded

HOME_TITLE = worded("Which hardware do you need for machine learning?")
HOME_DESCRIPTION = worded(
    "Answer a few plain questions and learn which hardware your machine-learning work needs, what it costs to buy or "
    "rent, and why. You may find that you need nothing new."
)
COMMON_DESCRIPTION = worded(
    "Common questions about hardware for machine learning, each with an answer worked out today."
)

_COMMON = Path(__file__).parent.parent / "common_questions.toml"

ABOUT_DECIDING = worded(
    "No graphics card, one card, your own machine or the cloud, a cluster: the rules that decide, in full."
)


@dataclass(frozen=True, slots=True)
class CommonQuestion:
    """A question with its answer's address."""

    text: str
    url: str
    on_home: bool
    """Whether the start page shows it."""
    kind: int = 0
    """The kind of answer that it is the example of; 0: of none."""


@dataclass(frozen=True, slots=True)
class CommonTopic:
    """Questions of one kind."""

    id: str
    title: str
    questions: tuple[CommonQuestion, ...]


@dataclass(frozen=True, slots=True)
class CommonQuestionsPage:
    """Every common question."""

    template: ClassVar[str] = "questions/common.html"

    title: str
    topics: tuple[CommonTopic, ...]
    head: Head

    @classmethod
    def of(cls, *, base_url: str) -> Self:
        """The page."""
        title = say("Questions that many people ask")
        return cls(title, topics_said(), Head.of(title, say(COMMON_DESCRIPTION), url=f"{base_url}/questions"))


@dataclass(frozen=True, slots=True)
class HomePage:
    """Where everybody starts."""

    template: ClassVar[str] = "home.html"

    title: str
    kinds: tuple[tuple[Scenario, CommonQuestion | None], ...]
    """Each kind of answer with an example."""
    questions: tuple[CommonQuestion, ...]
    more: int
    """How many common questions there are in all."""
    stock: str
    """What the catalogue holds."""
    head: Head

    @classmethod
    def of(cls, catalogue: Snapshot, *, base_url: str) -> Self:
        """The start page of a catalogue."""
        devices, models, offers = len(catalogue.devices), len(catalogue.models), len(catalogue.market.offers)
        examples = {each.kind: each for each in common_questions()}
        return cls(
            title=say(HOME_TITLE),
            kinds=tuple((each, examples.get(each.number)) for each in scenarios_of(catalogue.policy)),
            questions=tuple(each for each in common_questions() if each.on_home and not each.kind),
            more=len(common_questions()),
            stock=say(
                "We know {devices} devices, {models} models and {offers} offers to rent, each figure with its source. "
                "Data of {day}.",
                devices=formatting.exact(devices),
                models=formatting.exact(models),
                offers=formatting.exact(offers),
                day=formatting.day(catalogue.data_as_of),
            ),
            head=Head.of(say(HOME_TITLE), say(HOME_DESCRIPTION), url=f"{base_url}/"),
        )


@dataclass(frozen=True, slots=True)
class TierView:
    """A class of hardware."""

    title: str
    memory: str
    description: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule in words and as it is evaluated."""

    slug: str
    name: str
    outcome: str
    condition: str
    last_checked: str


@dataclass(frozen=True, slots=True)
class ScenariosPage:
    """How answers are decided."""

    template: ClassVar[str] = "scenarios.html"

    title: str
    scenarios: tuple[Scenario, ...]
    tiers: tuple[TierView, ...]
    rules: tuple[RuleView, ...]
    head: Head

    @classmethod
    def of(cls, policy: Policy, *, base_url: str) -> Self:
        """The page of a policy."""
        titles = {scenario.slug: say(scenario.title) for scenario in policy.scenarios}
        rules = sorted((rule for rule in policy.rules if rule.kind == "scenario"), key=lambda rule: -rule.priority)
        return cls(
            title=say("How we decide"),
            scenarios=scenarios_of(policy),
            tiers=tuple(_tier(tier) for tier in sorted(policy.tiers, key=lambda tier: tier.position)),
            rules=tuple(_rule(rule, titles) for rule in rules),
            head=Head.of(say("How we decide"), say(ABOUT_DECIDING), url=f"{base_url}/scenarios"),
        )


def scenarios_of(policy: Policy) -> tuple[Scenario, ...]:
    """The four kinds of answer, in order."""
    ordered = sorted(policy.scenarios, key=lambda scenario: scenario.number)
    return tuple(replace(each, title=say(each.title), summary=say(each.summary)) for each in ordered)


@cache
def common_topics() -> tuple[CommonTopic, ...]:
    """Questions that many people ask, by topic."""
    with _COMMON.open("rb") as file:
        topics = tomllib.load(file)["topic"]
    return tuple(CommonTopic(f"topic-{n}", each["title"], _asked(each)) for n, each in enumerate(topics, start=1))


def topics_said() -> tuple[CommonTopic, ...]:
    """The same in the language that is spoken."""
    return tuple(
        replace(
            each, title=say(each.title), questions=tuple(replace(one, text=say(one.text)) for one in each.questions)
        )
        for each in common_topics()
    )


def common_questions() -> tuple[CommonQuestion, ...]:
    """All of them."""
    return tuple(question for topic in topics_said() for question in topic.questions)


def _asked(topic: dict[str, Any]) -> tuple[CommonQuestion, ...]:
    return tuple(
        CommonQuestion(
            each["text"], f"/result?{each['query']}", on_home=each.get("home", False), kind=each.get("kind", 0)
        )
        for each in topic["question"]
    )


def _tier(tier: Tier) -> TierView:
    low, high = tier.memory_gib_min, tier.memory_gib_max
    if low is not None and high is not None:
        memory = say("{low} to {high}", low=formatting.exact(low), high=formatting.nominal_gib(high))
    elif high is not None:
        memory = say("up to {most}", most=formatting.nominal_gib(high))
    else:
        memory = say("{least} and more", least=formatting.nominal_gib(low)) if low else ""
    return TierView(say(tier.title), memory, say(tier.description))


def _rule(rule: Rule, titles: dict[str, str]) -> RuleView:
    return RuleView(
        rule.slug,
        rule_name(rule.slug),
        titles.get(rule.outcome, rule.outcome),
        rule.condition,
        formatting.day(rule.last_checked),
    )
