"""Networks known by their counts: pictures, volumes, GANs, recommenders, agents, graphs, tables, series, proteins."""

from app.engine import network_memory, network_speed, radiance, reinforcement, science
from app.engine.hardware import Systems
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.network_work import NetworkWork, network_work
from app.engine.result import Pace, Physics

NO_SPEED = "No published operation count for this network, so its speed is not estimated."
NO_ACTIVATIONS = "No activation count is published for this network: its memory is a lower bound, without activations."
INFERRED = {
    ("operations",): "The operations of this network are inferred from its size, so the estimate is rough.",
    ("activations",): "The activations of this network are inferred from its size, so the estimate is rough.",
    ("operations", "activations"): (
        "The operations and activations of this network are inferred from its size, so the estimate is rough."
    ),
}
"""Whole sentences, as other languages cannot put words of English into theirs."""


def physics(job: Job, systems: Systems) -> Physics:
    """Memory [bytes] and speed [samples/s] of a job on a network described by its counts.

    Reinforcement learning is bound by its environments, protein folding by the square and cube of the sequence length;
    everything else by products, activation traffic and launches.
    """
    spec = job.model
    if not isinstance(spec, NetworkSpec):
        raise TypeError(f"networks.physics needs a NetworkSpec, not {type(spec).__name__}")
    if science.folds_proteins(spec):
        return science.physics(job, systems)
    if radiance.renders_scenes(spec):
        return radiance.physics(job, systems)
    work = network_work(job, spec)
    footprint = network_memory.footprint(
        job, systems, work=work, architecture=spec.architecture, family=spec.family.lower()
    )
    notes = {"inferred_counts": float(len(work.inferred))} if work.inferred else {}
    return Physics(footprint, _pace(job, systems, work), _warnings(work), notes)


def _pace(job: Job, systems: Systems, work: NetworkWork) -> Pace | None:
    if work.macs is None:
        return None
    if job.work_class == "rl":
        return reinforcement.pace(job, systems, work=work)
    return network_speed.pace(job, systems, work=work)


def _warnings(work: NetworkWork) -> tuple[str, ...]:
    said = []
    if work.inferred:
        said.append(INFERRED[work.inferred])
    if work.macs is None:
        said.append(NO_SPEED)
    if work.activations is None:
        said.append(NO_ACTIVATIONS)
    return tuple(said)
