"""``whichrig prices``: read live prices, and decide about those that look wrong."""

from functools import partial
from typing import Annotated

import typer

from app.commands.columns import table
from app.commands.price_feeds import command as feeds
from app.commands.progress import Progress
from app.commands.session import FAILED, examples, message, problems_told, ready_database
from app.errors import Conflict, NotFound
from app.field_problems import nearest
from app.settings import Settings

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Read live prices, and decide about those that look wrong.",
)

command.add_typer(feeds, name="feeds")

ByOption = Annotated[str, typer.Option("--by", help="Who decides; it is kept with the decision.")]
ReasonOption = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]
LAST_RUNS = 20


@command.command(
    epilog=examples(
        "whichrig prices sync", "whichrig prices sync azure runpod --dry-run", "whichrig prices sync --mirror URL"
    )
)
def sync(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE...]", help="Without any: all.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and compare, and write nothing.")] = False,
    mirror: Annotated[
        str, typer.Option(help="Address that answers for every source, under a path that begins with its host.")
    ] = "",
) -> None:
    """Read live prices from their public sources; exit 1 when one of them failed."""
    with problems_told():
        from app.sources.fetching import Fetcher
        from app.sources.lease import lease
        from app.sources.refresh import FAILED as SOURCE_FAILED
        from app.sources.refresh import REFUSED, refresh
        from app.sources.registry import all_sources, chosen
        from app.sources.schedule import LEASE, LONGEST_S

        engine, settings = ready_database(), Settings.from_environment()
        known = all_sources(engine, settings)
        for name in sources or []:
            if name not in known:
                raise NotFound(
                    f"There is no source called {name}.", suggestions=nearest(name, list(known)) or list(known)
                )
        wanted = chosen(sources or [], known)
        outcomes = []
        with lease(engine, LEASE, seconds=LONGEST_S) as mine, Progress(len(wanted)) as progress:
            if not mine:
                raise Conflict("Prices are being refreshed already; try again when that is done.")
            fetcher = partial(Fetcher, stand_in=mirror.rstrip("/") or settings.prices_mirror)
            for source in wanted:
                progress.step(source.key)
                outcome = refresh(
                    engine,
                    source,
                    fetcher=fetcher,
                    dry_run=dry_run,
                    told=progress.detail,
                    asked_by="command line",
                )
                outcomes.append(outcome)
                progress.clear()
                typer.echo(outcome.sentence)
                for held in outcome.held[:LAST_RUNS] if dry_run else []:
                    typer.echo(f"  held: {held.detail}")
        if dry_run:
            message("this was a dry run: nothing was written")
        if any(outcome.outcome in {SOURCE_FAILED, REFUSED} for outcome in outcomes):
            raise typer.Exit(FAILED)


@command.command(epilog=examples("whichrig prices held"))
def held() -> None:
    """Changes that wait for a decision."""
    with problems_told():
        from sqlalchemy import select

        from app.db import reading
        from app.tables import HeldChange

        waiting = select(HeldChange).where(HeldChange.decision == "waiting").order_by(HeldChange.id)
        with reading(ready_database()) as session:
            rows = session.scalars(waiting).all()
            told = [(str(row.id), row.source, row.kind.replace("_", " "), row.detail) for row in rows]
        typer.echo(table([("NUMBER", "SOURCE", "WHY", "WHAT"), *told]))


@command.command(
    epilog=examples(
        "whichrig prices accept 17 --by you@example.org",
        'whichrig prices accept 17 --accelerator "H100 SXM"',
    )
)
def accept(
    number: Annotated[int, typer.Argument(help="Number of a held change.")],
    *,
    accelerator: Annotated[str, typer.Option(help="The device, where the source's name is unknown.")] = "",
    by: ByOption = "command line",
    reason: ReasonOption = "",
) -> None:
    """Take a held change over."""
    with problems_told():
        from app.catalogue import startup
        from app.contract.resolving import accelerator as named
        from app.db import transaction
        from app.sources import applying

        engine = ready_database()
        device = accelerator and named(startup.current(engine), accelerator, pointer="/accelerator").slug
        with transaction(engine) as session:
            typer.echo(applying.accept(session, number, by=by, accelerator=device, reason=reason))


@command.command(epilog=examples("whichrig prices dismiss 17 --by you@example.org"))
def dismiss(
    number: Annotated[int, typer.Argument(help="Number of a held change.")],
    *,
    by: ByOption = "command line",
    reason: ReasonOption = "",
) -> None:
    """Leave the catalogue as it is."""
    with problems_told():
        from app.db import transaction
        from app.sources import applying

        with transaction(ready_database()) as session:
            applying.dismiss(session, number, by=by, reason=reason)
        message(f"held change {number} is dismissed")


@command.command(epilog=examples("whichrig prices runs"))
def runs() -> None:
    """The last runs of all sources."""
    with problems_told():
        from sqlalchemy import select

        from app.db import reading
        from app.tables import RefreshRun

        with reading(ready_database()) as session:
            rows = session.scalars(select(RefreshRun).order_by(RefreshRun.id.desc()).limit(LAST_RUNS)).all()
        head = ("SOURCE", "STARTED", "OUTCOME", "SEEN", "NEW", "CHANGED", "VANISHED", "HELD", "LEFT OUT", "MESSAGE")
        told = [
            (
                row.source, f"{row.started_at:%Y-%m-%d %H:%M}", row.outcome, str(row.rows_seen), str(row.rows_new),
                str(row.rows_changed), str(row.rows_vanished), str(row.rows_held), str(row.rows_rejected), row.message,
            )
            for row in rows
        ]  # fmt: skip
        typer.echo(table([head, *told]))
