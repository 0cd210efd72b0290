"""Model types of the hub: published models are counted from their config alone, and what is unknown is said."""

import json

import pytest

from app.engine.hub_config import spec_from_config
from app.engine.hub_families import FAMILIES, UNLIKE
from app.engine.kv_cache import growth_per_token_bytes
from app.sources.hub import HUB, read_model
from tests.sources.documents import payload
from tests.sources.test_hub import LLAMA

PUBLISHED = {
    "phi-2": (
        {
            "model_type": "phi",
            "hidden_size": 2560,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "intermediate_size": 10240,
            "vocab_size": 51200,
            "max_position_embeddings": 2048,
            "tie_word_embeddings": False,
        },
        2_779_683_840,
    ),
    "opt-1.3b": (
        {
            "model_type": "opt",
            "hidden_size": 2048,
            "num_hidden_layers": 24,
            "num_attention_heads": 32,
            "ffn_dim": 8192,
            "vocab_size": 50272,
            "max_position_embeddings": 2048,
        },
        1_315_758_080,
    ),
    "falcon-7b": (
        {
            "model_type": "falcon",
            "hidden_size": 4544,
            "num_hidden_layers": 32,
            "num_attention_heads": 71,
            "vocab_size": 65024,
            "multi_query": True,
            "new_decoder_architecture": False,
        },
        6_921_720_704,
    ),
    "gpt-j-6b": (
        {
            "model_type": "gptj",
            "n_embd": 4096,
            "n_layer": 28,
            "n_head": 16,
            "vocab_size": 50400,
            "n_positions": 2048,
            "tie_word_embeddings": False,
        },
        6_053_381_344,
    ),
    "starcoder2-3b": (
        {
            "model_type": "starcoder2",
            "hidden_size": 3072,
            "num_hidden_layers": 30,
            "num_attention_heads": 24,
            "num_key_value_heads": 2,
            "intermediate_size": 12288,
            "vocab_size": 49152,
            "max_position_embeddings": 16384,
            "sliding_window": 4096,
        },
        3_030_371_328,
    ),
    "mixtral-8x7b": (
        {
            "model_type": "mixtral",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 14336,
            "vocab_size": 32000,
            "num_local_experts": 8,
            "num_experts_per_tok": 2,
            "tie_word_embeddings": False,
        },
        46_702_792_704,
    ),
    "roberta-base": (
        {
            "model_type": "roberta",
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "vocab_size": 50265,
            "max_position_embeddings": 514,
        },
        124_645_632,
    ),
    "distilbert": (
        {
            "model_type": "distilbert",
            "dim": 768,
            "n_layers": 6,
            "n_heads": 12,
            "hidden_dim": 3072,
            "vocab_size": 30522,
            "max_position_embeddings": 512,
        },
        66_362_880,
    ),
    "deberta-v3-base": (
        {
            "model_type": "deberta-v2",
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "vocab_size": 128100,
            "max_position_embeddings": 512,
        },
        183_831_552,
    ),
    "bart-large": (
        {
            "model_type": "bart",
            "d_model": 1024,
            "encoder_layers": 12,
            "decoder_layers": 12,
            "encoder_attention_heads": 16,
            "encoder_ffn_dim": 4096,
            "vocab_size": 50265,
            "max_position_embeddings": 1024,
        },
        406_291_456,
    ),
    "mt5-base": (
        {
            "model_type": "mt5",
            "d_model": 768,
            "num_layers": 12,
            "num_decoder_layers": 12,
            "num_heads": 12,
            "d_kv": 64,
            "d_ff": 2048,
            "vocab_size": 250112,
            "tie_word_embeddings": False,
            "feed_forward_proj": "gated-gelu",
        },
        582_401_280,
    ),
    "whisper-large-v3": (
        {
            "model_type": "whisper",
            "d_model": 1280,
            "encoder_layers": 32,
            "decoder_layers": 32,
            "encoder_attention_heads": 20,
            "encoder_ffn_dim": 5120,
            "vocab_size": 51866,
            "max_target_positions": 448,
        },
        1_543_490_560,
    ),
    "deepseek-v2-lite": (
        {
            "model_type": "deepseek_v2",
            "hidden_size": 2048,
            "num_hidden_layers": 27,
            "num_attention_heads": 16,
            "num_key_value_heads": 16,
            "kv_lora_rank": 512,
            "q_lora_rank": None,
            "qk_nope_head_dim": 128,
            "qk_rope_head_dim": 64,
            "v_head_dim": 128,
            "moe_intermediate_size": 1408,
            "n_routed_experts": 64,
            "n_shared_experts": 2,
            "num_experts_per_tok": 6,
            "first_k_dense_replace": 1,
            "intermediate_size": 10944,
            "vocab_size": 102400,
            "tie_word_embeddings": False,
        },
        15_706_484_224,
    ),
    "deepseek-v3": (
        {
            "model_type": "deepseek_v3",
            "hidden_size": 7168,
            "num_hidden_layers": 61,
            "num_attention_heads": 128,
            "num_key_value_heads": 128,
            "kv_lora_rank": 512,
            "q_lora_rank": 1536,
            "qk_nope_head_dim": 128,
            "qk_rope_head_dim": 64,
            "v_head_dim": 128,
            "moe_intermediate_size": 2048,
            "n_routed_experts": 256,
            "n_shared_experts": 1,
            "num_experts_per_tok": 8,
            "first_k_dense_replace": 3,
            "intermediate_size": 18432,
            "vocab_size": 129280,
            "tie_word_embeddings": False,
        },
        671_026_419_200,
    ),
    "gpt-oss-20b": (
        {
            "model_type": "gpt_oss",
            "hidden_size": 2880,
            "num_hidden_layers": 24,
            "num_attention_heads": 64,
            "num_key_value_heads": 8,
            "head_dim": 64,
            "intermediate_size": 2880,
            "num_local_experts": 32,
            "num_experts_per_tok": 4,
            "vocab_size": 201088,
            "tie_word_embeddings": False,
            "sliding_window": 128,
        },
        20_914_757_184,
    ),
    "gemma-2b": (
        {
            "model_type": "gemma",
            "hidden_size": 2048,
            "num_hidden_layers": 18,
            "num_attention_heads": 8,
            "num_key_value_heads": 1,
            "head_dim": 256,
            "intermediate_size": 16384,
            "vocab_size": 256000,
        },
        2_506_172_416,
    ),
    "command-r": (
        {
            "model_type": "cohere",
            "hidden_size": 8192,
            "num_hidden_layers": 40,
            "num_attention_heads": 64,
            "num_key_value_heads": 64,
            "intermediate_size": 22528,
            "vocab_size": 256000,
        },
        34_980_831_232,
    ),
    "phi3-mini": (
        {
            "model_type": "phi3",
            "hidden_size": 3072,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "intermediate_size": 8192,
            "vocab_size": 32064,
            "tie_word_embeddings": False,
        },
        3_821_079_552,
    ),
    "olmo2-7b": (
        {
            "model_type": "olmo2",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "intermediate_size": 11008,
            "vocab_size": 100352,
            "tie_word_embeddings": False,
        },
        7_298_617_344,
    ),
    "qwen3-30b-a3b": (
        {
            "model_type": "qwen3_moe",
            "hidden_size": 2048,
            "num_hidden_layers": 48,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "head_dim": 128,
            "intermediate_size": 6144,
            "moe_intermediate_size": 768,
            "num_experts": 128,
            "num_experts_per_tok": 8,
            "vocab_size": 151936,
            "tie_word_embeddings": False,
        },
        30_532_122_624,
    ),
    "modernbert-base": (
        {
            "model_type": "modernbert",
            "hidden_size": 768,
            "num_hidden_layers": 22,
            "num_attention_heads": 12,
            "intermediate_size": 1152,
            "vocab_size": 50368,
            "max_position_embeddings": 8192,
        },
        149_014_272,
    ),
    "gemma3-1b": (
        {
            "model_type": "gemma3_text",
            "hidden_size": 1152,
            "num_hidden_layers": 26,
            "num_attention_heads": 4,
            "num_key_value_heads": 1,
            "head_dim": 256,
            "intermediate_size": 6912,
            "vocab_size": 262144,
            "sliding_window": 512,
        },
        999_885_952,
    ),
    "electra-base": (
        {
            "model_type": "electra",
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "vocab_size": 30522,
            "max_position_embeddings": 512,
            "embedding_size": 768,
        },
        108_891_648,
    ),
    "pegasus-large": (
        {
            "model_type": "pegasus",
            "d_model": 1024,
            "encoder_layers": 16,
            "decoder_layers": 16,
            "encoder_attention_heads": 16,
            "encoder_ffn_dim": 4096,
            "vocab_size": 96103,
            "max_position_embeddings": 1024,
        },
        570_797_056,
    ),
    "m2m100-418M": (
        {
            "model_type": "m2m_100",
            "d_model": 1024,
            "encoder_layers": 12,
            "decoder_layers": 12,
            "encoder_attention_heads": 16,
            "encoder_ffn_dim": 4096,
            "vocab_size": 128112,
            "max_position_embeddings": 1024,
        },
        483_905_536,
    ),
    "santacoder": (
        {
            "model_type": "gpt_bigcode",
            "n_embd": 2048,
            "n_layer": 24,
            "n_head": 16,
            "n_positions": 2048,
            "vocab_size": 49280,
            "multi_query": True,
        },
        1_124_886_528,
    ),
    "gpt-neo-1.3b": (
        {
            "model_type": "gpt_neo",
            "hidden_size": 2048,
            "num_layers": 24,
            "num_heads": 16,
            "vocab_size": 50257,
            "max_position_embeddings": 2048,
        },
        1_315_575_808,
    ),
    "stablelm-2-1_6b": (
        {
            "model_type": "stablelm",
            "hidden_size": 2048,
            "num_hidden_layers": 24,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "intermediate_size": 5632,
            "vocab_size": 100352,
            "tie_word_embeddings": False,
        },
        1_644_515_328,
    ),
}
"""Shapes as their config.json has them, and the parameters of the published files."""


PUBLISHED |= {
    name: (told["config"], told["parameters"]) for name, told in json.loads(payload("hub_configs.json")).items()
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_is_counted_from_its_config(name):
    config, published = PUBLISHED[name]

    assert spec_from_config(config).parameters == pytest.approx(published, rel=0.005)


def test_layers_without_attention_keep_no_cache_that_grows():
    kinds = {name: spec_from_config(PUBLISHED[name][0]) for name in ("mamba-2.8b", "jamba-v0.1", "qwen3-next-80b")}

    assert {name: (spec.num_full_attention_layers, spec.num_linear_layers) for name, spec in kinds.items()} == {
        "mamba-2.8b": (0, 64), "jamba-v0.1": (4, 28), "qwen3-next-80b": (12, 36),
    }  # fmt: skip
    assert growth_per_token_bytes(kinds["mamba-2.8b"], bytes_per_element=2) == 0
    assert kinds["jamba-v0.1"].active_parameters == pytest.approx(12_110_311_296, rel=0.005)


@pytest.mark.parametrize("model_type", sorted(UNLIKE))
def test_what_is_no_transformer_for_text_is_refused_with_a_reason(model_type):
    with pytest.raises(ValueError, match=f"“{model_type}” as a transformer for text: it"):
        spec_from_config(LLAMA | {"model_type": model_type})


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_every_known_type_is_read_with_its_cache(world, fetcher, model_type):
    latent = {"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
    more = latent if model_type.startswith(("deepseek", "kimi")) else {}
    world.put(f"{HUB}/some/model/resolve/main/config.json", json.dumps(LLAMA | {"model_type": model_type} | more))

    found = read_model("some/model", fetcher=fetcher)

    assert found.parameters > 1e9
    assert found.kv_cache_bytes_per_token > 0 or found.architecture == "encoder" or "mamba" in model_type
    assert not any("do not know the model type" in note for note in found.notes)


def test_more_than_forty_types_are_known():
    assert len(FAMILIES) >= 40


def test_a_type_that_nobody_knows_is_read_from_its_fields_and_says_so(world, fetcher):
    world.put(f"{HUB}/some/model/resolve/main/config.json", json.dumps(LLAMA | {"model_type": "surprise-9"}))

    found = read_model("some/model", fetcher=fetcher)

    assert found.parameters > 1e9
    assert found.notes[0].startswith("We do not know the model type “surprise-9”")
