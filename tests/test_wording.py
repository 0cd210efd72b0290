"""Every reason that the advice can give has a sentence, and every sentence belongs to a reason."""

import ast
import re
from pathlib import Path

import pytest

from app.advice.reasons import Reason
from app.wording import FORMATS, RULE_CODE, sentence, sentences, templates

ADVICE = Path(__file__).parents[1] / "app/advice"
PLACE = re.compile(r"\{([a-z_0-9.]+)(?::([^{}]*))?\}")
CODE_WORD = re.compile(r"[a-z]+_[a-z_0-9]*")


def literals():
    """Texts in the advice's code: whole ones, and those with places as patterns."""
    exact, patterns = set(), set()
    for path in ADVICE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                exact.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z_0-9]*" for part in node.values
                ]
                if CODE_WORD.fullmatch("".join(str(p.value) for p in node.values if isinstance(p, ast.Constant))):
                    patterns.add("".join(parts))
    return exact, patterns


def raised_codes():
    """Codes given to Reason(...) or to note, warning and problem: whole ones, and patterns of those put together."""
    exact, patterns = set(), set()
    for path in ADVICE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id not in {"Reason", "note", "warning", "problem"}:
                continue
            for code in (node.args[0], *getattr(node.args[0], "__dict__", {}).values()):
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    exact.add(code.value)
                elif isinstance(code, ast.JoinedStr):
                    parts = (
                        "[a-z_0-9]*" if not isinstance(p, ast.Constant) else re.escape(p.value) for p in code.values
                    )
                    patterns.add("".join(parts))
    return exact - {RULE_CODE}, patterns


def test_every_code_that_is_raised_has_a_sentence():
    exact, patterns = raised_codes()
    missing = sorted(code for code in exact if code not in templates())
    unmatched = sorted(p for p in patterns if not any(re.fullmatch(p, code) for code in templates()))

    assert (missing, unmatched) == ([], [])
    assert len(exact) > 80


def test_every_sentence_belongs_to_a_code_in_the_advice():
    exact, patterns = literals()
    unused = [code for code in templates() if code not in exact and not any(re.fullmatch(p, code) for p in patterns)]

    assert unused == []


def test_a_sentence_has_known_formats_and_plain_places():
    places = {code: PLACE.findall(text) for code, text in templates().items()}
    formats = {how for found in places.values() for _, how in found if not how.startswith("plural ")}

    assert formats <= {"", *FORMATS}
    assert [code for code, text in templates().items() if text.count("{") != len(places[code])] == []
    assert [code for code, text in templates().items() if "  " in text or text.endswith(" ")] == []


def test_places_are_filled_in_the_way_they_ask_for():
    reason = Reason("rule", {"sentence": "{a:gib}, {b:duration}, {c:plural card}, {d}, {e}, {f.g:usd}", "a": 9.44, "b": 26.0,
                             "c": 2, "d": None, "e": 1234, "f.g": 3.5})  # fmt: skip

    assert sentence(reason) == "9.4 GiB, 26 h, 2 cards, unknown, 1,234, $3.50"


def test_a_word_is_counted_as_its_number_is_told():
    told = "{a:plural request}, {b:plural hour}, {c:plural hour}, {d:plural entry|entries}"

    assert sentence(Reason("rule", {"sentence": told, "a": 1, "b": 1.04, "c": 123.4, "d": 0})) == (
        "1 request, 1 hour, 120 hours, 0 entries"
    )


def test_a_place_cannot_reach_into_an_object():
    with pytest.raises(KeyError):
        sentence(Reason("rule", {"sentence": "{need.__class__}", "need": "x"}))


def test_several_reasons_make_one_paragraph():
    reasons = [Reason("rule", {"sentence": text}) for text in ("One.", "Two.")]

    assert sentences(reasons) == "One. Two."
