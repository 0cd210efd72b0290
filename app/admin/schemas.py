"""One schema per kind of entry, made from its table: forms, imports and the API are all checked against it."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, String

from app.admin.asked import query_of
from app.admin.entities import CONFIDENCE, FACT_UNITS, Document, Entity
from app.advice.rules import RuleError, check_reason, compile_condition
from app.engine.workload import Workload
from app.errors import Unprocessable
from app.field_problems import FieldProblem, field_problems
from app.tables.base import MicroUsd

LARGEST = 1e30
LARGEST_USD = 9e12
"""Micro-USD of more do not fit into the column."""
PART_OF_A_WHOLE = "_share"
"""Ending of columns that hold a part of a whole, from 0 to 1."""
SLUG = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
_CONFIG = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _web_address(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        message = "Enter an address that begins with https://"
        raise ValueError(message)
    return value


class Fact(BaseModel):
    """One number of an accelerator with its pedigree."""

    model_config = _CONFIG

    value: Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
    unit: Annotated[str, Field(max_length=20)]
    source: Annotated[str, Field(min_length=1, max_length=120)]
    as_of: date
    confidence: Literal["high", "medium", "low"]
    note: Annotated[str, Field(max_length=2000)] = ""


def checked(entity: Entity, values: Mapping[str, Any]) -> Document:
    """The whole entry in its one form; raises with every field that needs correcting."""
    model = schema(entity)
    try:
        document: Document = model.model_validate(dict(values)).model_dump(mode="json")
    except ValidationError as error:
        raise Unprocessable(field_problems(error.errors(include_url=False), model=model)) from None
    problems = _own_problems(entity, document)
    problems += _order_problems(document)
    if problems:
        raise Unprocessable(problems)
    return document


def _own_problems(entity: Entity, document: Document) -> list[FieldProblem]:
    """What only entries of this kind can have wrong."""
    if entity.has_facts:
        return _fact_problems(document)
    if entity.name == "rules":
        return _rule_problems(document)
    if entity.name == "evidence":
        return _evidence_problems(document)
    if entity.name == "questions":
        return _question_problems(document)
    return []


def typed(entity: Entity, document: Document) -> dict[str, Any]:
    """The columns of an entry as the database takes them."""
    found = schema(entity).model_validate(document)
    return {name: getattr(found, name) for name in entity.columns}


@cache
def _schema(name: str) -> type[BaseModel]:
    from app.admin.entities import ENTITIES

    entity = ENTITIES[name]
    fields: dict[str, Any] = {column: _field(entity, column) for column in entity.columns}
    if entity.has_facts:
        fields["facts"] = (dict[str, Fact], Field(default_factory=dict))
    made: type[BaseModel] = create_model(f"{name}-entry", __config__=_CONFIG, **fields)
    return made


def schema(entity: Entity) -> type[BaseModel]:
    """The schema of a kind of entry."""
    return _schema(entity.name)


def _field(entity: Entity, name: str) -> tuple[Any, Any]:
    column = entity.columns[name]
    words = entity.choices.get(name)
    kind: Any = Literal[words] if words else _kind(entity, column)
    if column.nullable:
        return Annotated[kind | None, BeforeValidator(_empty_is_none)], None
    if name == "url":
        return Annotated[kind, AfterValidator(_web_address)], ""
    default = _default(column)
    if default is not ... and not isinstance(default, str):
        return Annotated[kind, BeforeValidator(lambda value: default if value == "" else value)], default
    return kind, default


def _default(column: Column[Any]) -> Any:
    if column.server_default is None:
        return ...
    if column.default is not None and column.default.is_scalar:
        return getattr(column.default, "arg", "")
    return ""


def _kind(entity: Entity, column: Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return bool
    if isinstance(kind, MicroUsd):
        return Annotated[float, Field(ge=0, le=LARGEST_USD, allow_inf_nan=False)]
    if isinstance(kind, Integer):
        return Annotated[int, Field(ge=0, lt=2**63 if isinstance(kind, BigInteger) else 2**31)]
    if isinstance(kind, Date):
        return date
    if isinstance(kind, String):
        return _text(entity, column, kind.length or 2000)
    lowest = -LARGEST if entity.name == "factors" else 0  # the range of a discount may begin below nothing
    highest = 1 if column.name.endswith(PART_OF_A_WHOLE) else LARGEST
    return Annotated[float, Field(ge=lowest, le=highest, allow_inf_nan=False)]


def _text(entity: Entity, column: Column[Any], length: int) -> Any:
    if entity.name == "countries" and column.name == "country":
        return Annotated[str, Field(pattern="^([A-Z]{2})?$")]
    if column is entity.key_column:
        return Annotated[str, Field(min_length=1, max_length=length, pattern=SLUG)]
    needed = 1 if column.server_default is None else 0
    return Annotated[str, Field(min_length=needed, max_length=length)]


def _fact_problems(document: Document) -> list[FieldProblem]:
    problems = []
    for name, fact in document["facts"].items():
        if name not in FACT_UNITS:
            problems.append(FieldProblem(f"/facts/{name}", f"Choose one of {', '.join(FACT_UNITS)}"))
        elif fact["unit"] != FACT_UNITS[name]:
            detail = f"Give {name} in {FACT_UNITS[name]}"
            problems.append(FieldProblem(f"/facts/{name}/unit", detail, [FACT_UNITS[name]]))
    return problems


def _rule_problems(document: Document) -> list[FieldProblem]:
    return [problem for problem in (condition_problem(document["condition"]), _reason_problem(document)) if problem]


def condition_problem(condition: str) -> FieldProblem | None:
    """What is wrong with a condition, by line and column."""
    try:
        compile_condition(condition)
    except RuleError as error:
        detail = f"Line {error.line}, column {error.column}: {error.message}"
        return FieldProblem("/condition", detail, list(error.suggestions))
    return None


def _reason_problem(document: Document) -> FieldProblem | None:
    try:
        check_reason(document["reason"])
    except RuleError as error:
        return FieldProblem("/reason", f"Column {error.column}: {error.message}", list(error.suggestions))
    return None


def _question_problems(document: Document) -> list[FieldProblem]:
    """A question is kept by its fields, whatever was pasted."""
    try:
        document["query"] = query_of(document["query"])
    except Unprocessable as error:
        return list(error.problems)
    if document["must_pass"] and not any(document[name] for name in ("scenarios", "tiers", "picks")):
        return [FieldProblem("/must_pass", "Say what has to come out: a scenario, a tier or a pick")]
    return []


def _evidence_problems(document: Document) -> list[FieldProblem]:
    """The work that was measured is kept in the form that requests have."""
    try:
        workload = Workload.model_validate_json(document["workload"])
    except ValidationError as error:
        return [
            FieldProblem(f"/workload{found.pointer}", found.detail, found.suggestions)
            for found in field_problems(error.errors(include_url=False), model=Workload)
        ]
    document["workload"] = workload.model_dump_json(exclude_none=True)
    return [] if document["value"] > 0 else [FieldProblem("/value", "Enter a value above 0")]


def _order_problems(document: Document) -> list[FieldProblem]:
    """A lower bound that lies above its upper one."""
    pairs = (
        ("amount_low", "amount"), ("amount", "amount_high"), ("usd_low", "usd"), ("usd", "usd_high"), ("low", "high"),
        ("amount_low", "amount_high"), ("memory_gib_min", "memory_gib_max"), ("valid_from", "last_checked"),
    )  # fmt: skip
    return [
        FieldProblem(f"/{low}", f"Enter at most the value of {high}, which is {document[high]}")
        for low, high in pairs
        if document.get(low) is not None and document.get(high) is not None and document[low] > document[high]
    ]


__all__ = ["CONFIDENCE", "Fact", "checked", "condition_problem", "schema", "typed"]
