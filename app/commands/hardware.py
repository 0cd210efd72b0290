"""``whichrig hardware``"""

from typing import TYPE_CHECKING, Annotated

import typer

from app import formatting
from app.commands.listing import ListOutput, show_list
from app.commands.session import JsonFlag, examples, open_catalogue, problems_told, query_of, show_json

if TYPE_CHECKING:
    from app.api.schemas import HardwareDetail, HardwareEntry

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Devices of the catalogue.",
)


LIST_EXAMPLES = examples(
    "whichrig hardware list 4090",
    "whichrig hardware list --kind gpu --memory-gib-min 24 --sort -bandwidth",
    "whichrig hardware list --vendor AMD --output csv > cards.csv",
)
SHOW_EXAMPLES = examples('whichrig hardware show "RTX 4090"', "whichrig hardware show h100 --json")


@command.command("list", epilog=LIST_EXAMPLES)
def list_hardware(
    *,
    q: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="Words that stand in the name.")] = None,
    kind: Annotated[str | None, typer.Option(help="gpu, cpu, apple_soc, tpu, npu or fpga.")] = None,
    vendor: Annotated[str | None, typer.Option(help="NVIDIA, AMD, Intel, Apple and others.")] = None,
    support: Annotated[str | None, typer.Option(help="supported, legacy, unsupported or announced.")] = None,
    segment: Annotated[str | None, typer.Option(help="desktop, laptop, workstation, datacenter, soc, edge.")] = None,
    memory_gib_min: Annotated[float | None, typer.Option(help="At least this much memory.")] = None,
    memory_gib_max: Annotated[float | None, typer.Option(help="At most this much memory.")] = None,
    sort: Annotated[
        str, typer.Option(help="name, memory_gib, bandwidth, launch_year, tdp_w; -name turns round.")
    ] = "name",
    output: ListOutput = "text",
    json: JsonFlag = False,
) -> None:
    """Devices, with memory, bandwidth, support and usual price."""
    with problems_told():
        from app.api.lists import HardwareQuery, found_hardware
        from app.api.schemas import HardwareEntry

        query = query_of(
            HardwareQuery, q=q, kind=kind, vendor=vendor, support=support, segment=segment,
            memory_gib_min=memory_gib_min, memory_gib_max=memory_gib_max, sort=sort,
        )  # fmt: skip
        catalogue = open_catalogue()
        entries = [HardwareEntry.of(device, catalogue) for device in found_hardware(catalogue, query)]
        head = ("SLUG", "NAME", "MEMORY", "BANDWIDTH", "SUPPORT", "NEW", "USED")
        show_list(head, [_row(entry) for entry in entries], entries=entries, output="json" if json else output)


@command.command(epilog=SHOW_EXAMPLES)
def show(name: Annotated[str, typer.Argument(help="A device by any of its names.")], *, json: JsonFlag = False) -> None:
    """Everything the catalogue knows of one device."""
    with problems_told():
        from app.api.lists import named
        from app.api.schemas import HardwareDetail

        catalogue = open_catalogue()
        slug = named(catalogue.hardware_names, name, what="device")
        detail = HardwareDetail.of(catalogue.accelerators[slug], catalogue)
        if json:
            show_json(detail)
        else:
            typer.echo(_told(detail))


def _row(entry: "HardwareEntry") -> tuple[str, ...]:
    return (
        entry.slug,
        entry.name,
        formatting.nominal_gib(entry.memory_gib),
        formatting.with_exact_unit(entry.memory_bandwidth_gb_per_s, "GB/s"),
        entry.support,
        formatting.usd(entry.usd_new),
        formatting.usd(entry.usd_used),
    )


def _told(detail: "HardwareDetail") -> str:
    from app.commands.columns import table

    told = detail.model_dump(exclude={"prices", "details", "peak_tflops"}, exclude_none=True)
    rows = [(name.replace("_", " "), _value(value)) for name, value in told.items() if value not in ("", None)]
    peak = [(f"peak {name} TFLOP/s", formatting.exact(rate)) for name, rate in detail.peak_tflops.items() if rate]
    prices = [
        (
            f"price {price.condition}",
            f"{formatting.usd_between(price.usd_low, price.usd_high)} ({price.as_of}, {price.source})",
        )
        for price in detail.prices
    ]
    return table([*rows, *peak, *prices])


def _value(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return formatting.exact(float(value)).replace(",", "") if is_number else str(value)  # type: ignore[arg-type]
