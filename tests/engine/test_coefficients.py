import numpy as np
import pytest

from app.engine.coefficients import TRANSFORMERS, coefficient
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Devices
from app.engine.hardware_family import FAMILIES, families
from tests.engine.jobs import EVERY_KIND, make_accelerator

EVERY = (*TRANSFORMERS.values(), *NETWORKS.values())
ENTRY = {"value": {"default": 0.5, "tpu": 0.8}, "low": 0.1, "high": 0.9, "unit": "-", "source": "a paper"}


def test_every_coefficient_lies_in_its_range_and_names_its_source():
    for entry in EVERY:
        assert all(entry.low <= value <= entry.high for value in entry.values.values()), entry.name
        assert entry.unit, entry.name
        assert entry.source, entry.name
        assert "placeholder" not in entry.source, entry.name


def test_every_family_named_by_a_coefficient_exists():
    named = {family for entry in EVERY for family in entry.values}

    assert named <= {*FAMILIES, "default"}


def test_a_family_without_its_own_value_takes_the_default():
    entry = coefficient("share", ENTRY)

    assert (entry.of("tpu"), entry.of("cpu"), entry.value) == (0.8, 0.5, 0.5)


def test_a_column_has_one_value_per_system():
    column = TRANSFORMERS.column("stream_fraction", ("cpu", "cuda_hopper"))

    assert column.shape == (2,)
    assert column[0] < column[1]


@pytest.mark.parametrize("value", [{"tpu": 0.5}, 2.0, {"default": 0.5, "cpu": 0.95}])
def test_a_value_outside_its_range_or_without_default_is_refused(value):
    with pytest.raises(ValueError, match="share"):
        coefficient("share", {**ENTRY, "value": value})


def test_devices_are_sorted_into_families():
    assert families(Devices(EVERY_KIND)) == (
        "cuda_ampere_hbm", "cuda_hopper", "cuda_ada", "cuda_turing", "cuda_pascal", "apple", "cpu", "tpu", "amd_cdna",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "family"),
    [
        ({"architecture": "Ampere"}, "cuda_ampere"),
        ({"architecture": "Blackwell (datacenter)"}, "cuda_blackwell_hbm"),
        ({"architecture": "Blackwell Ultra"}, "cuda_blackwell_hbm"),
        ({"architecture": "Blackwell", "segment": "desktop"}, "cuda_blackwell"),
        ({"architecture": "Ampere (GA10B)", "segment": "edge"}, "cuda_edge"),
        ({"architecture": "Kepler"}, "cuda_kepler"),
        ({"vendor": "AMD", "architecture": "RDNA 4"}, "amd_rdna"),
        ({"vendor": "Intel", "architecture": "Xe2 (Battlemage)"}, "intel_gpu"),
        ({"vendor": "AMD", "kind": "fpga", "architecture": "Versal"}, "fpga"),
    ],
)
def test_a_family_follows_from_maker_and_architecture(changes, family):
    assert families(Devices((make_accelerator(**changes),))) == (family,)


def test_columns_of_many_systems_are_quick_to_look_up():
    devices = Devices(EVERY_KIND * 50)

    assert np.all(TRANSFORMERS.column("training_math_fraction", families(devices)) > 0)
