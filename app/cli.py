"""The command line: ``whichrig COMMAND``. Results go to standard output, messages to standard error."""

import sys
from importlib import import_module

import typer

COMMANDS = {
    "serve": "Start the service.",
    "recommend": "Which hardware does this work need?",
    "estimate": "How much memory, how fast, how long, on this hardware?",
    "fit": "What can this hardware run, adapt and train?",
    "hardware": "Devices of the catalogue: list, show.",
    "models": "Models of the catalogue: list, show.",
    "offers": "What can be rented: list, show.",
    "accuracy": "How well do the estimates agree with published measurements?",
    "mcp": "Answer the Model Context Protocol on standard input and output.",
    "prices": "Live prices: sync, held, accept, dismiss, runs.",
    "catalogue": "Make and carry the catalogue: init, check, export, import, backup, restore.",
    "admin": "Accounts of administrators: create-user, change-user, list-users.",
}
"""Each command is the ``command`` of the module of its name in :mod:`app.commands`."""

_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def build() -> typer.Typer:
    """The program, without what its commands need."""
    program = typer.Typer(
        name="whichrig",
        help="Which hardware do I need for this machine-learning work?",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback(invoke_without_command=True)(_version)
    for name, summary in COMMANDS.items():
        program.command(name, help=summary, context_settings=_PASS_ON, add_help_option=False)(_run)
    return program


def main() -> None:
    """Entry point: exit 0 when all went well, 1 when something failed, 2 when the input is wrong."""
    build()(prog_name="whichrig")


def _version(*, version: bool = typer.Option(False, "--version", help="Say the version and stop.")) -> None:
    """Which hardware do I need for this machine-learning work?"""
    if version:
        from app import __version__

        typer.echo(__version__)
        raise typer.Exit


def _run(context: typer.Context) -> None:
    """Import the command now, and pass everything on to it."""
    name = str(context.info_name)
    command: typer.Typer = import_module(f"app.commands.{name}").command
    sys.exit(command(context.args, prog_name=f"whichrig {name}", standalone_mode=True))
