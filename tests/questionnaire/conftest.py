"""Answers as a form sends them."""

import pytest

from app.questionnaire.answers import Answers
from app.questionnaire.to_workload import constraints_of, workload_of

KNOWN_MODELS = {"Llama-3.1-8B"}
KNOWN_HARDWARE = {"RTX 3090", "M1 Max"}


@pytest.fixture
def answers():
    def made(**values) -> Answers:
        pairs = [
            (name, one) for name, given in values.items() for one in ([given] if isinstance(given, str) else given)
        ]
        return Answers.of(pairs)

    return made


@pytest.fixture
def workload(answers):
    return lambda **values: workload_of(answers(**values), knows_model=KNOWN_MODELS.__contains__).model_dump(
        exclude_none=True
    )


@pytest.fixture
def constraints(answers):
    return lambda **values: constraints_of(answers(**values), knows_hardware=KNOWN_HARDWARE.__contains__).model_dump(
        exclude_none=True
    )
