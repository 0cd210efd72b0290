from dataclasses import replace

import numpy as np
import pytest

from app.engine.estimate import estimate
from app.engine.model_spec import NetworkSpec
from app.engine.radiance import renders_scenes
from app.engine.software import software_gap
from app.engine.units import GB, GIB
from tests.engine.jobs import M2_ULTRA, RTX_4090, make_accelerator, make_job, make_systems

SCENE = NetworkSpec("3D Gaussian Splatting", "other", "3dgs", 177e6, None, None, (1000, 1300))
FIELD = NetworkSpec("NeRF", "other", "nerf", 1.19e6, None, None)
A6000 = make_accelerator(
    "rtx-a6000", memory_bandwidth_bytes_per_s=768 * GB, compute_units=84, boost_hz=1.8e9, usable_memory_bytes=47 * GIB
)
V100 = make_accelerator("v100", architecture="Volta", peak=replace(RTX_4090.peak, fp32=15.7e12))


def answer(spec, device, *, task="train", **workload):
    return estimate(make_job(spec, task=task, domain="vision", **workload), make_systems(device))


def test_the_scenes_of_the_paper_take_as_long_as_the_paper_says():
    hours = answer(SCENE, A6000).duration_s.expected[0] / 3600

    assert hours == pytest.approx(41.5 / 60, rel=0.15)  # arXiv:2308.04079, table 1


def test_a_first_nerf_takes_one_to_two_days_on_a_v100():
    hours = answer(FIELD, V100, batch_size=4096).duration_s.expected[0] / 3600

    assert 20 < hours < 50  # arXiv:2003.08934, section 5.3


def test_larger_pictures_take_longer_and_more_memory():
    small, large = (answer(SCENE, A6000, image_size=size) for size in (800, 1600))

    assert large.duration_s.expected[0] > 2 * small.duration_s.expected[0]
    assert large.memory_bytes.expected[0] > small.memory_bytes.expected[0]


def test_more_steps_take_longer_and_rendering_is_quicker_than_training():
    short, long = (answer(SCENE, A6000, steps=steps).duration_s.expected[0] for steps in (7_000, 30_000))
    training, rendering = (answer(SCENE, A6000, task=task) for task in ("train", "inference"))

    assert long == pytest.approx(short * 30 / 7)
    assert rendering.throughput_per_s.expected[0] > training.throughput_per_s.expected[0]
    assert rendering.memory_bytes.expected[0] < training.memory_bytes.expected[0]


def test_a_scene_of_usual_size_takes_about_what_was_measured():
    gib = answer(SCENE, A6000).memory_bytes.expected[0] / GIB

    assert 6 < gib < 14  # 9.1 GB at 7,000 steps of one scene: docs.gsplat.studio


def test_devices_without_cuda_are_not_estimated():
    told = answer(SCENE, M2_ULTRA)

    assert np.isnan(told.throughput_per_s.expected[0])
    assert "CUDA" in software_gap(make_job(SCENE, task="train", domain="vision"), M2_ULTRA)


def test_hash_grids_are_not_taken_for_either():
    assert renders_scenes(SCENE)
    assert renders_scenes(FIELD)
    assert not renders_scenes(NetworkSpec("Instant NGP", "other", "nerf", 12.6e6, None, None))


def test_the_numbers_are_said_to_be_estimated():
    assert answer(SCENE, A6000).evidence == "estimated"
