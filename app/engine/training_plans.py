"""The search for the fastest way to spread training over the devices of every system."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients import FITS_WITHIN_FRACTION, TRANSFORMERS
from app.engine.hardware import Devices, Plan, systems_of
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.plans import largest_legal, largest_spread, merged, plan_of
from app.engine.training import training_pace
from app.engine.training_memory import training_footprint

FULL_SHARDING = 3.0
PIPELINE_DEGREES = (2, 4, 8, 16, 32)
CONTEXT_DEGREES = (2, 4, 8)
CUTTING_FRAMEWORKS = frozenset({"megatron", "jax", "deepspeed"})
"""Frameworks whose users cut models by tensors and pipelines."""
HALF_A_MACHINE = 4.0
"""Devices in half of a usual machine of eight."""


def fastest_training_plan(
    job: Job, spec: TransformerSpec, *, devices: Devices, count: FloatArray, nodes: FloatArray
) -> Plan:
    """For every system the plan with the most tokens a second among those that fit; the simpler one where they tie.

    A plan has to be faster than a simpler one by a stated margin, because every cut makes a program harder to run.
    """
    chosen = plan_of(count)
    done = _replica_fits(job, devices, count=count, nodes=nodes)
    if bool(np.all(done)):
        return chosen
    best = np.zeros(len(count))
    least = np.full(len(count), np.inf)
    margin = 1 + TRANSFORMERS.value("plan_gain_worth_a_cut")
    for plan, possible in training_plans(job, spec, count=count, nodes=nodes):
        systems = systems_of(devices, count=count, nodes=nodes, plan=plan)
        needed = training_footprint(job, systems).total_bytes
        fits = possible & (needed <= FITS_WITHIN_FRACTION * devices.usable_memory_bytes)
        pace = training_pace(job, systems)
        rate = np.where(fits, pace.units_per_step / pace.step_s, 0.0)
        better = ~done & ((rate > best * margin) | ((best == 0) & fits))
        smaller = ~done & possible & (best == 0) & ~fits & (needed < least)
        chosen = merged(chosen, plan, take=better | smaller)
        best = np.where(better, rate, best)
        least = np.where(smaller, needed, least)
    return chosen


def _replica_fits(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray) -> BoolArray:
    """Where nothing has to be searched: one device, or replicas that fit. Pre-training gains by sharing the update."""
    if job.workload.task == "pretrain":
        return np.asarray(count == 1, dtype=np.bool_)
    plan = plan_of(count)
    needed = training_footprint(job, systems_of(devices, count=count, nodes=nodes, plan=plan)).total_bytes
    fits = needed <= FITS_WITHIN_FRACTION * devices.usable_memory_bytes
    taken: BoolArray = fits | (count == 1)
    return taken


def _small_enough(job: Job, plan: Plan, *, count: FloatArray, nodes: FloatArray) -> BoolArray:
    """Whether one step of all replicas takes a batch that still converges; a single machine always does."""
    if job.workload.task != "pretrain":
        return np.ones(len(count), dtype=np.bool_)
    tokens = plan.data_parallel * job.micro_batch_size * job.seq_len
    allowed: BoolArray = (tokens <= TRANSFORMERS.value("largest_batch_tokens")) | (nodes == 1)
    return allowed


def training_plans(
    job: Job, spec: TransformerSpec, *, count: FloatArray, nodes: FloatArray
) -> Iterator[tuple[Plan, BoolArray]]:
    """A coarse grid of training plans from plain replicas on, each with the systems that it is possible on.

    Tensor parallelism stays inside a machine, pipelines cross machines, long sequences may be cut, experts are spread
    over the replicas, and no plan asks for a larger batch than converges.
    """
    inside = np.maximum(count // nodes, 1)
    one = np.ones_like(count)
    widest = np.array([largest_legal(spec, per_node) for per_node in inside], dtype=np.float64)
    for tensor, pipeline, context, stage in _grid(job, spec, widest=widest, largest=float(count.max())):
        cut = tensor * pipeline * context
        plan = plan_of(count, tensor=tensor, pipeline=one * pipeline, context=one * context, zero_stage=stage)
        if stage == 1:  # full sharding gathers experts anyway; replicas hold them all
            plan = replace(plan, expert_parallel=largest_spread(spec, plan.data_parallel))
        whole = (count % cut == 0) & (cut <= count)
        yield plan, whole & _small_enough(job, plan, count=count, nodes=nodes) & ((stage == 0) | (count > 1))


def _grid(
    job: Job, spec: TransformerSpec, *, widest: FloatArray, largest: float
) -> Iterator[tuple[FloatArray, int, int, float]]:
    """Tensor, pipeline and context degrees with a ZeRO stage, from simple to involved."""
    one = np.ones_like(widest)
    yield from ((one, 1, 1, stage) for stage in (0.0, 1.0, FULL_SHARDING))
    if largest == 1:
        return
    if job.workload.task == "finetune" and job.framework not in CUTTING_FRAMEWORKS:
        return  # the usual programs to adapt a model replicate or shard it, no more
    stages = [p for p in PIPELINE_DEGREES if p <= min(largest, spec.num_hidden_layers)]
    yield from ((one, p, 1, 1.0) for p in stages)
    half = np.minimum(widest, HALF_A_MACHINE)
    yield from ((tensor, 1, 1, stage) for tensor in (half, widest) for stage in (1.0, FULL_SHARDING))
    yield from ((widest, p, 1, 1.0) for p in stages)
    if job.seq_len >= TRANSFORMERS.value("context_parallel_from_tokens"):
        yield from ((widest, 1, c, FULL_SHARDING) for c in CONTEXT_DEGREES)
