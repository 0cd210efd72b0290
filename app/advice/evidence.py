"""Published measurements of the same work: which of them may stand beside an estimate, the nearest first."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from hashlib import blake2b

from app.engine.inference_memory import request_cache_bytes
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.engine.serving import touched_weight_bytes
from app.engine.workload import Workload

METRICS = (
    "throughput_total", "prefill_tokens_per_s", "decode_tokens_per_s", "memory_gib_per_device", "duration_hours",
    "device_hours", "time_to_first_token_ms", "time_per_token_ms",
)  # fmt: skip
WIDTHS = (
    frozenset({"fp16", "bf16", "amp"}), frozenset({"fp32"}), frozenset({"tf32"}), frozenset({"fp8", "int8", "q8_0"}),
    frozenset({"nf4", "int4", "fp4", "nvfp4", "mxfp4", "q4_0", "q4_k_m", "q4_k_s"}),
)  # fmt: skip
"""Precisions that are close enough to compare."""
SERVERS = frozenset({"llama.cpp", "vllm", "tensorrt-llm", "tensorrt", "onnxruntime"})
"""Frameworks whose figures stand for themselves alone."""
FACTOR = 2.0
"""Sizes may differ by so much at most; the picture by the root of it."""
STEADY_FACTOR = 8.0
"""Sizes on which a speed hardly depends may differ by so much: it moves by a tenth or two."""
STEADY_TOKENS = 256
"""A device is busy with a prompt of so many tokens."""
STEADY_BATCH = 32
"""A device is busy with so many pictures at a time."""
READ_FACTOR = 1.25
"""What a token reads may differ by so much: a short text's cache is little beside the weights."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Measurement:
    """One published figure with its work."""

    model: str
    """Its name, as jobs have it."""
    accelerator: str
    hardware: str
    """Name of the device."""
    count: int
    metric: str
    value: float
    unit: str
    workload: Workload
    source: str
    url: str
    as_of: str | None
    note: str
    shape: str = ""
    """What :func:`shape_of` says of its model."""


def shape_of(model: ModelSpec) -> str:
    """The same for two models that run alike: decoders of the same layers and widths; else the name."""
    if not isinstance(model, TransformerSpec) or model.architecture != "decoder" or not model.shape_known:
        return model.name
    apart = {"name", "source", "native_precision", "parameters", "active_parameters", "max_position_embeddings"}
    told = [getattr(model, each.name) for each in fields(model) if each.name not in apart]
    return blake2b(repr(told).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Evidence:
    """All measurements, found by the shape of the model and the device."""

    measurements: tuple[Measurement, ...] = ()
    _found: dict[tuple[str, str], list[Measurement]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[tuple[str, str], list[Measurement]] = {}
        for each in self.measurements:
            found.setdefault((each.shape or each.model, each.accelerator), []).append(each)
        object.__setattr__(self, "_found", found)

    def on(self, accelerator: str, *, most: int) -> list[Measurement]:
        """What was measured on a device; where that is much, something of every source."""
        all_of_it = [each for each in self.measurements if each.accelerator == accelerator]
        told: Counter[str] = Counter()
        turns: list[int] = []
        for each in all_of_it:
            turns.append(told[each.source])
            told[each.source] += 1
        chosen = sorted(range(len(all_of_it)), key=turns.__getitem__)[:most]
        return [all_of_it[number] for number in sorted(chosen)]

    def beside(self, job: Job, *, accelerator: str, count: int) -> list[Measurement]:
        """Measurements of the same work on the same hardware, the nearest first; each metric at most once.

        Those of the model itself come before those of another one of its shape.
        """
        found = [
            each
            for key in dict.fromkeys((job.model.name, shape_of(job.model)))
            for each in self._found.get((key, accelerator), ())
            if each.count == count
        ]
        near = sorted(_near(job, found), key=lambda pair: (pair[1].model != job.model.name, pair[0]))
        shown: dict[str, Measurement] = {}
        for _, each in near:
            shown.setdefault(each.metric, each)
        return list(shown.values())[:SHOWN]


def _near(job: Job, measurements: Iterable[Measurement]) -> Iterator[tuple[float, Measurement]]:
    for each in measurements:
        distance = distance_between(job, each.workload, metric=each.metric)
        if distance is not None:
            yield distance, each


def distance_between(job: Job, measured: Workload, *, metric: str) -> float | None:
    """How far the sizes of two pieces of the same work are apart, in doublings; None where the work differs. [-]"""
    if not _same_work(job, measured):
        return None
    total = 0.0
    for asked, found, factor in _sizes(job, measured, metric=metric):
        if asked is None or found is None:
            continue
        if not asked or not found:
            return None
        apart = abs(math.log2(asked / found))
        if apart > math.log2(factor) + 1e-9:
            return None
        total += apart
    return total


def _same_work(job: Job, measured: Workload) -> bool:
    trains = measured.task in {"train", "finetune", "pretrain"}
    if isinstance(job.model, AlgorithmSpec):
        return measured.task == "classical"
    if trains != job.training:
        return False
    if job.training and (measured.method or "full") != job.method:
        return False
    if measured.precision is not None and not _close(measured.precision, job.precision):
        return False
    servers = {measured.framework, job.framework} & SERVERS
    return not servers or measured.framework == job.framework


def _close(one: str, other: str) -> bool:
    return one == other or any({one, other} <= width for width in WIDTHS)


Size = tuple[float | None, float | None, float]
"""Asked, measured, and by which factor they may differ."""


def _sizes(job: Job, measured: Workload, *, metric: str) -> Iterator[Size]:
    data = measured.dataset
    if isinstance(job.model, AlgorithmSpec):
        yield job.rows, data.rows if data else None, FACTOR
        yield job.columns, data.columns if data else None, FACTOR
        yield job.steps, measured.steps, FACTOR
        return
    if measured.batch_size is not None:
        steady = isinstance(job.model, NetworkSpec) and metric == "throughput_total"
        apart = _steadily(job.micro_batch_size, measured.batch_size, least=STEADY_BATCH) if steady else FACTOR
        yield job.micro_batch_size, measured.batch_size, apart
    if job.training:
        yield job.seq_len, measured.sequence_length, FACTOR
        yield job.epochs, measured.epochs, 1.05
        yield job.samples, data.samples if data else None, 1.05
        yield job.tokens, data.tokens if data else None, 1.05
    else:
        yield from _text_sizes(job, measured, metric=metric)
        asked = job.concurrent_requests
        served = measured.concurrent_requests
        yield asked, served if isinstance(served, int) else None, FACTOR
        yield job.steps, measured.steps, FACTOR
    if job.image_size and measured.image_size is not None:
        sides = measured.image_size if isinstance(measured.image_size, list) else [measured.image_size] * 2
        yield math.sqrt(job.image_size[0] * job.image_size[1]), math.sqrt(sides[0] * sides[1]), math.sqrt(FACTOR)


def _text_sizes(job: Job, measured: Workload, *, metric: str) -> Iterator[Size]:
    """Reading depends on the prompt alone, writing on all that was read and written before, and neither by much."""
    if metric == "decode_tokens_per_s" and measured.prompt_tokens is not None and measured.output_tokens is not None:
        asked, found = job.prompt_tokens + job.output_tokens, measured.prompt_tokens + measured.output_tokens
        if isinstance(job.model, TransformerSpec):
            yield _read_bytes(job, job.model, tokens=asked), _read_bytes(job, job.model, tokens=found), READ_FACTOR
        else:
            yield asked, found, FACTOR
        return
    if metric == "prefill_tokens_per_s" and measured.prompt_tokens is not None:
        asked, found = job.prompt_tokens, measured.prompt_tokens
        yield asked, found, _steadily(asked, found, least=STEADY_TOKENS)
        return
    yield job.prompt_tokens, measured.prompt_tokens, FACTOR
    if metric != "prefill_tokens_per_s":
        yield job.output_tokens, measured.output_tokens, FACTOR


def _read_bytes(job: Job, spec: TransformerSpec, *, tokens: int) -> float:
    """What writing a token reads: weights, and the cache of all that stands before it. [bytes]"""
    requests = float(job.concurrent_requests or 1)
    return float(touched_weight_bytes(job, spec, batch=requests)) + requests * request_cache_bytes(
        job, spec, tokens=tokens
    )


def _steadily(asked: float, found: float, *, least: float) -> float:
    """By which factor two sizes may differ that keep a device busy from some size on."""
    return STEADY_FACTOR if min(asked, found) >= least else FACTOR
