from dataclasses import replace

import pytest

from app.engine.model_spec import NetworkSpec
from app.engine.network_math import math_rate
from app.engine.network_structure import is_transformer
from app.engine.network_work import network_work, sample_size
from tests.engine.jobs import make_accelerator, make_systems
from tests.engine.network_jobs import NNUNET, RESNET50, SEGMENTER, network_job


def work_of(spec, **workload):
    return network_work(network_job(spec, **workload), spec)


def test_attention_makes_a_transformer_whatever_its_task():
    assert is_transformer(replace(SEGMENTER, tokens_meet="windows"))
    assert not is_transformer(SEGMENTER)


def test_a_clip_model_counts_its_frames():
    clip = NetworkSpec("r3d-18", "cnn", "r", 33_371_472, 40.7e9, None, (16, 112, 112))
    job = network_job(clip, frames=32, image_size=112)

    assert sample_size(job, clip) == (32, 112, 112)
    assert network_work(job, clip).macs == pytest.approx(2 * 40.7e9)


def test_a_volume_without_depth_keeps_the_published_one():
    flat = replace(network_job(NNUNET, domain="medical_3d"), depth=None, image_size=(64, 64))

    assert network_work(flat, NNUNET).macs == pytest.approx(NNUNET.macs_per_sample / 4)


def test_four_bit_formats_compute_in_sixteen_bits():
    devices = make_systems(make_accelerator()).devices
    rates = [
        math_rate(network_job(precision=precision), devices, work=work_of(RESNET50)).flops_per_s[0]
        for precision in ("int4", "fp16")
    ]

    assert rates[0] == rates[1]


def test_a_network_without_counts_is_not_held_back_by_thin_layers():
    assert work_of(NetworkSpec("your model", "other", "", 1e7, None, None)).intensity == float("inf")


def test_scores_of_a_clip_are_written_only_where_nothing_fuses_attention():
    videomae = NetworkSpec("", "vit", "", 86.2e6, 180.3e9, None, (16, 224, 224))
    clip = {"task": "inference", "image_size": 224, "frames": 16}
    fused, eager = (work_of(videomae, attention=attention, **clip) for attention in ("flash", "eager"))
    within_windows = work_of(replace(videomae, tokens_meet="windows"), attention="eager", **clip)

    assert eager.activations - fused.activations == pytest.approx(12 * 12 * 1568**2, rel=0.05)
    assert within_windows.activations == fused.activations
