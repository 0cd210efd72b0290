import pytest

from app.admin import rule_forms
from app.admin.rule_builder import Built, Row, built, condition, problems, unit_of
from app.advice.facts import VARIABLES
from app.advice.rules import compile_condition
from app.catalogue.seed import POLICY
from tests.factories_policy import rules_of

RULES = rules_of(POLICY)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["slug"])
def test_what_has_rows_says_the_same_as_text(rule):
    made = built(rule["condition"])
    if made is None:
        return
    text = condition(made)

    assert problems(made) == []
    assert built(text) == made
    assert compile_condition(text).text == rule["condition"]


def test_most_rules_have_rows():
    assert sum(built(rule["condition"]) is not None for rule in RULES) >= 40


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "need.cpu_hours * 2 > 8",
        'workload.task == "learn" && (need.cpu_hours > 1 || workload.training)',
        "need.nothing > 1",
        "workload.task > 3",
        "(need.cpu_hours > 1",
        'workload.task in ["a,b"]',
    ],
)
def test_what_is_too_free_for_rows_stays_text(text):
    assert built(text) is None


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (Row("need.box_hours", ">", "2 weeks"), "need.box_hours > 336"),
        (Row("need.memory_gib", ">=", "24 GiB"), "need.memory_gib >= 24"),
        (Row("constraints.budget_usd", "<=", "$1,500"), "constraints.budget_usd <= 1500"),
        (Row("need.cpu_hours", "!>", "8"), "!(need.cpu_hours > 8)"),
        (Row("need.cpu_hours", "unknown"), "!(need.cpu_hours >= 0)"),
        (Row("need.box_hours", ">", "constraints.deadline_hours"), "need.box_hours > constraints.deadline_hours"),
        (Row("workload.task", "in", "train, finetune"), 'workload.task in ["train", "finetune"]'),
        (Row("workload.task", "is", 'a "word"'), 'workload.task == "a \\"word\\""'),
        (Row("workload.framework", "not-given"), 'workload.framework == ""'),
        (Row("workload.training", "no"), "!workload.training"),
    ],
)
def test_a_row_becomes_a_condition(row, text):
    assert problems(Built("all", (row,))) == []
    assert condition(Built("all", (row,))) == text
    compile_condition(text)


def test_rows_are_told_where_they_are_wrong():
    made = Built(
        "all",
        (
            Row("", ">", "3"),
            Row("workload.task", ">=", "3"),
            Row("need.cpu_hours", ">=", "long"),
            Row("need.cpu_hours", ">=", "need.box_hour"),
        ),
    )

    found = problems(made)

    assert [each.pointer for each in found] == [
        "/row-0-variable", "/row-1-comparison", "/row-2-value", "/row-3-value",
    ]  # fmt: skip
    assert "need.box_hours" in found[3].suggestions


def test_every_number_with_a_unit_in_its_name_tells_it():
    assert unit_of("workload.parameters_b") == "billions"
    assert {unit_of(name) for name, each in VARIABLES.items() if each.kind != "number"} == {""}


FORM = {"shown_condition": "need.cpu_hours > 1", "condition": "need.cpu_hours > 1", "rows": "1", "joined": "all"}
ROW = {"row-0-variable": "need.cpu_hours", "row-0-comparison": ">", "row-0-value": "1"}


def test_the_side_that_was_changed_counts():
    nothing = rule_forms.entered({**FORM, **ROW})
    rows = rule_forms.entered({**FORM, **ROW, "row-0-value": "2 days"})
    text = rule_forms.entered({**FORM, **ROW, "condition": "need.cpu_hours > 3"})
    both = rule_forms.entered({**FORM, **ROW, "row-0-value": "2", "condition": "need.cpu_hours > 3"})

    assert nothing.text == "need.cpu_hours > 1"
    assert rows.text == "need.cpu_hours > 48"
    assert text.text == "need.cpu_hours > 3"
    assert text.made.rows[0].value == "3"
    assert "both changed" in both.problems[0].detail


def test_a_text_that_nobody_touched_is_not_rewritten():
    loose = "need.cpu_hours>1   &&   ( workload.training )"
    form = {**FORM, "shown_condition": loose, "condition": loose, "rows": "2", **ROW}
    form |= {"row-1-variable": "workload.training", "row-1-comparison": "yes", "row-1-value": ""}

    assert rule_forms.entered(form).text == loose
