"""A plausible transformer for a bare parameter count, when nobody knows its layers and widths."""

import math
from dataclasses import replace

from app.engine.model_spec import TransformerSpec
from app.engine.params import attention_parameters, ffn_parameters
from app.engine.units import GIGA
from app.engine.workload import ModelChoice

HEAD_DIM = 128
SMALL_HEAD_DIM = 64
SMALL_HIDDEN = 2048
WIDTH_MULTIPLE = 128
WIDE = 4096
WIDE_MULTIPLE = 512
ASPECT_AT_BILLION = 90.0
"""Hidden units per layer of a model with a billion block parameters: GPT-3 1.3B has 85, Pythia-1B 128, OPT-350M 43."""
ASPECT_GROWTH = 0.18
ASPECT_RANGE = (32.0, 128.0)
"""Exponent of size, and its bounds: Llama-2-7B and 13B, GPT-3 175B and Llama-3.1-405B have 128, Llama-2-70B 102."""
VOCABULARY = {"decoder": 32_000, "encoder": 30_522, "encoder_decoder": 32_128}
GROUPED_QUERY_FROM = 30e9
"""Decoders of a known shape share keys and values from this size on; smaller ones where it is said."""
SHARED_HEADS = 8
"""Heads of keys and values: Llama-2-70B, Llama-3.2-1B to 3.1-405B, Mistral-7B and Qwen2.5-14B to 72B have 8, Qwen2.5-7B
4, Llama-2-7B 32 (their config.json on https://huggingface.co)."""
FFN_RATIO = {True: 8 / 3, False: 4.0}
MAX_TABLE_SHARE = 0.5


def transformer_from_counts(choice: ModelChoice, *, architecture: str) -> TransformerSpec:
    """The transformer that a parameter count and whatever else was given describe."""
    assert choice.parameters is not None
    return inferred_transformer(
        "your model",
        parameters=choice.parameters,
        architecture=architecture,
        active_parameters=choice.active_parameters,
        layers=choice.layers,
        hidden_size=choice.hidden_size,
        ffn_size=choice.ffn_size,
        heads=choice.heads,
        kv_heads=choice.kv_heads,
        head_dim=choice.head_dim,
        vocabulary=choice.vocabulary,
    )


def inferred_transformer(
    name: str, *, parameters: float, architecture: str, active_parameters: float | None = None,
    layers: int | None = None,
    hidden_size: int | None = None, ffn_size: int | None = None, heads: int | None = None, kv_heads: int | None = None,
    head_dim: int | None = None, vocabulary: int | None = None,
) -> TransformerSpec:  # fmt: skip
    """A transformer with this many parameters; given details are kept, the rest follows from them.

    Blocks cost ``(4 + 3·f/h)·h²`` (gated) or ``12·h²`` weights; width over depth follows the aspect of published
    models, a little wider as they grow. Decoders without a given feed-forward width are taken as gated (Llama-like).

    Examples
    --------
    A 7B decoder comes out close to the shape of Llama-2-7B (32 layers of 4096):

    >>> spec = inferred_transformer("seven", parameters=6.74e9, architecture="decoder")
    >>> spec.num_hidden_layers, spec.hidden_size, spec.shape_known
    (33, 4096, False)
    """
    gated = architecture == "decoder" and ffn_size is None
    vocab = vocabulary or VOCABULARY[architecture]
    cross = 4 / 12 / 2 if architecture == "encoder_decoder" else 0.0
    ratio = FFN_RATIO[gated]
    per_width = 4 * (1 + cross * 3) + (3 if gated else 2) * ratio
    width, depth = _width_and_depth(parameters, per_width, vocab=vocab, hidden_size=hidden_size, layers=layers)
    if vocabulary is None:  # a tiny model cannot have the usual vocabulary
        vocab = max(1, min(vocab, int(parameters * MAX_TABLE_SHARE / width)))
    intermediate = ffn_size or round(width * ratio / WIDTH_MULTIPLE) * WIDTH_MULTIPLE or WIDTH_MULTIPLE
    known_heads = heads or max(1, round(width / (head_dim or (HEAD_DIM if width >= SMALL_HIDDEN else SMALL_HEAD_DIM))))
    dim = head_dim or max(1, width // known_heads)
    bare = not (layers or hidden_size or heads)
    shares = gated and (bare or parameters >= GROUPED_QUERY_FROM)
    groups = kv_heads or (min(known_heads, SHARED_HEADS) if shares else known_heads)
    if ffn_size and layers and hidden_size:
        gated = _fits_gated(
            parameters,
            layers,
            hidden_size=width,
            ffn_size=ffn_size,
            heads=known_heads,
            kv_heads=groups,
            head_dim=dim,
            vocab=vocab,
        )
    known = bool(layers and hidden_size)
    spec = TransformerSpec(
        name=name,
        architecture=architecture,
        parameters=parameters,
        active_parameters=active_parameters or parameters,
        num_hidden_layers=depth,
        hidden_size=width,
        intermediate_size=intermediate,
        num_attention_heads=known_heads,
        num_key_value_heads=groups,
        head_dim=dim,
        vocab_size=vocab,
        gated_ffn=gated,
        attention_kind="mha" if groups == known_heads else ("mqa" if groups == 1 else "gqa"),
        shape_known=known and active_parameters in {None, parameters},
        source="shape inferred from the parameter count" if not known else "shape as given",
    )
    return _with_sides(spec)


def _with_sides(spec: TransformerSpec) -> TransformerSpec:
    if spec.architecture == "encoder":
        return replace(spec, encoder_layers=spec.num_hidden_layers)
    if spec.architecture == "encoder_decoder":
        half = spec.num_hidden_layers // 2
        return replace(spec, encoder_layers=spec.num_hidden_layers - half, decoder_layers=half)
    return spec


def _rounded(width: float) -> int:
    multiple = WIDE_MULTIPLE if width > WIDE - WIDTH_MULTIPLE else WIDTH_MULTIPLE
    return max(multiple, round(width / multiple) * multiple)


def _width_and_depth(
    parameters: float, per_width: float, *, vocab: int, hidden_size: int | None, layers: int | None
) -> tuple[int, int]:
    """Hidden size and layers that together give the parameter count."""
    tables = 0.0
    width, depth = float(hidden_size or 0), float(layers or 0)
    for _ in range(8):  # the embedding table depends on the width it is taken from
        blocks = max(parameters - tables, parameters * MAX_TABLE_SHARE)
        aspect = min(max(ASPECT_AT_BILLION * (blocks / GIGA) ** ASPECT_GROWTH, ASPECT_RANGE[0]), ASPECT_RANGE[1])
        if not hidden_size:
            width = math.sqrt(blocks / (per_width * layers)) if layers else (blocks * aspect / per_width) ** (1 / 3)
        if not layers:
            depth = blocks / (per_width * width**2)
        tables = vocab * width
    rounded = hidden_size or _rounded(width)
    if not layers:
        depth = max(parameters - vocab * rounded, parameters * MAX_TABLE_SHARE) / (per_width * rounded**2)
    return int(rounded), max(1, round(depth))


def _fits_gated(
    parameters: float,
    layers: int,
    *,
    hidden_size: int,
    ffn_size: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    vocab: int,
) -> bool:
    """Whether three feed-forward matrices explain the parameter count better than two."""
    attention = attention_parameters(
        hidden_size=hidden_size, num_attention_heads=heads, num_key_value_heads=kv_heads, head_dim=head_dim
    )
    misses = {}
    for gated in (False, True):
        ffn = ffn_parameters(hidden_size=hidden_size, intermediate_size=ffn_size, gated=gated)
        blocks = layers * (attention + ffn)
        misses[gated] = min(abs(math.log((blocks + tables * vocab * hidden_size) / parameters)) for tables in (1, 2))
    return misses[True] < misses[False]
