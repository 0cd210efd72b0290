"""Recipes tuned as those of MLPerf training: kernels timed and captured, on every generation and at every scale."""

from dataclasses import replace

import numpy as np
import pytest

from app.engine import networks
from app.engine.model_spec import NetworkSpec
from app.engine.network_mode import captured, times_kernels, writes_scores
from tests.engine.jobs import H100, make_accelerator, make_systems
from tests.engine.network_jobs import NNUNET, RESNET50, V100, VIT_B, YOLO, network_job

A100_80GB = make_accelerator(memory_bandwidth_bytes_per_s=2039e9)
RETINANET = NetworkSpec("retinanet", "detector", "retinanet", 41.3e6, 201.91e9, 249.97e6, (800, 800))
VIT_L = NetworkSpec("vit-l", "vit", "vit", 304.3e6, 61.6e9, 63.52e6, (224, 224), 24)
VIT_L_384 = NetworkSpec("vit-l-384", "vit", "vit", 304.7e6, 191.21e9, 270.24e6, (384, 384), 24)
V100_WITHOUT_FUSED_ATTENTION = replace(V100, compute_capability="7.0")
MASK_RCNN = NetworkSpec("maskrcnn", "detector", "maskrcnn", 44.4e6, 134.4e9, None, (800, 800))


def speed(spec, card, *, count=8, nodes=1, framework="mxnet", **workload):
    systems = make_systems(card, count=count, nodes=nodes)
    pace = networks.physics(network_job(spec, framework=framework, **workload), systems).pace
    return float(pace.units_per_step[0] / pace.step_s[0])


@pytest.mark.parametrize(
    ("card", "batch", "count", "nodes", "published"),
    [(A100_80GB, 408, 8, 1, 26_700), (H100, 400, 8, 1, 57_280), (H100, 50, 64, 8, 314_000)],
)
def test_resnet_trains_as_fast_as_mlperf_logs_tell(card, batch, count, nodes, published):
    """Logs of rounds 1.0 and 4.0, https://github.com/mlcommons/training_results_v4.0 (NVIDIA/results)."""
    found = speed(RESNET50, card, count=count, nodes=nodes, batch_size=batch)

    assert found == pytest.approx(published, rel=0.2)


@pytest.mark.parametrize(
    ("card", "batch", "published"),
    [(replace(A100_80GB, memory_bandwidth_bytes_per_s=1555e9), 256, 17_400), (V100, 32, 9_510)],
)
def test_a_classifier_compiled_in_tensorflow_fuses_its_normalisation_channels_last(card, batch, published):
    """https://github.com/NVIDIA/DeepLearningExamples (TensorFlow/Classification/ConvNets), eight cards."""
    compiled = {"framework": "tensorflow", "batch_size": batch, "compiled": True}

    found = speed(RESNET50, card, channels_last=True, **compiled)

    assert found == pytest.approx(published, rel=0.2)
    assert found > 1.2 * speed(RESNET50, card, channels_last=False, **compiled)


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


@pytest.mark.parametrize(
    ("capability", "written"), [("6.1", True), ("7.0", True), ("7.5", False), ("9.0", False), (None, False)]
)
def test_cards_older_than_fused_attention_write_their_scores(capability, written):
    devices = make_systems(make_accelerator(compute_capability=capability)).devices

    assert writes_scores(network_job(VIT_B), devices).tolist() == [written]


def test_what_a_request_says_of_attention_holds_on_every_card():
    devices = make_systems(make_accelerator(compute_capability="7.0"), H100).devices

    assert writes_scores(network_job(VIT_B, attention="flash"), devices).tolist() == [False, False]
    assert writes_scores(network_job(VIT_B, attention="eager"), devices).tolist() == [True, True]


@pytest.mark.parametrize(
    ("size", "batch", "published"), [(VIT_L, 256, 95), (VIT_L_384, 64, 28), (VIT_B, 256, 309)], ids=["L", "L-384", "B"]
)
def test_a_v100_runs_vision_transformers_in_fp32_as_fast_as_published(size, batch, published):
    """Tables of Token Merging, https://github.com/facebookresearch/ToMe."""
    work = {"task": "inference", "precision": "fp32", "batch_size": batch, "image_size": size.reference_size[0]}
    pace = networks.physics(network_job(size, **work), make_systems(V100_WITHOUT_FUSED_ATTENTION)).pace

    assert float(pace.units_per_step[0] / pace.step_s[0]) == pytest.approx(published, rel=0.15)


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_attention_one_by_one_is_slower_the_more_tokens_there_are(precision):
    work = {"task": "inference", "precision": precision, "batch_size": 64}
    few, many = (
        [float(networks.physics(network_job(spec, attention=how, **work, image_size=side), make_systems(H100)).pace.step_s[0])
         for how in ("flash", "eager")]
        for spec, side in ((VIT_L, 224), (VIT_L_384, 384))
    )  # fmt: skip

    assert 1 < few[1] / few[0] < many[1] / many[0]
