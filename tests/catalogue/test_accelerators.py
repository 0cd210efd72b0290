import math

import pytest

from app.engine.units import GB, GIB, TERA


def test_training_rates_of_a_geforce_are_those_with_full_accumulation(snapshot):
    peak = snapshot.accelerators["geforce-rtx-4090"].peak

    assert peak.fp16 == pytest.approx(165.2 * TERA)
    assert peak.fp16_accumulate_fp16 == pytest.approx(330.3 * TERA)
    assert peak.fp8 == pytest.approx(330.3 * TERA)


@pytest.mark.parametrize(
    ("slug", "ratio"),
    [
        ("geforce-gtx-1080", 1),
        ("geforce-gtx-1660", 1),
        ("tesla-p100-sxm2", 2),
        ("radeon-rx-6800-xt", 2),
        ("apple-m3-max", 1),
    ],
)
def test_half_precision_without_tensor_cores_is_what_the_chip_can_do(snapshot, slug, ratio):
    peak = snapshot.accelerators[slug].peak

    assert peak.fp16 == pytest.approx(ratio * peak.fp32)


@pytest.mark.parametrize("slug", ["geforce-gtx-1080-ti", "tesla-v100-sxm2-16gb", "t4", "geforce-rtx-2080-ti"])
def test_cards_before_ampere_have_no_bf16(snapshot, slug):
    assert snapshot.accelerators[slug].peak.bf16 is None


def test_a_processor_with_matrix_units_has_bf16_and_one_without_has_none(snapshot):
    assert snapshot.accelerators["xeon-platinum-8480plus"].peak.bf16 == pytest.approx(229.4 * TERA)
    assert snapshot.accelerators["core-i7-7700k"].peak.bf16 is None


@pytest.mark.parametrize(
    ("slug", "usable_gib"),
    [
        ("geforce-rtx-4090", 23.71),
        ("h100-sxm5-80gb", 79.37),
        ("apple-m1-max", 64 * 0.74),
        ("dgx-spark-gb10", 128 * 0.93),
        ("ryzen-ai-max-plus-395", 96),
    ],
)
def test_usable_memory_is_what_a_driver_leaves_to_programs(snapshot, slug, usable_gib):
    assert snapshot.accelerators[slug].usable_memory_bytes == pytest.approx(usable_gib * GIB, rel=1e-4)


def test_no_device_can_use_more_memory_than_it_has(snapshot):
    for device in snapshot.devices.accelerators:
        assert math.isnan(device.memory_bytes) or device.usable_memory_bytes <= device.memory_bytes


def test_the_slot_of_a_card_has_the_bandwidth_of_its_generation_and_lanes(snapshot):
    assert snapshot.accelerators["geforce-rtx-3090"].pcie_bytes_per_s == pytest.approx(31.5 * GB, rel=0.01)
    assert snapshot.accelerators["geforce-rtx-4060"].pcie_bytes_per_s == pytest.approx(15.75 * GB, rel=0.01)


@pytest.mark.parametrize(
    ("slug", "status", "word"),
    [
        ("geforce-gt-740m-2gb", "unsupported", "3.0"),
        ("geforce-gt-720", "unsupported", "Kepler"),
        ("quadro-m2000", "legacy", "Maxwell"),
        ("geforce-gtx-1080", "legacy", "Pascal"),
        ("tesla-v100-sxm2-16gb", "legacy", "Volta"),
        ("geforce-rtx-2080-ti", "supported", "7.5"),
        ("radeon-rx-580", "unsupported", "Polaris"),
        ("radeon-rx-5700-xt", "unsupported", "RDNA 1"),
        ("radeon-rx-6700-xt", "unsupported", "RDNA 2"),
        ("radeon-rx-6800", "legacy", "RDNA 2"),
        ("radeon-rx-7900-xt", "supported", "ROCm"),
        ("instinct-mi50-32gb", "unsupported", "ROCm 6.3"),
        ("rubin-r200", "announced", "Announced"),
        ("instinct-mi455x", "announced", "Announced"),
        ("core-i7-7500u", "supported", "framework"),
    ],
)
def test_software_support_follows_the_architecture_and_says_why(snapshot, slug, status, word):
    device = snapshot.accelerators[slug]

    assert device.support == status
    assert word in device.support_note


def test_a_mac_is_sold_with_several_amounts_of_memory(snapshot):
    small, large = snapshot.accelerators["apple-m4-16gb"], snapshot.accelerators["apple-m4"]

    assert (small.memory_bytes, large.memory_bytes) == (16 * GIB, 32 * GIB)
    assert small.peak == large.peak


def test_every_number_says_where_it_was_read_and_how_sure_it_is(snapshot):
    for details in snapshot.details.values():
        for fact in details["facts"]:
            assert fact["source"]
            assert fact["confidence"] in {"high", "medium", "low"}
            assert fact["unit"]
