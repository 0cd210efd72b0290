"""How answers are decided: scenarios, tiers and rules."""

from fastapi import APIRouter

from app.api.dependencies import CatalogueDep
from app.api.routes import CatalogueRoute
from app.api.schemas import RuleEntry, ScenarioEntry, TierEntry

router = APIRouter(tags=["decisions"], route_class=CatalogueRoute)


@router.get("/scenarios")
async def list_scenarios(catalogue: CatalogueDep) -> list[ScenarioEntry]:
    """The four kinds of answer, from no GPU to a cluster."""
    scenarios = sorted(catalogue.policy.scenarios, key=lambda scenario: scenario.number)
    return [ScenarioEntry.model_validate(scenario, from_attributes=True) for scenario in scenarios]


@router.get("/tiers")
async def list_tiers(catalogue: CatalogueDep) -> list[TierEntry]:
    """Classes of hardware by memory, smallest first."""
    tiers = sorted(catalogue.policy.tiers, key=lambda tier: tier.position)
    return [TierEntry.model_validate(tier, from_attributes=True) for tier in tiers]


@router.get("/rules")
async def list_rules(catalogue: CatalogueDep) -> list[RuleEntry]:
    """The rules that decide, in the order in which they are tried."""
    rules = sorted(catalogue.policy.rules, key=lambda rule: (rule.kind, -rule.priority))
    return [RuleEntry.model_validate(rule, from_attributes=True) for rule in rules]
