import pytest

from app.engine.kv_cache import growth_per_token_bytes, sequence_cache_bytes
from tests.engine.jobs import BERT_LARGE, T5_BASE, make_spec

GEMMA_2 = make_spec(
    "gemma-2-2b", num_hidden_layers=26, hidden_size=2304, num_attention_heads=8, num_key_value_heads=4, head_dim=256,
    sliding_window=4096, num_sliding_layers=13, num_full_attention_layers=13,
)  # fmt: skip


def test_grouped_queries_store_few_heads():
    assert growth_per_token_bytes(make_spec(), bytes_per_element=2) == 131_072


def test_window_layers_stop_growing_at_the_window():
    short, at_window, long = (sequence_cache_bytes(GEMMA_2, n, bytes_per_element=2) for n in (2048, 4096, 8192))
    per_layer_and_token = 2 * 4 * 256 * 2

    assert at_window == pytest.approx(2 * short)
    assert long - at_window == 13 * per_layer_and_token * 4096


def test_a_published_growth_is_scaled_to_the_precision_of_the_cache():
    spec = make_spec(kv_bytes_per_token_16bit=98_304.0)

    assert growth_per_token_bytes(spec, bytes_per_element=1) == 49_152


def test_recurrent_layers_have_a_state_that_does_not_grow():
    hybrid = make_spec(num_linear_layers=24, num_full_attention_layers=8)
    short, long = (sequence_cache_bytes(hybrid, n, bytes_per_element=2) for n in (1000, 2000))

    assert long - short == 1000 * 131_072 / 4
    assert short > 1000 * 131_072 / 4


def test_an_encoder_caches_nothing():
    assert sequence_cache_bytes(BERT_LARGE, 512, bytes_per_element=2) == 0


def test_a_translator_also_caches_the_encoders_keys():
    own = growth_per_token_bytes(T5_BASE, bytes_per_element=2) * 100

    assert sequence_cache_bytes(T5_BASE, 100, bytes_per_element=2) == 2 * own
