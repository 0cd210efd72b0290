"""Cheaper ways to do the same work, least harmful first: what to change before buying anything.

Each recipe keeps the changes of those before it, so that the first that fits is the smallest change that helps.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec

SMALLEST_FOR_ADAPTERS = 1e8
"""Below this many parameters adapters save nothing worth the trouble. [parameters]"""
SHORTEST_TEXT = 256
"""Training texts are not cut shorter than this. [tokens]"""
SHORTEST_CONTEXT = 2048
"""Contexts for running a model are not cut shorter than this. [tokens]"""
SMALLEST_PICTURE = 128
"""Pictures are not made smaller than this. [pixels]"""
WHOLE_MODEL = frozenset({"full", "dreambooth"})
"""Methods that train all parameters of a model: adapters can take their place."""
FULL_PRECISIONS = frozenset({"fp32", "tf32"})
SIXTEEN_BITS = frozenset({"fp32", "tf32", "fp16", "bf16", "amp", "f16", "bf16_gguf"})
MORE_THAN_FOUR_BITS = SIXTEEN_BITS | {"fp8", "int8", "q8_0", "q6_k", "q5_0", "q5_k_s", "q5_k_m"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A cheaper way: its code names the newest change; the job holds all changes up to it."""

    code: str
    job: Job


Change = tuple[str, Callable[[Job], Job | None]]


def cheaper_recipes(job: Job) -> tuple[Recipe, ...]:
    """Ways to do the job in less memory, each with all changes of those before it."""
    return tuple(_applied(job, _changes(job)))


def _applied(job: Job, changes: tuple[Change, ...]) -> Iterator[Recipe]:
    for code, change in changes:
        changed = change(job)
        if changed is not None and changed != job:
            job = changed
            yield Recipe(code, job)


def _changes(job: Job) -> tuple[Change, ...]:
    model = job.model
    if isinstance(model, AlgorithmSpec):
        return ()
    if isinstance(model, TransformerSpec):
        return TEXT_TRAINING if job.training else TEXT_RUNNING
    if isinstance(model, DiffusionSpec):
        return PICTURE_MAKING_TRAINING if job.training else PICTURE_MAKING
    assert isinstance(model, NetworkSpec)
    return NETWORK_TRAINING if job.training else NETWORK_RUNNING


def _mixed(job: Job) -> Job | None:
    return replace(job, precision="amp") if job.precision in FULL_PRECISIONS else None


def _batch_1(job: Job) -> Job | None:
    if job.micro_batch_size == 1:
        return None
    steps = job.gradient_accumulation_steps * job.micro_batch_size
    return replace(job, micro_batch_size=1, gradient_accumulation_steps=steps)


def _quarter_batch(job: Job) -> Job | None:
    batch = max(1, job.micro_batch_size // 4)
    steps = job.gradient_accumulation_steps * job.micro_batch_size // batch
    return (
        None if job.micro_batch_size == 1 else replace(job, micro_batch_size=batch, gradient_accumulation_steps=steps)
    )


def _checkpointing(job: Job) -> Job | None:
    return None if job.gradient_checkpointing else replace(job, gradient_checkpointing=True)


def _lora(job: Job) -> Job | None:
    model = job.model
    if job.method not in WHOLE_MODEL or isinstance(model, AlgorithmSpec) or model.parameters < SMALLEST_FOR_ADAPTERS:
        return None
    work_class = "llm_lora" if job.work_class == "llm_finetune_full" else job.work_class
    return replace(job, method="lora", work_class=work_class) if job.workload.task != "pretrain" else None


def _qlora(job: Job) -> Job | None:
    decoder = isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder"
    if (
        not (decoder or isinstance(job.model, DiffusionSpec))
        or job.method not in {*WHOLE_MODEL, "lora"}
        or job.workload.task == "pretrain"
    ):
        return None
    return replace(job, method="qlora", precision="nf4", work_class="llm_qlora" if decoder else job.work_class)


def _frozen(job: Job) -> Job | None:
    return replace(job, method="frozen") if job.method == "full" and job.workload.task == "finetune" else None


def _half_text(job: Job) -> Job | None:
    length = max(SHORTEST_TEXT, job.seq_len // 2)
    return replace(job, seq_len=length) if length < job.seq_len else None


def _eight_bit(job: Job) -> Job | None:
    return replace(job, precision="int8") if job.precision in SIXTEEN_BITS else None


def _four_bit(job: Job) -> Job | None:
    return replace(job, precision="q4_k_m", framework="llama.cpp") if job.precision in MORE_THAN_FOUR_BITS else None


def _half_context(job: Job) -> Job | None:
    length = max(SHORTEST_CONTEXT, job.seq_len // 2)
    if length >= job.seq_len:
        return None
    prompt = max(1, min(job.prompt_tokens, length - job.output_tokens))
    return replace(job, seq_len=length, prompt_tokens=prompt, output_tokens=min(job.output_tokens, length - 1))


def _tiled_decoding(job: Job) -> Job | None:
    return None if job.decodes_in_tiles else replace(job, decodes_in_tiles=True)


def _small_pictures(job: Job) -> Job | None:
    if job.image_size is None or min(job.image_size) // 2 < SMALLEST_PICTURE:
        return None
    return replace(job, image_size=(job.image_size[0] // 2, job.image_size[1] // 2))


def _smaller_patches(job: Job) -> Job | None:
    if job.work_class not in {"medical_3d", "medical_3d_infer"} or job.depth is None or job.image_size is None:
        return None
    return replace(job, image_size=(job.image_size[0] // 2, job.image_size[1] // 2), depth=max(1, job.depth // 2))


TEXT_TRAINING: tuple[Change, ...] = (
    ("mixed_precision", _mixed),
    ("batch_1", _batch_1),
    ("checkpointing", _checkpointing),
    ("lora", _lora),
    ("qlora", _qlora),
    ("half_text", _half_text),
    ("quarter_text", _half_text),  # half of the half
)
TEXT_RUNNING: tuple[Change, ...] = (("eight_bit", _eight_bit), ("four_bit", _four_bit), ("half_context", _half_context))
PICTURE_MAKING_TRAINING: tuple[Change, ...] = (
    ("batch_1", _batch_1),
    ("checkpointing", _checkpointing),
    ("lora", _lora),
    ("qlora", _qlora),
    ("small_pictures", _small_pictures),
)
PICTURE_MAKING: tuple[Change, ...] = (
    ("tiled_decoding", _tiled_decoding),
    ("eight_bit", _eight_bit),
    ("small_pictures", _small_pictures),
)
NETWORK_TRAINING: tuple[Change, ...] = (
    ("mixed_precision", _mixed),
    ("quarter_batch", _quarter_batch),
    ("batch_1", _batch_1),
    ("frozen", _frozen),
    ("smaller_patches", _smaller_patches),
    ("small_pictures", _small_pictures),
)
NETWORK_RUNNING: tuple[Change, ...] = (("batch_1", _batch_1), ("small_pictures", _small_pictures))
