import tomllib
from pathlib import Path

import numpy as np
import pytest

from app.engine import classical, diffusion, networks
from app.engine.comms import all_reduce_bytes
from app.engine.diffusion_work import denoiser_work
from app.engine.network_memory import activation_bytes
from app.engine.network_work import network_work
from app.engine.units import GIGA
from tests.engine.jobs import H100, RTX_4090, make_accelerator, make_systems
from tests.engine.network_jobs import (
    DENSENET,
    DIT_XL,
    FLUX,
    MOBILENET,
    RESNET50,
    RTX_3090,
    SD15,
    V100,
    VGG16,
    VIT_B,
    WAN_14B,
    XEON,
    network_job,
    samples_per_s,
    table_job,
)

CASES = tomllib.loads((Path(__file__).parents[1] / "authorities" / "networks.toml").read_text("utf-8"))["case"]
EAGER = {"channels_last": False, "batch_size": 512}
RUN = {"task": "inference", "precision": "fp16", "batch_size": 256}


def saved_bytes(spec):
    job = network_job(spec, precision="fp32", batch_size=1)
    return activation_bytes(job, network_work(job, spec), architecture=spec.architecture, family=spec.family)


def share_of_peak(spec, device, *, training, **workload):
    """Model FLOPs of the rate over the 16-bit peak, as the tables of published shares count it."""
    rate = samples_per_s(networks.physics(network_job(spec, **workload), make_systems(device)))[0]
    return rate * 2 * spec.macs_per_sample * (3 if training else 1) / device.peak.fp16


def generation(**workload):
    fields = {"task": "inference", "domain": "image_generation", "precision": "bf16", "batch_size": 1, **workload}
    return samples_per_s(diffusion.physics(network_job(FLUX, **fields), make_systems(H100)))[0]


def gigamacs(spec, size):
    return denoiser_work(network_job(spec, image_size=size, domain="image_generation"), spec).flops / 2 / GIGA


def boosting_s(device):
    job = table_job("xgboost", rows=1e7, columns=8, steps=100)
    return float(classical.physics(job, make_systems(device)).pace.step_s[0])


ESTIMATES = {
    "dit_xl_2_256_gmacs": lambda: gigamacs(DIT_XL, 256),
    "dit_xl_2_512_gmacs": lambda: gigamacs(DIT_XL, 512),
    "vgg16_params": lambda: VGG16.parameters,
    "resnet50_params": lambda: RESNET50.parameters,
    "vgg16_gmacs": lambda: network_work(network_job(VGG16), VGG16).macs / GIGA,
    "sd15_gmacs_without_attention": lambda: denoiser_work(network_job(SD15), SD15).linear_flops / 2 / GIGA,
    "wan_14b_linear_pflop": lambda: denoiser_work(network_job(WAN_14B), WAN_14B).linear_flops / 1e15,
    "ring_all_reduce_8": lambda: all_reduce_bytes(1.0, 8.0),
    "v100_resnet50_amp_eager_share_of_peak": lambda: share_of_peak(RESNET50, V100, training=True, **EAGER),
    "a100_resnet50_amp_eager_share_of_peak": lambda: share_of_peak(
        RESNET50, make_accelerator(), training=True, **EAGER
    ),
    "rtx3090_resnet50_amp_eager_share_of_peak": lambda: share_of_peak(RESNET50, RTX_3090, training=True, **EAGER),
    "rtx4090_resnet50_amp_eager_share_of_peak": lambda: share_of_peak(RESNET50, RTX_4090, training=True, **EAGER),
    "h100_resnet50_amp_eager_share_of_peak": lambda: share_of_peak(RESNET50, H100, training=True, **EAGER),
    "rtx3090_vit_inference_share_of_peak": lambda: share_of_peak(VIT_B, RTX_3090, training=False, **RUN),
    "rtx4090_vit_compiled_share_of_peak": lambda: share_of_peak(VIT_B, RTX_4090, training=False, compiled=True, **RUN),
    "rtx3090_mobile_inference_share_of_peak": lambda: share_of_peak(MOBILENET, RTX_3090, training=False, **RUN),
    "rtx4090_mobile_inference_share_of_peak": lambda: share_of_peak(MOBILENET, RTX_4090, training=False, **RUN),
    "resnet50_saved_bytes": lambda: saved_bytes(RESNET50),
    "vgg16_saved_bytes": lambda: saved_bytes(VGG16),
    "densenet121_saved_bytes": lambda: saved_bytes(DENSENET),
    "mobilenetv2_saved_bytes": lambda: saved_bytes(MOBILENET),
    "vit_base_saved_bytes": lambda: saved_bytes(VIT_B),
    "cogvideox_compiled_gain": lambda: generation(compiled=True) / generation(compiled=False),
    "gbm_perf_xgboost_cpu_10m_s": lambda: boosting_s(XEON),
    "gbm_perf_xgboost_v100_10m_s": lambda: boosting_s(V100),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_estimate_is_within_the_tolerance_of_the_published_number(case):
    estimate = float(np.asarray(ESTIMATES[case["name"]]()))

    assert estimate == pytest.approx(case["value"], rel=case["tolerance"] + 1e-12)


def test_every_published_case_has_an_estimate():
    assert {case["name"] for case in CASES} == set(ESTIMATES)
