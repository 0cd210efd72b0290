import numpy as np
import pytest

from app.engine.experts import expert_launch_s, product_growth, routed_bytes, routed_share
from app.engine.training import physics
from app.engine.training_messages import expert_exchange_s, remote_copies, replicas_s
from tests.engine.jobs import H100, make_job, make_spec, make_systems

EXPERTS = {
    "parameters": 30.5e9, "active_parameters": 3.35e9, "num_hidden_layers": 48, "hidden_size": 2048,
    "intermediate_size": 6144, "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128,
    "vocab_size": 151_936, "num_experts": 128, "num_experts_per_token": 8, "moe_intermediate_size": 768,
}  # fmt: skip


def routed_job(**fields):
    said = {"task": "pretrain", "precision": "bf16", "framework": "megatron", "sequence_length": 4096, "batch_size": 1}
    return make_job(make_spec("many-experts", **EXPERTS), **(said | fields))


def test_most_of_what_a_token_is_multiplied_by_can_be_experts():
    assert 0.5 < routed_share(make_spec("many-experts", **EXPERTS)) < 0.9


def test_products_of_experts_take_longer_than_those_of_a_dense_model():
    systems = make_systems(H100)
    wide, narrow = make_spec(), make_spec("many-experts", **EXPERTS)

    assert product_growth(make_job(wide), wide, systems=systems) == pytest.approx(1.0)
    assert 1.1 < product_growth(routed_job(), narrow, systems=systems)[0] < 2.1


def test_narrow_experts_gain_less_from_fewer_bits_than_a_dense_model():
    systems, narrow = make_systems(H100), make_spec("many-experts", **EXPERTS)
    wide, eight = product_growth(routed_job(), narrow, systems=systems), routed_job(precision="fp8")

    assert product_growth(eight, narrow, systems=systems)[0] > 1.1 * wide[0]


def test_every_copy_of_a_token_is_moved():
    systems = make_systems(H100)
    one, four = (
        routed_bytes(routed_job(batch_size=batch), make_spec("m", **EXPERTS), systems=systems) for batch in (1, 4)
    )

    assert four == pytest.approx(4 * one)
    assert routed_bytes(make_job(), make_spec(), systems=systems) == 0


def test_experts_that_are_spread_launch_fewer_kernels():
    spec = make_spec("many-experts", **EXPERTS)
    together, spread = (
        expert_launch_s(routed_job(), spec, systems=make_systems(H100, count=8, expert_parallel=degree))
        for degree in (1, 8)
    )

    assert together == pytest.approx(8 * spread)
    assert np.all(expert_launch_s(routed_job(framework="jax"), spec, systems=make_systems(H100)) == 0)


def test_a_device_exchanges_its_own_experts_only():
    spec = make_spec("many-experts", **EXPERTS)
    all_of_them, some = (
        replicas_s(
            routed_job(), spec, systems=make_systems(H100, count=8, zero_stage=3, expert_parallel=degree),
            trained=spec.parameters, element=2.0, batches=np.ones(1),
        )[0]
        for degree in (1, 8)
    )  # fmt: skip

    assert 0.1 < some / all_of_them < 0.25


def test_eight_bits_gain_less_with_many_small_experts():
    systems = make_systems(H100, count=8, zero_stage=1, expert_parallel=8)
    wide, narrow = (
        physics(routed_job(precision=kind, batch_size=4), systems).pace.step_s[0] for kind in ("bf16", "fp8")
    )

    assert 1.0 < wide / narrow < 1.5


def test_the_other_work_of_a_step_does_not_hide_launches_of_experts():
    few, many = (
        physics(routed_job(precision="fp8"), make_systems(H100, count=8, zero_stage=1, expert_parallel=degree))
        for degree in (8, 2)
    )

    assert many.pace.step_s[0] > 1.5 * few.pace.step_s[0]


def test_tokens_travel_longer_to_experts_in_other_machines():
    spec = make_spec("many-experts", **EXPERTS)
    inside, beyond = (
        expert_exchange_s(
            spec, systems=make_systems(H100, count=32, nodes=4, expert_parallel=degree), tokens=4096, passes=2
        )[0]
        for degree in (8, 32)
    )

    assert 2 * inside < beyond < 8 * inside


def test_a_token_goes_once_to_each_machine():
    spec = make_spec("many-experts", **EXPERTS)

    assert remote_copies(spec, machines=1.0) == 0
    assert 0.1 < remote_copies(spec, machines=2.0) < 1 / 8
    assert 0.9 < remote_copies(spec, machines=128.0) < 1
