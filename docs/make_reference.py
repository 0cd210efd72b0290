"""Write docs/reference anew: the API from its own description, the command line from its own help.

Run it from the repository root after a change of either: ``.venv/bin/python docs/make_reference.py``.
"""

import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any

from typer.main import get_command

from app.cli import COMMANDS, build
from app.field_help import field_help
from app.main import create_app
from app.settings import Settings

REFERENCE = Path(__file__).parent / "reference"
TAGS = {
    "recommend": "Recommendations",
    "estimate": "Estimates",
    "fit": "What hardware can do",
    "catalogue": "Catalogue",
    "decisions": "How answers are decided",
    "accuracy": "Accuracy",
    "health": "Health and metrics",
}
"""The operations' groups in the order of the page; a new one goes to the end by itself."""
WIDTH = "200"
"""Columns of a help text while it is read: every sentence stays on its line."""


def main() -> None:
    """Write both documents."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in {"api": api_text(), "cli": cli_text()}.items():
        (REFERENCE / f"{name}.md").write_text(text, encoding="utf-8")


def api_text() -> str:
    """Every operation with its fields, an example that can be run, and every schema."""
    described = create_app(Settings()).openapi()
    public = {path: one for path, one in described["paths"].items() if not path.startswith("/admin")}
    groups: dict[str, list[str]] = {title: [] for title in TAGS.values()}
    for path, operations in public.items():
        for method, operation in operations.items():
            title = TAGS.get(operation["tags"][0], operation["tags"][0].capitalize())
            groups.setdefault(title, []).append(_operation(method.upper(), path.replace(":path", ""), operation))
    used = _used(public, described["components"]["schemas"])
    schemas = [_schema(name, described["components"]["schemas"][name]) for name in sorted(used)]
    head = (
        "# API reference\n\nEvery address with its fields and an example, made from `/openapi.json`; "
        "[the guide](../api.md) tells how they work together. Memory is in GiB, money in USD, time in hours unless the "
        "field's name says otherwise."
    )
    parts = [head, *(f"## {title}\n\n" + "\n\n".join(found) for title, found in groups.items() if found)]
    return "\n\n".join([*parts, "## Schemas", *schemas]) + "\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    blocks = [f"### {method} {path}", operation["description"]]
    rows = [
        f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {'yes' if one.get('required') else ''} "
        f"| {_cell(one.get('description') or one['schema'].get('description', ''))} |"
        for one in operation.get("parameters", ())
    ]
    if rows:
        blocks.append("\n".join(["| field | in | type | needed | meaning |", "|---|---|---|---|---|", *rows]))
    bodies = operation.get("requestBody", {}).get("content", {})
    blocks += [f"Body, `{kind}`: {_type(body['schema'])}" for kind, body in bodies.items()]
    blocks.append(_curl(method, path, bodies))
    answers = [f"`{status}` {_answer(answer)}" for status, answer in operation["responses"].items()]
    blocks.append("Answers: " + "; ".join(answers) + ".")
    return "\n\n".join(blocks)


def _curl(method: str, path: str, bodies: dict[str, Any]) -> str:
    address = "localhost:8000" + path.replace("{slug}", "resnet-50" if "models" in path else "geforce-rtx-4090")
    if method == "GET":
        address += "?task=learn" if path == "/recommend" else ""
        return f"```sh\ncurl -s {quote(address)}\n```"
    kind, body = next(iter(bodies.items()))
    example = body.get("example") or json.dumps(next(iter(body["examples"].values()))["value"])
    return f"```sh\ncurl -s {address} -H 'Content-Type: {kind}' --data-binary {quote(example.rstrip())}\n```"


def _answer(answer: dict[str, Any]) -> str:
    types = [_type(content.get("schema", {})) for content in answer.get("content", {}).values()]
    told = answer["description"].rstrip(".")
    return told + (f" ({' or '.join(dict.fromkeys(types))})" if any(types) else "")


def _schema(name: str, schema: dict[str, Any]) -> str:
    blocks = [f"### {name}", schema.get("description", "")]
    if "properties" in schema:
        needed = set(schema.get("required", ()))
        rows = [
            f"| `{field}` | {_type(one)} | {'yes' if field in needed else ''} | {_cell(_meaning(name, field, one))} |"
            for field, one in schema["properties"].items()
        ]
        blocks.append("\n".join(["| field | type | always | meaning |", "|---|---|---|---|", *rows]))
    return "\n\n".join(block for block in blocks if block)


def _meaning(name: str, field: str, schema: dict[str, Any]) -> str:
    """What a field means: its own words, or those that forms and options use."""
    part = {"HardwareChoice": "hardware", "Constraints": "constraints"}.get(name, "workload")
    asked = name in {"Workload", "Constraints", "HardwareChoice", "ModelChoice", "DatasetChoice"}
    told: str = schema.get("description") or (field_help()[part].get(field, "") if asked else "")
    return told


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with a link where it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if schema.get("title") == "Problem":
        return "problem object"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[key]))
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {})) or 'values'}"
    bounds = [
        f"{word} {schema[key]:,.12g}"
        for key, word in {"exclusiveMinimum": "above", "minimum": "from", "maximum": "to"}.items()
        if key in schema
    ]
    return " ".join([str(schema.get("type", "")), *bounds]).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _used(paths: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """The schemas that the operations lead to."""
    found: set[str] = set()
    waiting = list(_references(paths))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rsplit("/", 1)[-1]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def cli_text() -> str:
    """The help of the program and of every command."""
    os.environ["COLUMNS"] = WIDTH
    parts = [
        (
            "# Command-line reference\n\nThe help of every command, as `whichrig COMMAND --help` prints it; "
            "[the guide](../cli.md) tells how they work together."
        ),
        _help("whichrig", get_command(build())),
    ]
    for name in COMMANDS:
        command = get_command(import_module(f"app.commands.{name}").command)
        inner = getattr(command, "commands", {})
        parts.append(_help(f"whichrig {name}", command))
        parts += [_help(f"whichrig {name} {sub}", one) for sub, one in inner.items()]
    return "\n\n".join(parts) + "\n"


def _help(words: str, command: Any) -> str:
    with command.make_context(words, [], resilient_parsing=True, max_content_width=int(WIDTH)) as context:
        context.terminal_width = int(WIDTH)
        told = command.get_help(context)
    lines = "\n".join(line.rstrip() for line in told.strip().splitlines())
    return f"## {words}\n\n```text\n{lines}\n```"


if __name__ == "__main__":
    main()
