"""Recipes tuned as those of MLPerf training: kernels timed and captured, on every generation and at every scale."""

from dataclasses import replace

import numpy as np
import pytest

from app.engine import networks
from app.engine.model_spec import NetworkSpec
from app.engine.network_mode import captured, times_kernels
from tests.engine.jobs import H100, make_accelerator, make_systems
from tests.engine.network_jobs import NNUNET, RESNET50, YOLO, network_job

A100_80GB = make_accelerator(memory_bandwidth_bytes_per_s=2039e9)
RETINANET = NetworkSpec("retinanet", "detector", "retinanet", 41.3e6, 201.91e9, 249.97e6, (800, 800))
MASK_RCNN = NetworkSpec("maskrcnn", "detector", "maskrcnn", 44.4e6, 134.4e9, None, (800, 800))


def speed(spec, card, *, count=8, nodes=1, **workload):
    systems = make_systems(card, count=count, nodes=nodes)
    pace = networks.physics(network_job(spec, framework="mxnet", **workload), systems).pace
    return float(pace.units_per_step[0] / pace.step_s[0])


@pytest.mark.parametrize(
    ("card", "batch", "count", "nodes", "published"),
    [(A100_80GB, 408, 8, 1, 26_700), (H100, 400, 8, 1, 57_280), (H100, 50, 64, 8, 314_000)],
)
def test_resnet_trains_as_fast_as_mlperf_logs_tell(card, batch, count, nodes, published):
    """Logs of rounds 1.0 and 4.0, https://github.com/mlcommons/training_results_v4.0 (NVIDIA/results)."""
    found = speed(RESNET50, card, count=count, nodes=nodes, batch_size=batch)

    assert found == pytest.approx(published, rel=0.2)


def test_a_detector_that_folds_its_normalisation_does_too():
    """Logs of round 4.0, RetinaNet on eight H100."""
    found = speed(RETINANET, H100, batch_size=32, domain="detection", image_size=800)

    assert found == pytest.approx(2_323, rel=0.2)


def test_nobody_times_kernels_behind_regions_that_differ_in_number():
    job = network_job(MASK_RCNN, domain="detection", image_size=[800, 1333])
    devices = make_systems(H100).devices

    assert captured(job)
    assert not times_kernels(job, devices, crops=True)[0]
    assert times_kernels(job, devices, crops=False)[0]


def test_replicas_beyond_the_samples_of_a_data_set_share_them():
    few = {"domain": "medical_3d", "batch_size": 1, "dataset": {"samples": 168}, "image_size": 128, "depth": 128}
    at_once = [
        networks.physics(network_job(NNUNET, **few), make_systems(H100, count=count, nodes=count / 8)).pace
        for count in (72, 768)
    ]

    assert [float(np.ravel(pace.units_per_step)[0]) for pace in at_once] == [72, 168]


def test_square_detectors_read_their_statistics_before_they_normalise():
    frozen = replace(YOLO, family="", reference_size=(800, 800))
    both = [
        speed(spec, H100, batch_size=16, domain="detection", image_size=size)
        for spec, size in ((frozen, 800), (replace(frozen, reference_size=(640, 640)), 640))
    ]

    assert both[0] > both[1]
