"""What a rule may look at: every variable with its type, its unit in words, and where its value comes from.

One convention for what nobody knows: a number is NaN, so that every comparison with it is false; a text is empty; a
yes-or-no is false. ``need.x >= 0`` holds exactly when ``need.x`` is known.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from app.advice.constraints import Constraints
from app.advice.need import Need, table_gib
from app.advice.owned_fit import OwnedFit
from app.engine.defaults import domain_of
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, TransformerSpec
from app.engine.units import GB, GIB, SECONDS_PER_HOUR
from app.engine.workload import Workload

Kind = Literal["number", "text", "yes or no"]
Fact = float | str | bool
Facts = dict[str, Fact]
UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that facts are read from."""

    job: Job
    need: Need
    constraints: Constraints
    owned: OwnedFit
    scenario: str | None = None
    """Slug of the scenario, once it is decided."""
    asked: Workload | None = None
    """What the person said, where the job is only supposed: a model that is tried out was not stated."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing a rule may look at."""

    name: str
    kind: Kind
    meaning: str
    read: Callable[[Case], float | str | bool | None]

    def value(self, case: Case) -> Fact:
        """The value for one question, unknown as the convention has it."""
        found = self.read(case)
        if self.kind == "number":
            return UNKNOWN if found is None else float(found)
        if self.kind == "text":
            return "" if found is None else str(found)
        return bool(found)


def _number(name: str, meaning: str, read: Callable[[Case], float | None]) -> Variable:
    return Variable(name, "number", meaning, read)


def _text(name: str, meaning: str, read: Callable[[Case], str | None]) -> Variable:
    return Variable(name, "text", meaning, read)


def _flag(name: str, meaning: str, read: Callable[[Case], bool | None]) -> Variable:
    return Variable(name, "yes or no", meaning, read)


def model_kind(job: Job) -> str:
    """classical, diffusion, transformer or network."""
    if isinstance(job.model, AlgorithmSpec):
        return "classical"
    if isinstance(job.model, DiffusionSpec):
        return "diffusion"
    return "transformer" if isinstance(job.model, TransformerSpec) else "network"


def _states_a_model(workload: Workload) -> bool:
    return workload.model is not None or workload.algorithm is not None


def _parameters_b(job: Job) -> float | None:
    return None if isinstance(job.model, AlgorithmSpec) else job.model.parameters / 1e9


def _gpu_helps(job: Job) -> bool:
    return not isinstance(job.model, AlgorithmSpec) or not job.model.gpu_helps.lower().startswith("no")


def _hours_each(samples_per_s: float | None) -> float | None:
    return 1.0 / (samples_per_s * SECONDS_PER_HOUR) if samples_per_s else None


def _times_faster(need: Need) -> float | None:
    if need.cpu_hours is None or not need.consumer_gpu_hours:
        return None
    return need.cpu_hours / need.consumer_gpu_hours


NEED = (
    _number(
        "need.memory_gib",
        "expected memory, in GiB, on the smallest device on which the work fits",
        lambda c: c.need.memory_gib,
    ),
    _number(
        "need.memory_high_gib",
        "memory that it may take at most, in GiB: the upper end of the range",
        lambda c: None if c.need.memory is None else c.need.memory.high / GIB,
    ),
    _number("need.flops_total", "floating-point operations of the whole run", lambda c: c.need.flops_total),
    _number("need.cpu_hours", "hours of one run on an ordinary desktop processor", lambda c: c.need.cpu_hours),
    _number(
        "need.cpu_tokens_per_s",
        "words (tokens) a second that a language model writes on an ordinary desktop processor",
        lambda c: c.need.cpu_tokens_per_s,
    ),
    _number(
        "need.cpu_samples_per_s",
        "pictures, recordings, rows or texts a second on an ordinary desktop processor",
        lambda c: c.need.cpu_samples_per_s,
    ),
    _number(
        "need.desktop_hours_each",
        "hours for one picture or clip on the fastest desktop graphics card, whether it holds the work or not",
        lambda c: _hours_each(c.need.desktop_samples_per_s),
    ),
    _flag("need.single_gpu_fits", "some single current graphics card holds the work", lambda c: c.need.single_gpu_fits),
    _number(
        "need.smallest_single_gpu_gib",
        "memory, in GiB, of the smallest current card that holds the work",
        lambda c: c.need.smallest_single_gpu_gib,
    ),
    _number(
        "need.best_single_gpu_hours",
        "hours of one run on the fastest single card",
        lambda c: c.need.best_single_gpu_hours,
    ),
    _flag(
        "need.consumer_gpu_fits",
        "a desktop graphics card (up to 32 GB) holds the work",
        lambda c: c.need.consumer_gpu_fits,
    ),
    _number(
        "need.consumer_gpu_hours",
        "hours of one run on the fastest desktop graphics card",
        lambda c: c.need.consumer_gpu_hours,
    ),
    _number(
        "need.gpu_times_faster",
        "how many times faster a desktop graphics card is than the processor",
        lambda c: _times_faster(c.need),
    ),
    _flag("need.laptop_fits", "a laptop's graphics card (up to 24 GB) holds the work", lambda c: c.need.laptop_fits),
    _flag(
        "need.unified_fits",
        "a computer with shared memory, such as a Mac, holds the work",
        lambda c: c.need.unified_fits,
    ),
    _flag("need.notebook_fits", "the card of a free notebook holds the work", lambda c: c.need.notebook_fits),
    _number("need.notebook_hours", "hours of one run on the card of a free notebook", lambda c: c.need.notebook_hours),
    _number("need.devices_80gb", "how many 80 GB data-centre cards hold the work", lambda c: c.need.devices_80gb),
    _flag(
        "need.box_fits",
        "one machine with eight data-centre cards, of 80 GB or larger, holds the work",
        lambda c: c.need.box_fits,
    ),
    _number(
        "need.box_hours",
        "hours of one run on eight data-centre cards: of 80 GB, or larger where the work needs them",
        lambda c: c.need.box_hours,
    ),
    _number("need.run_hours", "hours of one run on the hardware that the work asks for", lambda c: c.need.run_hours),
    _number(
        "need.monthly_hours",
        "hours of use a month: stated, or runs a month times the hours of one",
        lambda c: c.need.monthly_hours,
    ),
    _number("need.table_gib", "size of the table, in GiB", lambda c: table_gib(c.job)),
)
WORKLOAD = (
    _text("workload.task", "train, finetune, pretrain, inference, classical or learn", lambda c: c.job.workload.task),
    _text(
        "workload.domain",
        "tabular, vision, text and so on; worked out where it was not given",
        lambda c: domain_of(c.job.workload),
    ),
    _text(
        "workload.work_class", "the finer kind of work, such as vision_train or llm_qlora", lambda c: c.job.work_class
    ),
    _text("workload.model_kind", "transformer, network, diffusion or classical", lambda c: model_kind(c.job)),
    _text("workload.method", "full, lora, qlora, frozen or dreambooth", lambda c: c.job.method),
    _text(
        "workload.algorithm",
        "the classical algorithm; empty for networks",
        lambda c: c.job.model.name if isinstance(c.job.model, AlgorithmSpec) else None,
    ),
    _text(
        "workload.framework", "the framework that was named; empty when none was", lambda c: c.job.workload.framework
    ),
    _text(
        "workload.observations",
        "what a learning agent sees: pixels or vector; empty when not given",
        lambda c: c.job.workload.observations,
    ),
    _flag("workload.training", "the work trains or adapts a model", lambda c: c.job.training),
    _flag(
        "workload.model_stated",
        "the model was named or described",
        lambda c: _states_a_model(c.asked or c.job.workload),
    ),
    _flag(
        "workload.data_stated",
        "the amount of data, or the steps, were given",
        lambda c: c.job.workload.dataset is not None or c.job.workload.steps is not None,
    ),
    _flag(
        "workload.frequency_stated",
        "how often it runs was given",
        lambda c: c.job.workload.runs_per_month is not None or c.job.workload.hours_per_month is not None,
    ),
    _flag("workload.gpu_helps", "graphics-card software exists for this kind of work", lambda c: _gpu_helps(c.job)),
    _number("workload.parameters_b", "parameters of the model, in billions", lambda c: _parameters_b(c.job)),
    _number("workload.rows", "rows of the table", lambda c: c.job.rows),
    _number("workload.columns", "columns of the table", lambda c: c.job.columns),
    _number("workload.samples", "pictures, texts or recordings of the data set", lambda c: c.job.samples),
    _number("workload.tokens", "tokens of the whole run", lambda c: c.need.tokens),
    _number(
        "workload.data_gb",
        "size of the data, in GB",
        lambda c: None if c.job.data_bytes is None else c.job.data_bytes / GB,
    ),
    _flag(
        "workload.as_many_as_fit",
        "as many requests at once as fit are asked for",
        lambda c: c.job.workload.concurrent_requests == "max",
    ),
    _number(
        "workload.concurrent_requests",
        "requests served at the same time; unknown where a pile of data is worked through",
        lambda c: None if c.job.workload.works_through_data else c.job.concurrent_requests,
    ),
    _number(
        "workload.frames_per_second",
        "pictures a second that must be kept up with",
        lambda c: c.job.workload.frames_per_second,
    ),
    _number("workload.latency_ms", "longest allowed answer time, in milliseconds", lambda c: c.job.workload.latency_ms),
    _number("workload.runs_per_month", "runs a month, where given", lambda c: c.job.workload.runs_per_month),
    _number("workload.hours_per_month", "hours a month, where given", lambda c: c.job.workload.hours_per_month),
)
CONSTRAINTS = (
    _number("constraints.budget_usd", "most to spend once, in US dollars", lambda c: c.constraints.budget_usd),
    _number(
        "constraints.budget_usd_per_month",
        "most to spend a month, in US dollars",
        lambda c: c.constraints.budget_usd_per_month,
    ),
    _number("constraints.deadline_hours", "longest time one run may take", lambda c: c.constraints.deadline_hours),
    _text("constraints.ownership", "buy, rent or either; empty when not given", lambda c: c.constraints.ownership),
    _flag("constraints.providers_stated", "cloud providers were named", lambda c: bool(c.constraints.providers)),
    _flag("constraints.portable", "it must be portable", lambda c: c.constraints.portable),
    _flag(
        "constraints.on_premises_only", "the data must not leave the premises", lambda c: c.constraints.on_premises_only
    ),
    _number("constraints.people", "how many people share it", lambda c: c.constraints.people),
    _number("constraints.max_devices", "most devices allowed", lambda c: c.constraints.max_devices),
    _number("constraints.owned_gpus", "graphics cards that the person has or considers", lambda c: float(c.owned.gpus)),
    _flag(
        "constraints.owned_fits",
        "a supported device that the person has does the work as it is",
        lambda c: c.owned.fits,
    ),
    _flag(
        "constraints.owned_works",
        "a device that the person has does the work, old devices included",
        lambda c: c.owned.works,
    ),
    _number(
        "constraints.owned_card_gib",
        "memory, in GiB, of the largest supported card of theirs that does the work, alone or as one of two",
        lambda c: c.owned.card_gib,
    ),
    _text(
        "constraints.owned_card_segment",
        "what that card is made for: laptop, desktop, workstation or datacenter",
        lambda c: c.owned.card_segment,
    ),
    _flag(
        "constraints.owned_small",
        "all that the person has is a laptop, built-in graphics, or a small or outdated card",
        lambda c: c.owned.small,
    ),
    _flag("constraints.asked_fpga", "an FPGA is owned or considered", lambda c: any(d.fpga for d in c.need.asked_for)),
    _flag("constraints.asked_tpu", "a TPU is owned or considered", lambda c: any(d.tpu for d in c.need.asked_for)),
)
DECISION = (
    _text("decision.scenario", "the scenario that was decided; empty while it is being decided", lambda c: c.scenario),
)
VARIABLES: dict[str, Variable] = {v.name: v for v in (*NEED, *WORKLOAD, *CONSTRAINTS, *DECISION)}


def facts_of(case: Case) -> Facts:
    """Every variable's value for one question."""
    return {name: variable.value(case) for name, variable in VARIABLES.items()}


def facts_table(variables: Iterable[Variable]) -> str:
    """Variables as a Markdown table, as docs/reference/rules.md has them."""
    rows = [f"| `{v.name}` | {v.kind} | {v.meaning} |" for v in variables]
    return "\n".join(["| variable | kind | meaning |", "|---|---|---|", *rows]) + "\n"
