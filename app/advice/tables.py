"""From which size a graphics card pays at work on tables."""

from app.advice.reasons import Reason, Value
from app.advice.reference_cards import ordinary_cpu_row
from app.engine.classical import crossover
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import GIB

TABLE_STACK = "cuda"
"""The software that programs for tables use a graphics card by."""
ROOMY_GIB = 16
"""Memory that most tables fit into."""
RECENT_YEARS = 2
"""Years up to the newest card on sale: in one alone there may be nothing but the fastest of a generation."""


def where_a_card_pays(job: Job, devices: Devices, *, on: Accelerator | None = None) -> Reason | None:
    """The rows from which a card fits this table sooner than a processor; None where one of them is not known.

    ``on`` is the processor or the card that was asked about; the other one is an ordinary one.
    """
    if not isinstance(job.model, AlgorithmSpec):
        return None
    cpu_row, gpu = ordinary_cpu_row(devices), ordinary_card(devices)
    cpu = devices.accelerators[cpu_row] if cpu_row is not None else None
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


def ordinary_card(devices: Devices) -> Accelerator | None:
    """The card that somebody with tables would look at first: of the recent roomy ones for desktops the smallest."""
    cards = [
        a
        for a in devices.accelerators
        if (a.kind, a.segment, a.support, a.software_stack) == ("gpu", "desktop", "supported", TABLE_STACK)
        and not a.unified_memory
        and a.memory_bytes / GIB >= ROOMY_GIB
        and a.launch_year
    ]
    newest = max((a.launch_year or 0 for a in cards), default=0)
    recent = [a for a in cards if (a.launch_year or 0) > newest - RECENT_YEARS]
    return min(recent, key=lambda a: (a.peak.fp32 or 0.0, a.slug), default=None)


def _one_figure(rows: float) -> float:
    """Rows as people say them.

    >>> _one_figure(283_112.4)
    300000.0
    """
    return float(f"{rows:.0e}")
