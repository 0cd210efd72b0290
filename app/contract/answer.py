"""The answers of the contract as validated objects: what HTML, JSON, command line and MCP all show."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema


class Part(BaseModel):
    """Base of every part of an answer."""

    model_config = ConfigDict(frozen=True)


class RangeAnswer(Part):
    """An 80 % interval around the expected value."""

    low: float
    expected: float
    high: float


class BreakdownAnswer(Part):
    """One part of a memory need."""

    part: str
    gib: float
    formula: str


class AssumptionAnswer(Part):
    """A value nobody gave."""

    field: str
    value: str | bool | int | float | None
    why: str


class WarningAnswer(Part):
    """Something to know; problems come first."""

    severity: Literal["problem", "warning", "note"]
    text: str


class MemoryAnswer(RangeAnswer):
    """Peak memory of one device, with its parts."""

    breakdown: list[BreakdownAnswer]


class ThroughputAnswer(Part):
    """Speed of the whole system and of one device."""

    unit: str
    total: RangeAnswer | None
    per_device: RangeAnswer | None
    prefill_tokens_per_s: RangeAnswer | None
    decode_tokens_per_s: RangeAnswer | None
    model_flops_utilization: float | None
    bound_by: str | None


class PlanAnswer(Part):
    """How the work is spread over the devices; given, or the fastest that fits of all that were tried."""

    data_parallel: int
    tensor_parallel: int
    pipeline_parallel: int
    expert_parallel: int
    context_parallel: int
    sharding: Literal["none", "ddp", "zero1", "zero2", "zero3"]
    micro_batch_size: int | None
    gradient_accumulation: int | None
    recompute: Literal["none", "selective", "full"] | None
    bubble_fraction: float | None
    """Idle share of a pipeline over its ideal time."""
    communication_share: float | None
    """Share of a step in which devices wait for messages."""
    network: str
    """What carries them, inside a machine and between machines."""


class SpeculationAnswer(Part):
    """What speculative decoding with a small draft model gains; below 1 it loses."""

    speedup_for_one: float
    speedup_at_this_load: float
    drafted_tokens: float
    accepted_fraction: float


class ServingAnswer(Part):
    """What a server can promise. Times are of a request that does not wait for others to be read."""

    time_to_first_token_ms: RangeAnswer | None
    time_per_token_ms: RangeAnswer | None
    concurrent_requests: int
    largest_concurrency: int
    """Requests at a time that memory holds."""
    latency_target_ms: float
    latency_target_of: Literal["token", "answer"]
    concurrency_at_latency_target: int
    tokens_per_s_at_latency_target: float
    speculative_decoding: SpeculationAnswer


class InputAnswer(Part):
    """Reading and decoding the data, beside what the devices can take."""

    samples_per_s: float
    device_samples_per_s: float
    cpu_cores: float
    limits: bool
    """Whether the step waits for its data."""
    text: str


class MeasuredAnswer(Part):
    """A published measurement of the same work."""

    metric: str
    value: float
    unit: str
    model: str
    hardware: str
    work: str
    """What was run, in a few words."""
    note: str
    source: str
    url: str
    as_of: str | None
    evidence: Literal["measured"] = "measured"


class EstimateAnswer(Part):
    """``POST /estimate``."""

    memory_gib_per_device: MemoryAnswer | None
    usable_memory_gib: float | None
    fit: Literal["fits", "tight", "does_not_fit"] | None
    throughput: ThroughputAnswer | None
    step_ms: RangeAnswer | None
    duration_hours: RangeAnswer | None
    device_hours: RangeAnswer | None
    energy_kwh: RangeAnswer | None
    cost_usd: RangeAnswer | None
    evidence: Literal["measured", "calculated", "estimated", "assumed"]
    assumptions: list[AssumptionAnswer]
    warnings: list[WarningAnswer]
    plan: PlanAnswer | None = None
    """Where several devices share the work."""
    serving: ServingAnswer | None = None
    """Where a language model writes text."""
    input_pipeline: InputAnswer | None = None
    """Where pictures are read for training."""
    measured: list[MeasuredAnswer] = []
    """Published measurements of the same work, the nearest first."""


class HardwareAnswer(Part):
    """A device and how many of it."""

    accelerator: str | None
    name: str
    count: int
    nodes: int = 1
    description: str | None = None


class ScenarioAnswer(Part):
    """Which of the four scenarios, the rule that decided, and why."""

    number: int
    slug: str
    title: str
    rule: str
    reasons: list[str]


class TierAnswer(Part):
    """The class of hardware to look for."""

    slug: str
    title: str
    memory_gib_min: float | None
    memory_gib_max: float | None


class NeedAnswer(Part):
    """What the work needs, whatever it runs on."""

    memory_gib: RangeAnswer | None
    breakdown: list[BreakdownAnswer]
    flops_total: float | None
    evidence: str


class PriceAnswer(RangeAnswer):
    """A price to buy, with its pedigree."""

    as_of: str
    source: str
    condition: str = "new"
    note: str = ""


class PickAnswer(Part):
    """One thing to buy or use."""

    role: str
    hardware: HardwareAnswer
    fit: str | None
    estimate: EstimateAnswer
    price_usd: PriceAnswer | None
    good_for: str
    look_out_for: str
    why: str
    support: str
    machine: str | None = None
    """A whole machine with this device, where the catalogue knows one."""


class CloudAnswer(Part):
    """One thing to rent."""

    provider: str
    instance: str
    region: str
    accelerator: str
    count: float
    usd_per_hour: float
    pricing: Literal["on_demand", "spot"]
    hours: RangeAnswer | None
    total_usd: RangeAnswer | None
    as_of: str
    source: str
    fit: str | None = None
    note: str = ""


class BuyOrRentAnswer(Part):
    """Cumulative cost of buying and renting, month by month."""

    break_even_hours_per_month: float | None
    cheaper: Literal["buy", "rent", "neither"] | None
    hours_per_month: float | None
    months: list[int]
    buy_cumulative_usd: list[float]
    rent_cumulative_usd: list[float]
    buy_hardware: str | None
    rent_offer: str | None
    explanation: str
    assumptions: list[AssumptionAnswer]


class OwnedAnswer(Part):
    """Hardware that the person has or considers, judged."""

    hardware: HardwareAnswer
    fit: str
    verdict: str
    change_needed: str | None
    considering: bool = False
    usable: bool = True
    """False where its software has ended or one run takes too long, unless nothing may be spent."""


class HostAnswer(Part):
    """The rest of the computer."""

    cpu_cores: int
    ram_gb: int
    storage_gb: int
    psu_watts: int | None
    reasons: list[str]


class ChangeAnswer(Part):
    """A neighbouring question and how its answer differs."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)
    if_: str = Field(alias="if")
    then: str


class RejectedAnswer(Part):
    """Hardware that was left out, and because of which limit."""

    hardware: HardwareAnswer
    because: str


class ProvenanceAnswer(Part):
    """From which data and which version the answer was computed."""

    catalogue_revision: int
    engine_version: str
    computed_at: str


class LinksAnswer(Part):
    """Where the same answer can be had again."""

    permalink: str
    html: str


class RecommendationAnswer(Part):
    """``POST /recommend``."""

    scenario: ScenarioAnswer
    tier: TierAnswer
    verdict: str
    need: NeedAnswer
    picks: list[PickAnswer]
    cloud: list[CloudAnswer]
    buy_or_rent: BuyOrRentAnswer | None
    owned: list[OwnedAnswer]
    host: HostAnswer
    what_would_change_this: list[ChangeAnswer]
    rejected: list[RejectedAnswer]
    first_steps: list[str]
    warnings: list[WarningAnswer]
    assumptions: list[AssumptionAnswer]
    provenance: ProvenanceAnswer
    links: LinksAnswer
    meets_limits: SkipJsonSchema[bool] = Field(True, exclude=True)
    """Whether something to buy or to rent keeps every limit; the warnings say it in the answer, the command line by its
    exit status."""


class SpeedAnswer(Part):
    """How fast a job goes, and the word for it."""

    speed_class: Literal["fast", "usable", "slow", "impractical"]
    unit: str
    value: RangeAnswer


class UpgradeAnswer(Part):
    """The cheapest way out of a bottleneck; prices are of all the devices it names."""

    action: Literal["buy", "add", "rent"]
    hardware: HardwareAnswer
    price_usd: PriceAnswer | None
    usd_per_hour: float | None
    provider: str | None
    instance: str | None
    as_of: str
    source: str
    text: str


class FitJobAnswer(Part):
    """One typical job and whether the hardware does it."""

    slug: str
    group: str
    title: str
    workload: dict[str, Any]
    fit: Literal["fits", "tight", "fits_with_changes", "does_not_fit", "not_supported", "unknown"]
    hardware: HardwareAnswer | None
    """The part of the hardware that does it best."""
    memory_gib: RangeAnswer | None
    """Of each device, as it would run: with the change, where one is needed."""
    usable_memory_gib: float | None
    speed: SpeedAnswer | None
    bottleneck: str | None
    """memory, software, or what bounds the speed; null where nothing hinders."""
    verdict: str
    change_needed: str | None
    upgrade: UpgradeAnswer | None


class BestUpgradeAnswer(Part):
    """An upgrade, and the jobs for which it is the cheapest way."""

    upgrade: UpgradeAnswer
    jobs: list[str]


class FitAnswer(Part):
    """``POST /fit``."""

    hardware: list[HardwareAnswer]
    verdict: str
    counts: dict[str, int]
    jobs: list[FitJobAnswer]
    upgrades: list[BestUpgradeAnswer]
    """The cheapest first."""
    warnings: list[WarningAnswer]
    assumptions: list[AssumptionAnswer]
    provenance: ProvenanceAnswer
