"""Answer the questions of docs/examples.md, of README.md and of the API's description anew.

Run it from the repository root after a change that moves answers: ``.venv/bin/python docs/make_examples.py``.
"""

import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from app import advisor
from app.api.examples import EXAMPLES
from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.commands.tell import recommendation_text
from app.contract.batch import answer_item
from app.contract.flat_query import encode
from app.contract.requests import EstimateRequest, RecommendRequest
from app.db import connect

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
SHOWN_ENTRIES = 2
"""Entries of a list that the API's description shows; real answers have more."""

SHOWCASE: dict[str, dict[str, Any]] = {
    "I follow a course and own nothing. What do I buy?": {
        "workload": {"task": "learn"},
        "constraints": {"budget_usd": 1000},
    },
    "A student with a GT 740M laptop and a table of 50,000 rows": {
        "workload": {
            "task": "classical",
            "domain": "tabular",
            "algorithm": "random_forest",
            "dataset": {"rows": 50_000, "columns": 30},
        },
        "constraints": {"existing_hardware": [{"accelerator": "GT 740M"}], "portable": True},
    },
    "Adapt a language model of 8 billion parameters with LoRA": {
        "workload": {
            "task": "finetune",
            "domain": "text",
            "model": {"name": "llama-3.1-8b"},
            "method": "lora",
            "sequence_length": 2048,
            "dataset": {"samples": 20_000},
            "epochs": 3,
        },
        "constraints": {"budget_usd": 2500},
    },
    "A company that trains detectors on 500,000 pictures every day": {
        "workload": {
            "task": "train",
            "domain": "detection",
            "model": {"name": "yolov8m"},
            "image_size": 640,
            "dataset": {"samples": 500_000},
            "epochs": 10,
            "runs_per_month": 20,
        },
        "constraints": {"deadline_hours": 24, "ownership": "either"},
    },
    "Pretrain 405 billion parameters on 15.6 trillion tokens": {
        "workload": {
            "task": "pretrain",
            "domain": "text",
            "model": {"name": "llama-3.1-405b"},
            "precision": "bf16",
            "sequence_length": 8192,
            "dataset": {"tokens": 15.6e12},
            "epochs": 1,
        },
        "constraints": {"deadline_hours": 2400},
    },
}


def main() -> None:
    """Write the answers where they are shown."""
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/whichrig.db")
        catalogue = startup.prepare(engine)
        engine.dispose()
    answers = {title: answered(catalogue, request) for title, request in SHOWCASE.items()}
    write_examples(answers)
    write_readme(answers)
    write_api_examples(catalogue)


def answered(catalogue: Snapshot, request: dict[str, Any]) -> Any:
    """The answer to one question, as of now."""
    asked = RecommendRequest.model_validate(request)
    return advisor.recommend(
        catalogue, asked.workload, constraints=asked.constraints, at=datetime.now(UTC), base_url="http://localhost:8000"
    )


def command_line(request: dict[str, Any]) -> str:
    """The question as a command."""
    flags = []
    for name, text in encode(RecommendRequest.model_validate(request)):
        flag = "--" + name.replace("_", "-")
        flags.append(flag if text == "true" else f"{flag} {quote(text)}")
    return "whichrig recommend " + " ".join(flags)


def write_examples(answers: dict[str, Any]) -> None:
    """docs/examples.md: the five questions with their whole answers."""
    day = datetime.now(UTC).date()
    parts = [
        "# Five questions and their answers\n",
        f"Real answers of {day}, written by `docs/make_examples.py`; prices move, and with them the answers.",
    ]
    for title, answer in answers.items():
        question = command_line(SHOWCASE[title])
        parts.append(f"\n## {title}\n\n```sh\n{question}\n```\n\n```text\n{recommendation_text(answer)}\n```")
    (DOCS / "examples.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


def write_readme(answers: dict[str, Any]) -> None:
    """The verdicts and the shortened answer in README.md, between their marks."""
    verdicts = "\n".join(f"| {title} | {answer.verdict} |" for title, answer in answers.items())
    table = f"| question | answer |\n|---|---|\n{verdicts}"
    lora = list(answers.values())[2].model_dump(mode="json", by_alias=True)
    pick = lora["picks"][0]
    shown = {
        "scenario": {name: lora["scenario"][name] for name in ("number", "title", "rule")},
        "tier": lora["tier"],
        "verdict": lora["verdict"],
        "need": {"memory_gib": lora["need"]["memory_gib"]},
        "picks": [{name: pick[name] for name in ("role", "hardware", "fit", "price_usd")}],
        "links": lora["links"],
    }
    text = README.read_text(encoding="utf-8")
    text = between_marks(text, "verdicts", table)
    text = between_marks(text, "answer", f"```json\n{json.dumps(shown, indent=1)}\n```")
    README.write_text(text, encoding="utf-8")


def between_marks(text: str, mark: str, content: str) -> str:
    """Replace what stands between ``<!-- mark -->`` and ``<!-- /mark -->``."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{content}\n{end}", text, flags=re.DOTALL)


def write_api_examples(catalogue: Snapshot) -> None:
    """One answer for each operation of the API's description, with its lists cut short."""
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for operation, example in examples.items():
        request = next(iter(example["requests"].values()))["request"]
        example["answer"] = shortened(api_answer(catalogue, operation, request))
    EXAMPLES.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def api_answer(catalogue: Snapshot, operation: str, request: dict[str, Any]) -> Any:
    """What the operation answers."""
    if operation == "recommend":
        return answered(catalogue, request).model_dump(mode="json", by_alias=True)

    def estimate(item: dict[str, Any]) -> Any:
        return json.loads(
            answer_item(
                item,
                request_type=EstimateRequest,
                answer=lambda asked: advisor.estimate(catalogue, asked.workload, hardware=asked.hardware),
            )
        )

    if operation == "estimate":
        return {name: value for name, value in estimate(request).items() if name != "id"}
    return {"items": [estimate(item) for item in request["items"]]}


def shortened(value: Any) -> Any:
    """A value whose lists have their first entries only."""
    if isinstance(value, list):
        return [shortened(entry) for entry in value[:SHOWN_ENTRIES]]
    if isinstance(value, dict):
        return {name: shortened(entry) for name, entry in value.items()}
    return value


if __name__ == "__main__":
    main()
