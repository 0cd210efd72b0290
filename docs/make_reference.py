"""Write docs/reference anew: the API from its own description, the command line from its own help, settings and rules.

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

from app.advice.facts import VARIABLES, Variable, facts_table
from app.cli import COMMANDS, build
from app.contract.field_help import field_help
from app.main import create_app
from app.settings import Settings, variable

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
RULE_PARTS = {
    "need": "What the work needs",
    "workload": "The work",
    "constraints": "What limits somebody, and what they have",
    "decision": "What was decided before",
}
"""The groups of variables by the first word of their names."""
WIDTH = "200"
"""Columns of a help text while it is read: every sentence stays on its line."""


def main() -> None:
    """Write the documents."""
    REFERENCE.mkdir(exist_ok=True)
    texts = {"api": api_text(), "cli": cli_text(), "settings": settings_text(), "rules": rules_text()}
    for name, text in texts.items():
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


def settings_text() -> str:
    """Every variable with its default, what it may hold, and its meaning."""
    head = (
        "# Reference of the settings\n\nEvery environment variable that the service and the command line read; "
        "[the guide](../settings.md) tells how they are given. Each can be read from a file by the same name with "
        "`_FILE` behind it."
    )
    schema = Settings.model_json_schema()["properties"]
    rows = [
        f"| `{variable(name)}` | {_default(field.default)} | {_type(schema[name])} | {_cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    table = "\n".join(["| variable | default | holds | meaning |", "|---|---|---|---|", *rows])
    return f"{head}\n\n{table}\n"


def _default(value: Any) -> str:
    return "empty" if value == "" else f"`{value}`"


def rules_text() -> str:
    """Every variable that the condition of a rule may look at, and that its reason may name."""
    head = (
        "# Reference of rule variables\n\nWhat the condition of a rule may look at and its reason may name; "
        "[the guide](../rules.md) tells how rules are written. A number that nobody knows makes every comparison with "
        "it false; a text that was not given is empty; a yes-or-no that was not given is no."
    )
    groups: dict[str, list[Variable]] = {}
    for one in VARIABLES.values():
        groups.setdefault(one.name.split(".")[0], []).append(one)
    parts = [head]
    for name, found in groups.items():
        parts.append(f"## {RULE_PARTS[name]}\n\n{facts_table(found).rstrip()}")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
