"""Whatever is asked, within the description or beyond it: an answer or a problem with its place, and never a fault."""

import json
import math
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.contract.flat_query import PLACES

WORDS = [
    "RTX 4090",
    "l4",
    "resnet-50",
    "llama-3.1-8b",
    "xgboost",
    "imagenet-1k",
    "aws",
    "DE",
    "NVIDIA",
    "linux",
    "x2",
    "",
]
EDGES = st.sampled_from(
    [0, 1, -1, 7, 1e6, 1e18, 1e300, 0.5, 10**30, True, None, "max", "\x00", "ﬁ" * 40, [], {}, "\u202e"]
)
TEXT = st.sampled_from(WORDS) | st.text(string.printable + "é–😀", max_size=12)
ADDRESSES = {"/recommend": "RecommendRequest", "/estimate": "EstimateRequest", "/fit": "FitRequest"}
OFTEN = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def schemas(client) -> dict[str, Any]:
    return client.get("/openapi.json").json()["components"]["schemas"]


def values(schema: dict[str, Any], schemas: dict[str, Any], *, wild: bool) -> st.SearchStrategy:
    """Values of a schema, with now and then another one where ``wild``."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    sound = _sound(schema, schemas, wild=wild)
    return st.one_of(sound, sound, sound, EDGES) if wild else sound


def _sound(schema: dict[str, Any], schemas: dict[str, Any], *, wild: bool) -> st.SearchStrategy:
    inner = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if inner:
        return st.one_of(*(values(one, schemas, wild=wild) for one in inner))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    low, high = schema.get("minimum", schema.get("exclusiveMinimum", 0)), schema.get("maximum", 1e9)
    if kind == "object" and "properties" in schema:
        needed = set(schema.get("required", ()))
        fields = {name: values(one, schemas, wild=wild) for name, one in schema["properties"].items()}
        required = {name: fields.pop(name) for name in needed}
        return st.fixed_dictionaries(required, optional=fields).map(lambda found: _few(found, needed))
    if kind == "array":
        return st.lists(values(schema.get("items", {}), schemas, wild=wild), max_size=2)
    simple = {
        "integer": st.integers(int(low), int(min(high, 1e9))) | st.integers(1, 64),
        "number": st.floats(max(low, 1e-6), min(high, 1e12)) | st.floats(1, 100),
        "boolean": st.booleans(),
        "string": TEXT,
    }
    return simple.get(kind, EDGES)


def _few(found: dict[str, Any], needed: set[str]) -> dict[str, Any]:
    """The fields that must be there, and a handful of the others: more of them hide each other's faults."""
    others = sorted(name for name in found if name not in needed)
    return {name: found[name] for name in [*needed, *others[:: max(1, len(others) // 5)]]}


def faults(value: Any) -> list[Any]:
    """Numbers that no answer may hold: endless ones, and intervals out of order."""
    if isinstance(value, dict):
        own = [value] if {"low", "expected", "high"} <= set(value) and not _ordered(value) else []
        return own + [one for inner in value.values() for one in faults(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in faults(inner)]
    return [value] if isinstance(value, float) and not math.isfinite(value) else []


def _ordered(interval: dict[str, float]) -> bool:
    return 0 <= interval["low"] <= interval["expected"] * (1 + 1e-6) <= interval["high"] * (1 + 2e-6)


def checked(answer) -> None:
    assert answer.status_code in {200, 413, 422}, answer.text
    told = json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    if answer.status_code == 200:
        assert faults(told) == []
    elif answer.status_code == 422:
        assert all(error["detail"] and error["pointer"][:1] in {"", "/"} for error in told["errors"])


@pytest.mark.parametrize("wild", [False, True], ids=["as described", "beyond it"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_no_body_is_a_fault(client, schemas, path, wild):
    @OFTEN
    @given(values(schemas[ADDRESSES[path]], schemas, wild=wild))
    def ask(body):
        checked(client.post(path, content=json.dumps(body), headers={"content-type": "application/json"}))

    ask()


@pytest.mark.parametrize("path", ["/recommend", "/result", "/q/goal", "/embed", "/badge.svg"])
def test_no_address_is_a_fault(client, path):
    names = st.sampled_from([*PLACES, "goal", "type", "size", "data", "fields", "zzz"])
    texts = TEXT | st.sampled_from(["train", "inference", "1e9", "-1", "true", '{"a": 1}', "224,224", "GTX 1080 x2"])

    @OFTEN
    @given(st.lists(st.tuples(names, texts), max_size=6), st.sampled_from(["train", "inference", "learn", "trian"]))
    def ask(pairs, task):
        answer = client.get(path, params=[("task", task), *pairs], headers={"accept": "application/json"})

        assert answer.status_code in {200, 303, 404, 422}, answer.text

    ask()
