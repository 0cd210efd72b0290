"""What the answers mean."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from app.questionnaire.answers import Answers
from app.questionnaire.questions import field_names, questions
from app.questionnaire.to_workload import constraints_of, workload_of

OPTIONS = {
    name: [
        option.id
        for question in questions()
        for field in question.fields
        if field.id == name
        for option in field.options
    ]
    for name in sorted(field_names())
}
WRITTEN = st.text(max_size=12) | st.from_regex(r"-?[0-9]{1,16}([.,][0-9]{1,3})? ?(k|M|b|GB|h|EUR)?", fullmatch=True)
ANYTHING = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(ids) | WRITTEN if ids else WRITTEN for name, ids in OPTIONS.items()}
)


def test_a_course_is_a_course(workload):
    assert workload(goal="learn") == workload(goal="unknown") == workload() == {"task": "learn"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"goal": "adapt", "domain": "tables", "rows": "250000"}, {"task": "classical", "dataset": {"rows": 250_000}}),
        ({"goal": "adapt", "domain": "photos", "pictures": "20k_500k"}, {"task": "train", "domain": "vision"}),
        ({"goal": "adapt", "domain": "unknown"}, {"task": "train", "domain": "vision"}),
        ({"goal": "adapt", "domain": "make_pictures", "picture_px": "1024"}, {"task": "finetune", "image_size": 1024}),
        ({"goal": "adapt", "domain": "medical_3d", "scan_size": "512"}, {"task": "train", "depth": 128}),
        ({"goal": "adapt", "domain": "rl", "sees": "numbers"}, {"task": "train", "observations": "vector"}),
        ({"goal": "use", "domain": "make_video", "video_seconds": "5"}, {"task": "inference", "frames": 80}),
        ({"goal": "use", "domain": "science", "length": "280"}, {"task": "inference", "sequence_length": 280}),
        ({"goal": "use", "domain": "sound", "hours_per_month": "20"}, {"dataset": {"hours": 20}}),
        ({"goal": "use", "domain": "sound", "sound_made": "speech"}, {"model": {"name": "orpheus-3b"}}),
        ({"goal": "use", "domain": "text", "text_length": "books"}, {"sequence_length": 131_072}),
        ({"goal": "build", "domain": "unknown"}, {"task": "pretrain", "domain": "text"}),
        ({"goal": "build", "domain": "text", "amount": "20B"}, {"dataset": {"tokens": 20e9}}),
        ({"goal": "build", "domain": "science", "amount": "10.3M"}, {"dataset": {"samples": 10.3e6}}),
        ({"goal": "build", "domain": "tables", "rows": "over_50m"}, {"task": "classical"}),
    ],
)
def test_each_goal_and_domain_becomes_a_task(workload, given, expected):
    made = workload(**given)

    assert {name: made.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Llama-3.1-8B", {"name": "Llama-3.1-8B"}),
        ("acme/chatty-13b", {"parameters": 13e9, "architecture": "decoder"}),
        ("chatty-8x7b", {"parameters": 46.48e9, "architecture": "decoder"}),
        ("chatty", {"name": "chatty"}),
    ],
)
def test_a_named_model_is_looked_up_and_else_judged_by_the_size_in_its_name(workload, name, model):
    assert workload(goal="adapt", domain="text", model="named", model_name=name)["model"] == model


def test_how_often_counts_runs_for_training_and_hours_for_using(workload):
    common = {"domain": "text", "frequency": "most_days"}

    assert workload(goal="adapt", **common)["runs_per_month"] == 20
    assert workload(goal="use", **common)["hours_per_month"] == 160
    assert workload(goal="serve", people="50", **common) | {
        "hours_per_month": 730,
        "concurrent_requests": 50,
    } == workload(goal="serve", people="50", **common)


def test_an_unknown_size_is_left_to_the_engine(workload):
    given = {"goal": "adapt", "domain": "photos", "pictures": "unknown", "frequency": "unknown", "have": "unknown"}

    assert workload(**given) == {"task": "train", "domain": "vision"}


def test_hardware_is_a_catalogue_name_where_it_is_one(constraints):
    owned = constraints(goal="learn", have="gpu", card_name=["RTX 3090", "old card"], card_count=["2", ""])

    assert owned["existing_hardware"] == [
        {"accelerator": "RTX 3090", "count": 2},
        {"description": "old card", "count": 1},
    ]
    assert constraints(goal="learn", have="mac", which="M1 Max")["existing_hardware"][0]["accelerator"] == "M1 Max"
    assert constraints(goal="learn", have="mac")["existing_hardware"][0]["description"] == "Mac"
    assert "laptop" in constraints(goal="learn", have="laptop")["existing_hardware"][0]["description"]


def test_limits_become_constraints(constraints):
    ticks = ["portable", "quiet", "on_premises", "linux", "second_hand", "shared", "guaranteed"]

    made = constraints(goal="adapt", domain="photos", run_limit="night", once_usd="EUR 3000", country="DE", tick=ticks)

    assert made == {
        "budget_usd": pytest.approx(3300),
        "deadline_hours": 10,
        "portable": True,
        "os": "linux",
        "country": "DE",
        "quiet": True,
        "on_premises_only": True,
        "used_ok": True,
        "spot_ok": False,
        "people": 3,
    }


def test_no_budget_is_not_a_budget_of_nothing(constraints):
    assert "budget_usd" not in constraints(goal="learn")
    assert constraints(goal="learn", once_usd="0")["budget_usd"] == 0


@for_any(ANYTHING, st.booleans())
def test_whatever_is_written_becomes_a_valid_request(written, known):
    answers = Answers.of(written.items())

    assert Answers.of(answers.pairs()) == answers
    assert workload_of(answers, knows_model=lambda _: known).task
    assert constraints_of(answers, knows_hardware=lambda _: known) is not None


def test_a_day_by_which_results_are_needed_limits_one_run(constraints):
    soon = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()
    asked = {"goal": "adapt", "domain": "photos", "results_by": soon}

    assert constraints(**asked)["deadline_hours"] == 48
    assert constraints(**asked, run_limit="night")["deadline_hours"] == 10
    assert "deadline_hours" not in constraints(**asked | {"results_by": "2020-01-01"})
