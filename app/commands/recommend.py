"""``whichrig recommend``"""

from datetime import UTC, datetime

import typer

from app import advisor
from app.answer import RecommendationAnswer
from app.catalogue.names import Match
from app.catalogue.snapshot import Snapshot
from app.commands.asking import BatchOption, JsonOption, OutputOption, answer_batch, one_source, request_from
from app.commands.flags import with_flags
from app.commands.session import NOTHING_FITS, message, open_catalogue, problems_told, show_json
from app.commands.tell import recommendation_text
from app.flat_query import PLACES, decode
from app.requests import RecommendRequest

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def run(
    *,
    pairs: list[tuple[str, str]],
    json: JsonOption = None,
    batch: BatchOption = None,
    output: OutputOption = None,
) -> None:
    """Which hardware does this work need?

    Ask by options, as in: whichrig recommend --task finetune --model llama-3.1-8b --method lora
    """
    with problems_told():
        one_source(pairs=pairs, json=json, batch=batch)
        asked = request_from(json, RecommendRequest) if json else None
        catalogue = open_catalogue()
        if batch:
            answer_batch(batch, request_type=RecommendRequest, answer=lambda request: _answer(catalogue, request))
            return
        answer = _answer(catalogue, asked or _decoded(pairs, catalogue))
        if output == "json" or (json and output is None):
            show_json(answer)
        else:
            typer.echo(recommendation_text(answer))
        if not answer.meets_limits:
            message("nothing meets all of these limits: what comes nearest is shown")
            raise typer.Exit(NOTHING_FITS)


def _decoded(pairs: list[tuple[str, str]], catalogue: Snapshot) -> RecommendRequest:
    return decode(pairs, in_catalogue=lambda name: isinstance(catalogue.hardware_names.resolve(name), Match))


def _answer(catalogue: Snapshot, request: RecommendRequest) -> RecommendationAnswer:
    return advisor.recommend(catalogue, request.workload, constraints=request.constraints, at=datetime.now(UTC))


command.command()(with_flags(PLACES, run))
