"""What each Hugging Face ``model_type`` leaves unsaid in its config: biases, norms, gates, tied tables."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Family:
    """Traits of a model type that its config does not spell out."""

    architecture: str = "decoder"
    gated: bool = True
    tied: bool = False
    qkv_bias: bool = False
    linear_bias: bool = False
    qk_norm: bool = False
    norm_bias: bool = False
    norms_per_layer: int = 2
    outer_norms: int = 1
    learned_positions: bool = False
    extra_positions: int = 0
    pooler: bool = False
    multi_query: bool = False
    ffn_ratio: float = 4.0
    full_attention_every: int = 0
    """With a window and no layer list: every n-th layer sees everything; 0 means that none does."""
    mixer: str = ""
    """What stands in the place of attention in layers without it, by its name in hub_mixers."""
    without_attention: bool = False
    """Whether no layer has attention, and none a feed-forward part."""
    gated_attention: bool = False
    """Whether the query is projected twice: once for itself, once to gate what comes out."""
    shared_experts: int = 0
    """Experts that every token passes through, where the config does not count them."""
    hears: bool = False
    """Whether convolutions over a spectrogram and learned places stand before the encoder."""


GENERIC = Family()
_GPT = Family(gated=False, tied=True, linear_bias=True, norm_bias=True)
_BERT = Family(
    architecture="encoder", gated=False, tied=True, linear_bias=True, norm_bias=True, learned_positions=True,
    extra_positions=2, pooler=True,
)  # fmt: skip
_BART = Family(
    architecture="encoder_decoder", gated=False, tied=True, linear_bias=True, norm_bias=True, learned_positions=True,
    outer_norms=2,
)  # fmt: skip
_WAVES = replace(_BART, learned_positions=False)  # positions are sines, which are computed
_MAMBA = Family(gated=False, tied=True, norms_per_layer=1, without_attention=True)
_T5 = Family(architecture="encoder_decoder", gated=False, tied=True, outer_norms=2)

FAMILIES = {
    "llama": GENERIC,
    "mistral": GENERIC,
    "mixtral": GENERIC,
    "qwen2": replace(GENERIC, qkv_bias=True, full_attention_every=1),
    "qwen2_moe": replace(GENERIC, qkv_bias=True, full_attention_every=1),
    "qwen3": replace(GENERIC, qk_norm=True, full_attention_every=1),
    "qwen3_moe": replace(GENERIC, qk_norm=True, full_attention_every=1),
    "gemma": replace(GENERIC, tied=True),
    "gemma2": replace(GENERIC, tied=True, norms_per_layer=4, full_attention_every=2),
    "gemma3": replace(GENERIC, tied=True, norms_per_layer=4, qk_norm=True, full_attention_every=6),
    "gemma3_text": replace(GENERIC, tied=True, norms_per_layer=4, qk_norm=True, full_attention_every=6),
    "phi": Family(gated=False, linear_bias=True, norm_bias=True, norms_per_layer=1),
    "phi3": GENERIC,
    "gpt2": replace(_GPT, learned_positions=True),
    "gpt_neo": replace(_GPT, learned_positions=True),
    "gptj": replace(_GPT, tied=False, norms_per_layer=1),
    "gpt_neox": replace(_GPT, tied=False),
    "gpt_bigcode": replace(_GPT, learned_positions=True, multi_query=True),
    "starcoder2": replace(_GPT, full_attention_every=1),
    "bloom": replace(_GPT, outer_norms=2),
    "opt": replace(_GPT, learned_positions=True, extra_positions=2),
    "falcon": Family(gated=False, tied=True, norm_bias=True, norms_per_layer=1, multi_query=True),
    "mpt": Family(gated=False, tied=True),
    "stablelm": replace(GENERIC, norm_bias=True),
    "olmo": GENERIC,
    "olmo2": replace(GENERIC, qk_norm=True),
    "cohere": replace(GENERIC, tied=True, norms_per_layer=1),
    "granite": replace(GENERIC, tied=True),
    "nemotron": Family(gated=False, norm_bias=True),
    "gpt_oss": replace(GENERIC, qkv_bias=True, full_attention_every=2),
    "deepseek_v2": GENERIC,
    "deepseek_v3": GENERIC,
    "kimi_k2": GENERIC,
    "bert": _BERT,
    "roberta": replace(_BERT, extra_positions=1),
    "xlm-roberta": replace(_BERT, extra_positions=1),
    "camembert": replace(_BERT, extra_positions=1),
    "longformer": replace(_BERT, extra_positions=1),
    "mpnet": _BERT,
    "ernie": _BERT,
    "electra": replace(_BERT, pooler=False),
    "distilbert": replace(_BERT, extra_positions=0, pooler=False),
    "deberta-v2": replace(_BERT, pooler=False),
    "modernbert": Family(architecture="encoder", tied=True),
    "t5": _T5,
    "mt5": replace(_T5, gated=True, tied=False),
    "umt5": replace(_T5, gated=True, tied=False),
    "bart": replace(_BART, extra_positions=2),
    "mbart": replace(_BART, extra_positions=2),
    "marian": _WAVES,
    "pegasus": _WAVES,
    "m2m_100": _WAVES,
    "whisper": replace(_BART, hears=True),
    "qwen2_vl": replace(GENERIC, qkv_bias=True, full_attention_every=1),
    "qwen2_vl_text": replace(GENERIC, qkv_bias=True, full_attention_every=1),
    "qwen2_5_vl": replace(GENERIC, qkv_bias=True, full_attention_every=1),
    "qwen2_5_vl_text": replace(GENERIC, qkv_bias=True, full_attention_every=1),
    "qwen3_next": replace(GENERIC, qk_norm=True, mixer="gated_delta", gated_attention=True),
    "mllama_text_model": GENERIC,
    "llama4_text": replace(GENERIC, shared_experts=1),
    "glm4": replace(GENERIC, norms_per_layer=4),
    "cohere2": replace(GENERIC, tied=True, norms_per_layer=1, full_attention_every=4),
    "olmoe": GENERIC,
    "clip_text_model": Family(
        architecture="encoder", gated=False, tied=True, linear_bias=True, norm_bias=True, learned_positions=True,
    ),
    "mamba": replace(_MAMBA, mixer="mamba"),
    "falcon_mamba": replace(_MAMBA, mixer="mamba", tied=False),
    "mamba2": replace(_MAMBA, mixer="mamba2"),
    "jamba": replace(GENERIC, mixer="mamba"),
}  # fmt: skip

UNLIKE = {
    "albert": "its layers share one set of weights",
    "wav2vec2": "it hears, and has no text",
    "hubert": "it hears, and has no text",
    **dict.fromkeys(
        ("vit", "deit", "beit", "dinov2", "dinov3_vit", "swin", "convnext", "resnet", "siglip_vision_model",
         "clip_vision_model"),
        "it sees, and has no text: networks for pictures are known by their operations, not by their layers",
    ),
}  # fmt: skip
"""Types that are no transformers for text, and why."""
