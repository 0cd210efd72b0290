"""The workload: the contract's object, frozen and validated. Defaults are filled in by :mod:`app.engine.defaults`."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.field_problems import echoed, nearest

MAX_CONFIG_BYTES = 256 * 1024
"""Largest config.json that is read; real ones are under 20 KB."""

Task = Literal["train", "finetune", "pretrain", "inference", "classical", "learn"]
Domain = Literal[
    "tabular", "vision", "detection", "segmentation", "text", "image_generation", "video_generation", "audio",
    "medical_3d", "rl", "science", "recommendation", "graph", "timeseries",
]  # fmt: skip
Architecture = Literal[
    "decoder", "encoder", "encoder_decoder", "cnn", "vit", "detector", "segmenter", "unet", "diffusion_unet",
    "diffusion_transformer", "gan", "mlp", "rnn", "gnn", "recommender", "other",
]  # fmt: skip
Method = Literal["full", "lora", "qlora", "frozen", "dreambooth"]
Optimizer = Literal[
    "adamw", "adamw8bit", "adam", "sgd", "sgd_momentum", "adafactor", "lion", "muon", "rmsprop"
]  # fmt: skip
Framework = Literal[
    "pytorch", "tensorflow", "jax", "mxnet", "llama.cpp", "vllm", "tensorrt-llm", "tensorrt", "onnxruntime",
    "megatron", "deepspeed", "xgboost", "lightgbm", "sklearn", "other",
]  # fmt: skip
PRECISIONS = (
    "fp32", "tf32", "fp16", "bf16", "amp", "fp8", "fp4", "nvfp4", "mxfp4", "int8", "int4", "nf4",
    "q2_k", "q3_k_s", "q3_k_m", "q3_k_l", "q4_0", "q4_1", "q4_k_s", "q4_k_m", "q5_0", "q5_1", "q5_k_s", "q5_k_m",
    "q6_k", "q8_0", "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq2_m", "iq3_xxs", "iq3_xs", "iq3_s", "iq3_m",
    "iq4_xs", "iq4_nl", "f16", "bf16_gguf", "tq1_0", "tq2_0",
)  # fmt: skip


def _known_precision(value: str) -> str:
    text = value.strip().lower().replace("-", "_")
    if text not in PRECISIONS:
        message = "Use a known precision such as bf16, fp16, amp, int8, nf4 or q4_k_m; {given} is not one"
        context = {"given": echoed(value), "suggestions": nearest(value, PRECISIONS)}
        raise PydanticCustomError("precision", message, context)
    return text


def real_number(value: object) -> object:
    """Refuse true and false where a number belongs."""
    if isinstance(value, bool):
        message = "Enter a number, not true or false"
        raise ValueError(message)  # noqa: TRY004 - pydantic makes a finding of ValueError only
    return value


Precision = Annotated[str, AfterValidator(_known_precision)]
Count = Annotated[int, Field(ge=1, le=10**9), BeforeValidator(real_number)]
Amount = Annotated[float, Field(gt=0, le=1e18, allow_inf_nan=False), BeforeValidator(real_number)]
NonNegative = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False), BeforeValidator(real_number)]
HoursPerMonth = Annotated[float, Field(ge=0, le=744, allow_inf_nan=False), BeforeValidator(real_number)]
Pixels = Annotated[int, Field(ge=1, le=65_536), BeforeValidator(real_number)]


class Frozen(BaseModel):
    """Base of the request objects: immutable, and unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=10_000)


class ModelChoice(Frozen):
    """Which model, in exactly one of three forms: a name, a config.json, or counts."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    hf_config: dict[str, Any] | None = None
    parameters: Annotated[float, Field(ge=1, le=1e14, allow_inf_nan=False), BeforeValidator(real_number)] | None = None
    architecture: Architecture | None = None
    active_parameters: Amount | None = None
    layers: Annotated[int, Field(ge=1, le=10_000), BeforeValidator(real_number)] | None = None
    hidden_size: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] | None = None
    ffn_size: Annotated[int, Field(ge=1, le=10_000_000), BeforeValidator(real_number)] | None = None
    heads: Annotated[int, Field(ge=1, le=10_000), BeforeValidator(real_number)] | None = None
    kv_heads: Annotated[int, Field(ge=1, le=10_000), BeforeValidator(real_number)] | None = None
    head_dim: Annotated[int, Field(ge=1, le=10_000), BeforeValidator(real_number)] | None = None
    vocabulary: Annotated[int, Field(ge=1, le=100_000_000), BeforeValidator(real_number)] | None = None
    gmacs_per_sample: Amount | None = None
    activations_m_per_sample: Amount | None = None

    @model_validator(mode="after")
    def _exactly_one_form(self) -> Self:
        forms = [self.name is not None, self.hf_config is not None, self.parameters is not None]
        if sum(forms) != 1:
            message = 'Describe the model in one way: {"name"}, {"hf_config"} or {"parameters", "architecture"}'
            raise ValueError(message)
        if self.active_parameters and self.parameters and self.active_parameters > self.parameters:
            message = "active_parameters cannot exceed parameters: the active ones are a part of all of them"
            raise ValueError(message)
        if self.kv_heads and self.heads and self.kv_heads > self.heads:
            message = "kv_heads cannot exceed heads"
            raise ValueError(message)
        return self


class DatasetChoice(Frozen):
    """How much data: a catalogue name, or sizes."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    samples: Amount | None = None
    tokens: Amount | None = None
    size_gb: Amount | None = None
    rows: Amount | None = None
    columns: Amount | None = None
    hours: Amount | None = None


class Workload(Frozen):
    """What somebody wants to do. Only ``task`` is required."""

    task: Task
    domain: Domain | None = None
    model: ModelChoice | None = None
    algorithm: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    method: Method | None = None
    precision: Precision | None = None
    optimizer: Optimizer | None = None
    batch_size: Count | None = None
    gradient_accumulation: Count | None = None
    sequence_length: Annotated[int, Field(ge=1, le=100_000_000), BeforeValidator(real_number)] | None = None
    prompt_tokens: Annotated[int, Field(ge=0, le=100_000_000), BeforeValidator(real_number)] | None = None
    output_tokens: Annotated[int, Field(ge=0, le=100_000_000), BeforeValidator(real_number)] | None = None
    image_size: Pixels | Annotated[list[Pixels], Field(min_length=2, max_length=2)] | None = None
    frames: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] | None = None
    depth: Pixels | None = None
    concurrent_requests: Count | Literal["max"] | None = None
    kv_precision: Precision | None = None
    gradient_checkpointing: bool | None = None
    lora_rank: Annotated[int, Field(ge=1, le=65_536), BeforeValidator(real_number)] | None = None
    attention: Literal["flash", "eager"] | None = None
    framework: Framework | None = None
    compiled: bool | None = None
    channels_last: bool | None = None
    dataset: DatasetChoice | None = None
    epochs: Amount | None = None
    steps: Amount | None = None
    runs_per_month: NonNegative | None = None
    hours_per_month: HoursPerMonth | None = None
    observations: Literal["pixels", "vector"] | None = None
    frames_per_second: Amount | None = None
    latency_ms: Amount | None = None

    @model_validator(mode="after")
    def _something_to_run(self) -> Self:
        if self.task == "inference" and self.prompt_tokens == 0 and self.output_tokens == 0:
            message = "prompt_tokens and output_tokens cannot both be 0: nothing is read and nothing written"
            raise ValueError(message)
        return self

    @property
    def works_through_data(self) -> bool:
        """Whether a finished model works through a pile of data, of which no piece is waited for."""
        waits = (self.latency_ms, self.frames_per_second, self.concurrent_requests, self.batch_size)
        return self.task == "inference" and self.dataset is not None and all(each is None for each in waits)


class HardwareChoice(Frozen):
    """The system to estimate on, as the contract spells it."""

    accelerator: Annotated[str, Field(min_length=1, max_length=200)]
    count: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] = 1
    nodes: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] | None = None
    threads: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(real_number)] | None = None
    sharding: Literal["none", "ddp", "zero1", "zero2", "zero3", "fsdp"] | None = None
    tensor_parallel: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] = 1
    pipeline_parallel: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] = 1
    expert_parallel: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] = 1
    context_parallel: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(real_number)] = 1

    @model_validator(mode="after")
    def _degrees_divide_devices(self) -> Self:
        degree = self.tensor_parallel * self.pipeline_parallel * self.context_parallel
        if degree > self.count or self.count % degree:
            message = (
                f"tensor_parallel x pipeline_parallel x context_parallel is {degree}; "
                f"count ({self.count}) must be a multiple of it"
            )
            raise ValueError(message)
        if self.nodes is not None and self.nodes > self.count:
            message = f"nodes ({self.nodes}) cannot exceed count ({self.count})"
            raise ValueError(message)
        return self
