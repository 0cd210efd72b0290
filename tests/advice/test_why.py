import pytest

from app.wording import sentence
from tests.advice.test_recommendation import recommended
from tests.advice.test_sensitivity import LLM, VISION

FULL_LLM = LLM | {"method": "full"}


def told(**asked):
    return [sentence(reason) for reason in recommended(**asked).why]


@pytest.mark.parametrize("workload", [LLM, VISION])
@pytest.mark.parametrize(
    ("scenario", "tier"),
    [("no-gpu", "none"), ("one-gpu", "mid"), ("box-or-cloud", "workstation"), ("cluster", "cluster")],
)
def test_every_answer_has_three_to_five_different_reasons_with_figures(workload, scenario, tier):
    reasons = told(workload=workload, scenario=scenario, tier=tier)

    assert 3 <= len(set(reasons)) == len(reasons) <= 5
    assert sum(any(letter.isdigit() for letter in reason) for reason in reasons) >= 2


def test_the_largest_part_of_the_memory_is_told_with_its_formula():
    assert any("take the most memory" in reason and "×" in reason for reason in told(workload=LLM))


def test_a_price_is_told_with_its_day_and_its_provider():
    assert any("price seen" in reason and "rent" in reason for reason in told())


def test_who_wants_to_buy_or_to_rent_is_told_of_that_alone():
    assert not any("rent" in reason for reason in told(ownership="buy"))
    assert not any("pays" in reason for reason in told(ownership="rent"))


def test_what_somebody_has_and_is_enough_leaves_no_price_to_tell():
    reasons = told(existing_hardware=[{"accelerator": "geforce-rtx-4090"}])

    assert any("can do this" in reason for reason in reasons)
    assert not any("costs" in reason or "pays" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("considering", "workload", "words"),
    [
        (("geforce-rtx-4090", "geforce-rtx-5060"), VISION, "geforce rtx 4090 is the fastest at this"),
        (("geforce-rtx-4090", "geforce-rtx-4090"), VISION, "are about as fast at this"),
        (("h100-sxm5-80gb", "geforce-rtx-5060"), FULL_LLM, "holds this; as it is, geforce rtx 5060 would not"),
        (("geforce-rtx-4090", "geforce-rtx-5060"), FULL_LLM, "Nothing that you consider holds this"),
    ],
)
def test_who_chooses_between_things_is_told_which_of_them_does_it_best(considering, workload, words):
    weighed = [{"accelerator": name} for name in considering]

    assert any(words in reason for reason in told(workload=workload, considering=weighed))


def test_one_thing_that_is_considered_is_no_choice():
    assert not any("you consider" in reason for reason in told(considering=[{"accelerator": "geforce-rtx-4090"}]))
