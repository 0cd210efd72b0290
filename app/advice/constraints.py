"""What limits a recommendation: the contract's constraints, frozen and validated."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from app.engine.workload import Frozen, NonNegative, real_number

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Slug = Annotated[str, Field(min_length=1, max_length=200)]


class OwnedHardware(Frozen):
    """Something a person has or considers: a catalogue name, or their own words."""

    accelerator: Slug | None = None
    description: Text | None = None
    count: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(real_number)] = 1

    @model_validator(mode="after")
    def _named_somehow(self) -> Self:
        if (self.accelerator is None) == (self.description is None):
            message = "Name the hardware in one way: accelerator (a catalogue name) or description (free text)"
            raise ValueError(message)
        return self


class Constraints(Frozen):
    """Limits and circumstances. Everything may be missing."""

    budget_usd: NonNegative | None = None
    budget_usd_per_month: NonNegative | None = None
    deadline_hours: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(real_number)] | None = (
        None
    )
    ownership: Literal["buy", "rent", "either"] | None = None
    portable: bool | None = None
    vendors: Annotated[list[Slug], Field(max_length=50)] | None = None
    os: Annotated[str, Field(max_length=100)] | None = None
    country: Annotated[str, Field(pattern="^[A-Za-z]{2}$")] | None = None
    quiet: bool | None = None
    on_premises_only: bool | None = None
    used_ok: bool | None = None
    spot_ok: bool | None = None
    providers: Annotated[list[Slug], Field(max_length=100)] | None = None
    regions: Annotated[list[Slug], Field(max_length=100)] | None = None
    existing_hardware: Annotated[list[OwnedHardware], Field(max_length=50)] | None = None
    considering: Annotated[list[OwnedHardware], Field(max_length=50)] | None = None
    system_memory_gb: (
        Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(real_number)] | None
    ) = None
    psu_watts: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(real_number)] | None = None
    people: Annotated[int, Field(ge=1, le=10_000_000), BeforeValidator(real_number)] | None = None
    horizon_months: Annotated[float, Field(gt=0, le=240, allow_inf_nan=False), BeforeValidator(real_number)] | None = (
        None
    )
    electricity_usd_per_kwh: NonNegative | None = None
    max_devices: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] | None = None
