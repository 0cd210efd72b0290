"""Files of llama.cpp weigh what is published."""

import pytest

from app.engine.gguf import EMBEDDING_BITS, PURE, gguf_bytes
from app.engine.memory import stored_weight_bytes
from app.engine.precision import BITS_PER_WEIGHT
from tests.engine.jobs import make_spec

LLAMA_1B = make_spec(
    "llama-3.2-1b", parameters=1_235_814_400, hidden_size=2048, num_hidden_layers=16, tie_word_embeddings=True
)
QWEN_7B = make_spec("qwen2.5-7b", parameters=7_615_616_512, hidden_size=3584, vocab_size=152_064)
QWEN_HALF_B = make_spec(
    "qwen2.5-0.5b", parameters=494_032_768, hidden_size=896, vocab_size=151_936, tie_word_embeddings=True
)
LLAMA_70B = make_spec("llama-2-70b", parameters=68_976_648_192, hidden_size=8192, vocab_size=32_000)
QWEN_72B = make_spec(
    "qwen2.5-72b", parameters=72_706_203_648, hidden_size=8192, num_hidden_layers=80, intermediate_size=29_568,
    vocab_size=152_064,
)  # fmt: skip
DEEPSEEK_LITE = make_spec(
    "deepseek-v2-lite", parameters=15_706_484_224, hidden_size=2048, num_hidden_layers=27, intermediate_size=10_944,
    vocab_size=102_400, num_experts=64, num_experts_per_token=6, moe_intermediate_size=1408, num_dense_layers=1,
)  # fmt: skip
GEMMA_4B = make_spec(
    "gemma-3-4b", parameters=4_300_079_472, vision_parameters=419_823_728, hidden_size=2560, num_hidden_layers=34,
    intermediate_size=10_240, vocab_size=262_208, tie_word_embeddings=True,
)  # fmt: skip


@pytest.mark.parametrize("precision", sorted(set(EMBEDDING_BITS) - PURE))
def test_the_model_that_was_counted_has_the_counted_bits(precision):
    bits = 8 * gguf_bytes(make_spec(), precision) / make_spec().parameters

    assert bits == pytest.approx(BITS_PER_WEIGHT[precision], rel=0.01)


@pytest.mark.parametrize(
    ("spec", "precision", "gigabytes"),
    [
        (LLAMA_1B, "q4_k_m", 0.81),
        (LLAMA_1B, "q8_0", 1.32),
        (QWEN_7B, "q4_k_m", 4.68),
        (QWEN_HALF_B, "q4_k_m", 0.398),
        (LLAMA_70B, "q4_k_m", 41.4),
        (make_spec(), "q4_0", 4.66),
        (QWEN_72B, "q4_k_m", 47.4),
        (DEEPSEEK_LITE, "q4_k_m", 10.4),
        (GEMMA_4B, "q4_k_m", 2.49),
    ],
)
def test_file_sizes_agree_with_published_ones(spec, precision, gigabytes):
    """Sizes of the files at https://huggingface.co/bartowski and https://huggingface.co/Qwen, recalled."""
    assert stored_weight_bytes(spec, precision) / 1e9 == pytest.approx(gigabytes, rel=0.04)


def test_blocks_of_32_divide_any_row():
    narrow, wide = (
        stored_weight_bytes(make_spec(parameters=8e9, intermediate_size=width), "q4_0") for width in (14_336, 14_400)
    )

    assert narrow == wide


@pytest.mark.parametrize("precision", sorted(set(EMBEDDING_BITS) - PURE - {"iq4_nl"}))
def test_rows_that_are_no_multiple_of_a_block_take_more(precision):
    narrow, wide = (
        stored_weight_bytes(make_spec(parameters=8e9, intermediate_size=width), precision) for width in (14_336, 14_400)
    )

    assert 1.001 < wide / narrow < 1.5


def test_a_width_that_was_inferred_needs_no_stand_ins():
    known, inferred = (
        stored_weight_bytes(make_spec(parameters=8e9, intermediate_size=14_400, shape_known=shape), "q4_k_m")
        for shape in (True, False)
    )

    assert inferred < known
