"""Floating-point operations of transformers, per token, sequence and run. One multiply-add is two."""

import numpy as np

from app.engine.arrays import Floats
from app.engine.model_spec import TransformerSpec
from app.engine.params import multiplied_parameters
from app.engine.units import FLOPS_PER_MAC

BACKWARD_FACTOR = 2.0
"""The backward pass multiplies twice per weight: once for the input's gradient, once for the weight's."""
CAUSAL_SHARE = 0.5
"""Causal kernels skip half of the attention matrix."""


def training_flops(*, parameters: Floats, tokens: Floats) -> Floats:
    """The rule of six, ``C = 6·N·D``. [FLOP]

    Examples
    --------
    GPT-3, 175 billion parameters on 300 billion tokens:

    >>> round(training_flops(parameters=175e9, tokens=300e9) / 1e23, 2)
    3.15

    References
    ----------
    .. [1] J. Kaplan et al., "Scaling Laws," 2020, arXiv:2001.08361, section 2.1.
    """
    return FLOPS_PER_MAC * (1 + BACKWARD_FACTOR) * parameters * tokens


def attention_widths(spec: TransformerSpec) -> float:
    """Width of scores plus width of values over all heads of a layer: ``2·a·d``, or the latent widths of MLA. [-]"""
    if spec.qk_nope_head_dim and spec.qk_rope_head_dim and spec.v_head_dim:
        return float(spec.num_attention_heads * (spec.qk_nope_head_dim + spec.qk_rope_head_dim + spec.v_head_dim))
    return float(2 * spec.num_attention_heads * spec.head_dim)


def attention_layers(spec: TransformerSpec) -> tuple[float, float]:
    """Layers that see the whole context, and layers that see a window. [-]"""
    sliding = spec.num_sliding_layers
    full = spec.num_full_attention_layers
    if full is None:
        full = spec.num_hidden_layers - sliding - spec.num_linear_layers
    return float(full), float(sliding)


def attention_flops_per_token(spec: TransformerSpec, context: Floats) -> Floats:
    """Scores and weighted values of one token that looks back on ``context`` tokens, forward. [FLOP]

    ``4·L·a·d·context`` for full layers; window layers look back at most one window.

    References
    ----------
    .. [1] A. Chowdhery et al., "PaLM," 2022, arXiv:2204.02311, appendix B.
    """
    full, sliding = attention_layers(spec)
    window = spec.sliding_window or 0
    seen = full * context + sliding * np.minimum(context, window)
    return FLOPS_PER_MAC * attention_widths(spec) * seen


def cached_attention_flops(spec: TransformerSpec, context: Floats) -> Floats:
    """Scores and weighted values of one written token; latent attention works in the latent space of its cache. [FLOP]

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V2," 2024, arXiv:2405.04434, section 2.1.2: projections are absorbed.
    """
    plain = attention_flops_per_token(spec, context)
    if not (spec.kv_lora_rank and spec.qk_rope_head_dim):
        return plain
    latent = spec.num_attention_heads * (2 * spec.kv_lora_rank + spec.qk_rope_head_dim)
    return plain * latent / attention_widths(spec)


def forward_attention_flops_per_token(spec: TransformerSpec, seq_len: int) -> float:
    """Scores and values per token of a whole sequence, forward; decoders skip the half above the diagonal. [FLOP]"""
    looked_back = seq_len * CAUSAL_SHARE if spec.architecture == "decoder" else seq_len
    return float(attention_flops_per_token(spec, looked_back))


def forward_flops_per_token(spec: TransformerSpec, seq_len: int) -> float:
    """Forward FLOPs per token of a whole sequence: ``2·N`` plus attention, causal in decoders. [FLOP]"""
    return FLOPS_PER_MAC * multiplied_parameters(spec) + forward_attention_flops_per_token(spec, seq_len)


def training_flops_per_token(
    spec: TransformerSpec, seq_len: int, *, method: str = "full", adapters: float = 0.0
) -> float:
    """Forward and backward FLOPs per token that the method needs, recompute not counted. [FLOP]

    Full training multiplies three times forward; with a frozen base the weight gradients of the base
    fall away (``4·N``), adapters pay all three; a frozen backbone is run forward only.
    """
    forward = forward_flops_per_token(spec, seq_len)
    if method == "frozen":
        return forward
    if method in {"lora", "qlora"}:
        weight_gradients = FLOPS_PER_MAC * multiplied_parameters(spec)
        return 3 * forward - weight_gradients + float(training_flops(parameters=adapters, tokens=1))
    return 3 * forward


def prefill_flops(spec: TransformerSpec, prompt_tokens: int) -> float:
    """FLOPs that read one prompt; only its last position needs the LM head. [FLOP]"""
    head = float(spec.vocab_size * spec.hidden_size) if spec.architecture != "encoder" else 0.0
    matrices = FLOPS_PER_MAC * ((multiplied_parameters(spec) - head) * prompt_tokens + head)
    return matrices + prompt_tokens * float(attention_flops_per_token(spec, CAUSAL_SHARE * prompt_tokens))


def decode_flops_per_token(spec: TransformerSpec, context: Floats) -> Floats:
    """FLOPs of one generated token after ``context`` tokens. [FLOP]"""
    return FLOPS_PER_MAC * multiplied_parameters(spec) + attention_flops_per_token(spec, context)


def flops_utilization(*, flops: Floats, device_s: Floats, peak_flops_per_s: Floats) -> Floats:
    """Share of the dense peak that a run reached: MFU with model FLOPs, HFU with executed FLOPs. [-]

    References
    ----------
    .. [1] A. Chowdhery et al., "PaLM," 2022, arXiv:2204.02311, appendix B.
    """
    return flops / (device_s * peak_flops_per_s)
