"""What programs ask: the request objects of the contract, shared by REST, command line and MCP."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from app.advice.constraints import Constraints, Slug
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


class FitHardware(Frozen):
    """Something a person has: a catalogue name, or words; what nvidia-smi and the like print is understood too."""

    accelerator: Slug | None = None
    description: Annotated[str, Field(min_length=1, max_length=LONGEST_PASTE)] | None = None
    count: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(real_number)] = 1

    @model_validator(mode="after")
    def _named_somehow(self) -> Self:
        if (self.accelerator is None) == (self.description is None):
            message = "Name the hardware in one way: accelerator (a catalogue name) or description (free text)"
            raise ValueError(message)
        return self


class FitRequest(Frozen):
    """What somebody has: one device or several, equal or not."""

    hardware: Annotated[list[FitHardware], Field(min_length=1, max_length=50, description="What there is.")]
    system_memory_gb: (
        Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(real_number)] | None
    ) = None
