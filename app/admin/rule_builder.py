"""Conditions as rows that everybody can read: a variable, a comparison, a value; all of them, or any of them.

Only a part of what a condition may say has such rows: comparisons joined by nothing but "and", or nothing but "or". The
rest stays text, and is told to be too free for rows.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.advice.facts import VARIABLES, Variable
from app.field_problems import FieldProblem, nearest

NUMBERS: Mapping[str, str] = {
    ">=": "is at least",
    ">": "is more than",
    "<=": "is at most",
    "<": "is less than",
    "==": "is exactly",
    "!=": "is not",
    "known": "is known",
    "unknown": "is unknown",
    "!>": "is unknown, or at most",
    "!>=": "is unknown, or less than",
    "!<": "is unknown, or at least",
    "!<=": "is unknown, or more than",
}
TEXTS: Mapping[str, str] = {
    "is": "is the word",
    "is-not": "is not the word",
    "in": "is one of the words",
    "given": "is given",
    "not-given": "is not given",
}
FLAGS: Mapping[str, str] = {"yes": "is so", "no": "is not so"}
COMPARISONS: Mapping[str, Mapping[str, str]] = {"number": NUMBERS, "text": TEXTS, "yes or no": FLAGS}
WITHOUT_VALUE = {"known", "unknown", "given", "not-given", "yes", "no"}
ALL, ANY = "all", "any"
_JOINS = {ALL: " && ", ANY: " || "}
_UNITS = (
    ("_usd_per_month", "US dollars a month"), ("_usd", "US dollars"), ("_tokens_per_s", "tokens a second"),
    ("_per_second", "a second"), ("_per_s", "a second"), ("_per_month", "a month"), ("_hours", "hours"),
    ("_gib", "GiB"), ("_gb", "GB"), ("_ms", "milliseconds"), ("_b", "billions"),
)  # fmt: skip
_TIMES: Mapping[str, Mapping[str, float]] = {
    "hours": {
        "h": 1, "hour": 1, "hours": 1, "min": 1 / 60, "minutes": 1 / 60, "day": 24, "days": 24, "week": 168,
        "weeks": 168,
    },
    "GiB": {"gib": 1, "mib": 1 / 1024, "tib": 1024},
    "GB": {"gb": 1, "mb": 1 / 1000, "tb": 1000},
    "milliseconds": {"ms": 1, "s": 1000, "seconds": 1000},
    "billions": {"b": 1, "billion": 1, "m": 1 / 1000, "million": 1 / 1000},
    "US dollars": {"usd": 1, "$": 1, "dollars": 1},
    "US dollars a month": {"usd": 1, "$": 1, "dollars": 1},
}  # fmt: skip
"""What may stand behind a number, and how much of the unit it is."""
_NAME = r"[a-z_]+\.[a-z0-9_]+"
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_STRING = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\''
_COMPARED = re.compile(rf"({_NAME})\s*(>=|<=|==|!=|>|<)\s*({_NAME}|{_NUMBER}|{_STRING})")
_MEMBER = re.compile(rf"({_NAME})\s+in\s+\[\s*((?:{_STRING})(?:\s*,\s*(?:{_STRING}))*)\s*\]")
_TYPED = re.compile(rf"\$?\s*({_NUMBER})\s*([A-Za-z$]*)")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; without a variable it says nothing."""

    variable: str = ""
    comparison: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """A condition as rows."""

    joined: str
    rows: tuple[Row, ...]


def unit_of(name: str) -> str:
    """The unit that a variable is compared in; empty: a bare number or none.

    >>> unit_of("need.box_hours"), unit_of("workload.task")
    ('hours', '')
    """
    variable = VARIABLES.get(name)
    if variable is None or variable.kind != "number":
        return ""
    return next((unit for ending, unit in _UNITS if name.endswith(ending)), "")


def built(condition: str) -> Built | None:
    """A condition as rows; None when it is too free for that.

    >>> built('need.box_hours > 336 && workload.training').rows[0]
    Row(variable='need.box_hours', comparison='>', value='336')
    >>> built('need.cpu_hours * 2 > 8') is None
    True
    """
    text = _bare(condition)
    if not text:
        return Built(ALL, ())
    for joined, sign in ((ANY, "||"), (ALL, "&&")):
        parts = _split(text, sign)
        if parts is None:
            return None
        words = _one_of(parts) if joined == ANY else None
        if words is None and (len(parts) > 1 or joined == ALL):
            rows = [_row(part) for part in parts]
            known = tuple(row for row in rows if row is not None)
            return Built(joined, known) if len(known) == len(rows) else None
    row = _row(text)
    return Built(ALL, (row,)) if row else None


def condition(made: Built) -> str:
    """Rows as a condition; what is wrong with them is found by :func:`problems`.

    >>> condition(Built("any", (Row("need.box_hours", ">", "2 weeks"), Row("workload.training", "no", ""))))
    'need.box_hours > 336 || !workload.training'
    """
    return _JOINS[made.joined].join(_written(row) for row in made.rows if row.variable)


def problems(made: Built) -> list[FieldProblem]:
    """What is wrong with the rows, each at its control."""
    found = []
    for number, row in enumerate(made.rows):
        variable = VARIABLES.get(row.variable)
        if not row.variable and not row.value:
            continue
        if variable is None:
            found.append(FieldProblem(f"/row-{number}-variable", "Choose what is compared"))
        elif row.comparison not in COMPARISONS[variable.kind]:
            words = "”, “".join(COMPARISONS[variable.kind].values())
            found.append(FieldProblem(f"/row-{number}-comparison", f"Choose one of “{words}”"))
        elif problem := _value_problem(variable, row):
            found.append(FieldProblem(f"/row-{number}-value", problem, _nearest_name(row.value)))
    return found


def _value_problem(variable: Variable, row: Row) -> str:
    if row.comparison in WITHOUT_VALUE:
        return ""
    if not row.value.strip():
        return "Enter a value" if variable.kind == "number" else "Enter a word"
    if variable.kind != "number" or _is_number_variable(row.value.strip()):
        return ""
    unit = unit_of(variable.name)
    typed = _TYPED.fullmatch(row.value.strip().replace(",", ""))
    if typed and (not typed[2] or typed[2].lower() in _TIMES.get(unit, {})):
        return ""
    return f"Enter a number{f' of {unit}' if unit else ''}, or the name of another number"


def _nearest_name(value: str) -> list[str]:
    return nearest(value.strip(), [name for name, each in VARIABLES.items() if each.kind == "number"])


def _is_number_variable(name: str) -> bool:
    return name in VARIABLES and VARIABLES[name].kind == "number"


def _written(row: Row) -> str:
    name, value = row.variable, row.value.strip()
    fixed = {
        "known": f"{name} >= 0", "unknown": f"!({name} >= 0)", "given": f'{name} != ""', "not-given": f'{name} == ""',
        "yes": name, "no": f"!{name}",
    }  # fmt: skip
    if row.comparison in fixed:
        return fixed[row.comparison]
    if row.comparison == "in":
        words = [json.dumps(word.strip(), ensure_ascii=False) for word in value.split(",") if word.strip()]
        return f"{name} in [{', '.join(words)}]"
    if row.comparison in {"is", "is-not"}:
        return f"{name} {'==' if row.comparison == 'is' else '!='} {json.dumps(value, ensure_ascii=False)}"
    number = _number(value, unit_of(name))
    if row.comparison.startswith("!") and row.comparison != "!=":
        return f"!({name} {row.comparison[1:]} {number})"
    return f"{name} {row.comparison} {number}"


def _number(value: str, unit: str) -> str:
    typed = _TYPED.fullmatch(value.replace(",", ""))
    if typed is None:
        return value
    if not typed[2]:
        return typed[1]
    return f"{float(typed[1]) * _TIMES.get(unit, {}).get(typed[2].lower(), 1):.12g}"


def _row(text: str) -> Row | None:
    text = _bare(text)
    negated = text.startswith("!")
    inner = _bare(text[1:]) if negated else text
    variable = VARIABLES.get(inner)
    if variable is not None:
        return Row(inner, "no" if negated else "yes") if variable.kind == "yes or no" else None
    if negated:
        found = _compared(inner)
        return _negated(found) if found else None
    parts = _split(text, "||")
    words = _one_of(parts) if parts else None
    return words or _member(text) or _compared(text)


def _negated(row: Row) -> Row | None:
    if row.comparison == "known":
        return Row(row.variable, "unknown")
    turned = f"!{row.comparison}"
    return Row(row.variable, turned, row.value) if turned in NUMBERS and turned != "!=" else None


def _compared(text: str) -> Row | None:
    found = _COMPARED.fullmatch(text)
    if found is None or found[1] not in VARIABLES:
        return None
    name, sign, value = found.groups()
    kind = VARIABLES[name].kind
    if kind == "text" and value[0] in "\"'" and sign in {"==", "!="}:
        word = _word(value)
        if not word:
            return Row(name, "not-given" if sign == "==" else "given")
        return Row(name, "is" if sign == "==" else "is-not", word)
    if kind == "number" and value[0] not in "\"'" and (value[0] in "-0123456789" or _is_number_variable(value)):
        return Row(name, "known") if (sign, value) == (">=", "0") else Row(name, sign, value)
    return None


def _member(text: str) -> Row | None:
    found = _MEMBER.fullmatch(text)
    if found is None or found[1] not in VARIABLES or VARIABLES[found[1]].kind != "text":
        return None
    words = [_word(each) for each in re.findall(_STRING, found[2])]
    return Row(found[1], "in", ", ".join(words)) if not any("," in word or not word for word in words) else None


def _one_of(parts: Sequence[str]) -> Row | None:
    """Several words that one text may be, written as alternatives."""
    rows = [_compared(_bare(part)) for part in parts]
    first = rows[0]
    if len(rows) < 2 or first is None or any(row is None or row.comparison != "is" for row in rows):
        return None
    words = [row.value for row in rows if row is not None and row.variable == first.variable]
    return Row(first.variable, "in", ", ".join(words)) if len(words) == len(rows) else None


def _word(literal: str) -> str:
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


def _bare(text: str) -> str:
    """Without spaces and brackets around the whole."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes_at_the_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_the_end(text: str) -> bool:
    depth = 0
    for place, sign in _signs(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and place < len(text) - 1:
            return False
    return depth == 0


def _split(text: str, sign: str) -> list[str] | None:
    """The parts between a sign that stands outside all brackets; None when brackets do not match."""
    parts, start, depth = [], 0, 0
    for place, each in _signs(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(each, 0)
        if depth < 0:
            return None
        if depth == 0 and text.startswith(sign, place) and place >= start:
            parts.append(text[start:place])
            start = place + len(sign)
    return [*parts, text[start:]] if depth == 0 else None


def _signs(text: str) -> list[tuple[int, str]]:
    """The characters outside of texts, with their places."""
    quoted = [found.span() for found in re.finditer(_STRING, text)]
    inside = {place for first, last in quoted for place in range(first, last)}
    return [(place, each) for place, each in enumerate(text) if place not in inside]
