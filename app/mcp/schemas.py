"""Schemas of the tools, cut down: a client reads them into every conversation, so each word in them is paid for."""

from collections.abc import Mapping
from typing import Any

from app.contract.field_help import field_help

LEFT_OUT = ("title", "maximum", "minLength", "maxLength", "additionalProperties", "propertyNames")
"""Keywords that help nobody to ask: names speak for themselves, and wrong values are refused in words."""
DESCRIBED_AT_LENGTH = "recommend"
"""The tool whose work is described field by field; the others refer to it."""
WORDS_AS_THERE = f"Fields and words as in {DESCRIBED_AT_LENGTH}."
HELPED = {"Workload": "workload", "ModelChoice": "workload", "DatasetChoice": "workload", "Constraints": "constraints"}
"""Which part of the fields' help belongs to a definition."""

Schema = dict[str, Any]


def input_schema(schema: Schema, *, tool: str) -> Schema:
    """What a tool takes. Fields that may be missing need no null.

    >>> field = {"anyOf": [{"type": "number", "maximum": 9}, {"type": "null"}], "default": None, "title": "Rows"}
    >>> input_schema({"type": "object", "properties": {"rows": field}}, tool="estimate")
    {'type': 'object', 'properties': {'rows': {'type': 'number'}}}
    """
    short: Schema = _short(schema, nulls=False)
    definitions = short.get("$defs", {})
    for name in definitions.keys() & HELPED.keys():
        definition = definitions[name]
        if tool == DESCRIBED_AT_LENGTH:
            _help(definition["properties"], field_help()[HELPED[name]])
        else:
            for field in definition["properties"].values():
                field.pop("enum", None)
            definition["description"] = WORDS_AS_THERE
    return short


def output_schema(schema: Schema) -> Schema:
    """What a tool answers; clients hold answers against it, so null stays.

    >>> output_schema({"properties": {"hours": {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Hours"}}})
    {'properties': {'hours': {'type': ['number', 'null']}}}
    """
    short: Schema = _short(schema, nulls=True)
    return short


def _help(properties: Schema, texts: Mapping[str, str]) -> None:
    """Fields whose words do not tell what they mean are given their line of help; lists are typed otherwise there."""
    for name, field in properties.items():
        if name in texts and not field.keys() & {"enum", "$ref", "items", "description"}:
            field["description"] = texts[name]


def _short(node: Any, *, nulls: bool) -> Any:  # any JSON
    if isinstance(node, list):
        return [_short(each, nulls=nulls) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {
        name: {field: _short(each, nulls=nulls) for field, each in value.items()}  # names of fields are no keywords
        if name in {"properties", "$defs"}
        else _short(value, nulls=nulls)
        for name, value in node.items()
        if name not in LEFT_OUT and not (name == "default" and value in (None, 0, "", False))
    }
    ways = kept.get("anyOf", [])
    others = [way for way in ways if way != {"type": "null"}]
    if len(others) == 1 and len(ways) == 2:
        del kept["anyOf"]
        if not nulls:
            return others[0] | kept
        if isinstance(others[0].get("type"), str) and "enum" not in others[0]:
            return others[0] | kept | {"type": [others[0]["type"], "null"]}
        return {"anyOf": ways} | kept
    if not nulls and others != ways:
        kept["anyOf"] = others
    return kept
