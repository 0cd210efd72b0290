"""A Hugging Face ``config.json`` as a :class:`TransformerSpec`: the one place that knows foreign field names."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.engine.hub_families import FAMILIES, GENERIC, UNLIKE, Family
from app.engine.hub_mixers import MIXERS
from app.engine.hub_towers import heard_by, seen_by, sound_parameters, vision_parameters
from app.engine.model_spec import TransformerSpec
from app.engine.params import active_parameters, attention_parameters, ffn_parameters, mla_parameters
from app.engine.workload import MAX_CONFIG_BYTES

NAMES = {
    "hidden_size": ("hidden_size", "n_embd", "d_model", "dim", "model_dim"),
    "num_hidden_layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "encoder_layers"),
    "num_attention_heads": ("num_attention_heads", "n_head", "num_heads", "n_heads", "encoder_attention_heads"),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim", "d_ff", "hidden_dim", "encoder_ffn_dim"),
    "num_key_value_heads": ("num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_head_kv", "multi_query_group_num"),
    "head_dim": ("head_dim", "d_kv", "kv_channels", "attention_head_dim"),
    "vocab_size": ("vocab_size", "padded_vocab_size"),
    "max_position_embeddings": (
        "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx", "max_target_positions",
    ),
    "num_decoder_layers": ("num_decoder_layers", "decoder_layers"),
    "num_experts": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "num_experts_per_token": ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "experts_per_token"),
    "num_shared_experts": ("n_shared_experts", "num_shared_experts"),
    "moe_intermediate_size": ("moe_intermediate_size", "expert_ffn_hidden_size"),
    "num_dense_layers": ("first_k_dense_replace", "num_dense_layers"),
    "sliding_window": ("sliding_window", "attention_window"),
}  # fmt: skip
LARGEST = {
    "hidden_size": 1_000_000, "num_hidden_layers": 10_000, "num_attention_heads": 100_000,
    "intermediate_size": 10_000_000,
    "num_key_value_heads": 100_000, "head_dim": 100_000, "vocab_size": 100_000_000, "num_experts": 100_000,
}  # fmt: skip
LARGEST_OTHER = 10**9
LARGEST_PARAMETERS = 1e14
CONVOLUTION = 3
"""Steps of time that the convolutions before a speech encoder look at."""
HEADLESS = 64
"""Head width given to layers that have no heads of their own."""
PER_LAYER = "attention_window"
"""Longformer writes its window once for every layer."""
REQUIRED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")


class ConfigFields:
    """Checked access to a config: whole numbers in bounds, errors that name the field."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    @property
    def config(self) -> Mapping[str, Any]:
        """All fields."""
        return self._config

    def raw(self, name: str) -> object:
        """A field as it stands, or None."""
        return self._config.get(name)

    def count(self, name: str) -> int | None:
        """A whole number under any of its spellings, or None; nonsense is an error."""
        for spelling in NAMES.get(name, (name,)):
            value = self._config.get(spelling)
            if spelling == PER_LAYER and isinstance(value, list) and value and value.count(value[0]) == len(value):
                value = value[0]
            if value is None or isinstance(value, list):
                continue
            return self._checked(spelling, value, largest=LARGEST.get(name, LARGEST_OTHER))
        return None

    def required(self, name: str) -> int:
        """A whole number that must be there."""
        value = self.count(name)
        assert value, name  # missing fields are refused before
        return value

    @staticmethod
    def _checked(spelling: str, value: object, *, largest: int) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or math.isnan(value)
            or math.isinf(value)
            or value != int(value)
        ):
            message = f"{spelling} in the config must be a whole number, not “{str(value)[:40]}”"
            raise ValueError(message)
        if not 0 <= value <= largest:
            message = f"{spelling} in the config must be between 0 and {largest}, not {value}"
            raise ValueError(message)
        return int(value)


def spec_from_config(config: Mapping[str, Any]) -> TransformerSpec:
    """The transformer that a config.json describes, its parameters counted.

    Examples
    --------
    >>> spec = spec_from_config({"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
    ...     "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
    ...     "tie_word_embeddings": False})
    >>> int(spec.parameters)
    8030261248
    """
    if len(json.dumps(config, default=str)) > MAX_CONFIG_BYTES:
        message = f"The config is too large: the limit is {MAX_CONFIG_BYTES // 1024} KiB"
        raise ValueError(message)
    inner = next(
        (config[key] for key in ("text_config", "llm_config", "language_config") if isinstance(config.get(key), dict)),
        None,
    )
    model_type = str((inner or config).get("model_type") or config.get("model_type") or "")
    family = FAMILIES.get(model_type, GENERIC)
    fields = ConfigFields({**config, **inner} if inner else config)
    if model_type in UNLIKE:
        message = f"Cannot read model_type “{model_type}” as a transformer for text: {UNLIKE[model_type]}"
        raise ValueError(message)
    missing = [name for name in _required(family) if not fields.count(name)]
    if missing:
        kind = f"model_type “{model_type[:60]}”" if model_type else "a config without model_type"
        message = f"Cannot read {kind}: the config lacks {', '.join(missing)}"
        raise ValueError(message)
    name = str(config.get("_name_or_path") or model_type or "your model")[:200]
    return _spec(fields, family, name=name)


def _required(family: Family) -> tuple[str, ...]:
    return tuple(name for name in REQUIRED if name != "num_attention_heads" or not family.without_attention)


def _spec(fields: ConfigFields, family: Family, *, name: str) -> TransformerSpec:
    hidden = fields.required("hidden_size")
    heads = max(1, hidden // HEADLESS) if family.without_attention else fields.required("num_attention_heads")
    layers = fields.required("num_hidden_layers")
    decoder_layers = fields.count("num_decoder_layers") or layers if family.architecture == "encoder_decoder" else 0
    head_dim = (None if family.without_attention else fields.count("head_dim")) or max(1, hidden // heads)
    latent = fields.count("kv_lora_rank")
    kv_heads = _kv_heads(fields, family, heads=heads)
    if kv_heads > heads:
        message = f"num_key_value_heads ({kv_heads}) cannot exceed num_attention_heads ({heads})"
        raise ValueError(message)
    tied = fields.raw("tie_word_embeddings")
    sliding, full = _windows(fields, family, layers=layers)
    linear = layers if family.without_attention else _linear_layers(fields)
    full = 0 if family.without_attention else full
    intermediate = fields.count("intermediate_size") or round(family.ffn_ratio * hidden * _expansion(fields))
    experts = fields.count("num_experts") or 0
    shared_width = fields.count("shared_expert_intermediate_size")
    moe_width = fields.count("moe_intermediate_size") or (intermediate if experts else None)
    shared = fields.count("num_shared_experts") or family.shared_experts
    if experts and shared_width and moe_width:
        shared = max(shared, round(shared_width / moe_width))
    spec = TransformerSpec(
        name=name,
        architecture=family.architecture,
        parameters=1.0,
        active_parameters=1.0,
        num_hidden_layers=layers + decoder_layers,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        vocab_size=fields.required("vocab_size"),
        tie_word_embeddings=family.tied if not isinstance(tied, bool) else tied,
        gated_ffn=_gated(fields, family),
        max_position_embeddings=fields.count("max_position_embeddings"),
        attention_kind=_kind(heads, kv_heads, latent=latent, linear=linear),
        sliding_window=fields.count("sliding_window") if sliding else None,
        num_full_attention_layers=full if sliding or linear else None,
        num_sliding_layers=sliding,
        num_linear_layers=linear,
        kv_lora_rank=latent,
        q_lora_rank=fields.count("q_lora_rank"),
        qk_nope_head_dim=fields.count("qk_nope_head_dim") if latent else None,
        qk_rope_head_dim=fields.count("qk_rope_head_dim") if latent else None,
        v_head_dim=fields.count("v_head_dim") if latent else None,
        num_experts=experts,
        num_experts_per_token=min(fields.count("num_experts_per_token") or 1, experts) if experts else 0,
        num_shared_experts=shared if experts else 0,
        moe_intermediate_size=moe_width if experts else None,
        num_dense_layers=_dense_layers(fields, layers) if experts else 0,
        encoder_layers=layers if family.architecture != "decoder" else 0,
        decoder_layers=decoder_layers,
        native_precision=_native(fields),
        source="config.json",
    )
    return _counted(spec, fields, family=family)


def _counted(spec: TransformerSpec, fields: ConfigFields, *, family: Family) -> TransformerSpec:
    """The same spec with its parameters counted."""
    mixer = MIXERS[family.mixer](fields, spec.hidden_size) if family.mixer and spec.num_linear_layers else 0
    total, routed = count_parameters(
        spec, family, positions=fields.count("max_position_embeddings") or 0, mixer=float(mixer)
    )
    if family.hears:
        bands, places = fields.count("num_mel_bins") or 80, fields.count("max_source_positions") or 0
        total += CONVOLUTION * (bands + spec.hidden_size) * spec.hidden_size + places * spec.hidden_size
    vision = seen_by(fields.config)
    if vision is not None:
        seen = vision_parameters(ConfigFields(vision), hidden=spec.hidden_size)
        total, spec = total + seen, replace(spec, vision_parameters=seen)
    sound = heard_by(fields.config)
    if sound is not None:
        heard = sound_parameters(ConfigFields(sound), hidden=spec.hidden_size)
        total, spec = total + heard, replace(spec, vision_parameters=spec.vision_parameters + heard, listens=True)
    if total > LARGEST_PARAMETERS:
        message = f"The config describes {total:.3g} parameters; the limit is {LARGEST_PARAMETERS:.0g}"
        raise ValueError(message)
    active = total
    if spec.num_experts:
        active = active_parameters(
            parameters=total,
            routed_parameters=routed,
            num_experts=spec.num_experts,
            num_experts_per_token=spec.num_experts_per_token,
        )
    return replace(spec, parameters=float(total), active_parameters=float(active))


def count_parameters(
    spec: TransformerSpec, family: Family, *, positions: int, mixer: float = 0.0
) -> tuple[float, float]:
    """All parameters, and those of routed experts; ``mixer`` are those of one layer without attention. [-]"""
    hidden, layers = spec.hidden_size, spec.num_hidden_layers
    attention = _attention(spec, family)
    mixing = spec.num_linear_layers * mixer if mixer else spec.num_linear_layers * attention
    dense = ffn_parameters(
        hidden_size=hidden, intermediate_size=spec.intermediate_size, gated=spec.gated_ffn, bias=family.linear_bias
    )
    routed = one = 0.0
    dense_layers = 0 if family.without_attention else layers
    if spec.num_experts and spec.moe_intermediate_size:
        dense_layers = spec.num_dense_layers
        one = ffn_parameters(
            hidden_size=hidden, intermediate_size=spec.moe_intermediate_size, gated=spec.gated_ffn, bias=False
        )
        routed = float((layers - dense_layers) * spec.num_experts * one)
    shared = (layers - dense_layers if spec.num_experts else 0) * (
        spec.num_shared_experts * one + spec.num_experts * hidden
    )
    norm = hidden * (2 if family.norm_bias else 1)
    norms = family.norms_per_layer * norm * layers + norm * family.outer_norms
    cross = spec.decoder_layers * (attention + norm) if spec.architecture == "encoder_decoder" else 0
    tables = spec.vocab_size * hidden * (1 if spec.tie_word_embeddings or spec.architecture == "encoder" else 2)
    learned = (positions + family.extra_positions) * hidden if family.learned_positions else 0
    pooler = hidden * hidden + hidden if family.pooler else 0
    mixing += (layers - spec.num_linear_layers) * attention
    total = tables + learned + mixing + dense_layers * dense + routed + shared + norms + cross + pooler
    return float(total), routed


def _attention(spec: TransformerSpec, family: Family) -> float:
    if spec.kv_lora_rank:
        if spec.qk_nope_head_dim is None or spec.qk_rope_head_dim is None or spec.v_head_dim is None:
            message = "The config has kv_lora_rank but lacks qk_nope_head_dim, qk_rope_head_dim or v_head_dim"
            raise ValueError(message)
        return mla_parameters(
            hidden_size=spec.hidden_size,
            num_attention_heads=spec.num_attention_heads,
            q_lora_rank=spec.q_lora_rank,
            kv_lora_rank=spec.kv_lora_rank,
            qk_nope_head_dim=spec.qk_nope_head_dim,
            qk_rope_head_dim=spec.qk_rope_head_dim,
            v_head_dim=spec.v_head_dim,
        )
    weights = attention_parameters(
        hidden_size=spec.hidden_size,
        num_attention_heads=spec.num_attention_heads,
        num_key_value_heads=spec.num_key_value_heads,
        head_dim=spec.head_dim,
        qkv_bias=family.qkv_bias or family.linear_bias,
    )
    normed = 2 * spec.head_dim if family.qk_norm else 0
    if family.gated_attention:
        weights += spec.hidden_size * spec.num_attention_heads * spec.head_dim
    return weights + normed + (spec.hidden_size if family.linear_bias else 0)


def _kv_heads(fields: ConfigFields, family: Family, *, heads: int) -> int:
    if family.multi_query and fields.raw("multi_query") is not False and not fields.raw("new_decoder_architecture"):
        return 1
    return fields.count("num_key_value_heads") or heads


def _expansion(fields: ConfigFields) -> float:
    ratio = fields.raw("expansion_ratio")
    return float(ratio) / 4 if isinstance(ratio, int | float) and 0 < ratio < 1000 else 1.0


def _gated(fields: ConfigFields, family: Family) -> bool:
    projection = fields.raw("feed_forward_proj")
    return projection.startswith("gated") if isinstance(projection, str) else family.gated


def _windows(fields: ConfigFields, family: Family, *, layers: int) -> tuple[int, int]:
    """Layers that see a window, and layers that see everything."""
    kinds = fields.raw("layer_types")
    if isinstance(kinds, list) and len(kinds) == layers:
        sliding = sum(kind in {"sliding_attention", "chunked_attention"} for kind in kinds)
        full = sum(kind == "full_attention" for kind in kinds)
        return (sliding, full) if fields.count("sliding_window") or not sliding else (0, layers)
    if not fields.count("sliding_window") or fields.raw("use_sliding_window") is False:
        return 0, layers - _linear_layers(fields)
    every = fields.count("sliding_window_pattern") or family.full_attention_every
    if every == 0:
        return layers, 0
    full = layers // every if every > 1 else layers
    return layers - full, full


def _linear_layers(fields: ConfigFields) -> int:
    kinds = fields.raw("layer_types")
    if isinstance(kinds, list):
        return sum(kind in {"linear_attention", "mamba", "recurrent", "conv"} for kind in kinds)
    layers = fields.count("num_hidden_layers")
    period = fields.count("attn_layer_period") or fields.count("full_attention_interval")
    return layers - layers // period if period and layers else 0


def _dense_layers(fields: ConfigFields, layers: int) -> int:
    """Layers whose feed-forward part is one network rather than experts."""
    every = fields.count("expert_layer_period") or fields.count("interleave_moe_layer_step")
    if every:
        return layers - layers // every
    return min(fields.count("num_dense_layers") or 0, layers)


def _kind(heads: int, kv_heads: int, *, latent: int | None, linear: int) -> str:
    if linear:
        return "hybrid"
    if latent:
        return "mla"
    return "mha" if kv_heads == heads else ("mqa" if kv_heads == 1 else "gqa")


def _native(fields: ConfigFields) -> str:
    quantised = fields.raw("quantization_config")
    method = quantised.get("quant_method") if isinstance(quantised, dict) else None
    if method in {"mxfp4", "fp8"}:
        return str(method)
    names = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
    return names.get(str(fields.raw("torch_dtype") or fields.raw("dtype")), "bf16")
