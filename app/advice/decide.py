"""Decide: which of the four scenarios, which class of hardware, by which rule and why."""

from dataclasses import dataclass, replace
from functools import lru_cache

from app.advice.constraints import Constraints
from app.advice.facts import Case, Facts, facts_of
from app.advice.need import Need
from app.advice.owned_fit import NOTHING_OWNED, OwnedFit
from app.advice.policy import Policy, Rule, Scenario, Tier
from app.advice.reasons import Caution, Reason, Value
from app.advice.rules import CompiledPolicy, compile_policy
from app.engine.job import Job
from app.engine.workload import Workload


class UndecidedError(LookupError):
    """No rule of a kind holds, or a rule names an outcome that the policy does not have."""


@dataclass(frozen=True)
class Decision:
    """Scenario and tier, and the rules that decided."""

    scenario: Scenario
    tier: Tier
    rule: Rule
    tier_rule: Rule
    reasons: tuple[Reason, ...]
    cautions: tuple[Caution, ...] = ()
    """Warnings of the policy's own warning rules."""


@lru_cache(maxsize=4)
def _compiled(policy: Policy) -> CompiledPolicy:
    return compile_policy(policy)


def decide(
    job: Job,
    need: Need,
    *,
    constraints: Constraints,
    policy: Policy,
    owned: OwnedFit = NOTHING_OWNED,
    asked: Workload | None = None,
) -> Decision:
    """The scenario and tier of a question, from the first rules that hold.

    ``asked`` is what the person said, where the job is only supposed.
    """
    case = Case(job, need, constraints, owned, asked=asked)
    facts = facts_of(case)
    compiled = _compiled(policy)
    rule = _first(compiled, "scenario", facts)
    scenario = next((s for s in policy.scenarios if s.slug == rule.outcome), None)
    if scenario is None:
        raise UndecidedError(f"rule {rule.slug} names the scenario {rule.outcome!r}, which does not exist")
    facts |= facts_of(replace(case, scenario=scenario.slug))
    tier_rule = _first(compiled, "tier", facts)
    tier = next((t for t in policy.tiers if t.slug == tier_rule.outcome), None)
    if tier is None:
        raise UndecidedError(f"rule {tier_rule.slug} names the tier {tier_rule.outcome!r}, which does not exist")
    warnings = compiled.all_that_hold("warning", facts)
    return Decision(
        scenario=scenario,
        tier=tier,
        rule=rule,
        tier_rule=tier_rule,
        reasons=(rule_reason(rule, facts), rule_reason(tier_rule, facts)),
        cautions=tuple(Caution(warning.outcome, rule_reason(warning, facts)) for warning in warnings),
    )


def rule_reason(rule: Rule, facts: Facts) -> Reason:
    """A rule's own sentence with the values for its places; the wording fills it like any other."""
    values: dict[str, Value] = {"rule": rule.slug, "sentence": rule.reason}
    values.update({name: value for name, value in facts.items() if "{" + name in rule.reason})
    return Reason("rule", values)


def _first(compiled: CompiledPolicy, kind: str, facts: Facts) -> Rule:
    rule = compiled.first(kind, facts)
    if rule is None:
        raise UndecidedError(f"no {kind} rule holds; the policy needs one whose condition is true")
    return rule
