"""``whichrig mcp``: the tools on standard input and output, for a program on the same machine."""

import typer

from app.commands.session import examples, open_database, problems_told
from app.settings import Settings

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command.command(epilog=examples("whichrig mcp"))
def talk() -> None:
    """Answer the Model Context Protocol on standard input and output; a language model's program starts this itself."""
    with problems_told():
        from app.catalogue import startup

        settings = Settings.from_environment()
        engine = open_database()
        startup.prepare(engine)
        from app.mcp.tools import build_server

        link = settings.public_url or f"http://{settings.host}:{settings.port}"
        build_server(lambda: startup.current(engine), public_url=link).run("stdio")
