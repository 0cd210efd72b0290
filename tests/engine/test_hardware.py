import pytest

from tests.engine.jobs import CPU, H100, TPU_V4, make_accelerator


@pytest.mark.parametrize("device", [H100, CPU, TPU_V4])
def test_usual_kinds_of_devices_train(device):
    assert device.trains


def test_a_chip_for_inference_trains_only_where_its_software_does():
    without, with_software = (make_accelerator("chip", kind="npu", trains_too=known) for known in (False, True))

    assert with_software.trains
    assert not without.trains
