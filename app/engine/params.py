"""Parameter counts of transformers: attention, feed-forward, experts, embeddings; total, active and multiplied."""

import math

from app.engine.arrays import Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.model_spec import TransformerSpec

ROUTER_AND_NORMS_SLACK = 0.15
"""How far a count from the shape may lie from the published total before the published one is trusted instead."""
REPEATED_FROM = 2.0
"""Blocks that hold so many times the published total are one block run again: ALBERT, arXiv:1909.11942, section 3.1."""


def attention_parameters(
    *, hidden_size: int, num_attention_heads: int, num_key_value_heads: int, head_dim: int, qkv_bias: bool = False
) -> int:
    """Weights of one attention layer, ``2·h·a·d + 2·h·k·d``. [-]

    Examples
    --------
    Llama-3-8B:

    >>> attention_parameters(hidden_size=4096, num_attention_heads=32, num_key_value_heads=8, head_dim=128)
    41943040

    References
    ----------
    .. [1] J. Ainslie et al., "GQA," 2023, arXiv:2305.13245.
    """
    query_width = num_attention_heads * head_dim
    key_value_width = num_key_value_heads * head_dim
    bias = query_width + 2 * key_value_width if qkv_bias else 0
    return 2 * hidden_size * (query_width + key_value_width) + bias


def mla_parameters(
    *, hidden_size: int, num_attention_heads: int, q_lora_rank: int | None, kv_lora_rank: int, qk_nope_head_dim: int,
    qk_rope_head_dim: int, v_head_dim: int,
) -> int:  # fmt: skip
    """Weights of one multi-head latent attention layer, its two low-rank norms included. [-]

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V2," 2024, arXiv:2405.04434, section 2.1.
    """
    query_width = num_attention_heads * (qk_nope_head_dim + qk_rope_head_dim)
    query = q_lora_rank * (hidden_size + 1 + query_width) if q_lora_rank else hidden_size * query_width
    down = hidden_size * (kv_lora_rank + qk_rope_head_dim) + kv_lora_rank
    up = kv_lora_rank * num_attention_heads * (qk_nope_head_dim + v_head_dim)
    return query + down + up + num_attention_heads * v_head_dim * hidden_size


def ffn_parameters(*, hidden_size: int, intermediate_size: int, gated: bool, bias: bool = False) -> int:
    """Weights of one feed-forward layer: three matrices when gated (SwiGLU, GeGLU), else two. [-]

    >>> ffn_parameters(hidden_size=4096, intermediate_size=14336, gated=True)
    176160768
    """
    matrices = (3 if gated else 2) * hidden_size * intermediate_size
    return matrices + (intermediate_size + hidden_size if bias else 0)


def active_parameters(
    *, parameters: float, routed_parameters: float, num_experts: int, num_experts_per_token: int
) -> float:
    """Parameters one token passes through, ``N − routed·(1 − K/E)``. [-]

    >>> active_parameters(parameters=46.7e9, routed_parameters=45.1e9, num_experts=8, num_experts_per_token=2) / 1e9
    12.875
    """
    return parameters - routed_parameters * (1 - num_experts_per_token / num_experts)


def expert_parameters(spec: TransformerSpec) -> float:
    """Weights of all routed experts. [-]"""
    if not spec.num_experts:
        return 0.0
    width = spec.moe_intermediate_size or spec.intermediate_size
    layers = spec.num_hidden_layers - spec.num_dense_layers
    one = ffn_parameters(hidden_size=spec.hidden_size, intermediate_size=width, gated=spec.gated_ffn)
    counted = float(layers * spec.num_experts * one)
    if counted < spec.parameters:
        return counted
    # Experts in every other layer or in a latent width: what the published active count leaves.
    return (spec.parameters - spec.active_parameters) / (1 - spec.num_experts_per_token / spec.num_experts)


def embedding_parameters(spec: TransformerSpec) -> float:
    """Weights of the input embedding table. [-]"""
    return float(spec.vocab_size * spec.hidden_size)


def head_parameters(spec: TransformerSpec) -> float:
    """Weights that turn the last hidden state into logits; encoders have none. [-]"""
    return 0.0 if spec.architecture == "encoder" else embedding_parameters(spec)


def layer_attention_parameters(spec: TransformerSpec) -> float:
    """Weights of one attention layer of this model. [-]"""
    if spec.kv_lora_rank and spec.qk_nope_head_dim and spec.qk_rope_head_dim and spec.v_head_dim:
        return mla_parameters(
            hidden_size=spec.hidden_size,
            num_attention_heads=spec.num_attention_heads,
            q_lora_rank=spec.q_lora_rank,
            kv_lora_rank=spec.kv_lora_rank,
            qk_nope_head_dim=spec.qk_nope_head_dim,
            qk_rope_head_dim=spec.qk_rope_head_dim,
            v_head_dim=spec.v_head_dim,
        )
    return attention_parameters(
        hidden_size=spec.hidden_size,
        num_attention_heads=spec.num_attention_heads,
        num_key_value_heads=spec.num_key_value_heads,
        head_dim=spec.head_dim,
    )


def block_parameters(spec: TransformerSpec) -> float:
    """Matrix weights of all blocks that one token passes through, without embeddings and head. [-]

    Counted from the shape; where the shape does not explain the published count (hybrids, shared or
    recurrent layers), what the published active count leaves after the embeddings.
    """
    layers = spec.num_hidden_layers
    attention = layers * layer_attention_parameters(spec)
    if spec.architecture == "encoder_decoder":
        attention += spec.decoder_layers * layer_attention_parameters(spec)  # cross-attention
    dense_layers = spec.num_dense_layers if spec.num_experts else layers
    dense = dense_layers * ffn_parameters(
        hidden_size=spec.hidden_size, intermediate_size=spec.intermediate_size, gated=spec.gated_ffn
    )
    width = spec.moe_intermediate_size or spec.intermediate_size
    expert = ffn_parameters(hidden_size=spec.hidden_size, intermediate_size=width, gated=spec.gated_ffn)
    per_token = spec.num_experts_per_token + spec.num_shared_experts if spec.num_experts else 0
    counted = attention + dense + (layers - dense_layers) * (per_token * expert + spec.num_experts * spec.hidden_size)
    published = left_after_embeddings(spec)
    trusted = spec.shape_known and not spec.num_linear_layers
    repeated = spec.architecture == "encoder" and counted / published >= REPEATED_FROM
    if trusted and (repeated or abs(counted / published - 1) <= ROUTER_AND_NORMS_SLACK):
        return float(counted)
    return published


def left_after_embeddings(spec: TransformerSpec) -> float:
    """Active parameters less embeddings and an untied head, at least half of them. [-]"""
    tables = embedding_parameters(spec) * (1 if spec.tie_word_embeddings or spec.architecture == "encoder" else 2)
    floor = spec.active_parameters / 2
    return max(spec.active_parameters - spec.vision_parameters - tables, floor)


def multiplied_parameters(spec: TransformerSpec) -> float:
    """Parameters that every token is multiplied by: blocks and LM head, not the input embedding lookup. [-]"""
    return block_parameters(spec) + head_parameters(spec)


def lora_parameters(spec: TransformerSpec, rank: int, *, targets: str = "all") -> float:
    """Adapter weights, ``r·(d_in + d_out)`` for every adapted matrix; ``targets`` is "all" linear layers or "qv". [-]

    Routed experts, which libraries keep in one tensor a layer, stay as they are; attention and shared experts are
    adapted.

    Examples
    --------
    GPT-3 with rank 8 on query and value projections has 37.7 million (LoRA paper, table 4); see the tests.

    References
    ----------
    .. [1] E. Hu et al., "LoRA," 2021, arXiv:2106.09685.
    """
    hidden, width = spec.hidden_size, spec.moe_intermediate_size or spec.intermediate_size
    query = spec.num_attention_heads * spec.head_dim
    key_value = spec.num_key_value_heads * spec.head_dim
    if targets == "qv":
        return float(rank * spec.num_hidden_layers * (2 * hidden + query + key_value))
    experts = spec.num_shared_experts if spec.num_experts else 1
    attention = 2 * (hidden + query) + 2 * (hidden + key_value)
    ffn = (3 if spec.gated_ffn else 2) * (hidden + width) * experts
    return float(rank * spec.num_hidden_layers * (attention + ffn))


def adapter_parameters(spec: TransformerSpec, rank: int, *, method: str) -> float:
    """Adapter weights that a method is taken to train: on every matrix of a 4-bit base, else on some of them. [-]

    Recipes with 16-bit weights adapt query and value alone or every matrix, and seldom say which.
    """
    share = 1.0 if method == "qlora" else TRANSFORMERS.value("adapted_matrices_share")
    return share * lora_parameters(spec, rank)


def expected_experts(num_experts: int, num_experts_per_token: int, *, tokens: Floats) -> Floats:
    """Distinct experts per layer that a batch of tokens is expected to touch, routing being uniform. [-]

    >>> float(expected_experts(8, 2, tokens=1))
    2.0
    >>> round(float(expected_experts(256, 8, tokens=32)), 1)
    163.3
    """
    missed: Floats = (1 - num_experts_per_token / num_experts) ** tokens
    return num_experts * (1 - missed)


def root_parameters(spec: TransformerSpec) -> float:
    """Weights in no layer: the embedding table and an untied head. [-]"""
    return embedding_parameters(spec) * (1 if spec.tie_word_embeddings else 2)


def layer_parameters(spec: TransformerSpec) -> float:
    """Weights of one layer, with all its experts. [-]"""
    return max(spec.parameters - root_parameters(spec), spec.parameters / 2) / math.ceil(spec.num_hidden_layers)


def largest_block_parameters(spec: TransformerSpec) -> float:
    """Weights of the biggest unit that FSDP gathers at once: one block or the embedding table. [-]"""
    return max(layer_parameters(spec), embedding_parameters(spec))


def split_parameters(spec: TransformerSpec) -> tuple[float, float]:
    """Matrix weights that the source meets, and those that the target meets, its head included. [-]

    The second attention of a decoder takes its keys and values from the source, once.

    Examples
    --------
    T5-base has as many layers on both sides; the decoder's have one attention more:

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> t5 = inferred_transformer("t5", parameters=2.2e8, architecture="encoder_decoder", layers=24, hidden_size=768,
    ...                           ffn_size=3072, heads=12, vocabulary=32_128)
    >>> source, target = split_parameters(t5)
    >>> round(source / 1e6), round(target / 1e6)
    (99, 124)

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, arXiv:1706.03762, section 3.1.
    """
    writing = spec.decoder_layers or max(spec.num_hidden_layers // 2, 1)
    cross = layer_attention_parameters(spec) * writing
    keys_and_values = 2.0 * spec.hidden_size * spec.num_key_value_heads * spec.head_dim * writing
    share = writing / spec.num_hidden_layers
    plain = max(block_parameters(spec) - cross, 0.0)
    return plain * (1 - share) + keys_and_values, plain * share + cross - keys_and_values + head_parameters(spec)
