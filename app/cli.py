"""The command line: ``whichrig COMMAND``. Results go to standard output, messages to standard error."""

import atexit
import gc
import os
import sys
from importlib import import_module

import typer

COMMANDS = {
    "serve": "Start the service.",
    "recommend": "Which hardware does this work need?",
    "estimate": "How much memory, how fast, how long, on this hardware?",
    "fit": "What can this hardware run, adapt and train?",
    "measure": "How fast is this machine, beside what is predicted of it?",
    "hardware": "Devices of the catalogue: list, show.",
    "models": "Models of the catalogue: list, show.",
    "offers": "What can be rented: list, show.",
    "accuracy": "How well do the estimates agree with published measurements?",
    "mcp": "Answer the Model Context Protocol on standard input and output.",
    "prices": "Live prices: sync, held, accept, dismiss, runs.",
    "catalogue": "Make and carry the catalogue: init, check, export, import, backup, restore.",
    "admin": "Accounts of administrators: create-user, change-user, list-users.",
    "completion": "Print what bash, zsh or fish need to complete commands and options.",
}
"""Each command is the ``command`` of the module of its name in :mod:`app.commands`."""

COMPLETING = "_WHICHRIG_COMPLETE"
"""Set by the script of ``whichrig completion``."""

RARELY = (100_000, 20, 50)
"""When garbage is collected: imports and the catalogue make many objects that stay, and looking at them takes time."""

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
    """Entry point: exit 0 all went well, 1 something failed, 2 the input is wrong, 3 nothing meets the limits."""
    gc.set_threshold(*RARELY)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for some among all packages takes time
    atexit.register(gc.freeze)  # a process that ends need not look for garbage among its catalogue first
    if COMPLETING in os.environ:
        _complete()
    build()(prog_name="whichrig")


def _complete() -> None:
    """Answer a shell that asks what could come next: of all commands only the one in question is imported."""
    from typer.completion import completion_init  # type: ignore[attr-defined]
    from typer.core import TyperGroup
    from typer.main import get_command

    completion_init()
    program = get_command(build())
    asked = next((word for word in os.environ.get("COMP_WORDS", "").split()[1:] if word in COMMANDS), None)
    if asked and isinstance(program, TyperGroup):
        program.commands[asked] = get_command(import_module(f"app.commands.{asked}").command)
    program.main(prog_name="whichrig", complete_var=COMPLETING)


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
