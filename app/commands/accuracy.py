"""``whichrig accuracy``"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from app import __version__
from app.commands.asking import opened
from app.commands.session import JsonFlag, examples, open_catalogue, problems_told, show_json

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

File = Annotated[str, typer.Argument(metavar="FILE|-", help="Published measurements as JSON Lines; - reads them.")]
OutputChoice = Annotated[Literal["text", "json"], typer.Option("--output", help="How to answer.")]
Worst = Annotated[int, typer.Option("--worst", min=0, max=1000, help="How many of the worst cases to show.")]

EXAMPLES = examples(
    "whichrig accuracy measurements.jsonl",
    "whichrig accuracy measurements.jsonl --worst 5 --json",
)


@command.command(epilog=EXAMPLES)
def run(file: File, *, output: OutputChoice = "text", json: JsonFlag = False, worst: Worst = 20) -> None:
    """How well do the estimates agree with published measurements?

    A line of FILE is {"request": {"workload", "hardware"}, "measured": {"metric", "value", "unit"}, "kind", "class",
    "group", "source"}; see docs/accuracy.md.
    """
    with problems_told():
        from app import advisor
        from app.accuracy.cases import read_cases
        from app.accuracy.report import report_of
        from app.accuracy.running import outcomes_of

        with opened(file) as lines:
            cases = read_cases(lines)
        catalogue = open_catalogue()
        outcomes = outcomes_of(
            cases, lambda asked: advisor.estimate(catalogue, asked.workload, hardware=asked.hardware)
        )
        report = report_of(outcomes, version=__version__, as_of=datetime.now(UTC).date(), worst=worst)
        if json or output == "json":
            show_json(report)
        else:
            from app.commands.accuracy_text import report_text

            typer.echo(report_text(report))
