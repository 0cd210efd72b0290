"""``whichrig offers``"""

from typing import TYPE_CHECKING, Annotated

import typer

from app import formatting
from app.commands.listing import ListOutput, show_list
from app.commands.session import JsonFlag, examples, open_catalogue, problems_told, query_of
from app.errors import NotFound
from app.field_problems import nearest

if TYPE_CHECKING:
    from app.api.lists import OfferQuery
    from app.api.schemas import OfferEntry

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="What can be rented.",
)


LIST_EXAMPLES = examples(
    "whichrig offers list --accelerator H100 --pricing spot --sort spot",
    "whichrig offers list --provider aws,gcp --max-usd-per-hour 2 --output csv > offers.csv",
)
SHOW_EXAMPLES = examples("whichrig offers show g6.xlarge")


@command.command("list", epilog=LIST_EXAMPLES)
def list_offers(
    *,
    provider: Annotated[str | None, typer.Option(help="Slugs of providers, several with commas.")] = None,
    accelerator: Annotated[str | None, typer.Option(help="A device by any of its names.")] = None,
    region: Annotated[str | None, typer.Option(help="Regions, several with commas.")] = None,
    pricing: Annotated[str | None, typer.Option(help="on_demand or spot: offers with such a price.")] = None,
    max_usd_per_hour: Annotated[float | None, typer.Option(help="Most for the whole instance.")] = None,
    sort: Annotated[str, typer.Option(help="on_demand, spot or provider; -spot turns round.")] = "on_demand",
    output: ListOutput = "text",
    json: JsonFlag = False,
) -> None:
    """Instances that can be rented; prices are for the whole instance."""
    with problems_told():
        from app.api.lists import OfferQuery

        query = query_of(
            OfferQuery, provider=provider, accelerator=accelerator, region=region,
            pricing=pricing, max_usd_per_hour=max_usd_per_hour, sort=sort,
        )  # fmt: skip
        _show(query, instance=None, output="json" if json else output)


@command.command(epilog=SHOW_EXAMPLES)
def show(instance: Annotated[str, typer.Argument(help="Name of an instance.")], *, json: JsonFlag = False) -> None:
    """The offers of one instance, in every region."""
    with problems_told():
        from app.api.lists import OfferQuery

        _show(OfferQuery(), instance=instance, output="json" if json else "text")


def _show(query: "OfferQuery", *, instance: str | None, output: str) -> None:
    from app.api.lists import found_offers, provider_names
    from app.api.schemas import OfferEntry

    catalogue = open_catalogue()
    names = provider_names(catalogue)
    offers = [
        OfferEntry.of(one, provider_name=names.get(one.provider, one.provider))
        for one in found_offers(catalogue, query)
    ]
    found = [offer for offer in offers if instance is None or offer.instance.lower() == instance.lower()]
    if instance is not None and not found:
        known = sorted({offer.instance for offer in offers})
        raise NotFound(f"We know no instance called “{instance[:80]}”.", suggestions=nearest(instance, known))
    head = ("PROVIDER", "INSTANCE", "REGION", "ACCELERATOR", "ON DEMAND", "SPOT", "AS OF")
    show_list(head, [_row(offer) for offer in found], entries=found, output=output)


def _row(offer: "OfferEntry") -> tuple[str, ...]:
    return (
        offer.provider_name,
        offer.instance,
        offer.region,
        formatting.times(offer.accelerator_count, offer.accelerator or "unknown device"),
        formatting.usd_per_hour(offer.usd_per_hour_on_demand),
        formatting.usd_per_hour(offer.usd_per_hour_spot),
        offer.as_of.isoformat(),
    )
