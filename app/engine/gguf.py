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
from app.engine.params import embedding_parameters, head_parameters
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
STAND_INS = ((4.0, 4.5), (5.0, 5.5), (6.0, 6.0), (7.0, Q8_0))
"""Bits of a K-quant up to the first take the second where they do not: IQ4_NL, Q5_0, Q5_1 and Q8_0. [1]"""
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


def gguf_bytes(spec: TransformerSpec, precision: str) -> float:
    """All weights of a model in a llama.cpp file format. [bytes]

    Llama-3.2-1B in Q4_K_M is published with 0.81 GB, Qwen2.5-7B with 4.68 GB and Llama-3.1-8B with 4.92 GB; see the
    tests.
    """
    blocks, embeddings, output = block_bits(precision), EMBEDDING_BITS[precision], output_bits(precision)
    if spec.hidden_size % K_BLOCK and precision not in PURE:
        base = EMBEDDING_BITS[precision]
        stand_in = next(bits for most, bits in STAND_INS if base < most)
        blocks, embeddings, output = max(blocks, stand_in), stand_in, Q8_0
    table, head = embedding_parameters(spec), 0.0 if spec.tie_word_embeddings else head_parameters(spec)
    rest = spec.parameters - table - head
    tables = table * (output if spec.tie_word_embeddings else embeddings) + head * output
    return (rest * blocks + tables) / BITS_PER_BYTE


def embedding_bytes(precision: str) -> float:
    """Bytes of one weight of a separate embedding table; block formats of other programs leave it in 16 bits. [bytes]

    >>> embedding_bytes("q4_k_m"), embedding_bytes("fp32"), embedding_bytes("nf4")
    (0.5625, 4.0, 2.0)
    """
    if precision in EMBEDDING_BITS:
        return EMBEDDING_BITS[precision] / BITS_PER_BYTE
    return bytes_per_parameter(precision) if precision in WHOLE_MODEL else HALF_BYTES
