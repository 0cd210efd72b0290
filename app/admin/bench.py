"""The test bench: questions asked of the catalogue as it is and as it would be, and which answers differ."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from app import advisor, resolving
from app.advice.decide import decide
from app.advice.facts import Case, Facts, facts_of
from app.advice.need import need_of
from app.advice.owned import judge, owned_fit
from app.advice.rules import compile_condition
from app.answer import RecommendationAnswer
from app.catalogue.names import Match
from app.catalogue.snapshot import Snapshot
from app.errors import AppError
from app.flat_query import decode
from app.requests import RecommendRequest

QUESTIONS = Path(__file__).parent / "data" / "bench.toml"


@dataclass(frozen=True, slots=True)
class Question:
    """One saved question; with a scenario it has to lead there."""

    slug: str
    text: str
    query: str
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What matters of an answer."""

    scenario: str
    tier: str
    best: str
    price: str
    rent: str

    def differing(self, other: "Answered") -> tuple[str, ...]:
        """Names of the parts that are not the same."""
        return tuple(name for name in self.__dataclass_fields__ if getattr(self, name) != getattr(other, name))


@dataclass(frozen=True, slots=True)
class Compared:
    """One question with both answers."""

    question: Question
    before: Answered
    after: Answered

    @property
    def changed(self) -> tuple[str, ...]:
        """Which parts of the answer change."""
        return self.before.differing(self.after)

    @property
    def blocks(self) -> bool:
        """Whether an answer that has to be right, and is, would be wrong."""
        due = self.question.scenario
        return bool(due) and self.before.scenario == due != self.after.scenario


@cache
def questions() -> tuple[Question, ...]:
    """The saved questions."""
    found = tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))["question"]
    return tuple(Question(**each) for each in found)


def compare(before: Snapshot, after: Snapshot) -> list[Compared]:
    """Every question, asked of both catalogues at the same moment."""
    at = datetime.now(UTC)
    return [Compared(each, answer(before, each, at=at), answer(after, each, at=at)) for each in questions()]


def answer(snapshot: Snapshot, question: Question, *, at: datetime) -> Answered:
    """What the catalogue answers; where it cannot, the reason stands in the place of the scenario."""
    try:
        asked = _asked(snapshot, question)
        return _summary(advisor.recommend(snapshot, asked.workload, constraints=asked.constraints, at=at))
    except AppError as error:
        return Answered(f"no answer: {error.detail[:200]}", "", "", "", "")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # a draft may break what answers rest on
        return Answered(f"no answer: {type(error).__name__}", "", "", "", "")


def _summary(answer: RecommendationAnswer) -> Answered:
    best = answer.picks[0] if answer.picks else None
    offer = answer.cloud[0] if answer.cloud else None
    price = best.price_usd if best else None
    return Answered(
        scenario=answer.scenario.slug,
        tier=answer.tier.slug,
        best=f"{best.hardware.count} × {best.hardware.name}" if best else "",
        price=f"{price.expected:,.0f} USD" if price else "",
        rent=f"{offer.provider} {offer.instance}, {offer.usd_per_hour:.2f} USD an hour" if offer else "",
    )


def held_by(snapshot: Snapshot, condition: str) -> list[str]:
    """The saved questions for which a condition holds."""
    compiled = compile_condition(condition)
    return [each.text for each in questions() if compiled.holds(facts(snapshot, each))]


def facts(snapshot: Snapshot, question: Question) -> Facts:
    """What a rule may look at, for one question."""
    asked = _asked(snapshot, question)
    job = resolving.job_of(snapshot, asked.workload, assume_data=True)
    need = need_of(job, asked.constraints, devices=snapshot.devices)
    owned = judge(job, need, constraints=asked.constraints, devices=snapshot.devices, names=snapshot.hardware_names)
    fit = owned_fit(owned)
    decision = decide(job, need, constraints=asked.constraints, policy=snapshot.policy, owned=fit)
    return facts_of(Case(job, need, asked.constraints, fit, decision.scenario.slug))


def _asked(snapshot: Snapshot, question: Question) -> RecommendRequest:
    return decode(
        parse_qsl(question.query),
        in_catalogue=lambda name: isinstance(snapshot.hardware_names.resolve(name), Match),
    )
