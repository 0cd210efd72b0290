"""The question of an address: the answers of the guided path, or the flat fields of a link."""

from collections.abc import Sequence

from app.catalogue.name_matches import Match
from app.catalogue.names import NameIndex
from app.catalogue.snapshot import Snapshot
from app.contract.flat_query import decode
from app.contract.requests import RecommendRequest
from app.questionnaire.answers import Answers
from app.questionnaire.flow import sound
from app.questionnaire.to_workload import Known, constraints_of, workload_of

GUIDED_FIELD = "goal"
"""The first question: an address that answers it is one of the guided path."""

Pairs = Sequence[tuple[str, str]]


def is_guided(pairs: Pairs) -> bool:
    """Whether an address holds answers of the guided path."""
    return any(name == GUIDED_FIELD for name, _ in pairs)


def guided_answers(pairs: Pairs) -> Answers:
    """The answers that can be read; none for an address of another kind."""
    return sound(Answers.of(pairs)) if is_guided(pairs) or not pairs else Answers()


def guided_request(pairs: Pairs, catalogue: Snapshot) -> RecommendRequest:
    """The question that guided answers ask."""
    answers = guided_answers(pairs)
    return RecommendRequest(
        workload=workload_of(answers, knows_model=knows(catalogue.model_names)),
        constraints=constraints_of(answers, knows_hardware=knows(catalogue.hardware_names)),
    )


def request_of(pairs: Pairs, catalogue: Snapshot) -> RecommendRequest:
    """The question that an address asks; nothing asked is learning."""
    if is_guided(pairs) or not pairs:
        return guided_request(pairs, catalogue)
    return decode(pairs, in_catalogue=knows(catalogue.hardware_names))


def knows(names: NameIndex) -> Known:
    """Whether the catalogue knows a name."""
    return lambda name: isinstance(names.resolve(name), Match)
