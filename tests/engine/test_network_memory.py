"""Memory of networks: what detectors keep, and what a program takes beside its tensors."""

from dataclasses import replace

import numpy as np
import pytest

from app.engine import networks
from app.engine.hardware import Devices
from app.engine.model_spec import NetworkSpec
from app.engine.parallelism import default_plan
from tests.engine.jobs import make_accelerator, make_systems
from tests.engine.network_jobs import RESNET50, RTX_3090, V100, VIT_B, XEON, network_job

YOLOV8M = NetworkSpec("yolov8m", "detector", "yolov8", 25.9e6, 39.5e9, 48.4e6, (640, 640))


def parts_of(spec, *devices, **workload):
    footprint = networks.physics(network_job(spec, **workload), make_systems(*devices)).footprint
    return {part.part: float(part.bytes[0]) / 2**30 for part in footprint.parts}


def test_a_detector_that_trains_its_normalisation_reserves_what_its_logs_show():
    """Training logs of ultralytics for YOLOv8m show 6.5 to 7.4 GB, recalled."""
    parts = parts_of(YOLOV8M, domain="detection", batch_size=16, image_size=(640, 640))

    assert sum(parts.values()) == pytest.approx(6.9, rel=0.1)


SAM_H = NetworkSpec("sam-vit-h", "segmenter", "sam", 641e6, 2982e9, 1642e6, (1024, 1024), tokens_meet="attention")
PROMPTED = {"task": "inference", "domain": "segmentation", "batch_size": 1, "image_size": 1024}


def test_scores_with_learnt_positions_are_held_whole():
    """SAM with ViT-H runs out of 5.7 GiB and fits 8 (https://github.com/facebookresearch/segment-anything/issues/78)."""
    parts = parts_of(SAM_H, RTX_3090, precision="fp32", **PROMPTED)
    fused = parts_of(replace(SAM_H, family="sam2"), RTX_3090, precision="fp32", **PROMPTED)

    assert 5.7 < sum(parts.values()) < 8
    assert sum(fused.values()) < 0.6 * sum(parts.values())


def test_a_small_segmenter_holds_its_maps_whatever_its_weights():
    """SAM 2 peaks at 0.43 GiB (tiny) to 0.80 (large): https://github.com/facebookresearch/sam2/issues/118."""
    tiny = NetworkSpec("sam2-tiny", "segmenter", "sam2", 31.4e6, None, None, (1024, 1024), tokens_meet="attention")
    parts = parts_of(tiny, RTX_3090, precision="fp16", **PROMPTED)

    assert sum(parts.values()) == pytest.approx(0.43, rel=0.2)


def test_a_program_shares_the_memory_of_a_processor_only():
    assert "context" in parts_of(RESNET50, XEON, precision="fp32")
    assert "context" not in parts_of(RESNET50, make_accelerator())


def test_one_picture_in_a_vision_transformer_takes_next_to_nothing_but_weights():
    """346 MiB on a V100: https://github.com/alibaba/EasyCV, docs/source/model_zoo_cls.md."""
    parts = parts_of(VIT_B, V100, task="inference", precision="fp32", batch_size=1)

    assert sum(parts.values()) * 1024 == pytest.approx(346, rel=0.05)
    assert parts["workspace"] < 0.2 * parts_of(RESNET50, V100, task="inference", precision="fp32")["workspace"]


def test_tables_of_a_recommender_are_split_where_sharding_is_asked_for():
    dlrm = NetworkSpec("dlrm", "recommender", "", 24e9, 2.5e6, 1e4, ())
    asked = {"domain": "recommendation", "precision": "fp32", "batch_size": 8192}
    shared, whole = (
        networks.physics(network_job(dlrm, **asked), make_systems(count=8, zero_stage=stage)).footprint.total_bytes[0]
        for stage in (3, 0)
    )

    assert shared < whole / 7


def test_a_network_that_no_device_holds_is_shared_by_all():
    large = NetworkSpec("wide", "recommender", "", 24e9, 2.5e6, 1e4, ())
    job = network_job(large, domain="recommendation", precision="fp32", batch_size=8192)
    eight = np.full(1, 8.0)
    plan = default_plan(job, Devices((make_accelerator(),)), count=eight, nodes=np.ones(1))

    assert plan.zero_stage[0] == 3
    assert default_plan(network_job(), Devices((make_accelerator(),)), count=eight, nodes=np.ones(1)).zero_stage[0] == 0
