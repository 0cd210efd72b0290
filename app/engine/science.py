"""Protein structure prediction: memory grows with the square of the sequence length, time with its cube."""

import numpy as np

from app.engine import network_memory
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.precision import bytes_per_element, peak_flops_per_s
from app.engine.result import Footprint, MemoryPart, Pace, Physics
from app.engine.units import FULL_BYTES, HALF_BYTES

TRIANGLES, FUSED, CHUNKED = "triangles", "fused_triangles", "chunked_triangles"
"""How tokens meet in networks that fold: in triangles of pairs as in AlphaFold 2; as in AlphaFold 3, whose kernels keep
triangles on the chip and whose trunk has no tower of aligned sequences; and as in its open kin, which hold many copies
of the pairs, and work in chunks where these are too many."""
FOLDING = frozenset({TRIANGLES, FUSED, CHUNKED})
PAIR_CHANNELS = 128
"""Channels of the pair representation. AlphaFold 2, supplementary methods 1.6 (doi:10.1038/s41586-021-03819-2)."""
BLOCKS = 48
"""Evoformer blocks. Same source."""
RECYCLES = 4
"""Passes through the network at inference, recycling included. Same source."""
CUBIC_FLOPS_PER_CHANNEL = 12
"""Per block and channel: two triangle multiplications (2 FLOP each) and two triangle attentions (4 FLOP each)."""
PAIR_PROJECTIONS = 48
"""Products per pair element in units of channels squared: projections, gates and the fourfold transition of a block."""
FUSED_PASSES = 11
"""Passes through their trunk: ten recycles and the first. AlphaFold 3, supplementary methods
(doi:10.1038/s41586-024-07487-w)."""
DENOISINGS, DENOISER_BLOCKS, DENOISER_CHANNELS = 1000, 24, 768
"""Passes of the denoiser (5 samples of 200 steps), its blocks and channels. Same source."""
DENOISER_PRODUCTS = 24
"""FLOP per token in units of channels squared: attention, gate and the fourfold transition of a block."""
MSA_SEQUENCES, MSA_CHANNELS, OUTER_CHANNELS = 512, 256, 32
"""Aligned sequences that the network looks at, their channels, and those of the outer product. Same source, 1.6."""
MSA_PROJECTIONS = 32
"""Products per residue and sequence in units of channels squared: two attentions and the fourfold transition."""
USUAL_LENGTH = 384
"""Residues taken where no length is given: the crop that AlphaFold 2 was fine-tuned on."""
FROM_ONE_SEQUENCE = frozenset({"esm"})
"""Families that fold a protein from its own sequence alone."""
WITHOUT_SEARCH = "The search for related sequences runs on the CPU before folding; its time is not counted."


def folds_proteins(spec: NetworkSpec) -> bool:
    """Whether a network predicts structures from sequences."""
    return spec.tokens_meet in FOLDING


def searches_before_folding(spec: NetworkSpec) -> bool:
    """Whether a network folds with the help of related sequences, which are searched first."""
    return folds_proteins(spec) and spec.family not in FROM_ONE_SEQUENCE


def keeps_triangles_on_chip(spec: NetworkSpec) -> bool:
    """Whether a network came after AlphaFold 2, and folds with fused kernels and a denoiser."""
    return spec.tokens_meet in {FUSED, CHUNKED}


def denoised_folding_flops(length: float) -> float:
    """Operations of one prediction of a network that folds by denoising: pairs of tokens, and the denoiser. [FLOP]

    Examples
    --------
    Of 5,120 tokens 62 times as many as of 1,024; both took 41 times as long on one card:

    >>> round(denoised_folding_flops(5120) / denoised_folding_flops(1024))
    62
    """
    cubic = CUBIC_FLOPS_PER_CHANNEL * PAIR_CHANNELS * length**3
    square = 2 * PAIR_PROJECTIONS * PAIR_CHANNELS**2 * length**2
    token = DENOISER_PRODUCTS * DENOISER_CHANNELS**2 * length + 4 * DENOISER_CHANNELS * length**2
    return float(FUSED_PASSES * BLOCKS * (cubic + square) + DENOISINGS * DENOISER_BLOCKS * token)


def folding_flops(length: float) -> float:
    """Operations of one prediction: pairs of residues, and the aligned sequences. [FLOP]

    Examples
    --------
    Short proteins are bound by the alignment, long ones by triples of residues: 256 and 384 residues took 0.6 and 1.1
    minutes, ten times as many residues take hundreds of times the work.

    >>> round(folding_flops(384) / folding_flops(256), 1), round(folding_flops(4000) / folding_flops(400))
    (1.9, 148)
    """
    cubic = CUBIC_FLOPS_PER_CHANNEL * PAIR_CHANNELS * length**3
    square = 2 * PAIR_PROJECTIONS * PAIR_CHANNELS**2 * length**2
    aligned = MSA_SEQUENCES * MSA_CHANNELS * (MSA_PROJECTIONS * MSA_CHANNELS * length + 4 * length**2)
    outer = 2 * MSA_SEQUENCES * OUTER_CHANNELS**2 * length**2
    return float(RECYCLES * BLOCKS * (cubic + square + aligned + outer))


def pair_bytes(length: float, *, element_bytes: float) -> float:
    """One copy of the pair representation. [bytes]

    >>> pair_bytes(1000, element_bytes=4) / 1e6
    512.0
    """
    return PAIR_CHANNELS * length**2 * element_bytes


def physics(job: Job, systems: Systems) -> Physics:
    """Memory and predictions per second; training of such a network keeps one pair representation per block."""
    spec = job.model
    assert isinstance(spec, NetworkSpec)
    length = float(job.seq_len if job.seq_len > 1 else USUAL_LENGTH)
    element = max(bytes_per_element(job.precision), HALF_BYTES)
    copies = NETWORKS.value("pair_copies_training") if job.training else _pairs_at_inference(spec, length)
    activations = pair_bytes(length, element_bytes=element) * copies * (job.micro_batch_size if job.training else 1)
    weights = spec.parameters * 4.0
    parts = [
        MemoryPart("weights", np.full(len(systems), weights), f"{spec.parameters:.4g} parameters x 4 bytes"),
        MemoryPart(
            "activations",
            np.full(len(systems), activations),
            f"{length:g} x {length:g} residue pairs x {PAIR_CHANNELS} channels x {element:g} bytes x {copies:g} copies",
        ),
    ]
    if job.training:
        state = spec.parameters * (network_memory.optimizer_bytes_per_parameter(job) - 4.0)
        parts.append(MemoryPart("optimizer", np.full(len(systems), state), "gradients and optimizer state"))
    footprint = Footprint((*parts, *network_memory.overhead_parts(systems, job.precision)))
    notes = (WITHOUT_SEARCH,) if searches_before_folding(spec) else ()
    return Physics(footprint, _pace(job, systems, spec=spec, length=length), notes)


def _pairs_at_inference(spec: NetworkSpec, length: float) -> float:
    """Copies of the pair representation that are held at a time; in chunks of them where they would be too many. [-]"""
    if not keeps_triangles_on_chip(spec):
        return NETWORKS.value("pair_copies_inference")
    if spec.tokens_meet != CHUNKED:
        return NETWORKS.value("pair_copies_fused")
    whole = min(NETWORKS.value("tokens_in_one_piece") / length, 1.0) ** 2
    return max(whole * NETWORKS.value("pair_copies_unfused"), NETWORKS.value("pair_copies_in_chunks"))


def _pace(job: Job, systems: Systems, *, spec: NetworkSpec, length: float) -> Pace:
    devices, fused = systems.devices, keeps_triangles_on_chip(spec)
    groups, bf16 = families(devices), devices.peak_flops_per_s("bf16")
    narrow = np.where(np.isnan(bf16), 1.0, FULL_BYTES / HALF_BYTES)
    moved = devices.memory_bandwidth_bytes_per_s * NETWORKS.column(f"folding_flops_per_byte{'_fused' * fused}", groups)
    moved = moved * narrow
    widest = np.where(np.isnan(bf16), peak_flops_per_s("fp32", devices), bf16)
    peak = widest * NETWORKS.value("folding_peak_fraction")
    flops = (denoised_folding_flops if fused else folding_flops)(length) * (3.0 if job.training else 1.0)
    samples = systems.count * (job.micro_batch_size if job.training else 1)
    step_s = flops * samples / systems.count / np.minimum(moved, peak)
    return Pace(
        unit="samples/s",
        step_s=step_s,
        units_per_step=samples * np.ones(len(systems)),
        model_flops_per_step=flops * samples,
        bound_by=("memory",) * len(systems),
        comparable_peak="bf16",
    )
