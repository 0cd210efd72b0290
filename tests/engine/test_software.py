from dataclasses import replace

import numpy as np
import pytest

from app.engine.estimate import estimate
from app.engine.hardware import Devices, systems_of
from app.engine.model_spec import AlgorithmSpec
from app.engine.software import back_end_on_each, has_back_end, software_gap
from tests.engine.jobs import CPU, H100, M2_ULTRA, MI300X, RTX_4090, TPU_V4, make_job


@pytest.mark.parametrize(
    ("framework", "device", "runs"),
    [
        ("llama.cpp", TPU_V4, False), ("llama.cpp", CPU, True), ("llama.cpp", M2_ULTRA, True), ("llama.cpp", MI300X, True),
        ("tensorrt-llm", MI300X, False), ("tensorrt-llm", RTX_4090, True), ("vllm", TPU_V4, True),
    ],
)  # fmt: skip
def test_a_program_runs_where_it_has_a_back_end(framework, device, runs):
    job = make_job(precision="bf16", framework=framework)

    assert has_back_end(job, device) is runs
    assert (software_gap(job, device) is None) is runs


@pytest.mark.parametrize(("device", "runs"), [(CPU, True), (H100, True), (TPU_V4, False)])
def test_methods_for_tables_run_on_processors_and_graphics_cards(device, runs):
    job = replace(make_job(), model=AlgorithmSpec("xgboost", "tree ensemble", "yes"))

    assert has_back_end(job, device) is runs
    assert ("ordinary processor" in (software_gap(job, device) or "")) is not runs


def test_nothing_is_estimated_where_the_program_does_not_run():
    devices = Devices((TPU_V4, H100))
    job = make_job(framework="llama.cpp", precision="q4_k_m", prompt_tokens=100, output_tokens=100)

    answer = estimate(job, systems_of(devices, count=[1.0, 1.0]))

    assert back_end_on_each(job, devices).tolist() == [False, True]
    assert np.isnan(answer.fits[0])
    assert np.isnan(answer.throughput_per_s.expected[0])
    assert answer.fits[1] == 1
    assert answer.throughput_per_s.expected[1] > 0
