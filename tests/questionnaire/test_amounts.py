"""The numbers that people type."""

import pytest

from app.questionnaire.amounts import amount


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("250000", "count", 250_000),
        ("250,000 rows", "count", 250_000),
        ("250.000", "count", 250_000),
        ("250 000", "count", 250_000),
        ("20k", "count", 20_000),
        ("1.5 million", "count", 1_500_000),
        ("7B parameters", "count", 7e9),
        ("24gb", "gigabytes", 24),
        ("1,5 TB", "gigabytes", 1500),
        ("2h", "hours", 2),
        ("90 min", "hours", 1.5),
        ("1024 x 768", "pixels", 1024),
        ("5 s", "seconds", 5),
        ("$1,200.50", "money", 1200.5),
        ("EUR 500", "money", 550),
        ("500€", "money", 550),
        ("0", "money", 0),
    ],
)
def test_a_number_is_read_as_people_write_it(text, measure, value):
    assert amount(text, measure).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "measure"),
    [("", "count"), ("many", "count"), ("3.5 bananas", "gigabytes"), ("500 shells", "money"), ("1.2.3,4,5", "hours")],
)
def test_what_is_no_number_is_not_guessed(text, measure):
    assert amount(text, measure) is None


def test_money_of_another_currency_is_repeated_as_it_was_written():
    assert amount("EUR 500", "money").foreign == "EUR 500"
    assert amount("$500", "money").foreign == ""
