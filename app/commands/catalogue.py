"""``whichrig catalogue``: make it, check it."""

import typer

from app.catalogue import checks, startup
from app.commands.session import FAILED, message, open_database, problems_told
from app.db import reading

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Make and check the catalogue.",
)


@command.command()
def init() -> None:
    """Bring the database up to date and fill it where it is empty; does nothing the second time."""
    with problems_told():
        revision = startup.init(open_database())
        message(f"the catalogue is ready, at revision {revision}")


@command.command()
def check() -> None:
    """Look for implausible facts; exit 1 when one is certainly wrong."""
    with problems_told():
        engine = open_database()
        startup.init(engine)
        with reading(engine) as session:
            findings = checks.check(session)
        for finding in findings:
            typer.echo(f"{finding.severity}\t{finding.entry}\t{finding.field}\t{finding.message}")
        errors = sum(finding.severity == "error" for finding in findings)
        message(f"{len(findings)} findings, {errors} of them errors")
        if errors:
            raise typer.Exit(FAILED)
