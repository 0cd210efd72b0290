"""Trying rules out on one question: which of them hold, in which order, and which one decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.admin.asked import request_in
from app.admin.bench import Question
from app.advice.facts import VARIABLES, Case, Facts, facts_of
from app.advice.need import need_of
from app.advice.owned import judge, owned_fit
from app.advice.policy import Rule
from app.advice.rules import RuleError, activation, compile_condition
from app.catalogue.snapshot import Snapshot
from app.contract import resolving
from app.errors import AppError

KINDS = ("scenario", "tier", "warning")


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule, tried."""

    rule: Rule
    holds: bool
    wins: bool
    is_edited: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rules make of one question."""

    facts: Facts
    tried: tuple[Tried, ...]
    """In the order in which they are tried, kind by kind."""

    def decided(self, kind: str) -> str:
        """The outcome of the rule that decides; empty: none does."""
        return next((each.rule.outcome for each in self.tried if each.wins and each.rule.kind == kind), "")

    def values(self, condition: str) -> tuple[tuple[str, str], ...]:
        """What a condition looks at, with its value for this question."""
        return tuple((name, told(self.facts[name])) for name in VARIABLES if name in condition)


def trial(snapshot: Snapshot, query: str, *, edited: Rule | None = None) -> Trial:
    """Try all rules on a question; an edited rule stands in the place of the one with its name."""
    rules = [each for each in snapshot.policy.rules if edited is None or each.slug != edited.slug]
    rules += [edited] if edited else []
    ordered = sorted(rules, key=lambda rule: (-rule.priority, rule.slug))
    case = case_of(snapshot, query)
    facts = facts_of(case)
    tried = _tried(ordered, "scenario", facts=facts, edited=edited)
    scenario = next((each.rule.outcome for each in tried if each.wins), None)
    facts = facts_of(replace(case, scenario=scenario))
    tried += _tried(ordered, "tier", facts=facts, edited=edited)
    tried += _tried(ordered, "warning", facts=facts, edited=edited)
    return Trial(facts, tuple(tried))


def held_by(snapshot: Snapshot, condition: str, *, asked: Sequence[Question]) -> list[str]:
    """The questions for which a condition holds."""
    compiled = compile_condition(condition)
    held = []
    for each in asked:
        try:
            known = trial(snapshot, each.query).facts if "decision." in condition else facts(snapshot, each.query)
        except AppError:
            continue
        if compiled.holds(known):
            held.append(each.text)
    return held


def facts(snapshot: Snapshot, query: str) -> Facts:
    """What a rule may look at, for one question, while its scenario is being decided."""
    return facts_of(case_of(snapshot, query))


def case_of(snapshot: Snapshot, query: str) -> Case:
    """Everything that the rules look at, for one question."""
    asked = request_in(query, snapshot)
    job = resolving.job_of(snapshot, asked.workload, assume_data=True)
    need = need_of(job, asked.constraints, devices=snapshot.devices)
    owned = judge(job, need, constraints=asked.constraints, devices=snapshot.devices, names=snapshot.hardware_names)
    return Case(job, need, asked.constraints, owned_fit(owned))


def told(value: object) -> str:
    """A value of a variable in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "unknown" if value != value else f"{value:.6g}"  # noqa: PLR0124 - NaN stands for the unknown
    return str(value) or "not given"


def _tried(rules: Sequence[Rule], kind: str, *, facts: Facts, edited: Rule | None) -> list[Tried]:
    ready = activation(facts)
    found: list[Tried] = []
    decided = kind == "warning"
    for rule in rules:
        if rule.kind != kind:
            continue
        try:
            holds = compile_condition(rule.condition).holds_in(ready)
        except RuleError:
            holds = False
        wins = holds and not decided
        decided = decided or holds
        found.append(Tried(rule, holds, wins or (holds and kind == "warning"), rule is edited))
    return found
