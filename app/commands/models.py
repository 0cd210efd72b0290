"""``whichrig models``"""

from typing import TYPE_CHECKING, Annotated

import typer

from app import formatting
from app.commands.listing import ListOutput, show_list
from app.commands.model_import import IMPORT_EXAMPLES, import_model
from app.commands.session import JsonFlag, examples, open_catalogue, problems_told, query_of, show_json

if TYPE_CHECKING:
    from app.api.schemas import ModelEntry

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Models of the catalogue.",
)


LIST_EXAMPLES = examples("whichrig models list llama", "whichrig models list --kind network --output markdown")
SHOW_EXAMPLES = examples('whichrig models show "llama 3.1 8b"', "whichrig models show resnet-50 --json")

command.command("import", epilog=IMPORT_EXAMPLES)(import_model)


@command.command("list", epilog=LIST_EXAMPLES)
def list_models(
    *,
    q: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="Words that stand in the name.")] = None,
    kind: Annotated[str | None, typer.Option(help="transformer, network, diffusion or algorithm.")] = None,
    architecture: Annotated[str | None, typer.Option(help="decoder, encoder, cnn and others.")] = None,
    output: ListOutput = "text",
    json: JsonFlag = False,
) -> None:
    """Models and algorithms that can be asked about by name."""
    with problems_told():
        from app.api.lists import ModelQuery, found_models

        query = query_of(ModelQuery, q=q, kind=kind, architecture=architecture)
        entries = found_models(open_catalogue(), query)
        head = ("SLUG", "NAME", "KIND", "ARCHITECTURE", "PARAMETERS")
        show_list(head, [_row(entry) for entry in entries], entries=entries, output="json" if json else output)


@command.command(epilog=SHOW_EXAMPLES)
def show(name: Annotated[str, typer.Argument(help="A model by any of its names.")], *, json: JsonFlag = False) -> None:
    """The shape of one model that estimates are computed from."""
    with problems_told():
        from app.api.lists import model_detail
        from app.commands.columns import table

        detail = model_detail(open_catalogue(), name)
        if json:
            show_json(detail)
        else:
            told = {"slug": detail.slug, "kind": detail.kind, **detail.spec}
            typer.echo(
                table((field.replace("_", " "), str(value)) for field, value in told.items() if value not in ("", None))
            )


def _row(entry: "ModelEntry") -> tuple[str, ...]:
    parameters = formatting.large(entry.parameters) if entry.parameters else ""
    return entry.slug, entry.name, entry.kind, entry.architecture, parameters
