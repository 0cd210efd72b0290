import json

import pytest

from app.engine.hub_config import spec_from_config

LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 128_256, "tie_word_embeddings": False, "max_position_embeddings": 131_072,
}  # fmt: skip
PUBLISHED = {
    "llama-3.1-8b": (LLAMA, 8_030_261_248),
    "qwen2.5-7b": (
        {
            "model_type": "qwen2", "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
            "num_key_value_heads": 4, "intermediate_size": 18_944, "vocab_size": 152_064, "tie_word_embeddings": False,
            "sliding_window": 131_072, "use_sliding_window": False,
        },
        7_615_616_512,
    ),
    "qwen3-8b": (
        {
            "model_type": "qwen3", "hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32,
            "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12_288, "vocab_size": 151_936,
            "tie_word_embeddings": False,
        },
        8_190_735_360,
    ),
    "gemma-2-2b": (
        {
            "model_type": "gemma2", "hidden_size": 2304, "num_hidden_layers": 26, "num_attention_heads": 8,
            "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 9216, "vocab_size": 256_000, "sliding_window": 4096,
        },
        2_614_341_888,
    ),
    "gpt2": (
        {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "n_ctx": 1024, "vocab_size": 50_257},
        124_439_808,
    ),
    "pythia-1b": (
        {
            "model_type": "gpt_neox", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 8,
            "intermediate_size": 8192, "vocab_size": 50_304, "tie_word_embeddings": False,
        },
        1_011_781_632,
    ),
    "bert-base-uncased": (
        {
            "model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
            "intermediate_size": 3072, "vocab_size": 30_522, "max_position_embeddings": 512,
        },
        109_482_240,
    ),
    "bloom-176b": (
        {"model_type": "bloom", "hidden_size": 14_336, "n_layer": 70, "n_head": 112, "vocab_size": 250_880},
        176_247_271_424,
    ),
    "mpt-7b": ({"model_type": "mpt", "d_model": 4096, "n_layers": 32, "n_heads": 32, "vocab_size": 50_432}, 6_649_286_656),
    "t5-base": (
        {
            "model_type": "t5", "d_model": 768, "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12, "d_kv": 64,
            "d_ff": 3072, "vocab_size": 32_128,
        },
        222_903_552,
    ),
    "nllb-200-3.3b": (
        {
            "model_type": "m2m_100", "d_model": 2048, "encoder_layers": 24, "decoder_layers": 24,
            "encoder_attention_heads": 16, "encoder_ffn_dim": 8192, "vocab_size": 256_206,
            "max_position_embeddings": 1024,
        },
        3_344_863_232,
    ),
}  # fmt: skip


def test_positions_that_are_sines_are_no_parameters():
    config, published = PUBLISHED["nllb-200-3.3b"]

    assert spec_from_config(config).parameters == published


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_counted_from_the_config(name):
    config, published = PUBLISHED[name]

    assert spec_from_config(config).parameters == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize(
    ("model_type", "more"),
    [
        ("mistral", {"sliding_window": 4096}),
        ("phi", {}),
        ("phi3", {}),
        ("falcon", {"multi_query": True}),
        ("opt", {"ffn_dim": 16_384}),
        ("gemma", {"head_dim": 256}),
        ("roberta", {}),
        ("whisper", {"decoder_layers": 32}),
        ("gpt_oss", {"num_local_experts": 32, "num_experts_per_tok": 4}),
        (
            "qwen2_moe",
            {
                "num_experts": 60,
                "num_experts_per_tok": 4,
                "moe_intermediate_size": 1408,
                "shared_expert_intermediate_size": 5632,
            },
        ),
        ("something_new", {}),
    ],
)
def test_each_family_is_read(model_type, more):
    spec = spec_from_config({**LLAMA, "model_type": model_type, **more})

    assert spec.parameters >= spec.active_parameters > 1e9


def test_windows_and_their_layers_are_understood():
    spec = spec_from_config(PUBLISHED["gemma-2-2b"][0])

    assert (spec.sliding_window, spec.num_sliding_layers, spec.num_full_attention_layers) == (4096, 13, 13)


def test_a_switched_off_window_is_no_window():
    spec = spec_from_config(PUBLISHED["qwen2.5-7b"][0])

    assert (spec.sliding_window, spec.num_sliding_layers) == (None, 0)


def test_layer_types_are_counted():
    kinds = (["linear_attention"] * 3 + ["full_attention"]) * 8
    spec = spec_from_config({**LLAMA, "layer_types": kinds})

    assert (spec.attention_kind, spec.num_linear_layers, spec.num_full_attention_layers) == ("hybrid", 24, 8)


def test_the_text_part_of_a_multimodal_config_is_read():
    spec = spec_from_config({
        "model_type": "llava", "text_config": LLAMA,
        "vision_config": {"hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096},
    })  # fmt: skip

    assert spec.num_hidden_layers == 32
    assert spec.vision_parameters == pytest.approx(0.323e9, rel=0.01)  # the tower, and the way into the text
    assert spec.parameters == 8_030_261_248 + spec.vision_parameters


def test_an_encoder_of_sound_counts_and_makes_the_decoder_a_listener():
    """Qwen2-Audio has the encoder of Whisper large."""
    sound = {"d_model": 1280, "encoder_layers": 32, "encoder_ffn_dim": 5120}
    spec = spec_from_config({**LLAMA, "audio_config": sound})

    assert spec.listens
    assert spec.parameters == pytest.approx(8_030_261_248 + 0.634e9, rel=0.001)


@pytest.mark.parametrize("field", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
def test_a_missing_field_is_named(field):
    config = {name: value for name, value in LLAMA.items() if name != field}

    with pytest.raises(ValueError, match=field):
        spec_from_config(config)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_size", -1), ("hidden_size", 10**9), ("hidden_size", "4096"), ("hidden_size", 4096.5), ("num_hidden_layers", True),
        ("vocab_size", float("nan")), ("vocab_size", float("inf")), ("num_key_value_heads", 64), ("kv_lora_rank", 512),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        spec_from_config({**LLAMA, field: value})


def test_an_absurdly_large_model_is_refused():
    with pytest.raises(ValueError, match="limit"):
        spec_from_config({**LLAMA, "hidden_size": 999_999, "num_hidden_layers": 9_999})


def test_a_config_beyond_the_size_limit_is_refused():
    config = {**LLAMA, "padding": "x" * 300_000}

    assert len(json.dumps(config)) > 256 * 1024
    with pytest.raises(ValueError, match="256 KiB"):
        spec_from_config(config)


@pytest.mark.parametrize(
    ("more", "precision"),
    [
        ({}, "bf16"), ({"torch_dtype": "float16"}, "fp16"), ({"dtype": "float32"}, "fp32"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, "mxfp4"),
    ],
)  # fmt: skip
def test_the_published_precision_is_read(more, precision):
    assert spec_from_config({**LLAMA, **more}).native_precision == precision
