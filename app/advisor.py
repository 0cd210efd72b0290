"""The two use cases, for every door: recommend hardware for a workload, and estimate a workload on hardware."""

from datetime import datetime

import numpy as np

from app import resolving
from app.advice import recommendation as pipeline
from app.advice.constraints import Constraints
from app.answer import EstimateAnswer, LinksAnswer, RecommendationAnswer
from app.catalogue.snapshot import Snapshot
from app.engine.estimate import estimate as engine_estimate
from app.engine.hardware import Devices, Plan, Systems, systems_of
from app.engine.job import Job
from app.engine.parallelism import default_plan
from app.engine.workload import HardwareChoice, Workload
from app.flat_query import query_string
from app.present.estimates import estimate_answer
from app.present.recommendations import recommendation_answer
from app.requests import RecommendRequest

DEVICES_PER_NODE = 8
"""Usual number of accelerators in one server."""
_ZERO_STAGE = {"none": 0, "ddp": 0, "zero1": 1, "zero2": 2, "zero3": 3, "fsdp": 3}


def estimate(snapshot: Snapshot, workload: Workload, *, hardware: HardwareChoice) -> EstimateAnswer:
    """Memory, speed, time, energy and cost of a workload on one system."""
    job = resolving.job_of(snapshot, workload, assume_data=False)
    device = resolving.accelerator(snapshot, hardware.accelerator, pointer="/hardware/accelerator")
    systems = system_of(job, Devices((device,)), hardware=hardware)
    return estimate_answer(job, engine_estimate(job, systems), row=0, systems=systems, market=snapshot.market)


def system_of(job: Job, device: Devices, *, hardware: HardwareChoice) -> Systems:
    """The system that somebody describes, with the plan they gave or the one that suits the job."""
    count = float(hardware.count)
    nodes = float(hardware.nodes or -(-hardware.count // DEVICES_PER_NODE))
    threads = np.array([float(hardware.threads) if hardware.threads else np.nan])
    counts, node_counts = np.array([count]), np.array([nodes])
    degrees = (hardware.tensor_parallel, hardware.pipeline_parallel, hardware.context_parallel)
    if hardware.sharding is None and degrees == (1, 1, 1):
        plan = default_plan(job, device, count=counts, nodes=node_counts)
    else:
        plan = _given_plan(hardware)
    return systems_of(device, count=counts, nodes=node_counts, plan=plan, threads=threads)


def _given_plan(hardware: HardwareChoice) -> Plan:
    tensor, pipeline, context = hardware.tensor_parallel, hardware.pipeline_parallel, hardware.context_parallel
    return Plan(
        data_parallel=np.array([hardware.count / (tensor * pipeline * context)]),
        tensor_parallel=np.array([float(tensor)]),
        pipeline_parallel=np.array([float(pipeline)]),
        expert_parallel=np.array([float(hardware.expert_parallel)]),
        context_parallel=np.array([float(context)]),
        zero_stage=np.array([float(_ZERO_STAGE[hardware.sharding or "none"])]),
    )


def recommend(
    snapshot: Snapshot, workload: Workload, *, constraints: Constraints, at: datetime, base_url: str = ""
) -> RecommendationAnswer:
    """Which hardware somebody needs for a workload, and why."""
    job = resolving.job_of(snapshot, workload, assume_data=True)
    resolving.check_owned(snapshot, constraints)
    found = pipeline.recommend(
        job,
        constraints,
        devices=snapshot.devices,
        market=snapshot.market,
        policy=snapshot.policy,
        names=snapshot.hardware_names,
        today=at.date(),
        rejob=lambda changes: resolving.changed_job(snapshot, workload, changes=changes),
    )
    query = query_string(RecommendRequest(workload=workload, constraints=constraints))
    links = LinksAnswer(permalink=f"{base_url}/recommend?{query}", html=f"{base_url}/result?{query}")
    return recommendation_answer(found, market=snapshot.market, revision=snapshot.revision, at=at, links=links)
