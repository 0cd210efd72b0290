"""Published measurements as answers and pages tell them."""

from app import formatting
from app.advice.evidence import Measurement
from app.contract.answer import MeasuredAnswer
from app.engine.workload import Workload
from app.languages import say
from app.present.rounding import rounded
from app.worded import worded

METRIC_WORDS = {
    "throughput_total": worded("speed"),
    "prefill_tokens_per_s": worded("reading the prompt"),
    "decode_tokens_per_s": worded("writing the answer"),
    "memory_gib_per_device": worded("memory of a device"),
    "duration_hours": worded("one run"),
    "device_hours": worded("device time"),
    "time_to_first_token_ms": worded("time to the first token"),
    "time_per_token_ms": worded("time of a token"),
}
TASK_WORDS = {
    "train": worded("training"),
    "finetune": worded("adapting"),
    "pretrain": worded("training from nothing"),
    "inference": worded("running"),
    "classical": worded("classical method"),
}
METHOD_WORDS = {
    "lora": worded("LoRA"),
    "qlora": worded("QLoRA"),
    "frozen": worded("only the last layers"),
    "dreambooth": worded("DreamBooth"),
}


def measured_answer(measurement: Measurement, *, model: str) -> MeasuredAnswer:
    """One measurement beside an estimate for a model; another one of its shape is named with the work."""
    work = work_in_words(measurement.workload)
    return MeasuredAnswer(
        metric=measurement.metric,
        value=rounded(measurement.value),
        unit=measurement.unit,
        model=measurement.model,
        hardware=formatting.times(measurement.count, measurement.hardware),
        work=work if measurement.model == model else f"{measurement.model}, {work}",
        note=measurement.note,
        source=measurement.source,
        url=measurement.url,
        as_of=measurement.as_of,
    )


def work_in_words(workload: Workload) -> str:
    """What was run, in a few words.

    >>> work_in_words(Workload.model_validate({"task": "finetune", "method": "lora", "precision": "bf16",
    ...     "batch_size": 2, "sequence_length": 2048, "framework": "pytorch"}))
    'adapting, LoRA, bf16, batch 2, 2,048 tokens, pytorch'
    """
    parts: list[str] = [say(TASK_WORDS.get(workload.task, workload.task))]
    if workload.method and workload.method != "full":
        parts.append(say(METHOD_WORDS.get(workload.method, workload.method)))
    if workload.precision:
        parts.append(workload.precision)
    if workload.batch_size:
        parts.append(say("batch {count}", count=formatting.exact(workload.batch_size)))
    tokens = workload.sequence_length or (workload.prompt_tokens or 0) + (workload.output_tokens or 0)
    if tokens:
        parts.append(say("{count} tokens", count=formatting.exact(tokens)))
    if workload.image_size:
        sides = workload.image_size if isinstance(workload.image_size, list) else [workload.image_size] * 2
        parts.append(say("{height} × {width} pixels", height=sides[0], width=sides[1]))
    if workload.dataset and workload.dataset.rows:
        parts.append(say("{count} rows", count=formatting.large(workload.dataset.rows)))
    if workload.framework and workload.framework != "other":
        parts.append(workload.framework)
    return ", ".join(parts)


def result_in_words(metric: str, value: float, *, unit: str) -> str:
    """A figure with its unit and what it is of.

    >>> result_in_words("decode_tokens_per_s", 123.4, unit="tokens/s")
    '123 tokens/s (writing the answer)'
    """
    if unit == "hours":
        told = formatting.duration(value)
    elif unit == "GiB":
        told = formatting.gib(value)
    else:
        told = f"{formatting.exact(float(f'{value:.3g}'))} {say(unit)}"
    return f"{told} ({say(METRIC_WORDS.get(metric, metric))})"


def measured_in_words(measured: MeasuredAnswer) -> str:
    """One measurement in a line, with its link."""
    result = result_in_words(measured.metric, measured.value, unit=measured.unit)
    return f"{result}: {measured.work}. {measured.source}, {measured.url}"
