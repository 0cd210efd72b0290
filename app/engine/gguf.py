"""What llama.cpp's file formats take of a model: blocks, embeddings and output are stored with different bits.

The output matrix (the embeddings where both are one) is kept with more bits than the rest, so that small models with
large vocabularies take more per weight than Llama-3.1-8B, on which the mixes were counted.

References
----------
.. [1] llama.cpp, ``src/llama-quant.cpp``, https://github.com/ggml-org/llama.cpp: types of output and embeddings, and
   what stands in for K-quants where rows are no multiple of 256.
.. [2] llama.cpp, ``tools/quantize/README.md``: bits per weight of Llama-3.1-8B.
"""

from app.engine.model_spec import TransformerSpec
from app.engine.params import embedding_parameters, expert_parameters, head_parameters
from app.engine.precision import BITS_PER_WEIGHT, WHOLE_MODEL, bytes_per_parameter
from app.engine.units import BITS_PER_BYTE, HALF_BYTES

Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_0 = 2.625, 3.4375, 4.5, 5.5, 6.5625, 8.5
"""Bits per weight of ggml's block structures; IQ3_S has those of Q3_K."""
EMBEDDING_BITS = {
    "q2_k": Q2_K, "q3_k_s": Q3_K, "q3_k_m": Q3_K, "q3_k_l": Q3_K, "q4_k_s": Q4_K, "q4_k_m": Q4_K, "q5_k_s": Q5_K,
    "q5_k_m": Q5_K, "q6_k": Q6_K, "q8_0": Q8_0, "q4_0": 4.5, "q4_1": 5.0, "q5_0": 5.5, "q5_1": 6.0, "iq4_xs": 4.25,
    "iq4_nl": 4.5, "iq3_xxs": Q3_K, "iq3_xs": Q3_K, "iq3_s": Q3_K, "iq3_m": Q3_K, "iq2_s": Q3_K, "iq2_m": Q3_K,
    "iq2_xxs": Q2_K, "iq2_xs": Q2_K, "iq1_s": Q2_K, "iq1_m": Q2_K, "tq1_0": Q4_K, "tq2_0": Q4_K,
}  # fmt: skip
"""Bits of a separate embedding table by file format. [1]"""
OUTPUT_BITS = {
    "q8_0": Q8_0, "iq3_xxs": Q5_K, "iq2_xxs": Q5_K, "iq2_xs": Q5_K, "iq2_s": Q5_K, "iq2_m": Q5_K, "iq1_s": Q5_K,
    "iq1_m": Q5_K,
}  # fmt: skip
"""Bits of the output matrix where they are not those of Q6_K. [1]"""
PURE = frozenset({"q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "tq1_0", "tq2_0"})
"""Formats of one block structure, whose bits are known without counting."""
K_BLOCK = 256
"""Weights of one block of a K-quant, which must divide the rows. [1]"""
STAND_INS = ((4.5, 4.5), (5.0, 5.5), (6.0, 6.0), (7.0, Q8_0))
"""Bits of a K-quant below the first take the second where they do not: IQ4_NL, Q5_0, Q5_1 and Q8_0. [1]"""
DOWN_BITS: dict[str, dict[float, float]] = {
    "q2_k": {Q3_K: 1.0}, "q3_k_s": {Q3_K: 1.0}, "q3_k_m": {Q5_K: 1 / 16, Q4_K: 15 / 16}, "q3_k_l": {Q5_K: 1.0},
    "q4_k_s": {Q5_K: 1 / 8, Q4_K: 7 / 8}, "q4_k_m": {Q6_K: 1 / 2, Q4_K: 1 / 2}, "q5_k_s": {Q5_K: 1.0},
    "q5_k_m": {Q6_K: 1 / 2, Q5_K: 1 / 2}, "q6_k": {Q6_K: 1.0},
}  # fmt: skip
"""Bits of the last matrix of feed-forward parts, and the share of the layers that have them. [1]"""
WITHOUT_BLOCKS = PURE | {"iq4_nl"}
"""Formats whose blocks of 32 weights divide all rows."""
COUNTED_PARAMETERS, COUNTED_TABLE = 8.030e9, 128_256 * 4096.0
"""Weights of Llama-3.1-8B, and of each of its two tables. [2]"""


def block_bits(precision: str) -> float:
    """Bits per weight of everything but embeddings and output. [bits]

    >>> round(block_bits("q4_k_m"), 2), block_bits("q4_0")
    (4.8, 4.5)
    """
    counted = BITS_PER_WEIGHT[precision]
    if precision in PURE:
        return counted
    tables = COUNTED_TABLE * (EMBEDDING_BITS[precision] + output_bits(precision))
    return (counted * COUNTED_PARAMETERS - tables) / (COUNTED_PARAMETERS - 2 * COUNTED_TABLE)


def output_bits(precision: str) -> float:
    """Bits per weight of the output matrix. [bits]"""
    return OUTPUT_BITS.get(precision, Q6_K)


def stand_in_bits(bits: float) -> float:
    """Bits of what stands in for a K-quant of so many where its blocks do not divide the rows. [bits]

    >>> stand_in_bits(Q4_K), stand_in_bits(Q6_K)
    (5.5, 8.5)
    """
    return next(stand_in for most, stand_in in STAND_INS if bits < most)


def down_parameters(spec: TransformerSpec) -> float:
    """Weights of feed-forward parts whose rows are as long as the part is wide, and no multiple of a block. [-]

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> shape = {"parameters": 72.7e9, "architecture": "decoder", "layers": 80, "hidden_size": 8192}
    >>> [round(down_parameters(inferred_transformer("qwen", **shape, ffn_size=width)) / 1e9, 1)
    ...  for width in (28_672, 29_568)]
    [0.0, 19.4]
    """
    matrices = 3 if spec.gated_ffn else 2
    routed = expert_parameters(spec) / matrices
    layers = spec.num_dense_layers if spec.num_experts else spec.num_hidden_layers
    dense = layers * spec.hidden_size * float(spec.intermediate_size)
    width = spec.moe_intermediate_size or spec.intermediate_size
    return (routed if width % K_BLOCK else 0.0) + (dense if spec.intermediate_size % K_BLOCK else 0.0)


def down_growth_bits(precision: str) -> float:
    """What such a weight takes more, because others stand in for its K-quant. [bits]

    >>> down_growth_bits("q4_k_m")
    1.46875
    """
    made = DOWN_BITS.get(precision, {BITS_PER_WEIGHT[precision]: 1.0})
    return sum(share * (stand_in_bits(bits) - bits) for bits, share in made.items())


def gguf_bytes(spec: TransformerSpec, precision: str) -> float:
    """All weights of a model in a llama.cpp file format. [bytes]

    Llama-3.2-1B in Q4_K_M is published with 0.81 GB, Qwen2.5-7B with 4.68 GB and Llama-3.1-8B with 4.92 GB; see the
    tests. What sees and hears has a file of its own, which text alone does not load.
    """
    blocks, embeddings, output = block_bits(precision), EMBEDDING_BITS[precision], output_bits(precision)
    grown = 0.0
    if spec.hidden_size % K_BLOCK and precision not in PURE:
        stand_in = stand_in_bits(EMBEDDING_BITS[precision])
        blocks, embeddings, output = max(blocks, stand_in), stand_in, Q8_0
    elif spec.shape_known and precision not in WITHOUT_BLOCKS:  # widths that were inferred are no multiples of anything
        grown = down_parameters(spec) * down_growth_bits(precision)
    table, head = embedding_parameters(spec), 0.0 if spec.tie_word_embeddings else head_parameters(spec)
    rest = spec.parameters - spec.vision_parameters - table - head
    tables = table * (output if spec.tie_word_embeddings else embeddings) + head * output
    return (rest * blocks + grown + tables) / BITS_PER_BYTE


def embedding_bytes(precision: str) -> float:
    """Bytes of one weight of a separate embedding table; block formats of other programs leave it in 16 bits. [bytes]

    >>> embedding_bytes("q4_k_m"), embedding_bytes("fp32"), embedding_bytes("nf4")
    (0.5625, 4.0, 2.0)
    """
    if precision in EMBEDDING_BITS:
        return EMBEDDING_BITS[precision] / BITS_PER_BYTE
    return bytes_per_parameter(precision) if precision in WHOLE_MODEL else HALF_BYTES
