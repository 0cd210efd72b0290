"""What programs ask: the request objects of the contract, shared by REST, command line and MCP."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from app.advice.constraints import Constraints, OwnedHardware
from app.engine.workload import Frozen, HardwareChoice, Workload, real_number

MOST_ITEMS = 1_000
"""Items of one batch over HTTP; the command line reads as many lines as come."""
LONGEST_PASTE = 20_000
"""Characters of a pasted tool's output: nvidia-smi of a machine with sixteen cards and its processes."""


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


class FitHardware(OwnedHardware):
    """Something a person has: a catalogue name, or words; what nvidia-smi and the like print is understood too."""

    description: Annotated[str, Field(min_length=1, max_length=LONGEST_PASTE)] | None = None


class FitRequest(Frozen):
    """What somebody has: one device or several, equal or not."""

    hardware: Annotated[list[FitHardware], Field(min_length=1, max_length=50, description="What there is.")]
    system_memory_gb: (
        Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(real_number)] | None
    ) = None
