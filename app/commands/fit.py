"""``whichrig fit``"""

import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from app.advice.detected import (
    Found,
    largest_part,
    read_cpuinfo,
    read_meminfo,
    read_nvidia_smi,
    read_rocm_smi,
    read_sysctl,
    words_of,
)
from app.commands.asking import JsonOption, OutputOption, opened, request_from, show_answer
from app.commands.session import examples, message, open_catalogue, problems_told
from app.contract.flat_query import hardware_in_words
from app.contract.requests import FitRequest
from app.errors import AppError, app_error_of

if TYPE_CHECKING:
    from app.catalogue.snapshot import Snapshot

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

HardwareOption = Annotated[
    list[str] | None,
    typer.Option("--hardware", metavar="TEXT", help='What there is, such as "RTX 3090 x2"; may be repeated.'),
]
DetectFlag = Annotated[bool, typer.Option("--detect", help="Read this computer: nvidia-smi, rocm-smi, /proc, sysctl.")]
PasteOption = Annotated[
    str | None, typer.Option("--paste", metavar="FILE|-", help="What nvidia-smi or a like tool printed.")
]
MemoryOption = Annotated[
    float | None, typer.Option("--system-memory-gb", min=0.1, help="Memory of the computer, in GB.")
]
EXAMPLES = examples(
    'whichrig fit --hardware "RTX 3090 x2" --hardware "RTX 3060"',
    "whichrig fit --detect --output markdown",
    "nvidia-smi | whichrig fit --paste -",
)

TOOL_TIMEOUT_S = 20
NVIDIA_SMI = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
NVIDIA_PARTS = ("nvidia-smi", "-L")
ROCM_SMI = ("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--json")
SYSCTL = ("sysctl", "machdep.cpu.brand_string", "hw.memsize")
GB_PER_GIB = 2**30 / 1e9


@command.command(epilog=EXAMPLES)
def run(
    *,
    hardware: HardwareOption = None,
    detect: DetectFlag = False,
    paste: PasteOption = None,
    system_memory_gb: MemoryOption = None,
    json: JsonOption = None,
    output: OutputOption = None,
) -> None:
    """What can this hardware run, adapt and train?"""
    with problems_told():
        if json is not None:
            if hardware or detect or paste:
                raise typer.BadParameter("ask in one way: with --json, or with --hardware, --paste and --detect")
            request = request_from(json, FitRequest)
            catalogue = open_catalogue()
        else:
            catalogue = open_catalogue()
            request = _request(catalogue, hardware or [], detect=detect, paste=paste, memory_gb=system_memory_gb)
        from app import advisor
        from app.commands.fit_text import as_csv, as_markdown, fit_text

        answer = advisor.fit(catalogue, request, at=datetime.now(UTC))
        show_answer(answer, output, asked_in_json=json is not None, text=fit_text, csv=as_csv, markdown=as_markdown)


def _request(
    catalogue: "Snapshot", hardware: Sequence[str], *, detect: bool, paste: str | None, memory_gb: float | None
) -> FitRequest:
    """The question that the options mean."""
    from app.catalogue.name_matches import Match

    entries: list[dict[str, Any]] = [
        hardware_in_words(text, lambda name: isinstance(catalogue.hardware_names.resolve(name), Match))
        for text in hardware
    ]
    if paste is not None:
        with opened(paste) as stream:
            entries.append({"description": stream.read().strip()})
    if detect:
        from app import formatting

        found, memory_gib = detected()
        for one in found:
            message(f"found {formatting.times(one.count, one.name)}")
        entries += [{"description": words_of(one), "count": one.count} for one in found]
        memory_gb = memory_gb or (None if memory_gib is None else memory_gib * GB_PER_GIB)
    if not entries:
        raise typer.BadParameter("say what there is: --hardware TEXT, --paste FILE or --detect")
    try:
        return FitRequest.model_validate({"hardware": entries, "system_memory_gb": memory_gb})
    except ValidationError as error:
        raise app_error_of(error, model=FitRequest) from error


def detected(
    run_tool: Callable[[Sequence[str]], str] | None = None, root: Path = Path("/")
) -> tuple[list[Found], float | None]:
    """This computer's devices and its memory [GiB], from its own tools; an error where they say nothing."""
    tool = run_tool or printed_by
    cards = read_nvidia_smi(tool(NVIDIA_SMI))
    cards = (largest_part(tool(NVIDIA_PARTS)) if cards else []) or cards
    cards += read_rocm_smi(tool(ROCM_SMI))
    chips, memory_gib = read_sysctl(tool(SYSCTL))
    if not chips:
        chips, memory_gib = read_cpuinfo(_text(root / "proc/cpuinfo")), read_meminfo(_text(root / "proc/meminfo"))
    if not cards and not chips:
        raise AppError("Nothing could be read from this computer: say what there is with --hardware.")
    return [*cards, *chips], memory_gib


def printed_by(arguments: Sequence[str]) -> str:
    """What a tool prints; nothing where it is missing or fails."""
    program = which(arguments[0])
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed list of tools, found on the path
            [program, *arguments[1:]], capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
