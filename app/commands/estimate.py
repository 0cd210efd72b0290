"""``whichrig estimate``"""

import typer

from app import advisor
from app.answer import EstimateAnswer
from app.catalogue.snapshot import Snapshot
from app.commands.asking import BatchOption, JsonOption, OutputOption, answer_batch, one_source, request_from
from app.commands.flags import with_flags
from app.commands.session import open_catalogue, problems_told, show_json
from app.commands.tell import estimate_text
from app.flat_query import ESTIMATE_PLACES, decode_estimate
from app.requests import EstimateRequest

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def run(
    *,
    pairs: list[tuple[str, str]],
    json: JsonOption = None,
    batch: BatchOption = None,
    output: OutputOption = None,
) -> None:
    """How much memory, how fast, how long, on this hardware?

    Ask by options, as in: whichrig estimate --task train --model resnet-50 --accelerator "RTX 4090"
    """
    with problems_told():
        one_source(pairs=pairs, json=json, batch=batch)
        if batch:
            catalogue = open_catalogue()
            answer_batch(batch, request_type=EstimateRequest, answer=lambda request: _answer(catalogue, request))
            return
        asked = request_from(json, EstimateRequest) if json else decode_estimate(pairs)
        answer = _answer(open_catalogue(), asked)
        if output == "json" or (json and output is None):
            show_json(answer)
        else:
            typer.echo(estimate_text(answer))


def _answer(catalogue: Snapshot, request: EstimateRequest) -> EstimateAnswer:
    return advisor.estimate(catalogue, request.workload, hardware=request.hardware)


command.command()(with_flags(ESTIMATE_PLACES, run))
