"""Rows of the model tables become the engine's model specifications."""

from typing import Any

from sqlalchemy import Row

from app.catalogue.snapshot import DatasetFacts
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec

ATTENTION_FREE_HEAD_DIM = 64
"""Head width given to state-space layers, which have no heads of their own."""

LISTENING = "sound-language"
"""Modality of decoders that read sound and write text."""


def transformer_spec(row: Row[Any], source: str) -> TransformerSpec | None:
    """The transformer of a row; None while its parameters are unknown."""
    if row.parameters is None or row.hidden_size is None:
        return None
    head_dim = row.head_dim or ATTENTION_FREE_HEAD_DIM
    heads = row.num_attention_heads or max(1, row.hidden_size // head_dim)
    return TransformerSpec(
        name=row.name,
        architecture=row.architecture,
        parameters=float(row.parameters),
        active_parameters=float(row.active_parameters or row.parameters),
        num_hidden_layers=row.num_hidden_layers,
        hidden_size=row.hidden_size,
        intermediate_size=row.intermediate_size or _expert_width(row),
        num_attention_heads=heads,
        num_key_value_heads=row.num_key_value_heads or heads,
        head_dim=head_dim,
        vocab_size=row.vocab_size,
        tie_word_embeddings=row.tie_word_embeddings,
        gated_ffn=row.gated_ffn,
        max_position_embeddings=row.max_position_embeddings,
        attention_kind=row.attention_kind,
        sliding_window=row.sliding_window,
        num_full_attention_layers=row.num_full_attention_layers,
        num_sliding_layers=row.num_sliding_layers,
        num_linear_layers=row.num_linear_layers,
        kv_lora_rank=row.kv_lora_rank,
        q_lora_rank=row.q_lora_rank,
        qk_nope_head_dim=row.qk_nope_head_dim,
        qk_rope_head_dim=row.qk_rope_head_dim,
        v_head_dim=row.v_head_dim,
        kv_bytes_per_token_16bit=row.kv_bytes_per_token_16bit,
        num_experts=row.num_experts,
        num_experts_per_token=row.num_experts_per_token,
        num_shared_experts=row.num_shared_experts,
        moe_intermediate_size=row.moe_intermediate_size,
        num_dense_layers=row.num_dense_layers,
        encoder_layers=row.encoder_layers,
        decoder_layers=row.decoder_layers,
        vision_parameters=float(row.vision_parameters or 0),
        sound_tokens_per_s=row.sound_tokens_per_s,
        listens=row.modality == LISTENING,
        native_precision=row.native_precision or "bf16",
        source=source,
    )


def _expert_width(row: Row[Any]) -> int:
    """FFN width that one token passes through, for models whose every layer is a mixture of experts."""
    if row.moe_intermediate_size:
        return int(row.moe_intermediate_size * max(1, row.num_experts_per_token + row.num_shared_experts))
    return 0


def network_spec(row: Row[Any], source: str) -> NetworkSpec:
    """The network of a row."""
    return NetworkSpec(
        name=row.name,
        architecture=row.architecture,
        family=row.family,
        parameters=float(row.parameters),
        macs_per_sample=row.macs_per_sample,
        activations_per_sample=row.activations_per_sample,
        reference_size=sizes(row.reference_size),
        depth=row.depth,
        tokens_meet=row.tokens_meet,
        joins_maps=row.joins_maps,
        dense_1x1=row.dense_1x1,
        dense_3x3_share=row.dense_3x3_share,
        source=source,
    )


def diffusion_spec(row: Row[Any], source: str) -> DiffusionSpec:
    """The diffusion model of a row."""
    return DiffusionSpec(
        name=row.name,
        architecture=row.architecture,
        modality=row.modality,
        denoiser_parameters=float(row.denoiser_parameters),
        text_encoder_parameters=float(row.text_encoder_parameters),
        vae_parameters=float(row.vae_parameters),
        flops_per_forward=row.flops_per_forward,
        default_size=(row.default_height, row.default_width),
        default_frames=row.default_frames,
        tokens=row.tokens,
        default_steps=row.default_steps,
        guidance_doubles_batch=row.guidance_doubles_batch,
        vae_spatial_factor=row.vae_spatial_factor,
        vae_temporal_factor=row.vae_temporal_factor,
        latent_channels=row.latent_channels,
        native_precision=row.native_precision or "bf16",
        source=source,
    )


def algorithm_spec(row: Row[Any], source: str) -> AlgorithmSpec:
    """The algorithm of a row."""
    return AlgorithmSpec(
        name=row.slug,
        category=row.category,
        gpu_helps=row.gpu_helps,
        gpu_crossover=row.gpu_crossover,
        gpu_library=row.gpu_library,
        cpu_library=row.cpu_library,
        source=source,
    )


def dataset_facts(row: Row[Any], source: str) -> DatasetFacts:
    """The data set of a row."""
    size = sizes(row.image_size)
    return DatasetFacts(
        slug=row.slug,
        name=row.name,
        modality=row.modality,
        samples=row.samples,
        tokens=row.tokens,
        rows=row.rows,
        columns=row.columns,
        size_gb=row.size_gb,
        typical_epochs=row.typical_epochs,
        image_size=(size[0], size[1]) if len(size) == 2 else None,
        source=source,
    )


def sizes(text: str) -> tuple[int, ...]:
    """Sizes joined by "x".

    >>> sizes("16x224x224")
    (16, 224, 224)
    """
    return tuple(int(part) for part in text.split("x")) if text else ()
