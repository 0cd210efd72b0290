"""Published measurements as answers and pages tell them."""

from app import formatting
from app.advice.evidence import Measurement
from app.answer import MeasuredAnswer
from app.engine.workload import Workload
from app.present.rounding import rounded

METRIC_WORDS = {
    "throughput_total": "speed",
    "prefill_tokens_per_s": "reading the prompt",
    "decode_tokens_per_s": "writing the answer",
    "memory_gib_per_device": "memory of a device",
    "duration_hours": "one run",
    "device_hours": "device time",
    "time_to_first_token_ms": "time to the first token",
    "time_per_token_ms": "time of a token",
}


def measured_answer(measurement: Measurement) -> MeasuredAnswer:
    """One measurement beside an estimate."""
    return MeasuredAnswer(
        metric=measurement.metric,
        value=rounded(measurement.value),
        unit=measurement.unit,
        model=measurement.model,
        hardware=formatting.times(measurement.count, measurement.hardware),
        work=work_in_words(measurement.workload),
        note=measurement.note,
        source=measurement.source,
        url=measurement.url,
        as_of=measurement.as_of,
    )


def work_in_words(workload: Workload) -> str:
    """What was run, in a few words.

    >>> work_in_words(Workload.model_validate({"task": "finetune", "method": "lora", "precision": "bf16",
    ...     "batch_size": 2, "sequence_length": 2048, "framework": "pytorch"}))
    'finetune, lora, bf16, batch 2, 2,048 tokens, pytorch'
    """
    parts: list[str] = [workload.task]
    if workload.method and workload.method != "full":
        parts.append(workload.method)
    if workload.precision:
        parts.append(workload.precision)
    if workload.batch_size:
        parts.append(f"batch {formatting.exact(workload.batch_size)}")
    tokens = workload.sequence_length or (workload.prompt_tokens or 0) + (workload.output_tokens or 0)
    if tokens:
        parts.append(f"{formatting.exact(tokens)} tokens")
    if workload.image_size:
        sides = workload.image_size if isinstance(workload.image_size, list) else [workload.image_size] * 2
        parts.append(f"{sides[0]} × {sides[1]} pixels")
    if workload.dataset and workload.dataset.rows:
        parts.append(f"{formatting.large(workload.dataset.rows)} rows")
    if workload.framework and workload.framework != "other":
        parts.append(workload.framework)
    return ", ".join(parts)


def result_in_words(metric: str, value: float, unit: str) -> str:
    """A figure with its unit and what it is of.

    >>> result_in_words("decode_tokens_per_s", 123.4, "tokens/s")
    '123 tokens/s (writing the answer)'
    """
    if unit == "hours":
        told = formatting.duration(value)
    elif unit == "GiB":
        told = formatting.gib(value)
    else:
        told = f"{formatting.number(value)} {unit}"
    return f"{told} ({METRIC_WORDS.get(metric, metric)})"


def measured_in_words(measured: MeasuredAnswer) -> str:
    """One measurement in a line, with its link."""
    result = result_in_words(measured.metric, measured.value, measured.unit)
    return f"{result}: {measured.work}. {measured.source}, {measured.url}"
