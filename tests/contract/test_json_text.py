"""JSON from outside is read, or refused with the place where it went wrong."""

import pytest

from app.contract.json_text import DEEPEST, identity_in, parse
from app.errors import Unprocessable


def test_json_is_read_from_text_and_bytes():
    assert parse('{"a": [1, 2.5, null]}') == parse(b'{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}


@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"a" 1}', "nul", '"\\ud800"', "9" * 5000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(Unprocessable) as caught:
        parse(text)

    assert caught.value.problems[0].pointer == ""
    assert "not valid JSON" in caught.value.detail


@pytest.mark.parametrize("depth", [DEEPEST + 2, 20_000])
def test_deep_nesting_is_refused_and_its_field_named(depth):
    text = '{"id": "a,]b", "workload": {"model": {"hf_config": ' + "[" * depth + "]" * depth + "}}}"

    with pytest.raises(Unprocessable) as caught:
        parse(text)

    assert caught.value.problems[0].pointer.startswith("/workload/model/hf_config")
    assert "nested too deeply" in caught.value.detail


def test_the_id_is_found_in_a_line_that_cannot_be_read():
    assert identity_in('{"id": "c7", "workload": {') == "c7"
    assert identity_in('{"workload": {') is None
