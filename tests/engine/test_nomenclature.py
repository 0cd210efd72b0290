import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from app.engine.hardware import Plan
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.result import Pace

TEXT = (Path(__file__).parents[2] / "docs" / "nomenclature.md").read_text("utf-8")
TERMS = [match.groups() for match in re.finditer(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)]


@pytest.mark.parametrize("kind", [TransformerSpec, Plan, Pace], ids=lambda kind: kind.__name__)
def test_every_field_of_a_value_object_is_defined(kind):
    assert {field.name for field in fields(kind)} <= {term for term, _, _ in TERMS}


def test_every_term_is_defined_once_with_a_unit():
    assert [term for term, count in Counter(term for term, _, _ in TERMS).items() if count > 1] == []
    assert all(unit.strip() and meaning.strip() for _, unit, meaning in TERMS)


def test_every_term_is_in_use():
    used = {field.name for kind in (TransformerSpec, Plan, Pace, Job) for field in fields(kind)}

    assert {term for term, _, _ in TERMS} <= used


@pytest.mark.parametrize(("suffix", "unit"), [("_s", "s"), ("_tokens_per_s", "tokens/s")])
def test_the_unit_in_a_name_is_the_unit_of_its_definition(suffix, unit):
    units = {term: given.strip() for term, given, _ in TERMS if term.endswith(suffix)}

    assert units
    assert all(given.endswith(unit) for given in units.values())
