"""What a server can promise: how many requests at a time keep a latency target, and what speculative decoding gains."""

from dataclasses import dataclass, replace

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.serving import concurrency, decode_step_s, prefill_s, scheduling_s, scheduling_share
from app.engine.units import MILLISECOND


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """Limits of one system. A target is a time for each token of an answer, or for all of it."""

    held: float
    """Requests at a time that memory holds. [-]"""
    target_s: float
    target_of: str
    """token or answer."""
    within_target: float
    """Requests at a time that keep the target; 0 where even one does not. [-]"""
    tokens_per_s_within_target: float
    speculation_alone: float
    """Times as fast with speculative decoding for one request. [-]"""
    speculation_loaded: float
    """The same with all requests of the job at a time. [-]"""


def expected_tokens(*, acceptance: float, drafts: float) -> float:
    """Tokens that one verification yields on average, ``(1−α^(γ+1))/(1−α)``. [-]

    >>> round(expected_tokens(acceptance=0.8, drafts=4), 2)
    3.36

    References
    ----------
    .. [1] Y. Leviathan et al., "Fast Inference from Transformers via Speculative Decoding," 2022, arXiv:2211.17192.
    """
    return float((1 - acceptance ** (drafts + 1)) / (1 - acceptance))


def speculation_gain(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> FloatArray:
    """Times as fast with a small draft model; below 1 where arithmetic is the bottleneck already. [-]

    One verification reads the weights once for all drafted tokens, but computes each of them.
    """
    drafts = TRANSFORMERS.value("speculative_drafts")
    plain = decode_step_s(job, spec, systems=systems, batch=batch).total_s
    verified = decode_step_s(job, spec, systems=systems, batch=batch, tokens_each=drafts + 1).total_s
    drafting = drafts * TRANSFORMERS.value("speculative_draft_share") * plain
    gained = expected_tokens(acceptance=TRANSFORMERS.value("speculative_acceptance"), drafts=drafts)
    return np.asarray(gained * plain / (verified + drafting), dtype=np.float64)


def serving_limits(job: Job, systems: Systems) -> ServingLimits | None:
    """The limits of one system (one row); None for jobs that write no text."""
    spec = job.model
    assert len(systems) == 1
    if job.training or job.output_tokens < 1 or not isinstance(spec, TransformerSpec) or spec.architecture != "decoder":
        return None
    replicas = float(systems.plan.data_parallel[0])
    held = float(np.floor(concurrency(replace(job, concurrent_requests=None), systems)[0]))
    if not np.isfinite(held):
        return None
    batch = np.arange(1.0, held + 1)[:, None]
    per_token = loaded_token_s(job, spec, systems=systems, batch=batch)[:, 0]
    target_s, of = latency_target(job)
    waited = per_token if of == "token" else per_token * job.output_tokens
    within = int(np.searchsorted(np.maximum.accumulate(waited), target_s, side="right"))
    loaded = np.array([min(held, max(1.0, np.ceil((job.concurrent_requests or held * replicas) / replicas)))])
    return ServingLimits(
        held=held * replicas,
        target_s=target_s,
        target_of=of,
        within_target=within * replicas,
        tokens_per_s_within_target=replicas * within / float(per_token[within - 1]) if within else 0.0,
        speculation_alone=float(speculation_gain(job, spec, systems=systems, batch=np.ones(1))[0]),
        speculation_loaded=float(speculation_gain(job, spec, systems=systems, batch=loaded)[0]),
    )


def loaded_token_s(job: Job, spec: TransformerSpec, *, systems: Systems, batch: FloatArray) -> FloatArray:
    """Mean time of one token of an answer while so many requests are served, their prompts read in between. [s]"""
    reading = prefill_s(job, spec, systems=systems, batch=batch).total_s if job.prompt_tokens else 0.0
    writing = decode_step_s(job, spec, systems=systems, batch=batch).total_s
    return (reading / job.output_tokens + writing) * (1 + scheduling_share(job)) + scheduling_s(job, batch=batch)


def latency_target(job: Job) -> tuple[float, str]:
    """The latency that was asked for, for a whole answer; else a pace that reads well, for each token. [s]"""
    asked = job.workload.latency_ms
    if asked is not None:
        return asked * MILLISECOND, "answer"
    return TRANSFORMERS.value("readable_token_s"), "token"
