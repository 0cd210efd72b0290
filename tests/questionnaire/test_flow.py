"""Which questions are asked."""

import pytest

from app.questionnaire import flow
from app.questionnaire.questions import STEPS, questions


def steps(answers):
    return [question.step for question in flow.path(answers)]


@pytest.mark.parametrize("goal", ["learn", "unknown"])
def test_a_learner_is_asked_only_what_they_have_and_what_limits_them(answers, goal):
    assert steps(answers(goal=goal)) == ["goal", "have", "limits"]


def test_everybody_else_is_asked_six_questions(answers):
    assert steps(answers(goal="adapt", domain="photos")) == list(STEPS)


@pytest.mark.parametrize("domain", ["unknown", "several"])
def test_who_does_not_know_what_it_works_on_is_not_asked_how_much(answers, domain):
    assert "size" not in steps(answers(goal="adapt", domain=domain))
    assert "size" in steps(answers(goal="build", domain=domain))


def test_the_size_is_asked_in_words_that_suit_the_domain(answers):
    titles = {
        domain: flow.question_of("size", answers(goal="adapt", domain=domain)).title
        for domain in (
            "tables",
            "photos",
            "text",
            "make_pictures",
            "make_video",
            "sound",
            "medical_3d",
            "rl",
            "science",
        )
    }

    assert len(set(titles.values())) == len(titles)
    assert titles["tables"] == "How many rows do your tables have?"


def test_a_service_is_asked_for_people_and_not_for_a_time_limit(answers):
    asked = answers(goal="serve", domain="text")
    fields = [field.id for field in flow.fields_of(flow.question_of("frequency", asked), asked)]

    assert fields == ["frequency", "people"]


def test_few_rows_may_stop_early(answers):
    assert "stop here" in flow.notice("frequency", answers(goal="adapt", domain="tables", rows="under_100k"))
    assert flow.notice("frequency", answers(goal="adapt", domain="tables", rows="over_50m")) == ""


def test_each_step_leads_to_the_next_that_is_asked(answers):
    learner = answers(goal="learn")

    assert flow.after("goal", learner) == "have"
    assert flow.before("have", learner) == "goal"
    assert flow.after("limits", learner) is None
    assert flow.before("goal", learner) is None


def test_answers_to_questions_that_are_no_longer_asked_are_dropped(answers):
    changed = flow.sound(answers(goal="learn", domain="photos", pictures="under_1k", have="laptop"))

    assert set(changed.values) == {"goal", "have"}


def test_every_required_choice_offers_i_do_not_know_and_says_what_is_assumed():
    choices = [
        field for question in questions() for field in question.fields if field.kind == "choice" and field.required
    ]

    assert [field.id for field in choices if field.label_of("unknown") is None or not field.assumed] == []
