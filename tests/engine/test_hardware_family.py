from dataclasses import replace

import numpy as np
import pytest

from app.engine.coefficients import coefficient
from app.engine.estimate import estimate
from app.engine.hardware import Devices, PeakRates, systems_of
from app.engine.hardware_family import FAMILIES, family_of
from app.engine.units import TERA
from tests.engine.jobs import GTX_1080_TI, H100, RTX_4090, T4, make_accelerator, make_job

B200 = make_accelerator(
    "b200", architecture="Blackwell (datacenter)", memory_bandwidth_bytes_per_s=8e12, interconnect_bytes_per_s=1.8e12,
    peak=PeakRates(fp32=75 * TERA, tf32=1100 * TERA, fp16=2250 * TERA, bf16=2250 * TERA, fp8=4500 * TERA),
)  # fmt: skip


def twice(device, **changes):
    """A device of the next generation: twice of everything that a data sheet tells."""
    rates = {name: getattr(device.peak, name) for name in PeakRates.__dataclass_fields__}
    doubled = PeakRates(**{name: None if rate is None else 2 * rate for name, rate in rates.items()})
    return replace(
        device, slug="next", architecture="Unheard-of", peak=doubled, memory_bytes=2 * device.memory_bytes,
        usable_memory_bytes=2 * device.usable_memory_bytes,
        memory_bandwidth_bytes_per_s=2 * device.memory_bandwidth_bytes_per_s, **changes,
    )  # fmt: skip


@pytest.mark.parametrize("device", [B200, H100, RTX_4090], ids=["b200", "h100", "rtx 4090"])
@pytest.mark.parametrize(
    "work",
    [
        {"precision": "bf16", "framework": "vllm", "concurrent_requests": 16},
        {"task": "pretrain", "precision": "bf16", "dataset": {"tokens": 1e9}},
        {"task": "finetune", "method": "lora", "precision": "bf16"},
    ],
    ids=["serving", "pretraining", "lora"],
)
def test_a_device_of_a_generation_not_yet_known_is_no_slower_than_its_data_sheet_says(device, work):
    job, later = make_job(**work), twice(device)

    pace = estimate(job, systems_of(Devices((device, later)), count=[1, 1])).throughput_per_s

    assert 1.2 * pace.expected[0] < pace.expected[1] < 4 * pace.expected[0]


def test_speed_is_less_certain_on_a_generation_that_nobody_measured():
    job = make_job(precision="bf16", framework="vllm", concurrent_requests=16)
    pace = estimate(job, systems_of(Devices((H100, twice(H100))), count=[1, 1])).throughput_per_s

    widths = np.log(pace.high / pace.low)
    assert widths[1] >= 1.4 * widths[0]


def test_an_unknown_architecture_is_told_by_its_arithmetic():
    assert family_of(twice(B200)) == "cuda_blackwell_hbm"
    assert family_of(twice(RTX_4090)) == "cuda_blackwell"
    assert family_of(twice(T4)) == "cuda_turing"
    assert family_of(twice(GTX_1080_TI)) == "cuda_pascal"
    assert family_of(twice(B200, vendor="AMD")) == "amd_cdna"
    assert family_of(twice(RTX_4090, vendor="AMD")) == "amd_rdna"


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("Hopper (GH200)", "cuda_hopper"), ("Volta GV100", "cuda_volta"), ("Ampere GA100", "cuda_ampere_hbm"),
        ("Ampere", "cuda_ampere"), ("Blackwell", "cuda_blackwell"), ("Blackwell (datacenter)", "cuda_blackwell_hbm"),
        ("Blackwell Ultra", "cuda_blackwell_hbm"), ("Rubin Ultra", "cuda_blackwell_hbm"), ("Kepler", "cuda_kepler"),
    ],
)  # fmt: skip
def test_known_architectures_keep_their_family_whatever_follows_the_name(architecture, family):
    assert family_of(replace(H100, architecture=architecture)) == family
    assert family in FAMILIES


def test_the_newest_generation_shares_what_only_the_one_before_was_measured_for():
    newest = replace(H100, vendor="AMD", architecture="CDNA 4")
    entry = coefficient(
        "share", {"value": {"default": 0.5, "amd_cdna": 0.7}, "low": 0.1, "high": 0.9, "unit": "-", "source": "a table"}
    )

    assert family_of(newest) == "amd_cdna4"
    assert entry.of("amd_cdna4") == 0.7


def test_units_of_one_maker_are_told_by_their_software():
    unit = replace(H100, vendor="AWS", kind="npu", architecture="NeuronCore-v2")

    assert family_of(replace(unit, software_stack="neuron")) == "npu_neuron"
    assert family_of(replace(unit, software_stack="synapse")) == "npu"
