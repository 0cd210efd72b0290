"""How lists are shown: as a table for a terminal, as JSON, as CSV for a spreadsheet, as a Markdown table."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel

from app.commands import colours
from app.commands.session import show_json

ListOutput = Annotated[
    Literal["text", "json", "csv", "markdown"], typer.Option("--output", help="How to show the list; --json is short.")
]


def show_list(head: Sequence[str], rows: Sequence[Sequence[str]], *, entries: Sequence[BaseModel], output: str) -> None:
    """``rows`` for people, ``entries`` with all their fields for programs."""
    from app.commands.columns import table

    match output:
        case "json":
            show_json(entries)
        case "csv":
            typer.echo(as_csv(entries), nl=False)
        case "markdown":
            typer.echo(as_markdown(head, rows))
        case _:
            colours.show(table([head, *rows]))


def as_csv(entries: Sequence[BaseModel]) -> str:
    """One line for each entry, below the names of the fields; what is unknown stays empty."""
    told = [entry.model_dump(mode="json") for entry in entries]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(told[0]) if told else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in one.items()} for one in told)
    return text.getvalue() if told else ""


def as_markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""A table as Markdown has it.

    >>> print(as_markdown(["NAME", "NOTE"], [["a", "one | two"]]))
    | NAME | NOTE |
    |---|---|
    | a | one \| two |
    """
    lines = [_line(head), "|" + "---|" * len(head), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(value: Any) -> Any:
    """Objects and lists as JSON; text that a spreadsheet would take for a formula with an apostrophe before it."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
