"""What a person answered."""

import pytest

from app.questionnaire import flow
from app.questionnaire.answers import Answers, Card
from app.web.describe import lines


def test_answers_survive_the_journey_through_an_address(answers):
    given = answers(goal="adapt", domain="photos", tick=["linux", "quiet"], card_name=["A", "B"], card_count=["2", ""])

    assert Answers.of(given.pairs()) == given
    assert given.cards == (Card("A", 2), Card("B", 1))


def test_fields_nobody_asks_for_are_left_out(answers):
    assert answers(goal="adapt", colour="red").values == {"goal": ("adapt",)}


def test_what_was_typed_wins_over_what_was_chosen(answers):
    assert answers(rows=["100k_1m", "250000"]).get("rows") == "250000"
    assert answers(rows=["100k_1m", ""]).get("rows") == "100k_1m"


@pytest.mark.parametrize(
    ("step", "given", "field", "error"),
    [
        ("goal", {}, "goal", "Choose what you want to do"),
        (
            "size",
            {"goal": "adapt", "domain": "tables", "rows": "lots"},
            "rows",
            "Enter the number of rows, like 250000",
        ),
        ("size", {"goal": "use", "domain": "text", "model": "named"}, "model_name", "Enter the name of the model"),
        ("have", {"goal": "learn", "have": "gpu"}, "card", "Enter the name of your graphics card"),
        ("limits", {"goal": "learn", "once_usd": "-5"}, "once_usd", "Enter a budget of 0 or more"),
        ("limits", {"goal": "learn", "country": "Atlantis"}, "country", "Choose a country"),
        ("limits", {"goal": "learn", "tick": "waterproof"}, "tick", "Tick only"),
    ],
)
def test_what_is_missing_or_wrong_is_said_by_field(answers, step, given, field, error):
    asked = answers(**given)

    found = flow.open_fields(flow.question_of(step, asked), asked)

    assert list(found) == [field]
    assert found[field].startswith(error)


def test_numbers_are_repeated_as_they_were_understood(answers):
    told = lines(answers(goal="adapt", domain="tables", rows="20k", once_usd="EUR 500", system_memory_gb="24gb"))
    texts = {line.name: line.text for line in told}

    assert texts["Size of the tables"] == "20,000 rows"
    assert texts["Most you want to spend once"] == "$550 (EUR 500)"
    assert texts["Memory of the computer (RAM)"] == "24 GB"


def test_what_nobody_said_is_marked_as_assumed(answers):
    told = lines(answers(goal="adapt", domain="photos", pictures="unknown", have="nothing"))

    assert [line.text for line in told if line.assumed] == [
        "20,000 pictures",
        "Pictures of normal size (224 pixels)",
        "A few times a month",
    ]
