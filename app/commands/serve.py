"""``whichrig serve``"""

from typing import Annotated

import typer

from app.commands.session import examples, problems_told

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

EXAMPLES = examples(
    "whichrig serve",
    "whichrig serve --host 0.0.0.0 --port 8080 --workers 4",
    "WHICHRIG_DATABASE_URL=postgresql://user:password@host/name whichrig serve",
)


@command.command(epilog=EXAMPLES)
def start(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default WHICHRIG_HOST or 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; default WHICHRIG_PORT or 8000.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; default WHICHRIG_WORKERS or 1.")
    ] = None,
) -> None:
    """Start the service; the first start makes the database and fills it."""
    with problems_told():
        from app.server import serve
        from app.settings import Settings

        serve(Settings.from_environment(), host=host, port=port, workers=workers)
