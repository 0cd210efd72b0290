import pytest

from app.engine.flops import (
    attention_layers,
    decode_flops_per_token,
    forward_flops_per_token,
    prefill_flops,
    training_flops_per_token,
)
from app.engine.params import multiplied_parameters
from tests.engine.jobs import BERT_LARGE, make_moe, make_spec


def test_attention_of_a_decoder_skips_what_lies_ahead():
    spec = make_spec()

    assert forward_flops_per_token(spec, 4096) == 2 * multiplied_parameters(spec) + 4 * 32 * 4096 * 2048


def test_attention_of_an_encoder_sees_both_sides():
    assert forward_flops_per_token(BERT_LARGE, 512) == 2 * multiplied_parameters(BERT_LARGE) + 4 * 24 * 1024 * 512


def test_a_window_bounds_what_a_token_looks_back_on():
    windowed = make_spec(sliding_window=1024, num_sliding_layers=32, num_full_attention_layers=0)
    matrices = 2 * multiplied_parameters(windowed)

    assert attention_layers(windowed) == (0, 32)
    assert decode_flops_per_token(windowed, 100_000) - matrices == 4 * 32 * 4096 * 1024


def test_only_active_experts_compute():
    dense_equivalent = multiplied_parameters(make_moe())

    assert dense_equivalent == pytest.approx(12.88e9 - 32_000 * 4096, rel=0.01)


def test_training_multiplies_three_times_and_frozen_weights_twice():
    spec, forward = make_spec(), forward_flops_per_token(make_spec(), 2048)

    assert training_flops_per_token(spec, 2048) == 3 * forward
    assert training_flops_per_token(spec, 2048, method="frozen") == forward
    assert training_flops_per_token(spec, 2048, method="lora") == 3 * forward - 2 * multiplied_parameters(spec)


def test_a_prompt_needs_the_head_for_its_last_token_only():
    spec = make_spec()
    head = 128_256 * 4096
    matrices = 2 * (multiplied_parameters(spec) - head) * 1000 + 2 * head

    assert prefill_flops(spec, 1000) == pytest.approx(matrices + 1000 * 4 * 32 * 4096 * 500)
