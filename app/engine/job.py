"""A job: a workload with every default filled in, and the assumptions that filled it."""

from dataclasses import dataclass

from app.engine.model_spec import ModelSpec
from app.engine.workload import Workload


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value nobody gave: what was taken, and why."""

    field: str
    value: str | float | bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Job:
    """What the engine estimates. Every field is concrete; None means that it does not apply or nobody can know it."""

    workload: Workload
    """As asked, for the fields that are not about physics (how often, which course)."""
    model: ModelSpec
    work_class: str
    """The class that efficiencies and intervals are kept by; see :func:`app.engine.work_class.work_class`."""
    training: bool
    method: str
    precision: str
    optimizer: str
    framework: str
    attention: str
    compiled: bool
    channels_last: bool
    gradient_checkpointing: bool
    micro_batch_size: int
    gradient_accumulation_steps: int
    seq_len: int
    prompt_tokens: int
    output_tokens: int
    concurrent_requests: int | None
    """None: as many as fit ("max")."""
    kv_precision: str
    lora_rank: int
    image_size: tuple[int, int] | None
    frames: int
    depth: int | None
    samples: float | None
    """Samples of the data set, one epoch."""
    tokens: float | None
    """Tokens of the data set, one epoch."""
    rows: float | None
    columns: float | None
    data_bytes: float | None
    epochs: float
    steps: float | None
    """Optimizer steps of the whole run, denoising steps or boosting rounds; None: follows from the data."""
    decodes_in_tiles: bool = False
    """Whether the autoencoder of a generator works through a picture piece by piece."""
    assumptions: tuple[Assumption, ...] = ()

    @property
    def has_adapters(self) -> bool:
        """Whether small matrices are trained beside frozen weights."""
        return self.method in {"lora", "qlora"}
