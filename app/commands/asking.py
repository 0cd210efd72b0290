"""How recommend and estimate read a question: from options, from JSON, or many from JSON Lines."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from app.commands import colours
from app.commands.session import show_json
from app.contract.json_text import parse
from app.errors import app_error_of

if TYPE_CHECKING:
    from app.contract.answer import Part

Request = TypeVar("Request", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)

Output = Literal["text", "json", "csv", "markdown"]
JsonOption = Annotated[
    str | None,
    typer.Option(
        "--json", metavar="FILE|-", help="Read the question as JSON, and answer in JSON; - is standard input."
    ),
]
BatchOption = Annotated[
    str | None,
    typer.Option("--batch", metavar="FILE|-", help="Answer JSON Lines with JSON Lines, in the same order."),
]
OutputOption = Annotated[
    Output | None,
    typer.Option("--output", help="How to answer; text, unless the question came as JSON.", show_choices=True),
]


def one_source(*, pairs: list[tuple[str, str]], json: str | None, batch: str | None) -> None:
    """Refuse a question that is asked in two ways at once, or not at all."""
    ways = [bool(pairs), json is not None, batch is not None]
    if sum(ways) != 1:
        raise typer.BadParameter("ask in one way: by options such as --task, with --json, or with --batch")


def request_from(file: str, request_type: type[Request]) -> Request:
    """The request in a JSON file."""
    with opened(file) as stream:
        given = parse(stream.read())
    try:
        return request_type.model_validate(given)
    except ValidationError as error:
        raise app_error_of(error, model=request_type) from error


def show_answer(
    answer: Answer,
    output: Output | None,
    *,
    asked_in_json: bool,
    text: Callable[[Answer], str],
    csv: Callable[[Answer], str],
    markdown: Callable[[Answer], str],
) -> None:
    """One answer in the form that was asked for."""
    match output or ("json" if asked_in_json else "text"):
        case "json":
            show_json(answer)
        case "csv":
            typer.echo(csv(answer).replace("\r\n", "\n"), nl=False)
        case "markdown":
            typer.echo(markdown(answer).rstrip("\n"))
        case _:
            colours.show(text(answer))


def answer_batch(file: str, *, request_type: type[Request], answer: "Callable[[Request], Part]") -> None:
    """Answer line by line; what was answered is out before the next line is read."""
    from app.contract.batch import answer_lines

    with opened(file) as stream:
        for line in answer_lines(stream, request_type=request_type, answer=answer):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


@contextmanager
def opened(file: str) -> Iterator[TextIO]:
    """A file or standard input; bytes that are not text spoil their own line only."""
    if file == "-":
        yield io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
        return
    try:
        stream = Path(file).open(encoding="utf-8", errors="replace")  # noqa: SIM115 - closed below
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
    with stream:
        yield stream
