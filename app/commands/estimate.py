"""``whichrig estimate``"""

from typing import TYPE_CHECKING

import typer

from app.commands.asking import (
    BatchOption,
    JsonOption,
    OutputOption,
    answer_batch,
    one_source,
    request_from,
    show_answer,
)
from app.commands.flags import with_flags
from app.commands.session import examples, open_catalogue, problems_told
from app.contract.flat_query import ESTIMATE_PLACES, decode_estimate
from app.contract.requests import EstimateRequest

if TYPE_CHECKING:
    from app.catalogue.snapshot import Snapshot
    from app.contract.answer import EstimateAnswer

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

EXAMPLES = examples(
    'whichrig estimate --task train --model resnet-50 --accelerator "RTX 4090"',
    'whichrig estimate --task inference --model llama-3.1-8b --precision q4_k_m --accelerator "RTX 4070" --output csv',
    "whichrig estimate --json question.json",
    "whichrig estimate --batch questions.jsonl > answers.jsonl",
)


def run(
    *,
    pairs: list[tuple[str, str]],
    json: JsonOption = None,
    batch: BatchOption = None,
    output: OutputOption = None,
) -> None:
    """How much memory, how fast, how long, on this hardware?"""
    with problems_told():
        one_source(pairs=pairs, json=json, batch=batch)
        if batch:
            catalogue = open_catalogue()
            answer_batch(batch, request_type=EstimateRequest, answer=lambda request: _answer(catalogue, request))
            return
        asked = request_from(json, EstimateRequest) if json else decode_estimate(pairs)
        answer = _answer(open_catalogue(), asked)
        from app.commands.estimate_table import as_csv, as_markdown
        from app.commands.tell import estimate_text

        show_answer(
            answer, output, asked_in_json=json is not None, text=estimate_text, csv=as_csv, markdown=as_markdown
        )


def _answer(catalogue: "Snapshot", request: EstimateRequest) -> "EstimateAnswer":
    from app import advisor

    return advisor.estimate(catalogue, request.workload, hardware=request.hardware)


command.command(epilog=EXAMPLES)(with_flags(ESTIMATE_PLACES, run))
