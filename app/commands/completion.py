"""``whichrig completion``: what a shell needs to complete commands and options."""

from typing import Annotated, Literal

import typer

from app.commands.session import examples

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

EXAMPLES = examples(
    "whichrig completion bash > ~/.local/share/bash-completion/completions/whichrig",
    "whichrig completion zsh > ~/.zfunc/_whichrig",
    "whichrig completion fish > ~/.config/fish/completions/whichrig.fish",
)


@command.command(epilog=EXAMPLES)
def script(shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Your shell.")]) -> None:
    """Print the script that completes whichrig."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(get_completion_script(prog_name="whichrig", complete_var="_WHICHRIG_COMPLETE", shell=shell))
