import statistics
import tomllib
from pathlib import Path

import numpy as np
import pytest

from app.engine.estimate import estimate
from app.engine.hardware import Devices, systems_of
from app.engine.parallelism import default_plan
from app.engine.units import GB, GIB, SECONDS_PER_HOUR
from tests.engine.jobs import H100, make_accelerator, make_job, make_spec

RUNS = tomllib.loads((Path(__file__).parents[1] / "authorities" / "large_runs.toml").read_text("utf-8"))["run"]
A100_40 = make_accelerator(
    "a100-sxm4-40gb", memory_bytes=40 * GB, usable_memory_bytes=39.4 * GIB, memory_bandwidth_bytes_per_s=1555 * GB
)
DEVICES = {"h100": H100, "a100": make_accelerator(), "a100-40": A100_40}


def estimated_device_hours(run) -> float:
    gated = run["id"].startswith("llama")
    spec = make_spec(
        run["id"], parameters=run["parameters"], active_parameters=run["parameters"], num_hidden_layers=run["layers"],
        hidden_size=run["hidden"], intermediate_size=run["ffn"], num_attention_heads=run["heads"], gated_ffn=gated,
        num_key_value_heads=8 if gated else run["heads"], head_dim=run["hidden"] // run["heads"],
        vocab_size=run["vocabulary"], tie_word_embeddings=not gated,
    )  # fmt: skip
    job = make_job(
        spec, task="pretrain", precision="bf16", framework="megatron", sequence_length=run["sequence_length"], batch_size=1,
        dataset={"tokens": run["tokens"]},
    )  # fmt: skip
    devices, count = Devices((DEVICES[run["device"]],)), np.array([float(run["devices"])])
    nodes = np.ceil(count / 8)
    plan = default_plan(job, devices, count=count, nodes=nodes)
    answer = estimate(job, systems_of(devices, count=count, nodes=nodes, plan=plan))
    return float(answer.device_s.expected[0] / SECONDS_PER_HOUR)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["id"])
def test_the_plan_found_comes_within_half_of_a_published_run(run):
    assert run["device_hours"] / 1.5 < estimated_device_hours(run) < run["device_hours"] * 1.5


def test_half_of_the_published_runs_come_within_a_quarter():
    factors = [estimated_device_hours(run) / run["device_hours"] for run in RUNS]

    assert statistics.median(max(factor, 1 / factor) for factor in factors) < 1.25
