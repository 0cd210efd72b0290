"""The search for the fastest way to spread training over the devices of every system.

Candidate plans are rows and systems are columns of one array, so that all of them are estimated at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.engine.accumulation import KEEP_ALL, REPEAT_ALL, SELECTIVE, micro_batch_samples
from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients import FITS_WITHIN_FRACTION, TRANSFORMERS
from app.engine.hardware import Devices, Plan, Systems, systems_of
from app.engine.job import Job
from app.engine.memory_doubt import memory_interval
from app.engine.model_spec import TransformerSpec
from app.engine.plan_rows import Ladder, ladder_of, part_of, picked, single_steps
from app.engine.plans import inside_a_machine, largest_legal, largest_spread, merged, plan_of
from app.engine.result import Footprint
from app.engine.sharded_state import SHARED_FROM_STAGE
from app.engine.training import programmed_for_scale, step_time
from app.engine.training_memory import training_footprint

FULL_SHARDING = SHARED_FROM_STAGE["weights"]
PIPELINE_DEGREES = (2, 4, 8, 16, 32, 64)
CONTEXT_DEGREES = (2, 4, 8, 16)
CUTTING_FRAMEWORKS = frozenset({"megatron", "jax", "deepspeed"})
"""Frameworks whose users cut models by tensors and pipelines."""
GATHERING_FRAMEWORKS = frozenset({"jax"})
"""Frameworks whose users gather shards of the weights over a whole pod and make no pipelines."""
HALF_A_MACHINE = 4.0
"""Devices in half of a usual machine of eight."""
MICRO_BATCHES = (1.0, 2.0, 4.0, 8.0)
RECOMPUTE = (KEEP_ALL, SELECTIVE, 1.5, REPEAT_ALL)
"""Amounts of repeated work to compare cuts with: nothing, scores and norms, half of the layers whole, all of them."""
FINER_RECOMPUTE = (KEEP_ALL, SELECTIVE, 1.25, 1.5, 1.75, REPEAT_ALL)
"""Those to try with the cut that is chosen."""
REPLICAS_OF_A_MACHINE = 8
WHOLE_MACHINE = np.inf
ROUNDING = 1 + 1e-9
CLUSTER = 512.0
"""From so many devices on, memory of the next larger system is used to repeat less work, not left free."""
AT_ONCE = 10_000
"""Pairs of a plan and a system up to which all are estimated at once."""
SIZES = ((0.0, 2.0), (2.0, 8.0), (8.0, np.inf))
"""Devices of small, middling and large systems."""
TOGETHER, INSIDE, WIDE = 0.0, 1.0, 2.0
"""Where experts are: all of them in every replica, spread over the replicas of a machine, or over all replicas."""
Cut = tuple[float, int, int, float, float]
"""Width of tensor parallelism at most, pipeline, context, ZeRO stage and spread of experts."""


def fastest_training_plan(
    job: Job, spec: TransformerSpec, *, devices: Devices, count: FloatArray, nodes: FloatArray, tried: bool = False
) -> Plan:
    """For every system the plan with the most tokens a second among those that fit; the simpler one where they tie.

    A plan has to be faster than a simpler one by a stated margin, because every cut makes a program harder to run; and
    it never asks more memory of each device than the plan of half as many, unless those are a cluster already.

    Where it can be ``tried`` before the run, on a cluster that is there or with a batch that somebody states, the
    expected memory has to fit with some headroom; where it is bought or rented on our word, its high end.
    """
    replicas = plan_of(count)
    done = _replica_fits(job, devices, count=count, nodes=nodes)
    rows = np.flatnonzero(~done)
    if not len(rows):
        return replicas
    ladder = ladder_of(devices.take(list(rows)), count=count[rows], nodes=nodes[rows])
    plans, possible = training_plans(job, spec, ladder=ladder)
    headroom = TRANSFORMERS.value("tried_plan_headroom") if tried and job.workload.task == "pretrain" else None
    cut = _searched(job, spec, ladder=ladder, plans=plans, possible=possible, headroom=headroom)
    if len(_batches(job)) > 1 or len(_levels(job)) > 1:
        plans = _refined(job, cut)
        possible = _small_enough(job, plans)
        cut = _searched(job, spec, ladder=ladder, plans=plans, possible=possible, headroom=headroom)
    places = np.zeros(len(count), dtype=np.intp)
    places[rows] = ladder.places
    return merged(replicas, picked(cut, places), take=~done)


def completed_plan(
    job: Job,
    spec: TransformerSpec,
    *,
    given: Plan,
    devices: Devices,
    count: FloatArray,
    nodes: FloatArray,
    open_stage: bool = True,
) -> Plan:
    """A plan that somebody gave, with the ZeRO stage that they left open, and how much work is best repeated."""
    ladder = single_steps(devices, count=count, nodes=nodes)
    stages = (0.0, 1.0, 2.0, FULL_SHARDING) if open_stage else tuple(given.zero_stage.tolist())
    levels = given_levels(job)
    rows = [(stage, level) for stage in stages for level in levels]
    stage, level = (np.array(column)[:, None] for column in zip(*rows, strict=True))
    plans = replace(given, zero_stage=stage, recompute=level)
    possible = np.ones((len(rows), len(count)), dtype=np.bool_)
    return _searched(job, spec, ladder=ladder, plans=plans, possible=possible, given=True)


def given_levels(job: Job) -> tuple[float, ...]:
    """Amounts of repeated work to try beside a plan that somebody gave; NaN: as the job says."""
    if chooses_recompute(job):
        return FINER_RECOMPUTE
    unsaid = job.workload.framework == "pytorch" and job.workload.gradient_checkpointing is None
    pretrained = job.workload.task == "pretrain" and job.method == "full"
    keeps_all = isinstance(job.model, TransformerSpec) and job.model.architecture == "encoder"
    return FINER_RECOMPUTE[1:] if unsaid and pretrained and not keeps_all else (np.nan,)


def chooses_recompute(job: Job) -> bool:
    """Whether nobody said how much work is repeated and the program lets its users choose: those written for scale."""
    chosen = programmed_for_scale(job) or job.workload.framework == "megatron"
    return chosen and job.workload.gradient_checkpointing is None and job.method in {"full", "lora"}


def _replica_fits(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray) -> BoolArray:
    """Where nothing has to be searched: one device, or replicas that fit. Pre-training gains by sharing the update.

    Where nobody said a batch, a language model on one device is pre-trained with what pays there, as on many.
    """
    if job.workload.task == "pretrain":
        chosen = _is_decoder(job) and len(_batches(job)) > 1
        return np.asarray((count == 1) & (not chosen), dtype=np.bool_)
    plan = plan_of(count)
    footprint = training_footprint(job, systems_of(devices, count=count, nodes=nodes, plan=plan))
    taken: BoolArray = fits_at_its_high_end(job, footprint, devices=devices) | (count == 1)
    return np.zeros_like(taken) if chooses_recompute(job) else taken


def fits_at_its_high_end(job: Job, footprint: Footprint, *, devices: Devices) -> BoolArray:
    """Whether the high estimate fits, which is what an answer calls ``fits``."""
    high = memory_interval(job, footprint, expected=footprint.total_bytes).high
    fits: BoolArray = high <= FITS_WITHIN_FRACTION * devices.usable_memory_bytes
    return fits


@dataclass(frozen=True, slots=True)
class _Tried:
    """Every candidate on every system: rows are plans."""

    rate: FloatArray
    """Tokens a second; 0 where it cannot be run. [tokens/s]"""
    fits: BoolArray
    needed: FloatArray
    """Expected memory of one device; infinite where it cannot be run. [bytes]"""


def _searched(
    job: Job,
    spec: TransformerSpec,
    *,
    ladder: Ladder,
    plans: Plan,
    possible: BoolArray,
    given: bool = False,
    headroom: float | None = None,
) -> Plan:
    """The best of the candidates for every step of the ladder, smaller systems first.

    A plan that is ``given`` is known to run: there the expected memory has to fit, not its high end; and on several
    machines, or with a batch that was stated, the expected memory with ``headroom``, where there is one.
    """
    tried = _tried(job, spec, systems=ladder.systems(plans), possible=possible)
    usable = ladder.devices.usable_memory_bytes
    if given:
        tried = replace(tried, fits=tried.needed <= usable)
    elif headroom is not None:
        expected = tried.needed * headroom <= FITS_WITHIN_FRACTION * usable
        known = (ladder.nodes > 1) | (job.workload.batch_size is not None)
        tried = replace(tried, fits=np.where(known, expected, tried.fits))
    choice = np.zeros(len(ladder.count), dtype=np.intp)
    most = np.full(len(ladder.count), np.inf)
    for level in ladder.levels:
        choice[level] = _choice(tried, level, most=most[ladder.half[level]])
        taken = tried.needed[choice[level], level]
        count = ladder.count[level]
        bound = tried.fits[choice[level], level] & (count > 1) & (count < CLUSTER)
        most[level] = np.where(bound, np.minimum(taken, most[ladder.half[level]]), np.inf)
    return picked(plans, choice, np.arange(len(choice)), shape=possible.shape)


def _tried(job: Job, spec: TransformerSpec, *, systems: Systems, possible: BoolArray) -> _Tried:
    """All candidates on all systems; small systems by themselves, because few candidates are possible on them."""
    shape = possible.shape
    if possible.size <= AT_ONCE:
        return _tried_on(job, spec, systems=systems, possible=possible)
    found = _Tried(np.zeros(shape), np.zeros(shape, dtype=np.bool_), np.full(shape, np.inf))
    for low, high in SIZES:
        columns = np.flatnonzero((systems.count > low) & (systems.count <= high))
        rows = np.flatnonzero(possible[:, columns].any(axis=1))
        if not len(columns):
            continue
        places = np.ix_(rows, columns)
        part = _tried_on(job, spec, systems=part_of(systems, rows=rows, columns=columns), possible=possible[places])
        found.rate[places], found.fits[places], found.needed[places] = part.rate, part.fits, part.needed
    return found


def _tried_on(job: Job, spec: TransformerSpec, *, systems: Systems, possible: BoolArray) -> _Tried:
    footprint = training_footprint(job, systems)
    needed = footprint.total_bytes
    fits = possible & fits_at_its_high_end(job, footprint, devices=systems.devices)
    time, _ = step_time(job, spec, systems=systems)
    tokens = micro_batch_samples(job, systems.plan) * job.seq_len * systems.plan.data_parallel
    rate = np.nan_to_num(tokens / time.total_s)
    return _Tried(np.broadcast_to(rate, possible.shape), fits, np.where(possible, needed, np.inf))


def _choice(tried: _Tried, level: NDArray[np.intp], *, most: FloatArray) -> NDArray[np.intp]:
    """The simplest plan that comes close to the fastest; where none fits, the one that needs least."""
    needed = tried.needed[:, level]
    usable = tried.fits[:, level] & (needed <= most * ROUNDING)
    rate = np.where(usable, tried.rate[:, level], 0.0)
    close = usable & (rate * (1 + TRANSFORMERS.value("plan_gain_worth_a_cut")) >= rate.max(axis=0))
    best = np.where(usable.any(axis=0), np.argmax(close, axis=0), np.argmin(needed, axis=0))
    return np.asarray(best, dtype=np.intp)


def _batches(job: Job) -> tuple[float, ...]:
    """Micro-batches to try, where nobody said one; NaN: as the job says."""
    free = job.workload.task == "pretrain" and job.workload.batch_size is None
    return MICRO_BATCHES if free else (np.nan,)


def _is_decoder(job: Job) -> bool:
    """Whether the model writes text."""
    return isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder"


def _cut_by(job: Job, spec: TransformerSpec) -> float:
    """The micro-batch that cuts are compared with; an encoder's is a whole step, whose exchange it has to hide."""
    return _batches(job)[0 if spec.architecture == "decoder" else -1]


def _levels(job: Job) -> tuple[float, ...]:
    """Amounts of repeated work to try, where nobody said how much; NaN: as the job says."""
    free = job.workload.gradient_checkpointing is None and job.method == "full"
    return RECOMPUTE if free or chooses_recompute(job) else (np.nan,)


def _refined(job: Job, cut: Plan) -> Plan:
    """The same cuts, as rows, with other micro-batches and other amounts of repeated work."""
    finer = FINER_RECOMPUTE if len(_levels(job)) > 1 else _levels(job)
    pairs = [(batch, level) for batch in _batches(job) for level in finer]
    batches, levels = (np.array(values)[:, None] for values in zip(*pairs, strict=True))
    return replace(cut, micro_batch=batches, recompute=levels)


def _small_enough(job: Job, plan: Plan) -> BoolArray:
    """Whether one step of all replicas takes a batch that still converges; that of a single machine always does."""
    replicas, samples = plan.data_parallel, micro_batch_samples(job, plan)
    if job.workload.task != "pretrain":
        return np.ones(np.broadcast_shapes(replicas.shape, samples.shape), dtype=np.bool_)
    tokens = replicas * samples * job.seq_len
    allowed: BoolArray = (tokens <= TRANSFORMERS.value("largest_batch_tokens")) | (replicas <= REPLICAS_OF_A_MACHINE)
    return allowed


def training_plans(job: Job, spec: TransformerSpec, *, ladder: Ladder) -> tuple[Plan, BoolArray]:
    """Training plans as rows, plain replicas first, and the systems that each is possible on.

    Tensor parallelism stays inside a machine, pipelines cross machines, long sequences may be cut, experts are spread
    over the replicas, and no plan asks for a larger batch than converges.
    """
    count = ladder.count
    inside = inside_a_machine(count, ladder.nodes)
    known = {each: largest_legal(spec, each) for each in set(inside.tolist())}
    widest = np.array([known[each] for each in inside], dtype=np.float64)
    cuts = [each for each in _grid(job, spec, most=float(count.max())) if _divides_any(each, count)]
    rows = [(cut, level) for cut in cuts for level in _levels(job)]
    width, pipeline, context, stage, spread = (np.array(column)[:, None] for column in zip(*cuts_of(rows), strict=True))
    tensor = np.clip(width, 1.0, widest)
    degree = tensor * pipeline * context
    replicas = np.maximum(count / degree, 1)
    plans = Plan(
        replicas,
        tensor,
        pipeline,
        _experts(spec, replicas, spread=spread, inside=np.maximum(inside // tensor, 1)),
        context,
        stage,
        np.array([[_cut_by(job, spec)]]),
        np.array([[level] for _, level in rows]),
    )
    possible = (count % degree == 0) & (degree <= count) & ((stage == 0) | (count > 1))
    return plans, possible & _small_enough(job, plans)


def cuts_of(rows: list[tuple[Cut, float]]) -> list[Cut]:
    """The cut of every row."""
    return [cut for cut, _ in rows]


def _divides_any(cut: Cut, count: FloatArray) -> bool:
    """Whether a pipeline of that length with that many parts of a sequence is possible on any of the systems."""
    whole = cut[1] * cut[2]
    return bool(np.any((count % whole == 0) & (count >= whole)))


def _experts(spec: TransformerSpec, replicas: FloatArray, *, spread: FloatArray, inside: FloatArray) -> FloatArray:
    """Over how many replicas experts are spread: none, those of a machine, or as many as have whole experts. [-]

    Full sharding gathers experts anyway, and plain replicas hold them all.
    """
    if not spec.num_experts:
        return np.ones((1, 1))
    widest = largest_spread(spec, replicas)
    return np.where(spread == WIDE, widest, np.where(spread == INSIDE, np.minimum(widest, inside), 1.0))


def _grid(job: Job, spec: TransformerSpec, *, most: float) -> Iterator[Cut]:
    """Width of tensor parallelism at most, pipeline and context degrees, ZeRO stage and spread of experts."""
    spreads = (WIDE, INSIDE) if spec.num_experts else (TOGETHER,)

    def pure(width: float, pipeline: int = 1, context: int = 1) -> Iterator[Cut]:
        return ((width, pipeline, context, 1.0, spread) for spread in spreads)

    yield (1.0, 1, 1, 0.0, TOGETHER)
    yield from pure(1.0)
    yield from ((1.0, 1, 1, stage, TOGETHER) for stage in (2.0, FULL_SHARDING))
    if job.workload.task == "finetune" and job.framework not in CUTTING_FRAMEWORKS:
        return  # the usual programs to adapt a model replicate or shard it, no more
    layers = spec.num_hidden_layers
    longest = 1 if job.framework in GATHERING_FRAMEWORKS else int(min(most, layers, PIPELINE_DEGREES[-1]))
    stages = [p for p in range(2, longest + 1) if p in PIPELINE_DEGREES or layers % p == 0]
    for p in stages:
        yield from pure(1.0, p)
    for width in (HALF_A_MACHINE, WHOLE_MACHINE):
        yield from pure(width)
        yield (width, 1, 1, FULL_SHARDING, TOGETHER)
    for p in stages:
        yield from pure(HALF_A_MACHINE, p)
        yield from pure(WHOLE_MACHINE, p)
    if job.seq_len >= TRANSFORMERS.value("context_parallel_from_tokens"):
        for c in CONTEXT_DEGREES:
            yield (WHOLE_MACHINE, 1, c, FULL_SHARDING, TOGETHER)
            yield from (cut for p in stages for cut in pure(WHOLE_MACHINE, p, c))
