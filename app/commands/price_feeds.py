"""``whichrig prices feeds``: CSV addresses with prices that administrators named."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.commands.columns import table
from app.commands.session import examples, message, problems_told, ready_database
from app.errors import NotFound, Unprocessable
from app.field_problems import FieldProblem, nearest

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="CSV addresses with prices, beside the sources that come along.",
    epilog=examples("whichrig prices feeds list", "whichrig prices feeds add acme https://acme.example/prices.csv"),
)

ByOption = Annotated[str, typer.Option("--by", help="Who does it; it is kept in the audit trail.")]


@command.command("list", epilog=examples("whichrig prices feeds list"))
def list_feeds() -> None:
    """The addresses that were named."""
    with problems_told():
        from sqlalchemy import select

        from app.db import reading
        from app.tables import PriceFeed

        with reading(ready_database()) as session:
            rows = session.scalars(select(PriceFeed).order_by(PriceFeed.name)).all()
            told = [(row.name, "on" if row.enabled else "off", row.currency, row.address) for row in rows]
        typer.echo(table([("NAME", "STATE", "CURRENCY", "ADDRESS"), *told]))


@command.command(
    epilog=examples(
        "whichrig prices feeds add acme https://acme.example/prices.csv",
        'whichrig prices feeds add acme https://acme.example/gpu.csv --column "usd_per_hour_on_demand=Price"'
        ' --column "accelerator=GPU" --fixed "provider=acme" --currency EUR --price-for device',
    )
)
def add(
    name: Annotated[str, typer.Argument(help="What the source is called from now on.")],
    address: Annotated[str, typer.Argument(help="Where the file is: https://…")],
    *,
    title: Annotated[str, typer.Option(help="What the list is called.")] = "",
    column: Annotated[list[str] | None, typer.Option(help="A field and its column, FIELD=COLUMN; repeatable.")] = None,
    fixed: Annotated[list[str] | None, typer.Option(help="A field that is the same everywhere, FIELD=VALUE.")] = None,
    currency: Annotated[str, typer.Option(help="USD, EUR, GBP or INR.")] = "USD",
    price_for: Annotated[str, typer.Option(help="instance, or device where prices are for one device.")] = "instance",
    complete: Annotated[bool, typer.Option("--complete", help="It is the whole list of its providers.")] = False,
    by: ByOption = "command line",
) -> None:
    """Name an address; without --column its columns are called as in /cloud.csv. Then: whichrig prices sync NAME."""
    with problems_told():
        from app.db import transaction
        from app.sources import feed_store
        from app.sources.feeds import Feed

        engine = ready_database()
        feed = Feed(
            name=name,
            title=title or name,
            address=address,
            columns=_pairs(column, "columns"),
            fixed=_pairs(fixed, "fixed"),
            currency=currency,
            price_for=price_for,
            complete=complete,
        )
        with transaction(engine) as session:
            feed_store.create(session, feed, actor=by, now=datetime.now(UTC))
        message(f"{name} is a source now; look at it first: whichrig prices sync {name} --dry-run")


@command.command(epilog=examples("whichrig prices feeds remove acme"))
def remove(name: Annotated[str, typer.Argument(help="Name of the source.")], *, by: ByOption = "command line") -> None:
    """Read an address no more; its prices stay until they are retired."""
    with problems_told():
        from sqlalchemy import select

        from app.db import transaction
        from app.sources import feed_store
        from app.tables import PriceFeed

        engine = ready_database()
        with transaction(engine) as session:
            names = list(session.scalars(select(PriceFeed.name)))
            if name not in names:
                raise NotFound(f"There is no address called {name}.", suggestions=nearest(name, names) or names)
            feed_store.switch(session, name, enabled=False, actor=by)
        message(f"{name} is read no more")


def _pairs(told: list[str] | None, option: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in told or []]
    for name, sign, _ in pairs:
        if not sign:
            raise Unprocessable([FieldProblem(f"/{option}", f"Enter FIELD=… rather than {name}")])
    return {name.strip(): value.strip() for name, _, value in pairs}
