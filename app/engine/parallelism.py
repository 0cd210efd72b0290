"""The plan taken when nobody says how a job is spread: the fastest that fits to train, the smallest to serve.

Where a server has fewer requests than devices, copies of the model could idle, and the fastest plan serves.
"""

from dataclasses import replace

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.estimate import physics_of
from app.engine.hardware import Devices, Plan, Systems, systems_of
from app.engine.inference_memory import SERVERS, inference_footprint, is_server
from app.engine.job import Job
from app.engine.model_spec import DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.plan_rows import Ladder, ladder_of, picked
from app.engine.plans import TENSOR_DEGREES, inside_a_machine, is_legal, largest_legal, largest_spread, merged, plan_of
from app.engine.result import Footprint
from app.engine.serving_rates import has_latent_cache
from app.engine.training_plans import FULL_SHARDING, ROUNDING, fastest_training_plan, fits_at_its_high_end

SPEECH, SPEECH_TRAINING = "audio", "audio_train"
"""Work classes of speech, which runs as replicas."""
WORTH_A_WIDER_SPLIT = 0.95
"""A plan as fast as this share of the fastest is taken if its replicas are smaller. Decided here."""


def default_plan(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray, tried: bool = False) -> Plan:
    """The plan taken when nobody gives one: replicas where they fit, else the fastest legal plan that fits.

    Where nothing fits the plan that shares most is given, so that the answer says how much is missing. A cluster that
    is there can be ``tried``: who pre-trains on it uses more of its memory than who has to buy it first.
    """
    spec = job.model
    if job.training and (isinstance(spec, DiffusionSpec | NetworkSpec) or job.work_class == SPEECH_TRAINING):
        return _replicated_or_sharded(job, devices, count=count, nodes=nodes)
    if not isinstance(spec, TransformerSpec) or job.work_class == SPEECH:
        return plan_of(count)
    if job.training:
        return fastest_training_plan(job, spec, devices=devices, count=count, nodes=nodes, tried=tried)
    plan = _smallest_serving_plan(job, spec, devices=devices, count=count, nodes=nodes)
    return _sharing_experts(job, spec, plan=plan, devices=devices, count=count, nodes=nodes)


def _sharing_experts(
    job: Job, spec: TransformerSpec, *, plan: Plan, devices: Devices, count: FloatArray, nodes: FloatArray
) -> Plan:
    """Replicas that share their experts, where a server of as many requests as fit answers more so.

    Every device of a tensor split keeps the whole latent cache, which has no heads to split; replicas keep that of
    their own requests.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V3 Technical Report," 2024, arXiv:2412.19437, section 3.4.
    """
    if job.concurrent_requests is not None or job.framework not in SERVERS or not has_latent_cache(job):
        return plan
    sharing = replace(plan_of(count), expert_parallel=largest_spread(spec, count))
    split, shared = (systems_of(devices, count=count, nodes=nodes, plan=each) for each in (plan, sharing))
    slow, fast = (physics_of(job, systems).pace for systems in (split, shared))
    if slow is None or fast is None:
        return plan
    faster = fast.units_per_step / fast.step_s > slow.units_per_step / slow.step_s
    fits = fits_at_its_high_end(job, _serving_footprint(job, shared), devices=devices)
    return merged(plan, sharing, take=faster & fits & (sharing.expert_parallel > 1))


def _smallest_serving_plan(
    job: Job, spec: TransformerSpec, *, devices: Devices, count: FloatArray, nodes: FloatArray
) -> Plan:
    """As few devices for each replica as hold the model, and never more memory of each than half as many devices need.

    A server with fewer requests than devices takes the fastest, as copies could idle; where none fits, the widest.
    """
    ladder = ladder_of(devices, count=count, nodes=nodes)
    plans, possible = serving_plans(job, spec, count=ladder.count, nodes=ladder.nodes)
    footprint = _serving_footprint(job, ladder.systems(plans))
    needed = footprint.total_bytes
    fits = possible & fits_at_its_high_end(job, footprint, devices=ladder.devices)
    choice = np.zeros(len(ladder.count), dtype=np.intp)
    most = np.full(len(ladder.count), np.inf)
    widest = len(possible) - 1 - np.argmax(possible[::-1], axis=0)
    pace = _pace_of_few(job, ladder, plans, fits=fits)
    for level in ladder.levels:
        usable = fits[:, level] & (needed[:, level] <= most[ladder.half[level]] * ROUNDING)
        best = np.max(np.where(usable, pace[:, level], 0.0), axis=0, initial=0.0)
        usable &= pace[:, level] >= best * WORTH_A_WIDER_SPLIT
        choice[level] = np.where(usable.any(axis=0), np.argmax(usable, axis=0), widest[level])
        bound = fits[choice[level], level] & (ladder.count[level] > 1)
        most[level] = np.where(bound, needed[choice[level], level], np.inf)
    return picked(plans, choice[ladder.places], ladder.places, shape=possible.shape)


def _pace_of_few(job: Job, ladder: Ladder, plans: Plan, *, fits: BoolArray) -> FloatArray:
    """Speed of each plan of a server with more devices than requests; all are alike elsewhere. [tokens/s]

    It is worked out only where there is a choice: of plans that fit beside others.
    """
    asked = job.concurrent_requests if job.framework in SERVERS else None
    few = np.zeros(len(ladder.count), dtype=np.bool_) if asked is None else ladder.count > asked
    open_to_choice = fits & few & (np.count_nonzero(fits, axis=0) > 1)
    pace = np.ones(fits.shape)
    for row in np.flatnonzero(open_to_choice.any(axis=1)):
        plan = picked(plans, np.array(row), shape=fits.shape)
        systems = systems_of(ladder.devices, count=ladder.count, nodes=ladder.nodes, plan=plan)
        known = physics_of(job, systems).pace
        if known is not None:
            pace[row] = np.where(few, np.nan_to_num(known.units_per_step / known.step_s), pace[row])
    return pace


def _replicated_or_sharded(job: Job, devices: Devices, *, count: FloatArray, nodes: FloatArray) -> Plan:
    """Replicas where one fits on a device, else full sharding; what diffusion and speech trainers offer."""
    replicas, sharded = plan_of(count), plan_of(count, zero_stage=FULL_SHARDING)
    footprint = physics_of(job, systems_of(devices, count=count, nodes=nodes, plan=replicas)).footprint
    if footprint is None:
        return replicas
    fits = fits_at_its_high_end(job, footprint, devices=devices)
    return merged(replicas, sharded, take=~fits & (count > 1))


def serving_plans(job: Job, spec: TransformerSpec, *, count: FloatArray, nodes: FloatArray) -> tuple[Plan, BoolArray]:
    """Serving plans as rows and where they are possible: replicas, then more and more devices for each replica.

    llama.cpp splits by layers. The last row splits over everything there is.
    """
    inside = inside_a_machine(count, nodes)
    degrees = np.array(TENSOR_DEGREES, dtype=np.float64)[:, None]
    one = np.ones((len(degrees) + 1, len(count)))
    if job.framework == "llama.cpp":
        possible = (inside % degrees == 0) & (degrees <= spec.num_hidden_layers)
        everything = np.minimum(count, spec.num_hidden_layers)
        tensor, pipeline = one, np.vstack([one[1:] * degrees, everything])
    else:
        legal = np.array([[is_legal(spec, tensor_parallel=degree)] for degree in TENSOR_DEGREES])
        possible = (inside % degrees == 0) & legal
        known = {each: largest_legal(spec, each) for each in set(inside.tolist())}
        widest = np.array([known[each] for each in inside], dtype=np.float64)
        stages = np.minimum(np.maximum(count // widest, 1), spec.num_hidden_layers)
        tensor, pipeline = np.vstack([one[1:] * degrees, widest]), np.vstack([one[1:], stages])
    return plan_of(count * one, tensor=tensor, pipeline=pipeline), np.vstack([possible, count > 1])


def _serving_footprint(job: Job, systems: Systems) -> Footprint:
    """What a device needs with the requests that were asked for, or enough of them to be worth a server. [bytes]"""
    asked = job.concurrent_requests or TRANSFORMERS.value("worthwhile_server_batch")
    if is_server(job):  # more would queue; fewer would read the weights for too few
        asked = min(asked, TRANSFORMERS.value("worthwhile_server_batch"))
    return inference_footprint(job, systems, concurrent=np.ceil(asked / systems.plan.data_parallel))
