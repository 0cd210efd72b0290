"""What can work on one job together: each device, its equals side by side, and unequal cards in step or by layers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from app.advice.hardware_words import Described
from app.advice.owned import USABLE_FRACTION
from app.advice.pieces import Item
from app.engine.hardware import Accelerator, Devices, PeakRates, Systems, systems_of
from app.engine.intervals import spread
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.parallelism import default_plan
from app.engine.units import GIB

ASSUMED_SYSTEM_GIB = 16.0
"""Memory of a computer of which nobody told it: what most are sold with."""
ORDINARY = "ordinary desktop processor"
UNNAMED = "unnamed"
"""Slug of a card of which only the memory is known: the catalogue has no such entry."""


@dataclass(frozen=True, slots=True)
class Rig:
    """Devices that work on one job together."""

    name: str
    device: Accelerator
    count: int
    mixed: bool = False
    """Unequal cards, counted as so many of the weakest."""
    assumed: bool = False
    """Nobody named it: the processor that every computer has."""
    by_layers: bool = False
    """Unequal cards that hold as many layers each as their memory takes, one after the other; counted as their mean."""


def rigs_of(items: Sequence[Item], *, cpu: Accelerator | None, system_gib: float | None) -> list[Rig]:
    """Every way to use these items; an ordinary processor stands in where none is named."""
    known = _together([(_with_memory(d, system_gib), item.count) for item in items if (d := device_of(item))])
    rigs = [Rig(_times(1, device.name), device, 1) for device, _ in known]
    rigs += [Rig(_times(n, device.name), device, n) for device, n in known if n > 1 and device.kind != "cpu"]
    rigs += _mixed(known)
    if cpu is not None and not any(device.kind == "cpu" for device, _ in known):
        rigs.append(Rig(ORDINARY, _with_memory(cpu, system_gib), 1, assumed=True))
    return rigs


def roomy_systems(job: Job, devices: Devices, *, counts: Sequence[int]) -> Systems:
    """So many of each device in one machine, the job spread so that the upper end of its memory fits as well."""
    count = np.array(counts, dtype=np.float64)
    wary = _with_less_memory(devices, spread("memory", job.work_class).high)
    return systems_of(devices, count=count, plan=default_plan(job, wary, count=count, nodes=np.ones_like(count)))


@lru_cache(maxsize=32)
def _with_less_memory(devices: Devices, factor: float) -> Devices:
    """The same devices with so many times less memory; jobs of a kind ask for the same ones again and again."""
    return Devices(tuple(replace(d, usable_memory_bytes=d.usable_memory_bytes / factor) for d in devices.accelerators))


def device_of(item: Item) -> Accelerator | None:
    """The device of an item, or a card with the memory that its words give; None where they give nothing."""
    if item.device is not None:
        return item.device
    words = item.words
    if words.memory_gib is None or not words.gpu or words.fpga or words.cpu:
        return None
    return _unnamed_card(words)


def _unnamed_card(words: Described) -> Accelerator:
    memory = (words.memory_gib or 0.0) * GIB
    return Accelerator(
        slug=UNNAMED,
        name=f"card with {words.memory_gib:g} GB",
        vendor=words.vendor,
        kind="gpu",
        segment="laptop" if words.laptop else "desktop",
        architecture="",
        peak=PeakRates(),
        memory_bytes=memory,
        usable_memory_bytes=memory * USABLE_FRACTION,
        memory_bandwidth_bytes_per_s=float("nan"),
    )


def _with_memory(device: Accelerator, system_gib: float | None) -> Accelerator:
    """A processor with the computer's memory, not with the most that it could have."""
    if device.kind != "cpu":
        return device
    memory = (system_gib or ASSUMED_SYSTEM_GIB) * GIB
    usable = memory * device.usable_memory_bytes / device.memory_bytes
    return replace(device, memory_bytes=memory, usable_memory_bytes=usable)


def _together(known: Sequence[tuple[Accelerator, int]]) -> list[tuple[Accelerator, int]]:
    """Equal devices that were listed one by one as one entry; of processors, one."""
    counts: dict[Accelerator, int] = {}
    for device, n in known:
        counts[device] = counts.get(device, 0) + n
    return [(device, 1 if device.kind == "cpu" else n) for device, n in counts.items()]


def _mixed(known: Sequence[tuple[Accelerator, int]]) -> list[Rig]:
    """All cards together, where they are unequal and of one maker: in step, or layer after layer."""
    cards = [(device, n) for device, n in known if device.kind == "gpu" and device.support in {"supported", "legacy"}]
    makers = {device.vendor for device, _ in cards}
    if len({device.slug for device, _ in cards}) < 2 or len(makers) != 1:
        return []
    count = sum(n for _, n in cards)
    names = " and ".join(_times(n, device.name) for device, n in cards)
    mean = mean_by_layers([device for device, n in cards for _ in range(n)])
    return [
        Rig(names, weakest([device for device, _ in cards]), count, mixed=True),
        Rig(names, mean, count, mixed=True, by_layers=True),
    ]


def works_by_layers(job: Job) -> bool:
    """Whether a job runs on unequal cards layer after layer: a language model in llama.cpp."""
    return not job.training and job.framework == "llama.cpp" and isinstance(job.model, TransformerSpec)


def mean_by_layers(devices: Sequence[Accelerator]) -> Accelerator:
    """A card that so many of hold as much, and pass a token on as soon, as these do with layers by their memory.

    Every card reads its share of the weights while the others wait, so that the times add up: the rates are means that
    are weighted by memory, of the times and not of the speeds.
    """
    shares = np.array([device.usable_memory_bytes for device in devices])

    def together(rates: Sequence[float | None]) -> float | None:
        values = np.array([np.nan if rate is None else rate for rate in rates])
        return None if np.any(np.isnan(values)) else float(np.sum(shares) / np.sum(shares / values))

    return replace(
        weakest(devices),
        memory_bytes=float(np.mean([device.memory_bytes for device in devices])),
        usable_memory_bytes=float(np.mean(shares)),
        memory_bandwidth_bytes_per_s=together([d.memory_bandwidth_bytes_per_s for d in devices]) or float("nan"),
        peak=PeakRates(
            **{rate.name: together([getattr(d.peak, rate.name) for d in devices]) for rate in fields(PeakRates)}
        ),
    )


def weakest(devices: Sequence[Accelerator]) -> Accelerator:
    """A card with the smallest memory, the slowest rates and the slowest links of these: it decides for all."""
    slowest = min(devices, key=lambda device: (device.memory_bandwidth_bytes_per_s, device.slug))
    return replace(
        slowest,
        memory_bytes=min(device.memory_bytes for device in devices),
        usable_memory_bytes=min(device.usable_memory_bytes for device in devices),
        memory_bandwidth_bytes_per_s=float(np.min([device.memory_bandwidth_bytes_per_s for device in devices])),
        peak=PeakRates(**{rate.name: _least(devices, rate.name) for rate in fields(PeakRates)}),
        interconnect="none",
        interconnect_bytes_per_s=None,
        pcie_bytes_per_s=min((d.pcie_bytes_per_s for d in devices if d.pcie_bytes_per_s), default=None),
    )


def _least(devices: Sequence[Accelerator], rate: str) -> float | None:
    """The lowest of a rate; None where one of the cards has none."""
    values = [getattr(device.peak, rate) for device in devices]
    return None if any(value is None for value in values) else min(values)


def _times(count: int, name: str) -> str:
    return name if count == 1 else f"{count} x {name}"
