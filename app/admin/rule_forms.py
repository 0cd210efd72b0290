"""The condition of a rule as two sides of one form, rows and text: the side that was changed counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.admin.forms import ErrorLine, FormField, Option, error_lines, options, target_of, told
from app.admin.rule_builder import ALL, ANY, COMPARISONS, Built, Row, built, condition, problems, unit_of
from app.advice.facts import CONSTRAINTS, DECISION, NEED, VARIABLES, WORKLOAD, Variable
from app.field_problems import FieldProblem

MOST_ROWS = 30
ADD_ROW, REMOVE_ROW = "add-row", "remove-row-"
_GROUPS = {
    "The work needs": NEED,
    "What is asked": WORKLOAD,
    "What limits it": CONSTRAINTS,
    "Decided already": DECISION,
}
_COMPARISON_GROUPS = {"number": "Numbers", "text": "Words", "yes or no": "Yes or no"}


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Some values to choose under one heading."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """The controls of one comparison."""

    number: int
    variables: tuple[OptionGroup, ...]
    comparisons: tuple[OptionGroup, ...]
    value: str
    unit: str
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuilderView:
    """Both sides of a condition."""

    too_free: bool
    joined: tuple[Option, ...]
    rows: tuple[RowView, ...]
    text: FormField
    shown: str
    """The condition as this page shows it: what differs from it was changed."""
    words: str
    """The condition in words."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A condition as it was entered."""

    text: str
    made: Built | None
    problems: tuple[FieldProblem, ...] = ()


def entered(form: Mapping[str, str]) -> Entered:
    """The condition that a form means."""
    before, text = form.get("shown_condition", ""), form.get("condition", "")
    was, rows = built(before), _rows(form)
    rows_changed = "rows" in form and _said(rows) != _said(was or Built(ALL, ()))
    text_changed = text.strip().replace("\r\n", "\n") != before.strip().replace("\r\n", "\n")
    if rows_changed and text_changed:
        detail = "The rows and the text were both changed: take back one of the two"
        return Entered(text, rows, (FieldProblem("/condition", detail),))
    if not rows_changed:
        return Entered(text, built(text) if text_changed or "rows" not in form else rows)
    wrong = problems(rows)
    return Entered(before if wrong else condition(rows), rows, tuple(wrong))


def view(known: Entered, *, add_row: bool = False, wrong: tuple[FieldProblem, ...] = ()) -> BuilderView:
    """Both sides, with what is wrong at its control."""
    made = known.made
    rows = list(made.rows) if made else []
    if made is not None and (add_row or not rows):
        rows.append(Row())
    places = [f"row-{n}-{part}" for n in range(len(rows)) for part in ("variable", "comparison", "value")]
    names = ["condition", *places]
    errors = {target_of(problem, names): told(problem) for problem in (*known.problems, *wrong)}
    joined = made.joined if made else ALL
    labels = {ALL: "All of these hold", ANY: "Any of these holds"}
    return BuilderView(
        too_free=made is None,
        joined=options((ALL, ANY), joined, labels=labels),
        rows=tuple(_row_view(number, row, errors) for number, row in enumerate(rows[:MOST_ROWS])),
        text=FormField("condition", "Condition", "long", known.text, error=errors.get("condition", "")),
        shown=known.text,
        words=in_words(made) if made and not problems(made) else "",
    )


def lines(known: Entered, *, wrong: tuple[FieldProblem, ...] = ()) -> tuple[ErrorLine, ...]:
    """The lines of the error summary."""
    number = len(known.made.rows) if known.made else 0
    places = [f"row-{n}-{part}" for n in range(number) for part in ("variable", "comparison", "value")]
    return error_lines([*known.problems, *wrong], ["condition", *places])


def in_words(made: Built) -> str:
    """Rows as a sentence for people."""
    told_rows = [_row_in_words(row) for row in made.rows if row.variable]
    return (" and " if made.joined == ALL else ", or ").join(told_rows)


def _row_in_words(row: Row) -> str:
    variable = VARIABLES[row.variable]
    other = VARIABLES.get(row.value)
    value = f"({other.meaning})" if other else row.value
    unit = "" if other else unit_of(row.variable)
    words = COMPARISONS[variable.kind].get(row.comparison, "")
    said = _short(variable.name) if variable.kind == "text" else variable.meaning
    return " ".join(part for part in (f"({said})", words, value, unit if value else "") if part)


def _rows(form: Mapping[str, str]) -> Built:
    count = form.get("rows", "0")
    number = min(int(count), MOST_ROWS) if count.isdecimal() and len(count) < 4 else 0
    gone = form.get("do", "").removeprefix(REMOVE_ROW)
    rows = (
        Row(*(form.get(f"row-{n}-{part}", "").strip() for part in ("variable", "comparison", "value")))
        for n in range(number)
        if str(n) != gone
    )
    joined = form.get("joined", ALL)
    return Built(joined if joined in {ALL, ANY} else ALL, tuple(row for row in rows if row.variable or row.value))


def _said(made: Built) -> tuple[object, ...]:
    """What counts of rows: how one is joined to nothing says nothing."""
    return (made.joined if len(made.rows) > 1 else ALL, made.rows)


def _row_view(number: int, row: Row, errors: Mapping[str, str]) -> RowView:
    parts = ("variable", "comparison", "value")
    return RowView(
        number=number,
        variables=tuple(_variables(label, group, row.variable) for label, group in _GROUPS.items()),
        comparisons=tuple(
            OptionGroup(_COMPARISON_GROUPS[kind], options(list(words), row.comparison, labels=words))
            for kind, words in COMPARISONS.items()
        ),
        value=row.value,
        unit=unit_of(row.variable),
        errors=tuple(errors[f"row-{number}-{part}"] for part in parts if f"row-{number}-{part}" in errors),
    )


def _variables(label: str, group: tuple[Variable, ...], chosen: str) -> OptionGroup:
    labels = {each.name: f"{_short(each.name)}: {each.meaning}" for each in group}
    return OptionGroup(label, options(list(labels), chosen, labels=labels))


def _short(name: str) -> str:
    """A variable by its own name, without what it is of."""
    return name.partition(".")[2].replace("_", " ")
