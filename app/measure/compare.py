"""Predicted against measured, and the file that an administrator can import as evidence."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from app import advisor
from app.catalogue.snapshot import Snapshot
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Accelerator, Devices
from app.engine.hardware_family import families
from app.engine.precision import sustained_flops_per_s
from app.engine.units import SECONDS_PER_HOUR
from app.engine.workload import HardwareChoice, Workload
from app.measure.figures import Figure

SOURCE = "whichrig-measure"
"""Key of the source that own measurements have in the catalogue."""
MATRIX_SHARE = {"fp32": "encoder_math_fraction_fp32", "bf16": "prefill_fraction"}


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure beside its prediction; None where there is none."""

    figure: Figure
    predicted: float | None

    @property
    def ratio(self) -> float | None:
        """Measured over predicted. [-]"""
        return None if not self.predicted else self.figure.value / self.predicted


def compared(snapshot: Snapshot, figure: Figure, *, device: Accelerator | None, threads: int | None = None) -> Compared:
    """A figure and what the engine expects of it on that device, of a processor on so many of its cores."""
    if device is None:
        return Compared(figure, None)
    used = figure.threads or (threads if threads is not None and limited(device, threads) else None)
    if figure.workload is None:
        return Compared(figure, _of_the_machine(figure, device, threads=used))
    return Compared(figure, _of_the_work(snapshot, figure, device, threads=used))


def limited(device: Accelerator, threads: int) -> bool:
    """Whether so many threads leave cores of a processor idle, so that it is not measured as a whole."""
    return device.kind == "cpu" and device.compute_units is not None and threads < device.compute_units


def _of_the_machine(figure: Figure, device: Accelerator, *, threads: int | None) -> float | None:
    devices = Devices((device,))
    groups = families(devices)
    if figure.name.startswith("matmul_"):
        kind = figure.name.removeprefix("matmul_")
        value = sustained_flops_per_s(kind, devices) * TRANSFORMERS.column(MATRIX_SHARE[kind], groups)
        value = value * (1.0 if threads is None or not device.compute_units else threads / device.compute_units)
    else:
        value = devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    return float(value[0]) if np.isfinite(value[0]) else None


def _of_the_work(snapshot: Snapshot, figure: Figure, device: Accelerator, *, threads: int | None) -> float | None:
    workload = Workload.model_validate(figure.workload)
    hardware = HardwareChoice(accelerator=device.slug, threads=threads if device.kind == "cpu" else None)
    answer = advisor.estimate(snapshot, workload, hardware=hardware)
    if figure.metric == "duration_hours":
        return None if answer.duration_hours is None else answer.duration_hours.expected * SECONDS_PER_HOUR
    speed = answer.throughput
    return None if speed is None or speed.total is None else speed.total.expected


def evidence_file(
    found: list[Compared], *, device: Accelerator | None, on: date, version: str, threads: int | None = None
) -> str:
    """Everything measured as JSON; ``rows`` are what ``whichrig catalogue import --table evidence`` takes.

    A processor of which only some cores could be used was not measured as what the catalogue has, and gets no rows.
    """
    told = [
        {"name": each.figure.name, "value": each.figure.value, "unit": each.figure.unit, "predicted": each.predicted}
        for each in found
    ]
    whole = device is not None and not (threads is not None and limited(device, threads))
    rows = [_row(each.figure, device, on=on) for each in found if _importable(each.figure)] if device and whole else []
    content = {
        "table": "evidence",
        "version": version,
        "measured_on": on.isoformat(),
        "accelerator": device.slug if device else None,
        "figures": told,
        "rows": rows,
    }
    return json.dumps(content, indent=1)


def _importable(figure: Figure) -> bool:
    return figure.comparable and figure.workload is not None and _model_of(figure.workload) is not None


def _model_of(workload: dict[str, Any]) -> str | None:
    """The catalogue's name of what was run; None where it is only described."""
    if "algorithm" in workload:
        return str(workload["algorithm"]).replace("_", "-")
    name = workload["model"].get("name")
    return None if name is None else str(name)


def _row(figure: Figure, device: Accelerator, *, on: date) -> dict[str, Any]:
    workload = Workload.model_validate(figure.workload)
    hours = figure.metric == "duration_hours"
    return {
        "model": _model_of(figure.workload or {}),
        "accelerator": device.slug,
        "accelerator_count": 1,
        "metric": figure.metric,
        "value": figure.value / SECONDS_PER_HOUR if hours else figure.value,
        "unit": "hours" if hours else figure.unit,
        "workload": workload.model_dump_json(exclude_none=True),
        "source": SOURCE,
        "url": "",
        "as_of": on.isoformat(),
        "read_on": on.isoformat(),
        "confidence": "medium",
        "note": f"whichrig measure: {figure.title}",
    }
