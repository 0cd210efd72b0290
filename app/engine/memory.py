"""What model state takes in memory: recipes of training bytes, stored weights, shares of a sharded plan, overheads."""

from dataclasses import dataclass, replace

import numpy as np

from app.engine.accumulation import micro_batches
from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.gguf import EMBEDDING_BITS, gguf_bytes
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.intervals import FINETUNING_CLASSES
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.params import embedding_parameters, expert_parameters, head_parameters
from app.engine.precision import MATRICES_ONLY, TrainingBytes, bytes_per_parameter
from app.engine.result import Footprint, MemoryPart
from app.engine.units import FULL_BYTES, HALF_BYTES

ADAPTER_BYTES = TrainingBytes(weights=4.0, gradients=4.0, optimizer=8.0)
"""LoRA adapters are kept and optimised in fp32."""
FULL_STATE_BYTES = {
    "adamw": 8.0, "adam": 8.0, "adamw8bit": 2.0, "sgd": 0.0, "sgd_momentum": 4.0, "adafactor": 0.05, "lion": 4.0,
    "muon": 4.0, "rmsprop": 4.0,
}  # fmt: skip
"""Optimiser state per parameter beside fp32 weights."""
WIDE_GRADIENT_FRAMEWORKS = frozenset({"megatron"})
"""Frameworks that sum 16-bit gradients in fp32: https://github.com/NVIDIA/Megatron-LM (docs, distributed optimizer)."""
MASTER_FRAMEWORKS = frozenset({"megatron", "deepspeed", "jax", "tensorflow"})
"""Frameworks that keep fp32 master weights beside 16-bit ones."""


def training_bytes(*, precision: str, optimizer: str, master_weights: bool) -> TrainingBytes:
    """Weights, gradients and optimiser state per trained parameter. [bytes]

    Examples
    --------
    Automatic mixed precision with AdamW takes 16 bytes, pure bf16 takes 8, ZeRO's mixed precision 16:

    >>> training_bytes(precision="amp", optimizer="adamw", master_weights=False).total
    16.0
    >>> training_bytes(precision="bf16", optimizer="adamw", master_weights=False).total
    8.0
    >>> training_bytes(precision="bf16", optimizer="adamw", master_weights=True).total
    16.0

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO," 2020, arXiv:1910.02054, section 3.1.
    """
    state = FULL_STATE_BYTES[optimizer]
    if precision in {"fp32", "tf32"}:
        return TrainingBytes(FULL_BYTES, FULL_BYTES, state)
    if precision == "amp":
        return TrainingBytes(FULL_BYTES, FULL_BYTES, state, cast_copy=HALF_BYTES)
    if master_weights:
        return TrainingBytes(HALF_BYTES, HALF_BYTES, state + FULL_BYTES)
    own = state if optimizer == "adamw8bit" else state / 2  # states take the parameter's own type
    return TrainingBytes(HALF_BYTES, HALF_BYTES, own)


def keeps_masters(job: Job) -> bool:
    """Whether the run keeps fp32 weights beside 16-bit ones: pre-training and the large-scale frameworks do."""
    return job.framework in MASTER_FRAMEWORKS or job.workload.task == "pretrain"


def state_bytes(job: Job) -> TrainingBytes:
    """Weights, gradients and optimiser state per parameter as the framework of a run keeps them. [bytes]"""
    per = training_bytes(precision=job.precision, optimizer=job.optimizer, master_weights=keeps_masters(job))
    return replace(per, gradients=FULL_BYTES) if job.framework in WIDE_GRADIENT_FRAMEWORKS else per


def zero_bytes_per_parameter(
    *, weights: float, gradients: float, optimizer: float, stage: int, devices: float
) -> float:
    """Model state per parameter and device under a ZeRO stage. [bytes]

    Examples
    --------
    The 7.5B example of the ZeRO paper on 64 devices, in GB:

    >>> [round(7.5 * zero_bytes_per_parameter(weights=2, gradients=2, optimizer=12, stage=stage, devices=64), 1)
    ...  for stage in (0, 1, 2, 3)]
    [120.0, 31.4, 16.6, 1.9]

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO," 2020, arXiv:1910.02054, figure 1.
    """
    shared = [
        part / devices if stage >= needed else part for part, needed in ((weights, 3), (gradients, 2), (optimizer, 1))
    ]
    return sum(shared)


@dataclass(frozen=True, slots=True)
class Shares:
    """Which fraction of each part one device of every system holds."""

    model: FloatArray
    weights: FloatArray
    gradients: FloatArray
    optimizer: FloatArray
    activations: FloatArray
    replicas: FloatArray


def shares(job: Job, spec: TransformerSpec, *, systems: Systems) -> Shares:
    """Fractions by tensor, pipeline, expert and context parallelism and the ZeRO stage. [-]"""
    plan = systems.plan
    whole = 1 / (plan.tensor_parallel * plan.pipeline_parallel)
    experts = expert_parameters(spec) / spec.parameters
    model = whole * (1 - experts + experts / plan.expert_parallel)
    # Experts that are spread over some replicas are sharded over the rest: together over all of them, as the others.
    together = plan.data_parallel * plan.context_parallel  # parts of one sequence hold the same weights
    held = [np.where(plan.zero_stage >= stage, whole / together, model) for stage in (3, 2, 1)]
    activations = 1 / (plan.tensor_parallel * plan.context_parallel)
    # 1F1B keeps one micro-batch per later stage in flight, so the first stage holds the layers of one whole model.
    in_flight = np.minimum(plan.pipeline_parallel, micro_batches(job, plan)) / plan.pipeline_parallel
    return Shares(model, held[0], held[1], held[2], activations * in_flight, plan.data_parallel)


def stored_weight_bytes(spec: TransformerSpec, precision: str, *, table_bytes: float = HALF_BYTES) -> float:
    """Bytes of all weights in a storage format; block formats leave embeddings and head in 16 bits. [bytes]

    Examples
    --------
    gpt-oss-20b keeps only its experts in MXFP4 and weighs 12.8 GiB; see the tests.
    """
    if precision in EMBEDDING_BITS:
        return gguf_bytes(spec, precision)
    if precision not in MATRICES_ONLY:
        return spec.parameters * bytes_per_parameter(precision)
    quantised = packed_parameters(spec, precision)
    return quantised * bytes_per_parameter(precision) + (spec.parameters - quantised) * table_bytes


def packed_parameters(spec: TransformerSpec, precision: str) -> float:
    """Weights that a block format packs: all but embeddings, head and vision; of MXFP4 only the experts. [-]"""
    if precision == "mxfp4" and spec.num_experts:
        return expert_parameters(spec)
    tables = embedding_parameters(spec) + (0.0 if spec.tie_word_embeddings else head_parameters(spec))
    return spec.parameters - spec.vision_parameters - tables


def unquantised_bytes(job: Job) -> float:
    """Bytes of a weight that a block format leaves alone; files of llama.cpp hold those beside MXFP4 in 8 bits. [bytes]

    gpt-oss-120b weighs 63.4 GB as such a file and 65.2 GB as published (huggingface.co/ggml-org/gpt-oss-120b-GGUF).
    """
    files = job.framework == "llama.cpp" and job.precision == "mxfp4"
    return bytes_per_parameter("q8_0") if files else HALF_BYTES


def context_bytes(systems: Systems, job: Job) -> FloatArray:
    """What the program itself takes where it shares the memory. [bytes]

    A card's driver context is no tensor: it is taken from what programs can allocate there.
    """
    base = TRANSFORMERS.column("context_bytes", families(systems.devices))
    return base * TRANSFORMERS.value("context_share_llama_cpp") if job.framework == "llama.cpp" else base


def count_in_words(number: float) -> str:
    """A parameter count as formulas show it."""
    return f"{number:.4g}"


def adapts_uncompiled(job: Job) -> bool:
    """Whether a language model is adapted by a program that takes texts of all lengths, compiled for none."""
    return job.work_class in FINETUNING_CLASSES and not job.compiled


def _growth_name(job: Job) -> str:
    """Which coefficient tells the blocks that the allocator holds and cannot use."""
    if not job.training:
        return "allocator_growth_inference"
    return "allocator_growth_finetune" if adapts_uncompiled(job) else "allocator_growth"


def _lasting_parts(job: Job) -> frozenset[str]:
    """Parts that are made once and never given back, between which no block breaks up."""
    if adapts_uncompiled(job):
        return frozenset({"weights", "optimizer"})
    frozen = job.training and (job.has_adapters or job.method == "frozen")
    return frozenset({"weights"}) if frozen else frozenset()


def finished(parts: list[MemoryPart], systems: Systems, *, job: Job) -> Footprint:
    """The parts with what allocator and driver add."""
    lasting = _lasting_parts(job)
    tensors = Footprint(tuple(part for part in parts if part.part not in lasting)).total_bytes
    growth = 0.0 if job.framework == "llama.cpp" else TRANSFORMERS.value(_growth_name(job))
    lost = "tensors that come and go" if lasting else "all tensors"
    parts.append(MemoryPart("allocator", growth * tensors, f"{growth:.0%} of {lost} lost to fragmentation"))
    parts.append(MemoryPart("context", context_bytes(systems, job), "program and libraries"))
    return Footprint(tuple(part for part in parts if np.any(part.bytes > 0)))
