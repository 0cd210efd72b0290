"""What programs ask: the request objects of the contract, shared by REST, command line and MCP."""

from typing import Annotated

from pydantic import Field

from app.advice.constraints import Constraints
from app.engine.workload import Frozen, HardwareChoice, Workload

MOST_ITEMS = 1_000
"""Items of one batch over HTTP; the command line reads as many lines as come."""


class RecommendRequest(Frozen):
    """What somebody wants to do, and what limits them."""

    workload: Annotated[Workload, Field(description="The work. Only `task` is required; the answer lists the rest.")]
    constraints: Annotated[Constraints, Field(description="Limits and circumstances; everything may be missing.")] = (
        Constraints()
    )


class EstimateRequest(Frozen):
    """What somebody wants to do, and on what."""

    workload: Annotated[Workload, Field(description="The work. Only `task` is required; the answer lists the rest.")]
    hardware: Annotated[HardwareChoice, Field(description="A device of the catalogue, and how many of it.")]
