import numpy as np
import pytest

from app.advice.limits import limits_for, runs_on
from app.wording import sentence
from tests.advice.answers import make_candidates, make_decision
from tests.advice.factories import (
    AMD_CARD,
    CATALOGUE,
    CPU,
    DEAD_CARD,
    FPGA,
    HIGH_CARD,
    INFERENCE_CARD,
    LAPTOP_CARD,
    MAC,
    MID_CARD,
    OLD_CARD,
    PRO_CARD,
    SERVER_CARD,
    SMALL_CARD,
    TOP_CARD,
    TPU,
    make_constraints,
    make_job,
    make_workload,
)


def limits_of(*accelerators, scenario=2, job=None, counts=(1,), memory_gib=10.0, **constraints):
    candidates = make_candidates(*accelerators, counts=counts, memory_gib=memory_gib)
    return limits_for(
        job or make_job(), make_decision(scenario), constraints=make_constraints(**constraints), candidates=candidates
    )


def broken(limits, row=0):
    return {limit.name for limit in limits.broken_by(row)}


def test_a_current_card_that_fits_breaks_no_limit():
    assert broken(limits_of(MID_CARD)) == set()


@pytest.mark.parametrize(
    ("device", "constraints", "name"),
    [
        (SMALL_CARD, {}, "fit"),
        (DEAD_CARD, {}, "software"),
        (OLD_CARD, {}, "old_software"),
        (CPU, {}, "processor"),
        (FPGA, {}, "cannot_train"),
        (TPU, {}, "rented_only"),
        (SERVER_CARD, {}, "board_only"),
        (INFERENCE_CARD, {}, "server_part"),
        (AMD_CARD, {"vendors": ["nvidia"]}, "vendor"),
        (AMD_CARD, {"os": "Windows 11"}, "os"),
        (MID_CARD, {"os": "macOS"}, "os"),
        (MAC, {"os": "linux"}, "os"),
        (MID_CARD, {"portable": True}, "portable"),
        (TOP_CARD, {"budget_usd": 1000}, "budget"),
        (TOP_CARD, {"quiet": True}, "quiet"),
        (TOP_CARD, {"psu_watts": 500}, "power_supply"),
        (MID_CARD, {"deadline_hours": 0.1}, "deadline"),
    ],
)
def test_each_limit_rejects_what_breaks_it_and_says_why(device, constraints, name):
    limits = limits_of(device, **constraints)
    found = next(limit for limit in limits.broken_by(0) if limit.name == name)
    assert device.name in sentence(found.reason(0))


def test_every_rejection_has_a_sentence_with_known_values():
    limits = limits_of(*CATALOGUE, counts=(1, 2), vendors=["nvidia"], budget_usd=2000, psu_watts=600, max_devices=1)
    told = [sentence(limit.reason(int(row))) for limit in limits.limits for row in np.flatnonzero(limit.broken)]
    assert len(told) > 20
    assert not any("None" in text or "nan" in text for text in told)


def test_the_number_of_devices_may_be_limited():
    limits = limits_of(HIGH_CARD, scenario=3, counts=(1, 2, 4), max_devices=2)
    assert [broken(limits, row) for row in range(3)] == [set(), set(), {"max_devices"}]


def test_modules_come_on_boards_of_four_or_eight():
    limits = limits_of(SERVER_CARD, scenario=3, counts=(1, 2, 4, 8))
    assert ["board_only" in broken(limits, row) for row in range(4)] == [True, True, False, False]


def test_cards_without_a_fast_link_make_no_cluster():
    limits = limits_of(PRO_CARD, SERVER_CARD, scenario=4, counts=(8, 16))
    assert ["no_link" in broken(limits, row) for row in range(4)] == [False, True, False, False]


def test_an_fpga_is_open_to_choice_for_inference_with_a_latency_limit_only():
    fast = make_job(training=False, workload=make_workload(task="inference", latency_ms=2))
    slow = make_job(training=False, workload=make_workload(task="inference"))
    assert "edge_only" not in broken(limits_of(FPGA, job=fast))
    assert "edge_only" in broken(limits_of(FPGA, job=slow))


def test_when_nothing_meets_every_limit_the_least_painful_one_is_relaxed_and_named():
    limits = limits_of(HIGH_CARD, TOP_CARD, portable=True, quiet=True)
    assert not limits.meets_all.any()
    assert limits.open_to_choice.all()
    named = {caution.reason.code for caution in limits.cautions((0,))}
    assert named == {"relaxed_portable", "relaxed_quiet"}


def test_a_laptop_that_fits_goes_before_relaxing_portable():
    limits = limits_of(HIGH_CARD, LAPTOP_CARD, portable=True, memory_gib=8.0)
    assert limits.open_to_choice.tolist() == [False, True]


def test_what_no_software_runs_on_is_never_open_to_choice():
    assert not limits_of(DEAD_CARD).open_to_choice.any()


def test_raising_the_budget_never_takes_a_system_away():
    counts = [int(limits_of(*CATALOGUE, budget_usd=usd).meets_all.sum()) for usd in range(0, 20000, 500)]
    assert counts == sorted(counts)


def test_macs_need_macos_and_rocm_is_at_home_on_linux():
    assert runs_on(MAC, "macos")
    assert not runs_on(MAC, "linux")
    assert not runs_on(AMD_CARD, "windows")
    assert runs_on(AMD_CARD, "linux")
