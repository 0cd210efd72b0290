"""``whichrig recommend``"""

from datetime import UTC, datetime
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
from app.commands.session import NOTHING_FITS, examples, message, open_catalogue, problems_told
from app.contract.flat_query import PLACES, decode
from app.contract.requests import RecommendRequest

if TYPE_CHECKING:
    from app.catalogue.snapshot import Snapshot
    from app.contract.answer import RecommendationAnswer

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

EXAMPLES = examples(
    "whichrig recommend --task finetune --model llama-3.1-8b --method lora --budget-usd 2500",
    'whichrig recommend --task train --domain vision --existing-hardware "RTX 3090 x2" --output markdown',
    "whichrig recommend --json question.json",
    "whichrig recommend --batch questions.jsonl > answers.jsonl",
)


def run(
    *,
    pairs: list[tuple[str, str]],
    json: JsonOption = None,
    batch: BatchOption = None,
    output: OutputOption = None,
) -> None:
    """Which hardware does this work need?"""
    with problems_told():
        one_source(pairs=pairs, json=json, batch=batch)
        asked = request_from(json, RecommendRequest) if json else None
        catalogue = open_catalogue()
        if batch:
            answer_batch(batch, request_type=RecommendRequest, answer=lambda request: _answer(catalogue, request))
            return
        answer = _answer(catalogue, asked or _decoded(pairs, catalogue))
        from app.commands.tell import recommendation_text
        from app.web.result_text import as_csv, as_markdown

        show_answer(
            answer, output, asked_in_json=json is not None, text=recommendation_text, csv=as_csv, markdown=as_markdown
        )
        if not answer.meets_limits:
            message("nothing meets all of these limits: what comes nearest is shown")
            raise typer.Exit(NOTHING_FITS)


def _decoded(pairs: list[tuple[str, str]], catalogue: "Snapshot") -> RecommendRequest:
    from app.catalogue.name_matches import Match

    return decode(pairs, in_catalogue=lambda name: isinstance(catalogue.hardware_names.resolve(name), Match))


def _answer(catalogue: "Snapshot", request: RecommendRequest) -> "RecommendationAnswer":
    from app import advisor

    return advisor.recommend(catalogue, request.workload, constraints=request.constraints, at=datetime.now(UTC))


command.command(epilog=EXAMPLES)(with_flags(PLACES, run))
