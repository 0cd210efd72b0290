from dataclasses import replace

import numpy as np
import pytest

from app.engine.comms import latency_s
from app.engine.served_experts import routed_copies_bytes, routed_exchange_s, routed_growth
from app.engine.serving import decode_step_s, touched_weight_bytes
from app.engine.serving_rates import (
    decode_unpacked_share,
    fed_tiles_flops_per_s,
    layer_overhead_s,
    multiplied_flops_per_s,
    packed_head_bytes,
    tensor_latency_s,
    unpacking_s,
)
from tests.engine.jobs import (
    CPU,
    H100,
    M2_ULTRA,
    MI300X,
    TPU_V4,
    make_accelerator,
    make_job,
    make_moe,
    make_spec,
    make_systems,
)

ONE = np.ones(1)
P100 = make_accelerator("tesla-p100", architecture="Pascal", compute_capability="6.0")


def test_experts_of_few_rows_are_slower_than_of_many_but_a_lone_token_is_not():
    lone, few, many = (routed_growth(make_moe(), systems=make_systems(H100), tokens=n)[0] for n in (1, 32, 8192))

    assert few > many > 1
    assert few > lone
    assert routed_growth(make_spec(), systems=make_systems(H100), tokens=32) == pytest.approx(1.0)


def test_only_experts_copy_and_exchange_tokens():
    spread = make_systems(H100, count=8, expert_parallel=8)

    assert routed_copies_bytes(make_moe(), tokens=64) > routed_copies_bytes(make_spec(), tokens=64) == 0
    assert routed_exchange_s(make_moe(), systems=spread, tokens=64, busy_s=ONE)[0] > 0
    assert routed_exchange_s(make_spec(), systems=spread, tokens=64, busy_s=ONE)[0] == 0


def test_a_device_reads_fewer_weights_where_experts_are_spread():
    job = make_job(make_moe(), precision="fp8", framework="vllm")
    together, apart = (touched_weight_bytes(job, make_moe(), batch=64.0, spread=spread) for spread in (1.0, 8.0))

    assert apart < together / 2


def test_messages_among_machines_wait_longer_and_rings_longer_than_one_step():
    near, far = (latency_s(make_systems(H100, count=16, nodes=nodes), group=np.array([16.0])) for nodes in (1, 2))
    server, ring = (
        tensor_latency_s(make_job(framework=name), systems=make_systems(MI300X, count=8, tensor_parallel=8))
        for name in ("vllm", "other")
    )
    switched = tensor_latency_s(make_job(framework="other"), systems=make_systems(H100, count=8, tensor_parallel=8))

    assert far > near
    assert ring > server
    assert switched == latency_s(make_systems(H100, count=8, tensor_parallel=8), group=np.array([8.0]))


def test_narrow_experts_suit_devices_of_few_operations_for_a_byte():
    narrow = make_moe(num_experts=128, num_experts_per_token=8, moe_intermediate_size=768)
    growth = routed_growth(narrow, systems=make_systems(H100, M2_ULTRA), tokens=4096)

    assert growth[0] > growth[1] > 1


def test_layers_that_keep_a_latent_vector_start_more_kernels():
    plain, latent = (make_job(make_moe(kv_lora_rank=rank), framework="vllm") for rank in (None, 512))
    systems = make_systems(H100, M2_ULTRA)

    assert np.all(layer_overhead_s(latent, systems=systems) > layer_overhead_s(plain, systems=systems))


def test_tokens_travel_between_machines_behind_the_products_of_others():
    far = make_systems(H100, count=32, nodes=4, expert_parallel=32)
    idle, some, much = (
        routed_exchange_s(make_moe(), systems=far, tokens=4096, busy_s=busy * ONE)[0] for busy in (0, 0.01, 10)
    )

    assert some < idle
    assert much < 10


def test_unpacking_costs_a_server_only_where_four_bits_are_not_multiplied():
    knows = replace(H100, peak=replace(H100.peak, fp4=4 * H100.peak.fp16))
    shares = decode_unpacked_share(make_job(precision="mxfp4", framework="vllm"), systems=make_systems(H100, knows))

    assert shares[0] < shares[1] == 1
    assert decode_unpacked_share(make_job(framework="vllm"), systems=make_systems(H100)) == 1


def test_dense_models_in_mxfp4_multiply_four_bits_and_published_experts_eight():
    knows = make_systems(replace(H100, peak=replace(H100.peak, fp4=4 * H100.peak.fp16)))
    dense, experts = (
        multiplied_flops_per_s(make_job(spec, precision="mxfp4", framework="vllm"), systems=knows)[0]
        for spec in (make_spec(), make_moe())
    )

    assert dense > 1.3 * experts


def test_scales_of_scales_take_longer_where_bytes_are_multiplied_one_by_one():
    plain, scaled = (
        unpacking_s(make_job(precision=name, framework="llama.cpp"), make_spec(), systems=make_systems(P100))
        for name in ("q4_0", "q4_k_m")
    )

    assert scaled > 1.2 * plain


def test_only_apple_packs_the_output_matrix():
    saved = packed_head_bytes(make_job(precision="int4"), make_spec(), systems=make_systems(M2_ULTRA, H100))

    assert saved[0] > 0 == saved[1]


def test_a_compiled_cache_is_read_whole_however_short_the_text():
    steps = [
        decode_step_s(
            make_job(prompt_tokens=tokens, output_tokens=2, framework=name),
            make_spec(),
            systems=make_systems(TPU_V4),
            batch=8 * ONE,
        ).total_s[0]
        for name in ("other", "vllm")
        for tokens in (100, 1000)
    ]

    assert steps[0] == pytest.approx(steps[1], rel=0.01)
    assert steps[2] < steps[3]


def test_matrix_tiles_of_a_processor_get_what_its_caches_feed():
    halves, bytes_each = (fed_tiles_flops_per_s(p, systems=make_systems(CPU, H100)) for p in ("bf16", "int8"))

    assert bytes_each[0] == 2 * halves[0] > CPU.peak.fp32
    assert np.isinf(halves[1])
