"""The rest of the computer: processor cores, memory, storage and power supply around the chosen device."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.advice.constraints import Constraints
from app.advice.need import Need, table_gib
from app.advice.reasons import Reason, Value
from app.engine.hardware import Accelerator
from app.engine.input_pipeline import PICTURE_CLASSES
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, NetworkSpec
from app.engine.science import searches_before_folding
from app.engine.units import GB, GIB

DATA = Path(__file__).parent / "data" / "host.toml"
LEAST_WORTH_TELLING_BYTES = 4 * GIB
"""What every computer of today has free; below, memory needs no words."""
RAM_SIZES_GB = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
STORAGE_SIZES_GB = (500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_000_000)
SUPPLY_SIZES_W = (450, 550, 650, 750, 850, 1000, 1200, 1300, 1600, 2000, 2400, 3200)
WHOLE_MACHINES = frozenset({"laptop", "soc", "edge"})
"""Segments that are sold as whole machines: their power supply is in the box."""


@dataclass(frozen=True, slots=True)
class Host:
    """The computer around the card, or the whole computer when no card is needed."""

    cpu_cores: int
    ram_gb: int
    storage_gb: int
    psu_watts: int | None
    """None for laptops and other whole machines, and where the card's power is unknown."""
    reasons: tuple[Reason, ...]


@cache
def _constants() -> dict[str, float]:
    tables = tomllib.loads(DATA.read_text("utf-8"))
    return {name: float(entry["value"]) for name, entry in tables.items()}


def supply_w(*, tdp_w: float, count: float) -> float:
    """Power supply that a computer with these cards should have, before rounding up to a size that is sold. [W]

    >>> supply_w(tdp_w=450.0, count=1)
    815.0
    """
    constants = _constants()
    return tdp_w * count * constants["supply_headroom"] + constants["supply_computer_w"]


def supplies_for(wanted_w: float) -> tuple[int, int]:
    """As few power supplies of one size as give so much together, and what each of them gives. [W]

    >>> supplies_for(815.0), supplies_for(5000.0)
    ((1, 850), (2, 3200))
    """
    count = math.ceil(wanted_w / SUPPLY_SIZES_W[-1])
    return count, size_from(SUPPLY_SIZES_W, wanted_w / count)


def size_from(sizes: tuple[int, ...], wanted: float) -> int:
    """The smallest size that is sold and large enough, or the largest there is.

    >>> size_from(RAM_SIZES_GB, 40.0)
    64
    """
    return next((size for size in sizes if size >= wanted), sizes[-1])


def host_for(job: Job, need: Need, *, device: Accelerator | None, count: int, constraints: Constraints) -> Host:
    """The rest of the computer; ``device`` None means that no card is needed. ``count`` is of one machine."""
    cards = 0 if device is None or device.kind == "cpu" else count
    cores, ram_gb = _cores(job, cards=cards), _ram_gb(job, need, device=device, cards=cards)
    storage_gb = _storage_gb(job, need)
    supply = None
    if device is not None and cards and not _is_whole(device) and device.tdp_w is not None:
        supply = math.prod(supplies_for(supply_w(tdp_w=device.tdp_w, count=cards)))
    elif not cards and not constraints.portable and device is None:
        supply = size_from(SUPPLY_SIZES_W, _constants()["supply_computer_w"])
    host = Host(cores, ram_gb, storage_gb, supply, ())
    reasons = (
        *_core_reasons(job, host, cards=cards),
        *_memory_reasons(job, need, host, device=device if cards else None, constraints=constraints),
        *_power_reasons(host, device=device, cards=cards, constraints=constraints),
    )
    return Host(cores, ram_gb, storage_gb, supply, reasons)


def _is_whole(device: Accelerator) -> bool:
    """Whether the device comes as a whole computer, as those do whose memory is the processor's too.

    Boards for servers with such memory still want a server around them.
    """
    return device.segment in WHOLE_MACHINES or (device.unified_memory and device.segment != "datacenter")


def _shares_memory(device: Accelerator) -> bool:
    return device.unified_memory and _is_whole(device)


def _shared_gib(need: Need, device: Accelerator) -> float:
    """Memory of a machine of whose memory the work may use a part.

    A Mac is ordered with as much as the work asks for, up to the most; other such machines come with what they have.
    """
    if need.memory is None or device.kind != "apple_soc":
        return device.memory_bytes / GIB
    share = device.usable_memory_bytes / device.memory_bytes
    return min(need.memory.high / share, device.memory_bytes) / GIB


def _cores(job: Job, *, cards: int) -> int:
    constants = _constants()
    least = constants["least_cores"]
    if job.work_class == "rl":
        least = constants["cores_for_environments"]
    elif isinstance(job.model, AlgorithmSpec):
        least = constants["cores_for_tables"]
    cores = max(least, constants["cores_per_gpu"] * cards, least if cards < 2 else 0)
    return int(cores + cores % 2)


def _ram_gb(job: Job, need: Need, *, device: Accelerator | None, cards: int) -> int:
    constants = _constants()
    wanted = constants["least_ram_gb"]
    if isinstance(job.model, AlgorithmSpec):
        table_gb = (table_gib(job) or 0.0) * GIB / GB
        fit_gb = (need.cpu_memory_bytes or 0.0) / GB
        wanted = max(wanted, max(constants["ram_per_table"] * table_gb, fit_gb) + constants["system_ram_gb"])
    elif cards and device is not None and _shares_memory(device):
        wanted = max(2 * wanted if job.training else wanted, _shared_gib(need, device))
    elif cards and device is not None and not device.unified_memory:
        held = constants["ram_per_gpu_memory"] * device.memory_bytes * cards / GIB
        wanted = max(2 * wanted if job.training else wanted, held)
    elif need.cpu_memory_bytes is not None or device is None:
        wanted = max(wanted, (need.cpu_memory_bytes or 0.0) / GB + constants["system_ram_gb"])
    return size_from(RAM_SIZES_GB, wanted)


def _storage_gb(job: Job, need: Need) -> int:
    constants = _constants()
    data = constants["storage_per_data"] * (job.data_bytes or 0.0)
    if job.data_bytes is None and job.training:
        data = constants["storage_per_token"] * (job.tokens or 0.0)
    databases_gb = folding_databases_gb()[1] if _searches_sequences(job) else 0.0
    model = constants["storage_per_memory"] * (need.memory.expected if need.memory and not _classical(job) else 0.0)
    return size_from(STORAGE_SIZES_GB, constants["least_storage_gb"] * 0.8 + databases_gb + (data + model) / GB)


def folding_databases_gb() -> tuple[float, float]:
    """Storage for the sequences that are searched before a protein is folded: all of them, and the reduced set. [GB]"""
    constants = _constants()
    return constants["folding_databases_gb"], constants["folding_databases_reduced_gb"]


def holds_more_than_the_table(job: Job, need: Need) -> bool:
    """Whether a method for tables holds more beside the table than a working copy of it."""
    table_bytes = (table_gib(job) or 0.0) * GIB
    return (need.cpu_memory_bytes or 0.0) > max(_constants()["ram_per_table"] * table_bytes, LEAST_WORTH_TELLING_BYTES)


def _searches_sequences(job: Job) -> bool:
    return isinstance(job.model, NetworkSpec) and not job.training and searches_before_folding(job.model)


def _classical(job: Job) -> bool:
    return isinstance(job.model, AlgorithmSpec)


def _core_reasons(job: Job, host: Host, *, cards: int) -> list[Reason]:
    values: dict[str, Value] = {"cores": host.cpu_cores, "cards": cards, "per_card": _constants()["cores_per_gpu"]}
    if job.work_class == "rl":
        return [Reason("host_cores_environments", values)]
    if _classical(job):
        return [Reason("host_cores_tables", values)]
    if not cards:
        return [Reason("host_cores_processor", values)]
    if job.training:
        pictures = job.workload.domain in PICTURE_CLASSES or job.work_class.startswith(
            ("vision", "detection", "segment")
        )
        return [Reason("host_cores_pictures" if pictures else "host_cores_training", values)]
    return [Reason("host_cores_running", values)]


def _memory_reasons(
    job: Job, need: Need, host: Host, *, device: Accelerator | None, constraints: Constraints
) -> list[Reason]:
    values: dict[str, Value] = {
        "ram_gb": host.ram_gb,
        "storage_gb": host.storage_gb,
        "have_gb": constraints.system_memory_gb,
    }
    if _classical(job) and table_gib(job):
        code = "host_ram_method" if holds_more_than_the_table(job, need) else "host_ram_table"
        held = None if need.cpu_memory_bytes is None else need.cpu_memory_bytes / GIB
        reasons = [Reason(code, values | {"table_gib": table_gib(job), "held_gib": held})]
    elif device is not None:
        reasons = [Reason("host_ram_shared" if _shares_memory(device) else "host_ram_cards", values)]
    else:
        reasons = [Reason("host_ram_processor", values)]
    if job.data_bytes is not None and job.data_bytes / GB > host.ram_gb:
        reasons.append(Reason("host_data_larger_than_ram", values | {"data_gb": job.data_bytes / GB}))
    storage = "host_storage_folding" if _searches_sequences(job) else "host_storage"
    all_gb, _ = folding_databases_gb()
    reasons.append(Reason(storage, values | {"model_gib": need.memory_gib, "databases_tb": all_gb / 1000}))
    return reasons


def _power_reasons(host: Host, *, device: Accelerator | None, cards: int, constraints: Constraints) -> list[Reason]:
    if device is None or not cards or device.tdp_w is None:
        return []
    heat = device.tdp_w * cards
    supplies, each_w = supplies_for(supply_w(tdp_w=device.tdp_w, count=cards))
    values: dict[str, Value] = {
        "supplies": supplies,
        "psu_w": each_w,
        "cards": cards,
        "tdp_w": device.tdp_w,
        "heat_w": heat,
        "have_w": constraints.psu_watts,
        "slots": device.slots,
        "slots_all": None if device.slots is None else device.slots * cards,
    }
    if host.psu_watts is None:
        return [Reason("host_power_whole_machine", values)]
    if device.slots is None:
        return [Reason("host_power_server", values)]
    reasons = [Reason("host_power_one" if cards == 1 else "host_power_several", values), Reason("host_slots", values)]
    if heat >= _constants()["hot_w"]:
        reasons.append(Reason("host_cooling", values))
    return reasons
