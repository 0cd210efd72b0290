"""The use cases, for every door: recommend hardware for work, estimate work on hardware, and what hardware can do."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from app.advice import recommendation as pipeline
from app.advice.constraints import Constraints
from app.advice.fit import Speed, judge_jobs, speed_of
from app.advice.fit_jobs import FitJob, fit_jobs
from app.advice.given import given_hardware
from app.advice.need import range_at
from app.advice.pieces import fit_word
from app.advice.reference_cards import ordinary_cpu_row
from app.advice.rigs import rigs_of, roomy_systems
from app.advice.tables import where_a_card_pays
from app.advice.upgrades import Shop
from app.advice.variants import Variants, variants_of
from app.catalogue.snapshot import Snapshot
from app.contract import resolving
from app.contract.answer import EstimateAnswer, FitAnswer, LinksAnswer, RecommendationAnswer
from app.contract.flat_query import query_string
from app.contract.requests import FitRequest, RecommendRequest
from app.engine.estimate import estimate as engine_estimate
from app.engine.hardware import Devices, Plan, Systems, systems_of
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.parallelism import default_plan
from app.engine.training_plans import completed_plan, given_levels
from app.engine.units import GB, GIB
from app.engine.workload import HardwareChoice, Workload
from app.errors import Unprocessable
from app.present.estimates import estimate_answer
from app.present.fit import fit_answer
from app.present.recommendations import recommendation_answer

DEVICES_PER_NODE = 8
"""Usual number of accelerators in one server."""
TELLING_JOBS = frozenset({
    "run-8b-4bit", "run-14b-4bit", "run-32b-4bit", "run-70b-4bit", "run-405b-4bit", "qlora-8b", "lora-8b", "full-8b",
    "qlora-70b", "pretrain-124m", "text-encoder-finetune", "photos-finetune", "photos-train", "detection-medium",
    "segmentation-train", "scans-train", "picture-sdxl", "picture-flux", "picture-lora-sdxl", "video-large",
    "speech-run", "table-boosting", "table-large", "agent-pixels",
})  # fmt: skip
"""Typical jobs that tell devices apart."""
_ZERO_STAGE = {"none": 0, "ddp": 0, "zero1": 1, "zero2": 2, "zero3": 3, "fsdp": 3}


def estimate(snapshot: Snapshot, workload: Workload, *, hardware: HardwareChoice) -> EstimateAnswer:
    """Memory, speed, time, energy and cost of a workload on one system."""
    job = resolving.job_of(snapshot, workload, assume_data=False)
    device = resolving.accelerator(snapshot, hardware.accelerator, pointer="/hardware/accelerator")
    systems = system_of(job, Devices((device,)), hardware=hardware)
    pays = where_a_card_pays(job, snapshot.devices, on=device)
    return estimate_answer(
        job,
        engine_estimate(job, systems),
        row=0,
        systems=systems,
        market=snapshot.market,
        evidence=snapshot.evidence,
        remarks=() if pays is None else (pays,),
    )


def system_of(job: Job, device: Devices, *, hardware: HardwareChoice) -> Systems:
    """The system that somebody describes, with the plan they gave or the one that suits the job."""
    count = float(hardware.count)
    nodes = float(hardware.nodes or -(-hardware.count // DEVICES_PER_NODE))
    threads = np.array([float(hardware.threads) if hardware.threads else np.nan])
    counts, node_counts = np.array([count]), np.array([nodes])
    degrees = (hardware.tensor_parallel, hardware.pipeline_parallel, hardware.context_parallel)
    if hardware.sharding is None and {*degrees, hardware.expert_parallel} == {1}:
        plan = default_plan(job, device, count=counts, nodes=node_counts, tried=True)
    else:
        plan = _given_plan(hardware)
        spec = job.model
        open_level = isinstance(spec, TransformerSpec) and len(given_levels(job)) > 1
        open_stage = hardware.sharding is None and (job.workload.task == "pretrain" or open_level)
        if isinstance(spec, TransformerSpec) and (open_stage or open_level):
            plan = completed_plan(
                job, spec, given=plan, devices=device, count=counts, nodes=node_counts, open_stage=open_stage
            )
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
    return recommendation_answer(
        found, market=snapshot.market, evidence=snapshot.evidence, revision=snapshot.revision, at=at, links=links
    )


def variants(snapshot: Snapshot, workload: Workload) -> Variants:
    """The same work done in other ways, with other models and lengths; the last few questions are remembered."""
    key = (snapshot.revision, workload.model_dump_json())
    if key not in _variants:
        job = resolving.job_of(snapshot, workload, assume_data=True)
        found = variants_of(
            job,
            devices=snapshot.devices,
            rejob=lambda changes: resolving.changed_job(snapshot, workload, changes=changes),
        )
        while len(_variants) >= KEPT_VARIANTS:
            _variants.pop(next(iter(_variants)), None)
        _variants[key] = found
    return _variants[key]


KEPT_VARIANTS = 128
_variants: dict[tuple[int, str], Variants] = {}


@dataclass(frozen=True, slots=True, eq=False)
class _Workshop:
    """What judging hardware needs of one catalogue on one day: the typical jobs, and what can be bought."""

    snapshot: Snapshot
    today: date
    jobs: tuple[tuple[FitJob, Job], ...]
    shop: Shop

    @classmethod
    def of(cls, snapshot: Snapshot, today: date) -> "_Workshop":
        """The workshop; a job whose model is no longer in the catalogue is left out."""
        jobs = tuple((entry, job) for entry in fit_jobs() if (job := _typical_job(snapshot, entry)) is not None)
        return cls(snapshot, today, jobs, Shop.of(snapshot.devices, snapshot.market, today=today))


@dataclass(frozen=True, slots=True)
class Suit:
    """A typical job on one device, alone and as it is."""

    job: FitJob
    fit: str
    memory_gib: float | None
    speed: Speed | None


KEPT_WORKSHOPS = 2
"""Today's, and the one before it while requests of yesterday or of the revision before are still answered."""
_workshops: list[_Workshop] = []
"""The newest first: their shops remember the cheapest way to do each job."""


def _workshop(snapshot: Snapshot, today: date) -> _Workshop:
    for known in _workshops:
        if known.snapshot is snapshot and known.today == today:
            return known
    made = _Workshop.of(snapshot, today)
    _workshops[:] = [made, *_workshops[: KEPT_WORKSHOPS - 1]]
    return made


def _typical_job(snapshot: Snapshot, entry: FitJob) -> Job | None:
    try:
        return resolving.job_of(snapshot, Workload.model_validate(entry.workload), assume_data=True)
    except Unprocessable:
        return None


_suits: list[tuple[Snapshot, dict[str, tuple[Suit, ...]]]] = []
"""What every device is good for, by slug: of the newest catalogue only."""


def suits(snapshot: Snapshot, slug: str, *, today: date) -> tuple[Suit, ...]:
    """What a device is good for: some typical jobs on it. Worked out once for all devices of a catalogue."""
    if not _suits or _suits[0][0] is not snapshot:
        _suits[:] = [(snapshot, _suits_of(snapshot, today))]
    return _suits[0][1].get(slug, ())


def _suits_of(snapshot: Snapshot, today: date) -> dict[str, tuple[Suit, ...]]:
    devices = snapshot.devices.accelerators
    found: dict[str, list[Suit]] = {device.slug: [] for device in devices}
    for entry, job in _workshop(snapshot, today).jobs:
        if entry.slug not in TELLING_JOBS:
            continue
        estimates = engine_estimate(job, roomy_systems(job, snapshot.devices, counts=[1] * len(devices)))
        fits = estimates.fits
        for row, device in enumerate(devices):
            word = fit_word(device, job, value=float(fits[row]))
            memory = range_at(estimates.memory_bytes, row)
            works = word in {"fits", "tight"}
            found[device.slug].append(
                Suit(
                    entry,
                    word,
                    None if memory is None else memory.expected / GIB,
                    speed_of(entry, estimates, row=row, count=1) if works else None,
                )
            )
    return {slug: tuple(entries) for slug, entries in found.items()}


def fit(snapshot: Snapshot, request: FitRequest, *, at: datetime) -> FitAnswer:
    """What somebody's hardware can run, adapt and train, and the cheapest way to do what it cannot."""
    for number, one in enumerate(request.hardware):
        if one.accelerator is not None:
            resolving.accelerator(snapshot, one.accelerator, pointer=f"/hardware/{number}/accelerator")
    entries = [
        (one.accelerator or one.description or "", one.accelerator is not None, one.count) for one in request.hardware
    ]
    given = given_hardware(entries, by_slug=snapshot.accelerators, names=snapshot.hardware_names)
    row = ordinary_cpu_row(snapshot.devices)
    known = given.no_card or any(item.device is not None or item.words.memory_gib for item in given.items)
    cpu = snapshot.devices.accelerators[row] if known and row is not None else None
    system_gib = None if request.system_memory_gb is None else request.system_memory_gb * GB / GIB
    rigs = rigs_of(given.items, cpu=cpu, system_gib=system_gib)
    workshop = _workshop(snapshot, at.date())
    judged = judge_jobs(workshop.jobs, rigs, shop=workshop.shop)
    return fit_answer(judged, given, rigs=rigs, system_gib=system_gib, revision=snapshot.revision, at=at)
