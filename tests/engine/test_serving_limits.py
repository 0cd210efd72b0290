from dataclasses import replace

import numpy as np
import pytest

from app.engine.estimate import estimate
from app.engine.plan_rows import one_system
from app.engine.serving_limits import expected_tokens, latency_target, serving_limits, speculation_gain
from tests.engine.jobs import (
    BERT_LARGE,
    H100,
    RTX_4090,
    make_job,
    make_spec,
    make_systems,
)

SERVED = {
    "precision": "bf16",
    "framework": "vllm",
    "prompt_tokens": 1000,
    "output_tokens": 250,
    "concurrent_requests": 32,
}


def limits(device=H100, *, count=1, **workload):
    return serving_limits(make_job(**SERVED | workload), make_systems(device, count=count))


def test_a_looser_target_serves_more_until_memory_is_full():
    answers = [limits(latency_ms=ms) for ms in (500, 2_500, 10_000, 1e9)]
    within = [answer.within_target for answer in answers]

    assert within == sorted(within)
    assert within[0] < within[-1] == answers[-1].held


def test_a_target_that_one_request_misses_serves_nobody():
    answer = limits(latency_ms=1)

    assert (answer.within_target, answer.tokens_per_s_within_target) == (0, 0)


def test_without_a_target_every_token_comes_at_a_readable_pace():
    assert latency_target(make_job(**SERVED)) == (0.05, "token")
    assert latency_target(make_job(**SERVED, latency_ms=900)) == (0.9, "answer")


def test_the_largest_concurrency_keeps_its_target_and_one_more_does_not():
    answer = limits(latency_ms=6_000)
    pace = answer.within_target / answer.tokens_per_s_within_target

    assert pace * 250 <= 6.0
    assert limits(latency_ms=pace * 250 * 999).within_target < answer.within_target


def test_replicas_serve_as_many_times_more():
    one, four = (limits(count=count) for count in (1, 4))

    assert four.within_target == 4 * one.within_target
    assert four.tokens_per_s_within_target == pytest.approx(4 * one.tokens_per_s_within_target)


def test_more_memory_holds_more_requests_and_a_smaller_format_too():
    small, large = (limits(replace(H100, usable_memory_bytes=size)) for size in (24e9, 40e9))

    assert small.held < large.held
    assert small.held < limits(replace(H100, usable_memory_bytes=24e9), precision="fp8").held


def test_speculation_gains_for_one_and_loses_where_arithmetic_is_short():
    job, systems = make_job(**SERVED), make_systems(H100)
    gains = [speculation_gain(job, make_spec(), systems=systems, batch=np.array([float(n)]))[0] for n in (1, 64, 1024)]

    assert gains[0] > 1.5
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] < 1


def test_more_accepted_drafts_yield_more_tokens():
    assert expected_tokens(acceptance=0.9, drafts=4) > expected_tokens(acceptance=0.5, drafts=4) > 1


@pytest.mark.parametrize("precisions", [("bf16", "fp8"), ("bf16", "int4")])
def test_smaller_weights_are_read_faster(precisions):
    wide, narrow = (estimate(make_job(**SERVED | {"precision": p}), make_systems(H100)).pace for p in precisions)

    assert narrow.tpot_s[0] < wide.tpot_s[0]


def test_servers_are_told_apart():
    rates = {
        framework: estimate(
            make_job(**SERVED | {"framework": framework, "precision": "fp16", "concurrent_requests": 64}), make_systems(H100)
        ).throughput_per_s.expected[0]
        for framework in ("tensorrt-llm", "vllm", "llama.cpp")
    }  # fmt: skip

    assert rates["tensorrt-llm"] > rates["vllm"] > rates["llama.cpp"]


def test_what_writes_no_text_has_no_limits():
    assert serving_limits(make_job(BERT_LARGE, precision="bf16"), make_systems(H100)) is None
    assert serving_limits(make_job(task="finetune"), make_systems(H100)) is None


def test_one_row_of_systems_keeps_its_plan():
    systems = make_systems(H100, RTX_4090, count=8, tensor_parallel=2)

    one = one_system(systems, 1)

    assert one.devices.accelerators == (RTX_4090,)
    assert (one.count[0], one.plan.tensor_parallel[0], one.plan.data_parallel[0]) == (8, 2, 4)
