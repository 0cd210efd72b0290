"""A question survives the way into a link and back, and a link that is wrong says what is wrong."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.advice.constraints import Constraints, OwnedHardware
from app.contract.field_help import field_help
from app.contract.flat_query import ESTIMATE_PLACES, PLACES, decode, decode_estimate, encode, query_string
from app.contract.requests import RecommendRequest
from app.engine.workload import DatasetChoice, ModelChoice, Workload
from app.errors import Unprocessable

KNOWN = {"geforce-rtx-3090", "RTX 4090"}

words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True)
counts = st.integers(1, 10_000)
amounts = st.floats(1e-6, 1e15, allow_nan=False)


def maybe(strategy):
    return st.none() | strategy


owned = st.builds(OwnedHardware, accelerator=st.sampled_from(sorted(KNOWN)), count=counts) | st.builds(
    OwnedHardware, description=words | st.sampled_from(["two cards x2", '"quoted"', "RTX 4090"]), count=counts
)
models = st.one_of(
    st.builds(ModelChoice, name=words),
    st.builds(ModelChoice, parameters=st.floats(1, 1e14), architecture=maybe(st.just("cnn"))),
    st.builds(ModelChoice, hf_config=st.dictionaries(slugs, st.integers() | words | st.booleans(), max_size=3)),
)
requests = st.builds(
    RecommendRequest,
    workload=st.builds(
        Workload,
        task=st.sampled_from(["train", "learn", "inference"]),
        model=maybe(models),
        dataset=maybe(st.builds(DatasetChoice, name=maybe(words), samples=maybe(amounts), hours=maybe(amounts))),
        batch_size=maybe(counts),
        image_size=maybe(st.integers(1, 4096) | st.lists(st.integers(1, 4096), min_size=2, max_size=2)),
        concurrent_requests=maybe(counts | st.just("max")),
        compiled=maybe(st.booleans()),
        epochs=maybe(amounts),
    ),
    constraints=st.builds(
        Constraints,
        budget_usd=maybe(st.floats(0, 1e9, allow_nan=False)),
        vendors=maybe(st.lists(slugs, max_size=3)),
        existing_hardware=maybe(st.lists(owned, max_size=3)),
        considering=maybe(st.lists(owned, max_size=3)),
        portable=maybe(st.booleans()),
    ),
)


@given(requests)
def test_a_question_comes_back_from_its_link_unchanged(request):
    query = query_string(request)

    again = decode(parse_qsl(query, keep_blank_values=True), in_catalogue=KNOWN.__contains__)

    # a data set about which nothing is said is no data set
    silent = DatasetChoice()
    if request.workload.dataset == silent:
        request = request.model_copy(update={"workload": request.workload.model_copy(update={"dataset": None})})
    assert again == request


def test_hardware_is_a_catalogue_name_where_the_catalogue_knows_it_and_own_words_elsewhere():
    pairs = [("task", "train"), ("existing_hardware", "RTX 4090 x2"), ("existing_hardware", "my old card x3")]

    constraints = decode(pairs, in_catalogue=KNOWN.__contains__).constraints

    assert constraints.existing_hardware == [
        OwnedHardware(accelerator="RTX 4090", count=2),
        OwnedHardware(description="my old card", count=3),
    ]


@pytest.mark.parametrize(
    ("pairs", "pointer", "suggestion"),
    [
        ([("task", "train"), ("batchsize", "4")], "/batchsize", "batch_size"),
        ([("task", "trian")], "/workload/task", "train"),
        ([("task", "train"), ("batch_size", "-4")], "/workload/batch_size", None),
        ([("task", "train"), ("batch_size", "4"), ("batch_size", "8")], "/workload/batch_size", None),
        ([("task", "train"), ("epochs", "NaN")], "/workload/epochs", None),
        ([("task", "train"), ("epochs", "1e400")], "/workload/epochs", None),
        ([("task", "train"), ("hf_config", "{")], "/workload/model/hf_config", None),
        ([("task", "train"), ("existing_hardware", "RTX 4090 x0")], "/constraints/existing_hardware/0/count", None),
        ([("task", "train"), ("image_size", "1x2x3")], "/workload/image_size", None),
        ([], "/workload/task", None),
    ],
)
def test_a_field_that_is_wrong_is_named_with_the_nearest_names(pairs, pointer, suggestion):
    with pytest.raises(Unprocessable) as caught:
        decode(pairs, in_catalogue=KNOWN.__contains__)

    problem = next(problem for problem in caught.value.problems if problem.pointer == pointer)
    assert suggestion is None or suggestion in problem.suggestions


def test_all_wrong_fields_are_named_at_once():
    with pytest.raises(Unprocessable) as caught:
        decode([("taks", "train"), ("epochs", "-1"), ("quiet", "perhaps")], in_catalogue=bool)

    pointers = {problem.pointer for problem in caught.value.problems}
    assert pointers == {"/taks", "/workload/epochs", "/constraints/quiet", "/workload/task"}


def test_flat_fields_make_an_estimate_request_too():
    request = decode_estimate([("task", "train"), ("accelerator", "RTX 4090"), ("count", "2"), ("rows", "5")])

    assert request.hardware.count == 2
    assert request.workload.dataset.rows == 5


def test_every_field_of_a_question_has_a_place_and_a_sentence():
    places = {**PLACES, **ESTIMATE_PLACES}

    described = {name for part in field_help().values() for name in part}

    assert set(places) == described
    assert all(name in field_help()[path[0]] for name, path in places.items())


def test_two_fields_never_share_a_place():
    assert len(set(PLACES.values())) == len(PLACES)


def test_encoding_leaves_out_what_was_not_said():
    assert encode(RecommendRequest(workload=Workload(task="learn"))) == [("task", "learn")]
