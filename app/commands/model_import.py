"""``whichrig models import``: a model that the catalogue does not have, from the Hugging Face hub."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from app import formatting
from app.commands.columns import table
from app.commands.session import JsonFlag, examples, message, open_database, problems_told, show_json

if TYPE_CHECKING:
    from app.sources.hub import HubModel

IMPORT_EXAMPLES = examples(
    "whichrig models import Qwen/Qwen3-8B",
    "whichrig models import Qwen/Qwen3-8B --json > model.json",
    "whichrig models import Qwen/Qwen3-8B --save --by you@example.org",
)


def import_model(
    hub_id: Annotated[str, typer.Argument(help="Such as meta-llama/Llama-3.1-8B.")],
    *,
    mirror: Annotated[
        str, typer.Option(help="Address that answers for the hub, under a path that begins with its host.")
    ] = "",
    save: Annotated[bool, typer.Option("--save", help="Put it into the draft of the catalogue.")] = False,
    slug: Annotated[str, typer.Option(help="With --save: its name here; otherwise the last part of the id.")] = "",
    domain: Annotated[str, typer.Option(help="With --save: what it works on; otherwise as its config says.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="With --save: also where the name is taken.")] = False,
    by: Annotated[str, typer.Option("--by", help="With --save: who does it, for the audit trail.")] = "command line",
    json: JsonFlag = False,
) -> None:
    """Read a model of the Hugging Face hub: parameters, shape and KV cache; its hf_config goes into a question."""
    with problems_told():
        from app.sources.fetching import Fetcher
        from app.sources.hub import read_model

        found = read_model(hub_id, fetcher=partial(Fetcher, stand_in=mirror.rstrip("/")))
        key = _saved(found, slug=slug, domain=domain, replace=replace, by=by) if save else ""
        if json:
            show_json(found)
        else:
            typer.echo(_told(found))
        for note in found.notes:
            message(note)
        if key:
            message(f"{key} is in the draft now; an approver publishes it under /admin/draft")


def _saved(found: "HubModel", *, slug: str, domain: str, replace: bool, by: str) -> str:
    """Put a model into the draft; its key."""
    from app.admin import model_import
    from app.catalogue import startup
    from app.db import transaction

    engine = open_database()
    startup.init(engine)
    with transaction(engine) as session:
        wish = model_import.Wish(slug, domain, replace)
        return model_import.save(session, found, wish=wish, actor=by).key


def _told(found: "HubModel") -> str:
    size = formatting.gib(found.weights_bytes / 2**30) if found.weights_bytes else formatting.UNKNOWN
    rows = [
        ("model", found.hub_id),
        ("architecture", f"{found.architecture}, {found.attention_kind} attention"),
        ("parameters", f"{found.parameters:,.0f}"),
        ("active parameters", f"{found.active_parameters:,.0f}"),
        ("layers", str(found.num_hidden_layers)),
        ("hidden size", str(found.hidden_size)),
        ("longest context", str(found.max_position_embeddings or formatting.UNKNOWN)),
        ("KV cache of a token", f"{found.kv_cache_bytes_per_token / 1024:,.1f} KiB in 16 bit"),
        ("files", size),
        ("source", found.source),
    ]
    return table(rows)
