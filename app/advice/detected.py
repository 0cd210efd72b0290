"""Read what a computer's own tools print about its hardware: nvidia-smi, rocm-smi, lspci, /proc and a Mac's sysctl.

Every reader takes text and returns what it found; running the tools is the command line's business, and people paste
their output into the page.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

MIB_PER_GIB = 1024
BYTES_PER_GIB = 2**30
KIB_PER_GIB = 2**20
CUT = "..."
"""How nvidia-smi ends a name that is too long for its table."""
UNREADABLE = "ERR!"
"""What nvidia-smi prints in place of the name of a card that does not answer."""
LEAST_BARE_MIB = 2048
"""A bare number after a card's name is its memory from here on; smaller ones are years and the like. [MiB]"""
_TOOLS = re.compile(
    r"NVIDIA-SMI|NVSMI LOG|<nvidia_smi_log>|ROCm System Management|ROCm SMI|MARKET_NAME:"
    r"|Failed to initialize NVML|No devices were found|Unable to determine the device handle"
    r"|-smi(?:: command)? not found|-smi' is not recognized"
)
"""What is printed by tools alone, not written by people; also where they fail."""
_GPU_LINE = re.compile(r"^\|\s+\d+\s+(?P<name>[A-Za-z][^|]*?)\s+(?:On|Off|WDDM|TCC|N/A)\s+\|", re.MULTILINE)
_BETWEEN_ROWS = re.compile(r"(?<=[|+])\s*(?=[|+])")
"""Where a row of the table ends: fields of one line lose the breaks of what is pasted into them."""
_MEMORY_CELL = re.compile(r"\|\s*(?:\d+|N/A)\s*MiB\s*/\s*(?P<total>\d+)\s*MiB\s*\|")
_PART_ROW = re.compile(r"\|(?:\s+\d+){4}\s*\|\s*\d+\s*MiB\s*/\s*(?P<total>\d+)\s*MiB\s*\|")
_PART_LISTED = re.compile(r"\bMIG\s+(?:\d+c\.)?\d+g\.(?P<gib>\d+)gb")
_LISTED = re.compile(r"^\s*GPU\s+\d+:\s*(?P<name>.+?)\s*(?:\(UUID:.*)?$", re.MULTILINE)
_REPORT_NAME = re.compile(r"^\s*Product Name\s*:\s*(?P<name>\S.*?)\s*$", re.MULTILINE)
_REPORT_TOTAL = re.compile(r"FB Memory Usage\s+Total\s*:\s*(?P<total>\d+) MiB")
_XML_NAME = re.compile(r"<product_name>\s*(?P<name>[^<]+?)\s*</product_name>")
_XML_TOTAL = re.compile(r"<fb_memory_usage>\s*<total>\s*(?P<total>\d+) MiB")
_MIB_CELL = re.compile(r"(?P<total>\d+)(?: ?MiB)?")
_NVIDIA_NAME = re.compile(r"(?:NVIDIA|Tesla|GeForce|Quadro|GRID|TITAN|GTX|RTX)\b.*", re.IGNORECASE)
_CPU_NAME = re.compile(r"^(?:model name|Model|Hardware)\s*:\s*(?P<name>.+)$", re.MULTILINE)
_MEM_TOTAL = re.compile(r"^MemTotal:\s*(?P<kib>\d+)\s*kB", re.MULTILINE)
_ROCM_NAME = re.compile(r"^GPU\[(?P<gpu>\d+)\]\s*:\s*Card [Ss]eries:\s*(?P<name>.+?)\s*$", re.MULTILINE)
_ROCM_TOTAL = re.compile(r"^GPU\[(?P<gpu>\d+)\]\s*:\s*VRAM Total Memory \(B\):\s*(?P<bytes>\d+)", re.MULTILINE)
_AMD_SMI_CARD = re.compile(r"^GPU:\s*\d+\s*$", re.MULTILINE)
_AMD_SMI_NAME = re.compile(r"^\s*MARKET_NAME:\s*(?P<name>\S.*?)\s*$", re.MULTILINE)
_AMD_SMI_TOTAL = re.compile(r"^\s*VRAM:\s*(?:\n\s+[A-Z_]+:.*)*?\n\s+SIZE:\s*(?P<total>\d+) MB", re.MULTILINE)
_XPU_NAME = re.compile(r"\|\s*Device Name:\s*(?P<name>[^|]+?)\s*\|")
_XPU_TOTAL = re.compile(r"\|\s*Memory Physical Size:\s*(?P<total>\d+)(?:\.\d+)? MiB\s*\|")
_PCI_CARD = re.compile(
    r"(?:VGA compatible|3D|Display) controller(?: \[\d{4}\])?:\s*(?:NVIDIA|Advanced Micro Devices|Intel)[^\n\[]*"
    r"(?:\[AMD/ATI\][^\n\[]*)?\[(?![0-9a-f]{4}:)(?P<name>[^\]\n]+)\]"
)
_PCI_LAPTOP = re.compile(r"\s*\b(?:Mobile|Max-Q)\b")
_MAC_CHIP = re.compile(r"\bChip(?:set Model)?:\s*(?P<name>Apple M\d+(?: (?:Pro|Max|Ultra)\b)?)")
_MAC_MEMORY = re.compile(r"\bMemory:\s*(?P<gib>\d+) GB")
_CPU_WORDS = re.compile(r"\((?:R|TM|tm|C)\)|\bCPU\b|@.*$|\b\d+-Core Processor\b|\bProcessor\b|\bwith Radeon.*$")


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of device that a tool reported."""

    name: str
    count: int = 1
    memory_gib: float | None = None
    kind: str = "gpu"
    """gpu, cpu or apple_soc."""
    cut: bool = False
    """The tool cut the end of the name off."""


def read_nvidia_smi(text: str) -> list[Found]:
    """Cards in the output of ``nvidia-smi``: its table, ``-q``, ``-x``, ``-L``, or ``--query-gpu=… --format=csv``.

    >>> read_nvidia_smi("NVIDIA GeForce RTX 3090, 24576 MiB")
    [Found(name='NVIDIA GeForce RTX 3090', count=1, memory_gib=24.0, kind='gpu', cut=False)]
    """
    if parts := largest_part(text):
        return parts
    for names, totals in ((_REPORT_NAME, _REPORT_TOTAL), (_XML_NAME, _XML_TOTAL)):
        if names.search(text):
            return _paired(names, totals, text=text)
    if "NVIDIA-SMI" in text or (_GPU_LINE.search(text) and _MEMORY_CELL.search(text)):
        return _paired(_GPU_LINE, _MEMORY_CELL, text=_BETWEEN_ROWS.sub("\n", text))
    if _LISTED.search(text):
        return _counted(_named(match["name"], None) for match in _LISTED.finditer(text))
    return _counted(_csv_cards(text))


def largest_part(text: str) -> list[Found]:
    """The largest part of cards that are divided (MIG), in the table of ``nvidia-smi`` or in ``nvidia-smi -L``.

    A program sees one part, whatever else is in the machine (https://docs.nvidia.com/datacenter/tesla/mig-user-guide).

    >>> largest_part("  MIG 2g.10gb     Device  0: (UUID: MIG-1)")[0].memory_gib
    10.0
    """
    sizes = [float(match["total"]) / MIB_PER_GIB for match in _PART_ROW.finditer(text)]
    sizes = sizes or [float(match["gib"]) for match in _PART_LISTED.finditer(text)]
    name = "NVIDIA MIG device" + (f" (the largest of {len(sizes)})" if len(sizes) > 1 else "")
    return [Found(name, memory_gib=max(sizes))] if sizes else []


def _paired(names: re.Pattern[str], totals: re.Pattern[str], *, text: str) -> list[Found]:
    """The cards named in a text, each with the memory that is told in the same place of the order. [MiB]"""
    memory: list[float | None] = [float(match["total"]) / MIB_PER_GIB for match in totals.finditer(text)]
    found = [match["name"] for match in names.finditer(text)]
    return _counted(_named(name, gib) for name, gib in zip(found, [*memory, *[None] * len(found)], strict=False))


def _csv_cards(text: str) -> Iterator[Found]:
    """Cards of a table with commas: by its heading where it has one, else the first cell that is a card's name."""
    heading: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        titles = [cell.lower().removesuffix(" [mib]") for cell in cells]
        if "name" in titles or "gpu_name" in titles:
            heading = ["name" if title == "gpu_name" else title for title in titles]
            continue
        if len(cells) == len(heading) and cells[heading.index("name")]:
            named = dict(zip(heading, cells, strict=True))
            yield _named(named["name"], _mib(named.get("memory.total", "")))
            continue
        name = next((cell for cell in cells if _NVIDIA_NAME.fullmatch(cell)), None)
        sizes = [gib for cell in cells if (gib := _mib(cell)) is not None]
        if name is not None and sizes:
            yield _named(name, max(sizes))


def _mib(cell: str) -> float | None:
    """Memory that a cell tells, in MiB; nothing where it is another number. [GiB]"""
    match = _MIB_CELL.fullmatch(cell)
    if match is None or ("MiB" not in cell and int(match["total"]) < LEAST_BARE_MIB):
        return None
    return int(match["total"]) / MIB_PER_GIB


def read_rocm_smi(text: str) -> list[Found]:
    """Cards in the output of ``rocm-smi --showproductname --showmeminfo vram``, as JSON (``--json``) or as text.

    ``amd-smi static``, which follows it, is read as well.
    """
    if "MARKET_NAME:" in text:
        return _counted(_amd_smi_cards(text))
    if text.lstrip().startswith("{"):
        return _counted(_rocm_cards(text))
    totals = {match["gpu"]: float(match["bytes"]) / BYTES_PER_GIB for match in _ROCM_TOTAL.finditer(text)}
    return _counted(Found(m["name"], memory_gib=totals.get(m["gpu"])) for m in _ROCM_NAME.finditer(text))


def read_xpu_smi(text: str) -> list[Found]:
    """Intel's cards in the table of ``xpu-smi discovery``.

    >>> read_xpu_smi("| 0         | Device Name: Intel(R) Arc(TM) A770 Graphics    |")[0].name
    'Intel Arc A770 Graphics'
    """
    cards = _paired(_XPU_NAME, _XPU_TOTAL, text=text)
    return [replace(card, name=_plain_cpu(card.name)) for card in cards]


def read_cpuinfo(text: str) -> list[Found]:
    """The processor that ``/proc/cpuinfo`` names.

    >>> read_cpuinfo("model name : Intel(R) Core(TM) i7-13700K CPU @ 3.40GHz")[0].name
    'Intel Core i7-13700K'
    """
    match = _CPU_NAME.search(text)
    return [Found(_plain_cpu(match["name"]), kind="cpu")] if match else []


def read_meminfo(text: str) -> float | None:
    """System memory in ``/proc/meminfo``. [GiB]

    >>> read_meminfo("MemTotal:       32768000 kB")
    31.25
    """
    match = _MEM_TOTAL.search(text)
    return int(match["kib"]) / KIB_PER_GIB if match else None


def read_sysctl(text: str) -> tuple[list[Found], float | None]:
    """The chip and its memory [GiB] from ``sysctl machdep.cpu.brand_string hw.memsize`` on a Mac."""
    values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    name = values.get("machdep.cpu.brand_string", "").strip()
    size = values.get("hw.memsize", "").strip()
    memory_gib = int(size) / BYTES_PER_GIB if size.isdigit() else None
    if not name:
        return [], memory_gib
    if name.startswith("Apple"):
        return [Found(name, memory_gib=memory_gib, kind="apple_soc")], memory_gib
    return [Found(_plain_cpu(name), kind="cpu")], memory_gib


def read_system_profiler(text: str) -> list[Found]:
    """The chip of a Mac in ``system_profiler SPHardwareDataType``, or in the window “About This Mac”.

    >>> read_system_profiler("Chip: Apple M3 Max Memory: 36 GB")
    [Found(name='Apple M3 Max', count=1, memory_gib=36.0, kind='apple_soc', cut=False)]
    """
    chip, memory = _MAC_CHIP.search(text), _MAC_MEMORY.search(text)
    if chip is None:
        return []
    return [Found(chip["name"], memory_gib=None if memory is None else float(memory["gib"]), kind="apple_soc")]


def read_lspci(text: str) -> list[Found]:
    """Cards in the output of ``lspci``, one a slot. Where a chip goes by several names, the first one stands for it.

    >>> read_lspci("3D controller: NVIDIA Corporation AD107M [GeForce RTX 4060 Max-Q / Mobile] (rev a1)")[0].name
    'GeForce RTX 4060 Laptop'
    """
    return _counted(Found(_pci_name(match["name"])) for match in _PCI_CARD.finditer(text))


def _pci_name(names: str) -> str:
    first = _PCI_LAPTOP.sub("", names.split("/", maxsplit=1)[0]).strip()
    return f"{first} Laptop" if _PCI_LAPTOP.search(names.replace("/", " ")) else first


def read_pasted(text: str) -> list[Found]:
    """The devices in whatever was pasted; nothing where it is no tool's output."""
    cards = read_nvidia_smi(text) or read_rocm_smi(text) or read_xpu_smi(text) or read_lspci(text)
    if cards:
        return cards
    if "machdep.cpu.brand_string" in text:
        return read_sysctl(text)[0]
    return read_system_profiler(text) or (read_cpuinfo(text) if "model name" in text else [])


def words_of(found: Found) -> str:
    """A found device as a text that is read like a pasted one.

    >>> words_of(Found("Apple M3 Max", memory_gib=36.0, kind="apple_soc"))
    'Apple M3 Max 36 GB'
    """
    name = f"{found.name}{CUT if found.cut else ''}"
    if found.memory_gib is None:
        return name
    if found.kind == "gpu":
        return f"{name}, {round(found.memory_gib * MIB_PER_GIB)} MiB"
    return f"{name} {round(found.memory_gib)} GB"


def of_a_tool(text: str) -> bool:
    """Whether a text was printed by a tool, whatever it says."""
    return _TOOLS.search(text) is not None


def _amd_smi_cards(text: str) -> Iterator[Found]:
    for block in _AMD_SMI_CARD.split(text):
        name, total = _AMD_SMI_NAME.search(block), _AMD_SMI_TOTAL.search(block)
        if name is not None:
            yield Found(name["name"], memory_gib=None if total is None else int(total["total"]) / MIB_PER_GIB)


def _rocm_cards(text: str) -> list[Found]:
    try:
        cards = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = []
    for name, card in cards.items() if isinstance(cards, dict) else ():
        if name.startswith("card") and isinstance(card, dict):
            series = card.get("Card Series") or card.get("Card series") or card.get("Card Model") or ""
            total = str(card.get("VRAM Total Memory (B)", ""))
            gib = int(total) / BYTES_PER_GIB if total.isdigit() else None
            if series:
                found.append(Found(str(series), memory_gib=gib))
    return found


def _named(name: str, memory_gib: float | None) -> Found:
    if name.startswith(UNREADABLE):
        return Found(UNREADABLE)
    cut = name.endswith(CUT)
    return Found(name.removesuffix(CUT).strip(), memory_gib=memory_gib, cut=cut)


def _plain_cpu(name: str) -> str:
    return " ".join(_CPU_WORDS.sub(" ", name).split())


def _counted(found: Iterable[Found]) -> list[Found]:
    """Equal devices as one entry."""
    counts = Counter(found)
    return [replace(one, count=count) for one, count in counts.items()]
