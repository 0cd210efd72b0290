"""Numbers for people: short, with a unit, and never zero for what is unknown."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import formatting

sizes = st.floats(1e-9, 1e18, allow_nan=False)


def test_the_examples_in_the_docstrings_hold():
    result = doctest.testmod(formatting)

    assert result.attempted >= 20
    assert result.failed == 0


@pytest.mark.parametrize(
    "tell",
    [formatting.number, formatting.gib, formatting.usd, formatting.duration, formatting.percent, formatting.flops],
)
def test_unknown_is_said_to_be_unknown(tell):
    assert tell(None) == "unknown"


@pytest.mark.parametrize("tell", [formatting.between, formatting.usd_between, formatting.duration_between])
def test_half_an_interval_is_unknown(tell):
    assert tell(None, 2.0) == "unknown"


@given(sizes)
def test_a_number_keeps_its_size_to_two_figures(value):
    text = formatting.number(value).replace(",", "").replace(" x 10^", "e")

    assert float(text) == pytest.approx(value, rel=0.051)


@given(st.floats(1e-7, 1e6))
def test_a_duration_always_has_a_unit_and_never_an_exponent(hours):
    text = formatting.duration(hours)

    assert text.split()[-1] in {"ms", "s", "min", "h", "day", "days", "year", "years"}
    assert "e" not in text.rpartition(" ")[0]


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "0 h"), (23.99, "24 h"), (1.999, "2 h"), (46, "46 h"), (47, "2 days"), (9.5 / 3600, "9.5 s")],
)
def test_durations_near_a_border_read_well(hours, text):
    assert formatting.duration(hours) == text


def test_an_interval_whose_ends_look_the_same_is_one_number():
    assert formatting.usd_between(1599.2, 1600.1) == "$1,600"
