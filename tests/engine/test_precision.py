from dataclasses import replace

import numpy as np
import pytest

from app.engine.hardware import Devices, PeakRates
from app.engine.precision import (
    BITS_PER_WEIGHT,
    bytes_per_element,
    bytes_per_parameter,
    cache_bytes_per_element,
    half_rate_width,
    is_gguf,
    peak_flops_per_s,
    sums_at_half_rate,
    sustained_flops_per_s,
)
from app.engine.workload import PRECISIONS
from tests.engine.jobs import EVERY_KIND, GTX_1080_TI, H100, RTX_4090, T4, TPU_V4, make_accelerator

A100 = make_accelerator()


def test_every_precision_of_the_contract_has_a_size():
    assert set(PRECISIONS) == set(BITS_PER_WEIGHT)
    assert all(0 < bytes_per_parameter(name) <= 4 for name in PRECISIONS)
    assert all(bytes_per_element(name) in {1, 2, 4} for name in PRECISIONS)
    assert all(0 < cache_bytes_per_element(name) <= 4 for name in PRECISIONS)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_has_a_rate_on_every_kind_of_hardware(precision):
    assert np.all(peak_flops_per_s(precision, Devices(EVERY_KIND)) > 0)


@pytest.mark.parametrize(
    ("precision", "device", "tera"),
    [
        ("bf16", T4, 65),
        ("bf16", GTX_1080_TI, 11.3),
        ("fp8", A100, 312),
        ("fp8", H100, 1979),
        ("amp", A100, 312),
        ("amp", GTX_1080_TI, 11.3),
        ("tf32", T4, 8.1),
        ("int4", A100, 312),
        ("q4_k_m", RTX_4090, 165.2),
        ("fp32", TPU_V4, 275 / 6),
    ],
)
def test_arithmetic_falls_back_to_what_the_hardware_has(precision, device, tera):
    assert peak_flops_per_s(precision, Devices((device,)))[0] == pytest.approx(tera * 1e12)


def test_geforce_cards_are_faster_when_they_accumulate_in_sixteen_bits():
    devices = Devices((RTX_4090, A100))
    ordinary, quick = (peak_flops_per_s("fp16", devices, accumulate_fp16=flag) for flag in (False, True))

    assert quick[0] == pytest.approx(2 * ordinary[0], rel=0.01)
    assert quick[1] == ordinary[1]


def test_a_low_power_board_cannot_hold_the_peak_of_its_chip():
    workstation = make_accelerator(architecture="Ada Lovelace", segment="workstation", tdp_w=100.0)
    devices = Devices((workstation,))

    assert sustained_flops_per_s("bf16", devices)[0] < peak_flops_per_s("bf16", devices)[0]


def test_an_unknown_power_limit_is_no_limit():
    devices = Devices((make_accelerator(tdp_w=None),))

    assert sustained_flops_per_s("bf16", devices)[0] == 312e12


def test_file_formats_of_llama_cpp_are_told_from_storage_formats():
    assert [is_gguf(name) for name in ("q4_k_m", "f16", "iq2_xs", "nf4", "int8", "bf16")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_board_with_more_power_sustains_more_of_its_peak():
    boards = tuple(make_accelerator(f"board-{watts}", tdp_w=watts) for watts in (150.0, 300.0, 600.0))
    devices = Devices(boards)
    sustained = sustained_flops_per_s("bf16", devices)

    assert list(sustained) == sorted(sustained)
    assert np.all(sustained < peak_flops_per_s("bf16", devices))
    assert np.all(sustained > 0.3 * peak_flops_per_s("bf16", devices))


def test_a_board_with_twice_the_power_that_its_chip_needs_holds_its_peak():
    roomy = Devices((make_accelerator("roomy", tdp_w=1000.0),))

    assert sustained_flops_per_s("bf16", roomy)[0] > 0.95 * peak_flops_per_s("bf16", roomy)[0]


def test_cards_for_desktops_run_above_the_clock_of_their_data_sheet():
    boards = tuple(make_accelerator(segment, segment=segment, tdp_w=1000.0) for segment in ("datacenter", "desktop"))
    server, desktop = sustained_flops_per_s("bf16", Devices(boards))

    assert desktop > 1.03 * server


def test_cards_for_desktops_sum_in_fp32_at_half_rate():
    assert sums_at_half_rate(Devices((RTX_4090, H100, T4, GTX_1080_TI))).tolist() == [True, False, False, False]


def test_fp32_is_not_slowed_by_power():
    devices = Devices((make_accelerator(),))

    assert sustained_flops_per_s("fp32", devices) == peak_flops_per_s("fp32", devices)


def test_a_format_that_falls_back_to_16_bits_takes_the_energy_of_16_bits():
    ampere = Devices((make_accelerator(),))

    assert sustained_flops_per_s("fp8", ampere) == sustained_flops_per_s("bf16", ampere)


def test_units_that_multiply_faster_need_wider_layers_and_unknown_ones_are_taken_as_usual():
    usual = make_accelerator(compute_units=108)
    faster = replace(H100, compute_units=148, tdp_w=1000.0, peak=PeakRates(bf16=2250e12))

    widths = half_rate_width(Devices((usual, replace(H100, compute_units=None), faster)))

    assert widths[0] == widths[1]
    assert 1.2 < widths[2] / widths[0] < 2250 / 989


def test_a_higher_peak_at_the_same_power_never_multiplies_narrow_layers_more_slowly():
    devices = Devices(
        tuple(replace(H100, compute_units=132, peak=PeakRates(bf16=989e12 * times)) for times in (1, 2, 40))
    )

    reached = sustained_flops_per_s("bf16", devices) / (1 + half_rate_width(devices) / 768)

    assert np.all(np.diff(reached) >= 0)
