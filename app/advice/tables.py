"""From which size a graphics card pays at work on tables."""

from app.advice.need import first_row, ordinary_cpu_row
from app.advice.reasons import Reason, Value
from app.engine.classical import crossover
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec

ORDINARY_GPUS = ("geforce-rtx-5060-ti-16gb", "geforce-rtx-4060-ti-16gb", "geforce-rtx-3060-12gb")
"""Graphics cards that somebody with tables would look at first."""


def where_a_card_pays(job: Job, devices: Devices, *, on: Accelerator | None = None) -> Reason | None:
    """The rows from which a card fits this table sooner than a processor; None where one of them is not known.

    ``on`` is the processor or the card that was asked about; the other one is an ordinary one.
    """
    if not isinstance(job.model, AlgorithmSpec):
        return None
    cpu_row, gpu_row = ordinary_cpu_row(devices), first_row(devices, ORDINARY_GPUS)
    cpu = devices.accelerators[cpu_row] if cpu_row is not None else None
    gpu = devices.accelerators[gpu_row] if gpu_row is not None else None
    if on is not None:
        cpu, gpu = (on, gpu) if on.kind == "cpu" else (cpu, on)
    if cpu is None or gpu is None or gpu.kind == "cpu":
        return None
    found = crossover(job, cpu=cpu, gpu=gpu)
    values: dict[str, Value] = {"card": gpu.name, "processor": cpu.name}
    if found is None:
        return Reason("table_card_never_pays", values)
    values |= {"rows": _one_figure(found.expected), "low": _one_figure(found.low), "columns": found.columns}
    if found.high is None:
        return Reason("table_card_may_pay", values)
    return Reason("table_card_pays", values | {"high": _one_figure(found.high)})


def _one_figure(rows: float) -> float:
    """Rows as people say them.

    >>> _one_figure(283_112.4)
    300000.0
    """
    return float(f"{rows:.0e}")
