from dataclasses import replace

import numpy as np

from app.engine.llama_cpp import expert_share_llama_cpp, prefill_rate_llama_cpp, prefill_weight_s, row_split_s
from app.engine.serving import decode_weight_bytes, prefill_s
from app.engine.serving_rates import layer_overhead_s
from tests.engine.jobs import CPU, H100, RTX_4090, make_job, make_moe, make_spec, make_systems


def test_an_expert_of_few_tokens_is_multiplied_slowly_but_not_on_a_processor():
    few, many = (
        expert_share_llama_cpp(make_moe(), systems=make_systems(H100, CPU), tokens=tokens) for tokens in (32, 512)
    )

    assert few[0] < many[0] < 1
    assert few[1] == many[1]


def test_experts_stay_packed_while_a_prompt_is_read():
    job, systems = make_job(framework="llama.cpp", precision="q4_k_m"), make_systems(RTX_4090)
    moe = make_moe()
    dense = replace(moe, num_experts=0, num_experts_per_token=0)

    experts, whole = (prefill_weight_s(job, spec, systems=systems)[0] for spec in (moe, dense))

    assert 0 < experts < whole / 2


def test_a_short_prompt_takes_as_long_as_the_weights_it_touches_at_least():
    job = make_job(framework="llama.cpp", precision="q4_k_m", prompt_tokens=32)
    spec, systems = make_moe(), make_systems(RTX_4090)

    reading = prefill_s(job, spec, systems=systems, batch=np.ones(1)).total_s[0]
    touched = decode_weight_bytes(job, spec, systems=systems, written=np.array([32.0]))[0]

    assert reading >= touched / RTX_4090.memory_bandwidth_bytes_per_s


def test_rows_travel_to_every_card_that_shares_them_and_to_none_that_is_alone():
    alone, two, four = (
        row_split_s(
            make_spec(), systems=make_systems(RTX_4090, count=cards, tensor_parallel=cards), tokens=np.array([512.0])
        )[0]
        for cards in (1, 2, 4)
    )

    assert alone == 0
    assert four == 2 * two > 0


def test_cores_wait_for_each_other_after_every_operation():
    few, many, gpu = layer_overhead_s(
        make_job(framework="llama.cpp"),
        systems=make_systems(replace(CPU, compute_units=16), replace(CPU, compute_units=128), H100),
    )

    assert many == 8 * few
    assert 0 < gpu < many


def test_twice_the_cores_read_prompts_faster_but_not_twice_as_fast():
    one, two = (replace(CPU, compute_units=64 * k, peak=replace(CPU.peak, fp32=8e12 * k)) for k in (1, 2))

    rates = prefill_rate_llama_cpp(
        make_job(framework="llama.cpp"), make_spec(), systems=make_systems(one, two), tokens=512
    )

    assert 1 < rates[1] / rates[0] < 2
