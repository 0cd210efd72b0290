"""Sentences that the pure packages put together, found in their code: a name or number becomes a place.

The engine knows nothing of languages and tells each sentence in English. An f-string of its code is the template by
which the finished sentence is recognised where it is shown.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ERRORS = frozenset(
    {
        "Conflict",
        "FieldProblem",
        "Forbidden",
        "MethodNotAllowed",
        "NotFound",
        "TooLarge",
        "TooManyRequests",
        "Unavailable",
    }
)
CALLS = ERRORS | {"_part", "MemoryPart", "Constant", "Assumption"}
"""Calls whose texts are told to people."""
NAMES = frozenset(
    {
        "why",
        "shown",
        "words",
        "kept",
        "lost",
        "where",
        "several",
        "formula",
        "title",
        "detail",
        "message",
        "told",
        "error",
    }
)
"""Arguments and variables that hold such texts."""

FOR_ADMINISTRATORS = frozenset({"rules.py", "offer_checks.py"})
"""Modules whose texts visitors never see."""


def told(path: Path) -> Iterator[str]:
    """Every sentence of a module, as templates."""
    if path.name in FOR_ADMINISTRATORS:
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for each in _texts_of(node):
            yield from _templates(each)


def _texts_of(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.keyword(arg=name, value=value) if name in NAMES:
            yield value
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ) if name in NAMES or name.isupper():
            yield value
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"), args=args):
            yield from args
        case ast.Return(value=ast.JoinedStr() as value):
            yield value
        case ast.Call(func=ast.Name(id=name), args=args) if name in CALLS:
            yield from args
        case ast.Call(func=ast.Attribute(value=ast.Name(id="warnings"), attr="append"), args=args):
            yield from args


def _templates(node: ast.expr) -> Iterator[str]:
    """The texts of an expression: both ends of a choice, every value of a table."""
    match node:
        case ast.IfExp(body=one, orelse=other):
            yield from _templates(one)
            yield from _templates(other)
        case ast.BoolOp(values=values) | ast.Dict(values=values) | ast.Tuple(elts=values):
            for value in values:
                yield from _templates(value)
        case ast.Lambda(body=body):
            yield from _templates(body)
        case ast.Call(func=ast.Attribute(value=ast.Dict() as table, attr="get")):
            yield from _templates(table)
        case ast.Constant(value=str(text)):
            yield from _if_words(re.sub(r"{(\w+)[^}]*}", r"{\1}", text))
        case ast.JoinedStr(values=parts):
            yield from _if_words("".join(_parts(parts)))


def _parts(values: list[ast.expr]) -> Iterator[str]:
    used: list[str] = []
    for value in values:
        if isinstance(value, ast.Constant):
            yield str(value.value)
        elif isinstance(value, ast.FormattedValue):
            found = [each.attr if isinstance(each, ast.Attribute) else each.id for each in ast.walk(value.value)
                     if isinstance(each, ast.Attribute | ast.Name)]  # fmt: skip
            name = found[0] if found else "number"
            used.append(name)
            yield f"{{{name}{used.count(name) if used.count(name) > 1 else ''}}}"


def _if_words(text: str) -> Iterator[str]:
    """What has words beside its places; one word alone is a name for programs."""
    bare = re.sub(r"{\w+}", "", text)
    if re.search(r"[a-z]{3}", bare) and " " in text.strip():
        yield text
