"""The same work done in other ways, and with other models: what each would take of memory."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.advice.constraints import Constraints
from app.advice.need import Need, NeedPart, Range, need_of
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec

Rejob = Callable[[Mapping[str, Any]], Job | None]
"""Builds the job of a workload with some fields changed."""

SIZES = (3e9, 8e9, 14e9, 32e9, 70e9)
"""Sizes of language models that people choose between. [parameters]"""
LENGTHS = (4_096, 32_768, 131_072)
"""Lengths of text: some pages, a long report, a book. [tokens]"""
WAYS_OF_TRAINING = ("full", "lora", "qlora")
WAYS_OF_RUNNING = ("bf16", "int8", "int4")
WAYS_OF_WRITING = {"decoder"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing the work."""

    name: str
    """A method of training, or a precision of running."""
    memory: Range
    """[bytes]"""
    parts: tuple[NeedPart, ...]
    asked: bool
    """Whether it is the way that was asked for."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The same work with a model of another size and texts of another length."""

    parameters: float
    sequence_length: int
    memory: Range
    """[bytes]"""


@dataclass(frozen=True, slots=True)
class Variants:
    """What else the work could be. Empty where the model is no language model."""

    ways: tuple[Way, ...]
    cells: tuple[Cell, ...]


NOTHING = Variants((), ())


def variants_of(job: Job, *, devices: Devices, rejob: Rejob) -> Variants:
    """Other ways, sizes and lengths of work with a language model, each on one device that is large enough."""
    model = job.model
    if not isinstance(model, TransformerSpec) or model.architecture not in WAYS_OF_WRITING:
        return NOTHING
    device = _roomiest(devices)
    if device is None:
        return NOTHING
    one = Devices((device,))
    return Variants(tuple(_ways(job, one, rejob)), tuple(_cells(one, rejob, architecture=model.architecture)))


def _roomiest(devices: Devices) -> Accelerator | None:
    fit = [each for each in devices.accelerators if each.kind == "gpu" and each.trains and each.support == "supported"]
    return max(fit, key=lambda each: each.usable_memory_bytes, default=None)


def _ways(job: Job, one: Devices, rejob: Rejob) -> Iterator[Way]:
    if job.training and job.workload.task != "finetune":
        return
    field = "method" if job.training else "precision"
    names = WAYS_OF_TRAINING if job.training else WAYS_OF_RUNNING
    for name in names:
        changed = rejob({field: name})
        need = None if changed is None else _need(changed, one)
        if need is not None and need.memory is not None:
            asked = (job.method if job.training else job.precision) == name
            yield Way(name, need.memory, need.memory_parts, asked)


def _cells(one: Devices, rejob: Rejob, *, architecture: str) -> Iterator[Cell]:
    for parameters in SIZES:
        for length in LENGTHS:
            changes = {
                "model": {"parameters": parameters, "architecture": architecture},
                "sequence_length": length,
                "prompt_tokens": None,
                "output_tokens": None,
            }
            changed = rejob(changes)
            need = None if changed is None else _need(changed, one)
            if need is not None and need.memory is not None:
                yield Cell(parameters, length, need.memory)


def _need(job: Job, one: Devices) -> Need:
    return need_of(job, Constraints(), devices=one)
