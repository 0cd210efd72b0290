"""The need is computed from estimates over all devices, and what nobody can know stays unknown."""

from dataclasses import replace

import numpy as np
import pytest

from app.advice.need import Range, need_of
from app.advice.reference_cards import box_row, ordinary_cpu_row
from app.engine.hardware import Devices
from app.engine.units import GIB
from tests.advice.factories import (
    CPU,
    DEAD_CARD,
    HIGH_CARD,
    MAC,
    MID_CARD,
    PRO_CARD,
    SERVER_CARD,
    SMALL_CARD,
    TOP_CARD,
    make_accelerator,
    make_constraints,
    make_devices,
    make_job,
    make_llm_job,
    make_transformer,
    make_workload,
)


@pytest.fixture
def need():
    """The need of a job on the small catalogue."""

    def run(job, devices=None, **constraints):
        return need_of(job, make_constraints(**constraints), devices=devices or make_devices())

    return run


@pytest.fixture
def running():
    """Running an 8 B model in 16 bits."""

    def make(**changes):
        facts = {
            "workload": make_workload(task="inference", domain="text"), "training": False, "method": "full",
            "work_class": "llm_serving", "precision": "bf16", "seq_len": 4096, "prompt_tokens": 3584,
            "output_tokens": 512, "concurrent_requests": 1, "tokens": None,
        }  # fmt: skip
        return make_llm_job(**{**facts, **changes})

    return make


def test_the_smallest_card_that_fits_names_the_memory_to_look_for(need, running):
    found = need(running(precision="q4_k_m", framework="llama.cpp"))

    assert found.smallest_single_gpu_gib in {8, 12}
    assert found.memory_device == found.smallest_single_gpu
    assert found.memory.low <= found.memory.expected <= found.memory.high <= found.smallest_single_gpu_gib * GIB


def test_unsupported_cards_and_processors_are_no_card_to_look_for(need):
    found = need(make_job(micro_batch_size=1), make_devices(DEAD_CARD, CPU, MAC, SERVER_CARD))

    assert found.smallest_single_gpu == SERVER_CARD.slug
    assert not found.consumer_gpu_fits
    assert found.unified_fits


def test_full_training_of_a_large_model_takes_several_cards_and_hours_of_a_box(need):
    job = make_llm_job(
        workload=make_workload(task="finetune", domain="text", method="full"), method="full", precision="bf16",
        work_class="llm_finetune_full", model=make_transformer(parameters=7e10, active_parameters=7e10, num_hidden_layers=80,
                                                               hidden_size=8192, intermediate_size=28672),
    )  # fmt: skip
    found = need(job)

    assert not found.single_gpu_fits
    assert found.devices_80gb > 8
    assert not found.box_fits
    assert found.best_single_gpu_hours is None


def test_hours_are_told_for_processor_card_notebook_and_box(need):
    found = need(make_job())

    assert found.cpu == CPU.slug
    assert found.cpu_hours > found.notebook_hours > found.consumer_gpu_hours > found.box_hours > 0


def test_time_is_unknown_when_the_amount_of_data_is(need):
    found = need(make_job(samples=None, tokens=None))

    assert (found.cpu_hours, found.consumer_gpu_hours, found.flops_total, found.run_hours) == (None, None, None, None)
    assert found.memory is not None


def test_the_arithmetic_of_a_run_is_three_forward_passes_a_picture(need):
    found = need(make_job(samples=1000.0, epochs=2.0))

    assert found.flops_total == pytest.approx(3 * 2 * 4.1e9 * 2000, rel=0.05)


@pytest.mark.parametrize(
    ("workload", "basis", "hours"),
    [
        ({"hours_per_month": 120}, "stated", 120.0),
        ({"runs_per_month": 10}, "runs", None),
        ({}, "assumed", None),
    ],
)
def test_hours_a_month_are_stated_or_follow_from_the_runs(need, workload, basis, hours):
    found = need(make_job(workload=make_workload(**workload)))

    assert found.monthly_basis == basis
    assert found.monthly_hours == pytest.approx(hours or found.run_hours * workload.get("runs_per_month", 4))


def test_a_model_runs_an_hour_a_day_when_nobody_says_how_often(need, running):
    assert need(running()).monthly_hours == 30


def test_more_requests_at_once_never_need_less(need, running):
    needs = [
        need(
            running(
                concurrent_requests=n, framework="vllm", workload=make_workload(task="inference", concurrent_requests=n)
            )
        )
        for n in (1, 64, 10_000, 10_000_000)
    ]

    assert all(np.diff([found.memory.expected for found in needs]) >= 0)
    assert all(np.diff([found.devices_80gb for found in needs]) >= 0)
    assert needs[-1].devices_80gb > 1024


def test_a_larger_card_in_the_catalogue_never_takes_a_fit_away(need, running):
    few, more = (
        make_devices(SMALL_CARD, MID_CARD, HIGH_CARD, CPU),
        make_devices(SMALL_CARD, MID_CARD, HIGH_CARD, CPU, PRO_CARD),
    )

    job = running(precision="q4_k_m", framework="llama.cpp")

    assert need(job, few).smallest_single_gpu == need(job, more).smallest_single_gpu is not None


def test_desktop_cards_end_at_32_gb(need, running):
    job = running(model=make_transformer(parameters=2.2e10, active_parameters=2.2e10), precision="bf16")
    found = need(job, make_devices(TOP_CARD, PRO_CARD, SERVER_CARD, CPU))

    assert found.single_gpu_fits
    assert not found.consumer_gpu_fits


def test_the_named_processor_is_taken_before_the_middle_one():
    named = make_accelerator("core-i7-13700k", kind="cpu")
    slow, fast = (make_accelerator(f"cpu-{n}", kind="cpu", tflops=n) for n in (1.0, 9.0))

    assert ordinary_cpu_row(make_devices(slow, named, fast)) == 1
    assert ordinary_cpu_row(make_devices(slow, replace(CPU), fast)) == 1
    assert ordinary_cpu_row(make_devices(SMALL_CARD)) is None


def test_hardware_that_is_named_is_read_for_the_rules(need):
    found = need(make_job(), considering=[{"accelerator": "alveo-u250"}], existing_hardware=[{"description": "8 GPUs"}])

    assert [words.fpga for words in found.asked_for] == [False, True]
    assert found.asked_for[0].count == 8


def test_a_range_is_plain_numbers(need):
    assert isinstance(need(make_job()).memory, Range)
    assert type(need(make_job()).memory.expected) is float


def test_the_reference_box_has_the_fastest_linked_80_gb_cards():
    slower_links = replace(SERVER_CARD, slug="h800-sxm5-80gb", interconnect_bytes_per_s=400e9)
    larger = replace(SERVER_CARD, slug="h200-sxm-141gb", memory_bytes=141 * GIB)
    unlinked = make_accelerator("card", memory_gib=80, tflops=2000.0, segment="datacenter")
    untold = replace(larger, slug="untold", memory_bytes=float("nan"))

    assert box_row(Devices((slower_links, SERVER_CARD, larger, unlinked, untold))) == 1
