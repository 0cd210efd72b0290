"""How an optimizer step is worked through: micro-batches, their size, and how much of the forward pass repeats.

A plan may say the last two; where it does not, the job does.
"""

from typing import Literal

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Plan
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec

KEEP_ALL, SELECTIVE, REPEAT_ALL = 0.0, 1.0, 2.0
"""Values of :attr:`app.engine.hardware.Plan.recompute`; between the last two some of the layers are repeated whole."""
RECOMPUTE_WORDS: tuple[Literal["none", "selective", "full"], ...] = ("none", "selective", "full")


def micro_batch_samples(job: Job, plan: Plan) -> FloatArray:
    """Samples that one replica works on at a time. [-]"""
    return np.where(np.isnan(plan.micro_batch), float(job.micro_batch_size), plan.micro_batch)


def batch_growth(job: Job, plan: Plan) -> FloatArray:
    """How many times the micro-batch of the job the plan takes: activations, FLOPs and messages grow with it. [-]"""
    return micro_batch_samples(job, plan) / job.micro_batch_size


def repeated_layers_share(job: Job, plan: Plan) -> FloatArray:
    """Share of the layers that are repeated whole, so that only their inputs are kept. [-]

    References
    ----------
    .. [1] Megatron-LM, ``--recompute-num-layers``, https://github.com/NVIDIA/Megatron-LM: as many as it takes to fit.
    """
    asked = float(job.gradient_checkpointing and job.method != "frozen")
    return np.asarray(np.where(np.isnan(plan.recompute), asked, _said_layers_share(plan)), dtype=np.float64)


def repeated_forward_share(plan: Plan, *, unsaid: float) -> FloatArray:
    """Share of the forward pass that is repeated; ``unsaid`` where the plan leaves it to the job. [-]"""
    selective = TRANSFORMERS.value("selective_recompute_share")
    whole = _said_layers_share(plan)
    said = np.where(plan.recompute >= SELECTIVE, whole + (1.0 - whole) * selective, 0.0)
    return np.where(np.isnan(plan.recompute), unsaid, said)


def _said_layers_share(plan: Plan) -> FloatArray:
    return np.clip(plan.recompute - SELECTIVE, 0.0, REPEAT_ALL - SELECTIVE)


def micro_batches(job: Job, plan: Plan) -> FloatArray:
    """Micro-batches of one replica per optimizer step: as asked, else enough to keep a pipeline busy. [-]

    Nobody runs a pipeline with one micro-batch: all stages but one would idle. In pre-training the micro-batches of
    all replicas together are no larger than a batch that converges, and without a pipeline make a usual batch; what
    reads with an encoder learns from as many texts a device as it is given, however they are dealt out.
    """
    if job.workload.gradient_accumulation is not None:
        return np.full_like(plan.pipeline_parallel, float(job.gradient_accumulation_steps))
    busy = TRANSFORMERS.value("micro_batches_per_stage") * plan.pipeline_parallel
    if job.workload.task == "pretrain":
        at_once = micro_batch_samples(job, plan) * job.seq_len * plan.data_parallel
        busy = np.clip(TRANSFORMERS.value("largest_batch_tokens") / at_once, 1.0, busy)
        several = plan.data_parallel * plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel > 1
        several = several | ~np.isnan(plan.micro_batch)  # whoever lets the batch be chosen means a usual one
        if not (isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder"):
            return np.minimum(plan.pipeline_parallel, busy)
        usual = np.maximum(np.round(TRANSFORMERS.value("usual_batch_tokens") / at_once), 1.0)
        return np.where(plan.pipeline_parallel > 1, busy, np.where(several, usual, 1.0))
    return np.where(plan.pipeline_parallel > 1, busy, float(job.gradient_accumulation_steps))
