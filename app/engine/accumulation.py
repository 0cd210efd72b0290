"""How many micro-batches make one optimizer step."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Plan
from app.engine.job import Job


def micro_batches(job: Job, plan: Plan) -> FloatArray:
    """Micro-batches of one replica per optimizer step: as asked, else enough to keep a pipeline busy. [-]

    Nobody runs a pipeline with one micro-batch: all stages but one would idle. In pre-training the micro-batches of
    all replicas together are no larger than a batch that converges.
    """
    if job.workload.gradient_accumulation is not None:
        return np.full_like(plan.pipeline_parallel, float(job.gradient_accumulation_steps))
    busy = TRANSFORMERS.value("micro_batches_per_stage") * plan.pipeline_parallel
    if job.workload.task == "pretrain":
        at_once = job.micro_batch_size * job.seq_len * plan.data_parallel
        busy = np.clip(TRANSFORMERS.value("largest_batch_tokens") / at_once, 1.0, busy)
    return np.where(plan.pipeline_parallel > 1, busy, float(job.gradient_accumulation_steps))
