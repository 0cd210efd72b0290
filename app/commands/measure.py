"""``whichrig measure``"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import __version__
from app.commands.columns import table
from app.commands.fit import detected
from app.commands.session import FAILED, examples, message, open_catalogue, problems_told
from app.errors import AppError

if TYPE_CHECKING:
    from app.catalogue.snapshot import Snapshot
    from app.engine.hardware import Accelerator
    from app.measure.figures import Figure

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

CpuFlag = Annotated[bool, typer.Option("--cpu", help="Measure the processor with numpy; PyTorch is not needed.")]
DeviceOption = Annotated[
    str | None, typer.Option("--accelerator", metavar="NAME", help="What is measured, if it is not recognised.")
]
SecondsOption = Annotated[float, typer.Option("--seconds", min=0.01, max=600, help="How long each figure takes.")]
ScaleOption = Annotated[float, typer.Option("--scale", min=0.01, max=4, help="Size of the work; below 1 is quicker.")]
FileOption = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="Write a file that can be imported as evidence.")
]
PARTLY = (
    "this process may use {threads} of the {cores:.0f} cores: predictions are for those, and nothing becomes evidence"
)
NO_EVIDENCE = "nothing in it can be imported as evidence"
EXAMPLES = examples(
    "whichrig measure",
    "whichrig measure --cpu --accelerator i7-13700K --write measured.json",
    "whichrig catalogue import measured.json --table evidence",
)


@command.command(epilog=EXAMPLES)
def run(
    *,
    cpu: CpuFlag = False,
    accelerator: DeviceOption = None,
    seconds: SecondsOption = 1.0,
    scale: ScaleOption = 1.0,
    write: FileOption = None,
) -> None:
    """Run standard workloads on this machine, beside what is predicted for them."""
    with problems_told():
        from app.commands.measure_text import HEAD, row_of
        from app.measure import with_torch
        from app.measure.compare import compared, evidence_file, limited
        from app.measure.figures import threads_allowed

        torch = None if cpu else with_torch.torch_module()
        if torch is None and not cpu:
            message(with_torch.MISSING)
            raise typer.Exit(FAILED)
        catalogue = open_catalogue()
        on_cpu = cpu or with_torch.device_of(torch) == "cpu"
        device = device_named(catalogue, accelerator) if accelerator else device_found(catalogue, cpu=on_cpu)
        told = "an unknown device: name it with --accelerator for predictions" if device is None else device.name
        message(f"measuring {told}")
        threads = threads_allowed()
        if device is not None and limited(device, threads):
            message(PARTLY.format(threads=threads, cores=device.compute_units))
        figures = _figures(torch, seconds, scale=scale)
        found = [compared(catalogue, figure, device=device, threads=threads) for figure in figures]
        typer.echo(table([HEAD, *(row_of(each) for each in found)]))
        if write is not None:
            today = datetime.now(UTC).date()
            content = evidence_file(found, device=device, on=today, version=__version__, threads=threads)
            write.write_text(content + "\n", "utf-8")
            known = device is not None and not limited(device, threads)
            use = f"import it with: whichrig catalogue import {write} --table evidence" if known else NO_EVIDENCE
            message(f"written to {write}; {use}")


def _figures(torch: object, seconds: float, *, scale: float) -> Iterator["Figure"]:
    from app.measure import with_numpy, with_torch

    measured = (
        with_numpy.measured(at_least_s=seconds, scale=scale)
        if torch is None
        else with_torch.measured(torch, at_least_s=seconds, scale=scale)
    )
    for figure in measured:
        message(f"{figure.title} ...")
        yield figure


def device_named(catalogue: "Snapshot", name: str) -> "Accelerator":
    """The device that somebody names."""
    from app.contract.resolving import accelerator

    return accelerator(catalogue, name, pointer="/accelerator")


def device_found(catalogue: "Snapshot", *, cpu: bool) -> "Accelerator | None":
    """The device that this computer's tools name, if the catalogue has it."""
    from app.catalogue.name_matches import Match

    try:
        found, _ = detected()
    except AppError:
        return None
    wanted = [one for one in found if (one.kind == "cpu") == cpu] or [one for one in found if one.kind == "apple_soc"]
    for one in wanted:
        match = catalogue.hardware_names.resolve(one.name)
        if isinstance(match, Match):
            return catalogue.accelerators[match.slug]
    return None
