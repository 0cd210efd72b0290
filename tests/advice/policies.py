"""The shipped policy as value objects, and facts of which nothing is known."""

import math
import tomllib
from functools import cache
from pathlib import Path

from app.advice.facts import VARIABLES
from app.advice.policy import Policy, Rule, Scenario, Tier

SEED = Path(__file__).parents[2] / "app/catalogue/seed/policy.toml"


@cache
def shipped_policy() -> Policy:
    """Scenarios, tiers and rules as they are shipped."""
    data = tomllib.loads(SEED.read_text("utf-8"))
    bounds = {"memory_gib_min": None, "memory_gib_max": None}
    return Policy(
        scenarios=tuple(Scenario(**each) for each in data["scenarios"]),
        tiers=tuple(Tier(**{**bounds, **each}) for each in data["tiers"]),
        rules=tuple(Rule(**each) for each in data["rules"]),
    )


def unknown_facts():
    """Every variable as it is when nobody knows anything."""
    nothing = {"number": math.nan, "text": "", "yes or no": False}
    return {name: nothing[variable.kind] for name, variable in VARIABLES.items()}
