"""Which questions are asked, given the answers so far, and in which order."""

from app.questionnaire.answers import Answers, problems
from app.questionnaire.questions import STEPS, Condition, Field, Question, notices, questions


def holds(when: Condition | None, answers: Answers) -> bool:
    """Whether the answers meet a condition."""
    return all(_meets(answers.get(name), values) for name, values in (when or {}).items())


def question_of(step: str, answers: Answers) -> Question | None:
    """The question that a step asks; None when the step is skipped."""
    if step == "size" and not _knows_the_domain(answers):
        return None
    found = next((each for each in questions() if each.step == step and holds(each.when, answers)), None)
    if found is None or found.step in {"goal", "have", "limits"}:
        return found
    return found if _works_on_something(answers) else None


def fields_of(question: Question, answers: Answers) -> tuple[Field, ...]:
    """The fields that a question asks, given the other answers."""
    return tuple(each for each in question.fields if holds(each.when, answers))


def path(answers: Answers) -> tuple[Question, ...]:
    """Every question that is asked, in order."""
    return tuple(found for step in STEPS if (found := question_of(step, answers)) is not None)


def steps_of(answers: Answers) -> int:
    """How many questions there are; while nobody said what it works on, the one about its size is counted in."""
    asked = len(path(answers))
    return asked + (_works_on_something(answers) and not answers.get("domain") and question_of("size", answers) is None)


def after(step: str, answers: Answers) -> str | None:
    """The next step; None after the last."""
    return next((each.step for each in path(answers) if STEPS.index(each.step) > STEPS.index(step)), None)


def before(step: str, answers: Answers) -> str | None:
    """The step before; None at the first."""
    earlier = [each.step for each in path(answers) if STEPS.index(each.step) < STEPS.index(step)]
    return earlier[-1] if earlier else None


def open_step(answers: Answers) -> str | None:
    """The first step whose answers are missing or wrong; None when all is well."""
    return next((each.step for each in path(answers) if open_fields(each, answers)), None)


def open_fields(question: Question, answers: Answers) -> dict[str, str]:
    """What is missing or wrong in the answers to a question: field id to what to do about it."""
    asked = {each.id for each in fields_of(question, answers)}
    return {name: error for name, error in problems(question, answers).items() if name in asked}


def sound(answers: Answers) -> Answers:
    """The answers without those that cannot be read and without those to questions that are not asked."""
    good: dict[str, tuple[str, ...]] = {}
    for question in path(answers):
        wrong = open_fields(question, answers)
        for each in fields_of(question, answers):
            if each.id not in wrong:
                good |= {name: answers.values[name] for name in each.names if name in answers.values}
    return Answers(good)


def notice(step: str, answers: Answers) -> str:
    """What the page of a step opens with; "" when there is nothing to say."""
    return next((each.text for each in notices() if each.step == step and holds(each.when, answers)), "")


def _works_on_something(answers: Answers) -> bool:
    """Learners, and those who do not know what they want to do, are asked only what they have and what limits them."""
    return answers.get("goal") not in {"learn", "unknown"}


def _knows_the_domain(answers: Answers) -> bool:
    """A person who does not know what it works on cannot say how much of it; those who build choose a size anyway."""
    return answers.get("domain") not in {"unknown", "several"} or answers.get("goal") == "build"


def _meets(value: str, values: tuple[str, ...]) -> bool:
    refused = {each[1:] for each in values if each.startswith("!")}
    if refused:
        return value not in refused
    return value in values
