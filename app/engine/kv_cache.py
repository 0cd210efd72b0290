"""The key/value cache of decoders: growth per token, windows, latent attention, and what a batch holds."""

from app.engine.arrays import Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.flops import attention_layers
from app.engine.model_spec import TransformerSpec

KEY_AND_VALUE = 2.0
BYTES_OF_PUBLISHED = 2.0
"""Published cache sizes are at two bytes an element."""
STATE_BYTES = 4.0
"""Recurrent states are kept in fp32."""


def kv_cache_bytes(
    *,
    num_hidden_layers: float,
    num_key_value_heads: int,
    head_dim: int,
    resident_tokens: Floats,
    bytes_per_element: float,
) -> Floats:
    r"""Memory held by the key/value cache of a decoder. [bytes]

    .. math:: 2 \, L \, n_{kv} \, d_{head} \, T \, b

    The leading 2 is one K plus one V. Grouped-query attention stores
    ``num_key_value_heads`` heads, not ``num_attention_heads`` [2]_.

    Examples
    --------
    A Llama-2-7B shape with one 4096-token sequence in fp16 is exactly 2 GiB:

    >>> kv_cache_bytes(num_hidden_layers=32, num_key_value_heads=32, head_dim=128,
    ...                resident_tokens=4096, bytes_per_element=2) / 2**30
    2.0

    References
    ----------
    .. [1] R. Pope et al., "Efficiently Scaling Transformer Inference," 2022, arXiv:2211.05102.
    .. [2] J. Ainslie et al., "GQA," 2023, arXiv:2305.13245.
    """
    return KEY_AND_VALUE * num_hidden_layers * num_key_value_heads * head_dim * resident_tokens * bytes_per_element


def latent_cache_bytes(
    *,
    num_hidden_layers: float,
    kv_lora_rank: int,
    qk_rope_head_dim: int,
    resident_tokens: Floats,
    bytes_per_element: float,
) -> Floats:
    """Memory of a multi-head latent attention cache, ``L·(kv_r + d_r)·T·b``. [bytes]

    >>> latent_cache_bytes(num_hidden_layers=61, kv_lora_rank=512, qk_rope_head_dim=64,
    ...                    resident_tokens=1, bytes_per_element=2)
    70272

    References
    ----------
    .. [1] DeepSeek-AI, "Insights into DeepSeek-V3," 2025, arXiv:2505.09343, table 1.
    """
    return num_hidden_layers * (kv_lora_rank + qk_rope_head_dim) * resident_tokens * bytes_per_element


def growth_per_token_bytes(spec: TransformerSpec, *, bytes_per_element: float) -> float:
    """Cache growth per token of context beyond all windows. [bytes]"""
    full, _ = attention_layers(spec)
    if spec.architecture == "encoder_decoder":
        full = float(spec.decoder_layers)
    if spec.kv_bytes_per_token_16bit is not None:
        return spec.kv_bytes_per_token_16bit * bytes_per_element / BYTES_OF_PUBLISHED
    if spec.kv_lora_rank:
        return float(
            latent_cache_bytes(
                num_hidden_layers=full,
                kv_lora_rank=spec.kv_lora_rank,
                qk_rope_head_dim=spec.qk_rope_head_dim or 0,
                resident_tokens=1,
                bytes_per_element=bytes_per_element,
            )
        )
    return float(
        kv_cache_bytes(
            num_hidden_layers=full,
            num_key_value_heads=spec.num_key_value_heads,
            head_dim=spec.head_dim,
            resident_tokens=1,
            bytes_per_element=bytes_per_element,
        )
    )


def sequence_cache_bytes(
    spec: TransformerSpec, context: float, *, bytes_per_element: float, beyond_window: float = 0.0
) -> float:
    """Cache of one sequence: growing layers, capped window layers, recurrent and cross-attention state. [bytes]

    A program that writes a batch of tokens before it forgets as many holds so many ``beyond_window``.

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> spec = inferred_transformer("example", parameters=7e9, architecture="decoder")
    >>> one, two = (sequence_cache_bytes(spec, context, bytes_per_element=2) for context in (1024, 2048))
    >>> two / one
    2.0
    """
    if spec.architecture == "encoder":
        return 0.0
    total = growth_per_token_bytes(spec, bytes_per_element=bytes_per_element) * context
    _, sliding = attention_layers(spec)
    if sliding and spec.sliding_window:
        seen = min(context, spec.sliding_window + beyond_window)
        total += float(
            kv_cache_bytes(
                num_hidden_layers=sliding,
                num_key_value_heads=spec.num_key_value_heads,
                head_dim=spec.head_dim,
                resident_tokens=seen,
                bytes_per_element=bytes_per_element,
            )
        )
    if spec.architecture == "encoder_decoder":
        width = spec.num_attention_heads * spec.head_dim
        total += KEY_AND_VALUE * spec.decoder_layers * width * context * bytes_per_element
    state = spec.num_linear_layers * spec.hidden_size * TRANSFORMERS.value("linear_state_width") * STATE_BYTES
    return total + state
