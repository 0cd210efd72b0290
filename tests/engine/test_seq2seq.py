"""Encoder-decoders read once and write through their decoder alone."""

from dataclasses import replace

import numpy as np
import pytest

from app.engine import serving, training
from app.engine.seq2seq import split_parameters, steps_of_batch
from app.engine.transformer_shape import inferred_transformer
from tests.engine.jobs import make_systems
from tests.engine.network_jobs import V100, network_job

T5_BASE = inferred_transformer(
    "t5-base", parameters=2.2e8, architecture="encoder_decoder", layers=24, hidden_size=768, ffn_size=3072, heads=12,
    vocabulary=32_128,
)  # fmt: skip
TRANSLATING = {
    "task": "inference",
    "domain": "text",
    "precision": "fp16",
    "framework": "tensorrt",
    "prompt_tokens": 40,
    "output_tokens": 40,
}


def pace(device=V100, *, texts=1, **workload):
    job = network_job(T5_BASE, **{**TRANSLATING, "concurrent_requests": texts, **workload})
    return serving.physics(job, make_systems(device)).pace


def rate(device=V100, *, texts=1, **workload):
    run = pace(device, texts=texts, **workload)
    return float((run.units_per_step / run.step_s)[0])


def test_the_source_meets_the_keys_and_values_of_the_second_attention_the_target_the_rest_and_the_head():
    source, target = split_parameters(T5_BASE)

    assert target > 1.2 * source
    assert source + target == pytest.approx(T5_BASE.parameters, rel=0.1)


def test_the_encoder_is_no_part_of_a_step():
    assert pace(prompt_tokens=400).tpot_s[0] < 1.2 * pace(prompt_tokens=40).tpot_s[0]
    assert pace(prompt_tokens=400).ttft_s[0] > pace(prompt_tokens=40).ttft_s[0]


def test_texts_written_together_share_the_weights():
    assert rate(texts=32) > 8 * rate(texts=1)


def test_a_batch_waits_for_its_longest_text_unless_a_server_replaces_texts():
    batch = np.array([1.0, 32.0])
    alone, together = steps_of_batch(network_job(T5_BASE, **TRANSLATING), batch)
    served = steps_of_batch(network_job(T5_BASE, **{**TRANSLATING, "framework": "vllm"}), batch)

    assert alone == 40
    assert together > 1.3 * alone
    assert list(served) == [40, 40]


def test_fused_programs_write_faster_than_eager_ones():
    assert rate(framework="other") > 3 * rate(framework="pytorch")


def test_servers_draw_tokens_where_other_programs_search():
    many = {"texts": 256, "prompt_tokens": 1}

    assert pace(**many, framework="vllm").tpot_s[0] < 0.6 * pace(**many, framework="other").tpot_s[0]


def test_devices_that_share_layers_wait_for_sums():
    job = network_job(T5_BASE, **TRANSLATING, concurrent_requests=1)
    alone = serving.physics(job, make_systems(V100)).pace
    shared = serving.physics(job, make_systems(V100, count=4, tensor_parallel=4)).pace

    assert alone.communication_share[0] == 0
    assert 0.1 < shared.communication_share[0] < 1
    assert shared.tpot_s[0] > alone.tpot_s[0] / 4


def test_eager_programs_write_faster_on_a_newer_host():
    newer = replace(V100, launch_year=V100.launch_year + 5)

    assert rate(newer, framework="pytorch") > 1.1 * rate(V100, framework="pytorch")
    assert rate(newer, framework="tensorrt") == pytest.approx(rate(V100, framework="tensorrt"), rel=0.05)


def test_a_text_of_no_output_counts_what_was_read():
    run = pace(output_tokens=0)

    assert run.decode_tokens_per_s is None
    assert run.units_per_step[0] == 40


@pytest.mark.parametrize(("texts", "tokens_per_s"), [(1, 364), (8, 1733), (32, 4517), (128, 8519)])
def test_rates_agree_with_what_fastertransformer_publishes_for_a_v100(texts, tokens_per_s):
    """https://github.com/NVIDIA/FasterTransformer/blob/main/docs/t5_guide.md"""
    assert rate(texts=texts) == pytest.approx(tokens_per_s, rel=0.25)


def cache_bytes(**workload):
    job = network_job(T5_BASE, **{**TRANSLATING, "concurrent_requests": 32, **workload})
    parts = serving.physics(job, make_systems(V100)).footprint.parts
    return next(float(part.bytes[0]) for part in parts if part.part == "kv_cache")


def test_every_beam_of_a_search_has_a_cache_unless_a_server_samples():
    assert cache_bytes() == 4 * cache_bytes(framework="vllm")


def test_a_model_in_32_bits_caches_32_bits_unless_told():
    assert cache_bytes(precision="fp32") == 2 * cache_bytes()
    assert cache_bytes(precision="fp32", kv_precision="fp16") == cache_bytes()


def test_products_of_translators_train_at_a_smaller_share_of_the_peak_than_those_of_encoders():
    encoder = replace(T5_BASE, architecture="encoder")
    recipe = {"task": "train", "domain": "text", "precision": "amp", "batch_size": 64, "sequence_length": 128}

    def rate_of_products(model):
        job, systems = network_job(model, **recipe), make_systems(V100)
        return training.math_rate(job, model, systems=systems, precision="amp")[0]

    assert rate_of_products(T5_BASE) < 0.95 * rate_of_products(encoder)
