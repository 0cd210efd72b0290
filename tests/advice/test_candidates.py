import timeit

import numpy as np
import pytest

from app.advice.candidates import candidates_for, target_hours
from app.engine.hardware import Devices
from tests.advice.answers import make_candidates, make_decision, make_need
from tests.advice.factories import (
    CATALOGUE,
    CPU,
    HIGH_CARD,
    LAPTOP_CARD,
    MAC,
    OLD_CARD,
    SERVER_CARD,
    TODAY,
    TPU,
    changed,
    make_constraints,
    make_devices,
    make_job,
    make_llm_job,
    make_market,
)


def candidates_of(*accelerators, scenario=2, job=None, need=None, devices=None, **constraints):
    return candidates_for(
        job or make_job(), need or make_need(), decision=make_decision(scenario), constraints=make_constraints(**constraints),
        devices=devices or make_devices(*accelerators), market=make_market(), today=TODAY,
    )  # fmt: skip


def counts(candidates, slug):
    return sorted(count for device, count in candidates.row_of if device == slug)


def test_one_card_is_looked_at_where_one_card_is_enough():
    assert counts(candidates_of(*CATALOGUE), HIGH_CARD.slug) == [1]


def test_several_cards_are_looked_at_where_none_is_enough():
    need = make_need(single_gpu_fits=False)
    assert counts(candidates_of(*CATALOGUE, need=need), HIGH_CARD.slug) == [1, 2, 4]


def test_a_box_holds_up_to_eight():
    candidates = candidates_of(*CATALOGUE, scenario=3)
    assert counts(candidates, SERVER_CARD.slug) == [1, 2, 4, 8]
    assert counts(candidates, TPU.slug) == [1, 2, 4, 8]


@pytest.mark.parametrize("device", [CPU, LAPTOP_CARD, MAC, OLD_CARD])
def test_nobody_puts_several_of_these_together(device):
    assert counts(candidates_of(*CATALOGUE, scenario=3), device.slug) == [1]


def test_a_cluster_grows_with_what_the_memory_asks_for():
    few = counts(candidates_of(SERVER_CARD, scenario=4, need=make_need(devices_80gb=16.0)), SERVER_CARD.slug)
    many = counts(candidates_of(SERVER_CARD, scenario=4, need=make_need(devices_80gb=512.0)), SERVER_CARD.slug)
    assert few[-1] >= 32
    assert many[-1] >= 1024


def test_a_cluster_grows_with_what_the_deadline_asks_for():
    need = make_need(devices_80gb=8.0, box_hours=10_000.0)
    slow = counts(candidates_of(SERVER_CARD, scenario=4, need=need), SERVER_CARD.slug)
    fast = counts(candidates_of(SERVER_CARD, scenario=4, need=need, deadline_hours=24.0), SERVER_CARD.slug)
    assert fast[-1] > slow[-1]
    assert fast[-1] * 24 >= 10_000 * 8


def test_the_deadline_is_the_target_where_one_was_given():
    assert target_hours(make_constraints(deadline_hours=5.0), scenario=4) == 5.0
    assert target_hours(make_constraints(), scenario=4) > target_hours(make_constraints(), scenario=2)


def test_memory_speed_and_hours_come_from_one_estimate_of_all_rows():
    candidates = candidates_of(*CATALOGUE, scenario=3, job=make_llm_job())
    assert len(candidates.fits) == len(candidates.hours) == len(candidates.speed) == len(candidates)
    assert np.all(candidates.hours[np.isfinite(candidates.hours)] > 0)


def test_the_computer_around_a_laptop_or_a_whole_machine_costs_nothing_more():
    candidates = make_candidates(HIGH_CARD, LAPTOP_CARD, MAC, counts=(1,))
    assert candidates.host_usd.tolist() == [1200.0, 0.0, 0.0]


def test_without_a_speed_memory_bandwidth_stands_in_for_it():
    candidates = make_candidates(HIGH_CARD, SERVER_CARD)
    unknown = changed(candidates, estimates=changed(candidates.estimates, throughput_per_s=None))
    assert unknown.speed[1] > unknown.speed[0] > 0


@pytest.mark.parametrize("scenario", [2, 3, 4])
def test_a_large_catalogue_is_estimated_in_a_blink(scenario):
    copies = [changed(device, slug=f"{device.slug}-{n}") for n in range(25) for device in CATALOGUE]
    devices = Devices(tuple(copies))

    def run():
        return candidates_of(devices=devices, scenario=scenario, job=make_llm_job())

    assert min(timeit.repeat(run, number=1, repeat=3)) < 0.15
