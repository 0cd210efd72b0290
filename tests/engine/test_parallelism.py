from dataclasses import replace

import numpy as np
import pytest

from app.engine.hardware import Devices
from app.engine.model_spec import AlgorithmSpec
from app.engine.parallelism import default_plan
from app.engine.plans import is_legal, plan_of
from tests.engine.jobs import BERT_LARGE, EVERY_KIND, H100, RTX_4090, make_accelerator, make_job, make_moe, make_spec

LLAMA_70B = make_spec(
    "llama-3.1-70b", parameters=70_553_706_496, active_parameters=70_553_706_496, num_hidden_layers=80, hidden_size=8192,
    intermediate_size=28_672, num_attention_heads=64,
)  # fmt: skip
LLAMA_405B = make_spec(
    "llama-3.1-405b", parameters=405_853_388_800, active_parameters=405_853_388_800, num_hidden_layers=126, hidden_size=16_384,
    intermediate_size=53_248, num_attention_heads=128,
)  # fmt: skip


@pytest.fixture
def plan_for():
    def choose(job, *accelerators, count=1, nodes=1):
        devices = Devices(accelerators)
        ones = np.ones(len(devices))
        return default_plan(job, devices, count=ones * count, nodes=ones * nodes)

    return choose


def test_replicas_where_a_replica_fits(plan_for):
    plan = plan_for(make_job(task="finetune", method="lora", precision="bf16"), H100, count=8)

    assert (plan.data_parallel[0], plan.zero_stage[0]) == (8, 0)


def test_full_sharding_where_a_replica_does_not_fit(plan_for):
    plan = plan_for(make_job(task="finetune", method="full", precision="amp", optimizer="adamw"), H100, count=8)

    assert (plan.data_parallel[0], plan.zero_stage[0]) == (8, 3)


def test_each_system_gets_its_own_plan(plan_for):
    job = make_job(
        task="finetune", method="full", precision="bf16", optimizer="adamw", batch_size=1, sequence_length=1024
    )
    large = make_accelerator(usable_memory_bytes=180e9)
    plan = plan_for(job, large, RTX_4090, count=8)

    assert list(plan.zero_stage) == [0, 3]


def test_serving_takes_as_few_devices_per_replica_as_fit(plan_for):
    crowd = {"concurrent_requests": 16, "prompt_tokens": 512, "output_tokens": 128}
    plan = plan_for(make_job(LLAMA_70B, precision="bf16", framework="vllm", **crowd), H100, count=8)

    assert (plan.tensor_parallel[0], plan.data_parallel[0]) == (4, 2)


def test_one_request_is_spread_over_devices_that_would_idle_as_copies(plan_for):
    for_one = {"framework": "vllm", "concurrent_requests": 1, "prompt_tokens": 512, "output_tokens": 128}
    large = plan_for(make_job(LLAMA_70B, precision="bf16", **for_one), H100, count=8)
    small = make_spec(parameters=5e8, active_parameters=5e8, hidden_size=896, intermediate_size=4864)

    assert (large.tensor_parallel[0], large.data_parallel[0]) == (8, 1)
    assert plan_for(make_job(small, precision="bf16", **for_one), RTX_4090, count=8).tensor_parallel[0] == 1


def test_llama_cpp_splits_by_layers(plan_for):
    plan = plan_for(
        make_job(LLAMA_70B, precision="q4_k_m", framework="llama.cpp", prompt_tokens=512, output_tokens=128),
        RTX_4090,
        count=2,
    )

    assert (plan.tensor_parallel[0], plan.pipeline_parallel[0]) == (1, 2)


def test_a_model_larger_than_a_machine_spans_machines(plan_for):
    job = make_job(LLAMA_405B, precision="bf16", framework="vllm", prompt_tokens=512, output_tokens=128)
    plan = plan_for(job, make_accelerator(), count=16, nodes=2)

    assert plan.tensor_parallel[0] * plan.pipeline_parallel[0] == 16


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 8, 16, 24, 64, 512])
@pytest.mark.parametrize("spec", [make_spec(), make_moe(), LLAMA_405B], ids=lambda spec: spec.name)
@pytest.mark.parametrize("task", ["pretrain", "inference"])
def test_every_default_plan_is_legal(count, spec, task, plan_for):
    plan = plan_for(make_job(spec, task=task, precision="bf16"), *EVERY_KIND, count=count, nodes=-(-count // 8))
    used = plan.data_parallel * plan.tensor_parallel * plan.pipeline_parallel

    assert np.all(used <= count)
    for tensor, pipeline in zip(plan.tensor_parallel, plan.pipeline_parallel, strict=True):
        assert is_legal(spec, tensor_parallel=int(tensor), pipeline_parallel=int(pipeline))


def test_work_without_a_transformer_is_replicated(plan_for):
    job = replace(make_job(), model=AlgorithmSpec("xgboost", "tree ensemble", "yes"))

    assert plan_for(job, H100, count=4).data_parallel[0] == 4


def test_degrees_that_cut_heads_layers_or_experts_are_illegal():
    moe = make_moe()

    assert not is_legal(moe, tensor_parallel=3)
    assert not is_legal(moe, tensor_parallel=1, pipeline_parallel=33)
    assert not is_legal(moe, tensor_parallel=1, expert_parallel=3)


def test_what_tensor_and_pipeline_leave_is_replicated():
    plan = plan_of(np.array([16.0]), tensor=np.array([4.0]), pipeline=np.array([2.0]))

    assert plan.data_parallel[0] == 2


def test_a_server_for_many_gets_room_for_their_cache(plan_for):
    common = {"precision": "bf16", "framework": "vllm", "prompt_tokens": 16_000, "output_tokens": 500}
    few, many = (plan_for(make_job(LLAMA_70B, **common, concurrent_requests=n), H100, count=8) for n in (8, "max"))

    assert few.tensor_parallel[0] < many.tensor_parallel[0]


def test_a_server_of_as_many_as_fit_keeps_latent_caches_apart_and_shares_experts(plan_for):
    crowd = {"framework": "vllm", "precision": "bf16", "prompt_tokens": 512, "output_tokens": 1024}
    latent = make_moe(
        parameters=186e9, active_parameters=12e9, num_experts=160, num_experts_per_token=6, moe_intermediate_size=1536,
        num_hidden_layers=60, kv_lora_rank=512, qk_rope_head_dim=64,
    )  # fmt: skip

    many = plan_for(make_job(latent, **crowd, concurrent_requests="max"), H100, count=8)
    few = plan_for(make_job(latent, **crowd, concurrent_requests=4), H100, count=8)

    assert (many.data_parallel[0], many.expert_parallel[0], many.tensor_parallel[0]) == (8, 8, 1)
    assert (few.expert_parallel[0], few.tensor_parallel[0]) == (1, 8)


def test_a_plan_is_found_for_an_encoder_that_learns_without_padding(plan_for):
    texts = {"samples": 1e6, "tokens": 2e8}
    job = make_job(BERT_LARGE, task="pretrain", framework="pytorch", sequence_length=512, dataset=texts)
    plan = plan_for(job, H100, RTX_4090, count=16, nodes=2)

    assert (plan.data_parallel * plan.tensor_parallel * plan.pipeline_parallel).tolist() == [16, 16]
