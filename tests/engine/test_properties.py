"""Laws that every estimate keeps, whatever is asked: tried on requests that nobody thought of."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import advisor
from app.contract import resolving
from app.engine.estimate import estimate
from app.engine.hardware import Devices, PeakRates, systems_of
from app.engine.job import Job
from app.engine.parallelism import default_plan
from app.engine.workload import HardwareChoice, Workload

TASKS = ("train", "finetune", "inference")
DOMAINS = (
    "tabular", "vision", "detection", "segmentation", "text", "image_generation", "video_generation", "audio",
    "medical_3d", "rl", "science", "recommendation", "graph", "timeseries",
)  # fmt: skip
ALGORITHMS = ("xgboost", "lightgbm", "random_forest", "linear_regression", "kmeans", "svm", "pca", "knn")
MODELS = {
    "text": ("llama-3.1-8b", "llama-3.2-1b", "qwen3-30b-a3b", "gpt2", "bert-base-uncased", "t5-base", "mixtral-8x7b"),
    "vision": ("resnet50", "vit-base-patch16-224", "mobilenetv2-100", "efficientnet-b0"),
    "detection": ("yolov8n", "yolov8m"),
    "image_generation": ("sd-1.5", "sdxl-base-1.0", "flux.1-dev"),
    "video_generation": ("wan2.1-t2v-1.3b",),
    "audio": ("whisper-small", "whisper-large-v3"),
    "medical_3d": ("nnunet-3d-fullres",),
}
CARDS = (
    "geforce-rtx-3060-12gb", "geforce-rtx-3090", "geforce-rtx-4090", "geforce-gtx-1080", "t4", "tesla-v100-sxm2-16gb",
    "a100-sxm4-80gb", "h100-sxm5-80gb", "radeon-rx-7900-xtx", "apple-m3-max-64gb", "core-i7-13700k",
)  # fmt: skip
CHECKED = settings(
    derandomize=True, max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
SAME = 1 + 1e-9
"""Room for rounding."""

batches = st.sampled_from((1, 2, 3, 8, 32, 100))
lengths = st.sampled_from((64, 128, 512, 1000, 4096))
factors = st.sampled_from((1.0, 1.001, 1.3, 2.0, 4.0, 10.0))
cards = st.sampled_from(CARDS)


@st.composite
def workloads(draw, *, domains=DOMAINS, tasks=TASKS) -> dict:
    """A valid workload: some fields given, the rest left to the defaults."""
    task, domain = draw(st.sampled_from(tasks)), draw(st.sampled_from(domains))
    asked = {"task": task, "domain": domain}
    if domain in MODELS and draw(st.booleans()):
        asked["model"] = {"name": draw(st.sampled_from(MODELS[domain]))}
    optional = {
        "batch_size": batches,
        "precision": st.sampled_from(("fp32", "fp16", "bf16", "amp", "int8", "fp8")),
        "gradient_checkpointing": st.booleans(),
        "gradient_accumulation": st.sampled_from((1, 4)),
        "optimizer": st.sampled_from(("adamw", "sgd", "adafactor", "adamw8bit", "lion")),
        "epochs": st.sampled_from((0.5, 1, 100)),
        "compiled": st.booleans(),
    }
    if domain == "text":
        optional |= {"sequence_length": lengths, "attention": st.sampled_from(("flash", "eager"))}
        optional |= {"concurrent_requests": st.sampled_from((1, 7, 64, "max"))} if task == "inference" else {}
        optional |= {"method": st.sampled_from(("full", "lora", "qlora"))} if task == "finetune" else {}
    chosen = draw(st.sets(st.sampled_from(sorted(optional))))
    asked |= {name: draw(optional[name]) for name in sorted(chosen)}
    if draw(st.booleans()):
        asked["dataset"] = {"samples": draw(st.sampled_from((10, 5e4, 1e9)))}
    return asked


@pytest.fixture(scope="module")
def catalogue(client):
    return client.app.state.catalogue.current()


@pytest.fixture(scope="module")
def cards_of(catalogue):
    """The device of a name: the nearest one that the catalogue has."""
    known = {slug: catalogue.accelerators.get(slug) for slug in CARDS}
    for slug, device in known.items():
        match = None if device else catalogue.hardware_names.resolve(slug)
        known[slug] = device or catalogue.accelerators[getattr(match, "slug", None) or match.nearest[0]]
    return known


@pytest.fixture(scope="module")
def job_of(catalogue):
    """The job of a workload in contract form."""
    return lambda asked: resolving.job_of(catalogue, Workload.model_validate(asked), assume_data=True)


def on(job: Job, *devices, counts=None):
    """The job on these devices, one row each."""
    columns = Devices(tuple(devices))
    count = np.array(counts or [1.0] * len(devices), dtype=float)
    plan = default_plan(job, columns, count=count, nodes=np.ones_like(count))
    return estimate(job, systems_of(columns, count=count, plan=plan))


def for_one(asked: dict) -> dict:
    """The workload with one request at a time: a server takes as many as fit, so what it holds is no need."""
    serving = asked["domain"] == "text" and asked["task"] == "inference"
    return {**asked, "concurrent_requests": 1} if serving else asked


def numbers(value, path="") -> dict[str, float]:
    """Every number of an answer by its place."""
    if isinstance(value, dict):
        return {p: n for name, part in value.items() for p, n in numbers(part, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {p: n for i, part in enumerate(value) for p, n in numbers(part, f"{path}/{i}").items()}
    return {path: value} if isinstance(value, int | float) and not isinstance(value, bool) else {}


def ranges(value, path="") -> dict[str, dict]:
    """Every interval of an answer by its place."""
    if not isinstance(value, dict):
        return {}
    inner = {p: r for name, part in value.items() for p, r in ranges(part, f"{path}/{name}").items()}
    return inner | ({path: value} if {"low", "expected", "high"} <= value.keys() else {})


@CHECKED
@given(asked=workloads(), card=cards, factor=factors)
def test_more_memory_never_worsens_a_verdict(job_of, cards_of, asked, card, factor):
    small = cards_of[card]
    usable = small.usable_memory_bytes * factor
    large = replace(small, memory_bytes=small.memory_bytes * factor, usable_memory_bytes=usable)

    fits = on(job_of(asked), small, large).fits

    assert not fits[1] < fits[0]


def test_of_a_device_whose_memory_nobody_tells_no_verdict_is_given(job_of, cards_of):
    unknown = replace(cards_of["t4"], memory_bytes=math.nan, usable_memory_bytes=math.nan)

    assert np.isnan(on(job_of({"task": "inference", "model": {"name": "resnet50"}}), unknown).fits[0])


@CHECKED
@given(
    asked=workloads(),
    card=cards,
    count=st.sampled_from((2, 4, 8)),
    times=st.sampled_from((2, 4, 8)),
    sharding=st.sampled_from(("ddp", "zero1", "zero2", "zero3", "fsdp")),
)
def test_more_devices_never_need_more_memory_each(job_of, cards_of, asked, card, count, times, sharding):
    # From two devices on and in one way of sharing: the second one brings buffers for what devices tell each other.
    job, device = job_of(for_one(asked)), Devices((cards_of[card],))
    choices = [HardwareChoice(accelerator=card, count=n, nodes=1, sharding=sharding) for n in (count, count * times)]

    few, many = (estimate(job, advisor.system_of(job, device, hardware=choice)).memory_bytes for choice in choices)

    assert few is None or many.expected[0] <= few.expected[0] * SAME or np.isnan(few.expected[0])


@CHECKED
@given(
    asked=workloads(domains=("text",)),
    card=cards,
    degree=st.sampled_from((2, 4)),
    way=st.sampled_from(("tensor_parallel", "pipeline_parallel")),
)
def test_a_model_split_over_more_devices_needs_less_of_each(job_of, cards_of, asked, card, degree, way):
    job, device = job_of({**for_one(asked), "model": {"name": "llama-3.1-8b"}}), Devices((cards_of[card],))
    degrees = [HardwareChoice(accelerator=card, count=8, nodes=1, **{way: n}) for n in (degree, 2 * degree)]

    few, many = (estimate(job, advisor.system_of(job, device, hardware=choice)).memory_bytes for choice in degrees)

    assert many.expected[0] < few.expected[0]


@CHECKED
@given(asked=workloads(domains=("text",)), card=cards, length=lengths, factor=st.sampled_from((2, 3, 8)))
def test_a_longer_text_never_needs_less(job_of, cards_of, asked, card, length, factor):
    device = cards_of[card]
    short, long = ({**for_one(asked), "sequence_length": length * times} for times in (1, factor))

    first, second = (on(job_of(one), device).memory_bytes for one in (short, long))

    assert second.expected[0] * SAME >= first.expected[0]


@CHECKED
@given(asked=workloads(), card=cards, batch=batches, factor=st.sampled_from((2, 3, 8)))
def test_a_larger_batch_never_needs_less(job_of, cards_of, asked, card, batch, factor):
    device = cards_of[card]

    first, second = (
        on(job_of({**for_one(asked), "batch_size": batch * times}), device).memory_bytes for times in (1, factor)
    )

    assert first is None or second.expected[0] * SAME >= first.expected[0] or np.isnan(first.expected[0])


@CHECKED
@given(
    asked=workloads(domains=("text", "vision", "detection", "segmentation")),
    card=cards,
    parameters=st.sampled_from((1e6, 3e7, 4e8, 7e9, 6e10)),
    factor=st.sampled_from((1.1, 2.0, 10.0)),
)
def test_a_bigger_model_never_needs_less(job_of, cards_of, asked, card, parameters, factor):
    device = cards_of[card]
    architecture = "decoder" if asked["domain"] == "text" else "cnn"
    models = [{"parameters": parameters * times, "architecture": architecture} for times in (1, factor)]

    first, second = (on(job_of({**for_one(asked), "model": model}), device).memory_bytes for model in models)

    assert second.expected[0] * SAME >= first.expected[0]


@CHECKED
@given(asked=workloads(), card=cards, factor=factors)
def test_a_higher_peak_rate_never_slows_down(job_of, cards_of, asked, card, factor):
    slow = cards_of[card]
    rates = {rate.name: getattr(slow.peak, rate.name) for rate in fields(PeakRates)}
    fast = replace(slow, peak=PeakRates(**{name: value and value * factor for name, value in rates.items()}))

    pace = on(job_of(asked), slow, fast).throughput_per_s

    assert pace is None or not pace.expected[1] * SAME < pace.expected[0]


@CHECKED
@given(asked=workloads(), card=cards, factor=factors)
def test_a_faster_memory_never_slows_down(job_of, cards_of, asked, card, factor):
    slow = cards_of[card]
    fast = replace(slow, memory_bandwidth_bytes_per_s=slow.memory_bandwidth_bytes_per_s * factor)

    pace = on(job_of(asked), slow, fast).throughput_per_s

    assert pace is None or not pace.expected[1] * SAME < pace.expected[0]


@CHECKED
@given(
    asked=workloads(),
    card=cards,
    count=st.sampled_from((1, 1, 2, 8, 24)),
    sharding=st.sampled_from((None, None, "ddp", "fsdp")),
)
def test_no_answer_holds_a_number_that_is_none(catalogue, cards_of, asked, card, count, sharding):
    hardware = HardwareChoice(accelerator=cards_of[card].slug, count=count, sharding=sharding)

    answer = advisor.estimate(catalogue, Workload.model_validate(asked), hardware=hardware).model_dump(mode="json")

    assert {place: n for place, n in numbers(answer).items() if not math.isfinite(n) or n < 0} == {}
    assert {p: r for p, r in ranges(answer).items() if not r["low"] <= r["expected"] <= r["high"]} == {}


@CHECKED
@given(
    algorithm=st.sampled_from(ALGORITHMS),
    rows=st.sampled_from((1, 1e3, 1e6, 1e9)),
    columns=st.sampled_from((1, 30, 5000)),
    card=cards,
)
def test_tables_have_sound_numbers_and_grow(catalogue, cards_of, algorithm, rows, columns, card):
    hardware = HardwareChoice(accelerator=cards_of[card].slug)
    sizes = [{"rows": rows * times, "columns": columns} for times in (1, 10)]

    answers = [
        advisor.estimate(
            catalogue,
            Workload.model_validate({"task": "classical", "algorithm": algorithm, "dataset": size}),
            hardware=hardware,
        )
        for size in sizes
    ]

    small, large = (answer.model_dump(mode="json") for answer in answers)
    assert {place: n for place, n in numbers(small).items() if not math.isfinite(n) or n < 0} == {}
    hours = [answer["duration_hours"] and answer["duration_hours"]["expected"] for answer in (small, large)]
    assert None in hours or hours[1] * SAME >= hours[0]


@CHECKED
@given(asked=workloads(), card=cards, count=st.sampled_from((1, 2, 8)))
def test_the_parts_of_an_answer_agree(catalogue, cards_of, asked, card, count):
    hardware = HardwareChoice(accelerator=cards_of[card].slug, count=count)

    answer = advisor.estimate(catalogue, Workload.model_validate(asked), hardware=hardware)

    memory, speed = answer.memory_gib_per_device, answer.throughput
    if memory:
        assert sum(part.gib for part in memory.breakdown) == pytest.approx(memory.expected, rel=1e-4)
    if speed and speed.total and speed.per_device:
        assert speed.total.expected == pytest.approx(speed.per_device.expected * count, rel=1e-4)
    if answer.duration_hours and answer.device_hours:
        assert answer.device_hours.expected == pytest.approx(answer.duration_hours.expected * count, rel=1e-4)


@CHECKED
@given(asked=workloads(tasks=("train", "finetune")), card=cards)
def test_twice_the_epochs_take_twice_as_long(job_of, cards_of, asked, card):
    device = cards_of[card]

    once, twice = (on(job_of({**asked, "epochs": epochs}), device).duration_s for epochs in (2, 4))

    if once is not None and np.isfinite(once.expected[0]):
        assert twice.expected[0] == pytest.approx(2 * once.expected[0], rel=0.02)


@pytest.mark.parametrize("model", ["bert-base-uncased", "llama-3.2-1b"])
def test_replicas_that_only_answer_need_what_one_needs(job_of, cards_of, model):
    asked = {"task": "inference", "domain": "text", "model": {"name": model}, "framework": "pytorch"}
    job = job_of({**asked, "concurrent_requests": 1})

    memory = on(job, *[cards_of["geforce-rtx-3090"]] * 3, counts=[1, 2, 8]).memory_bytes

    assert memory.expected.tolist() == [memory.expected[0]] * 3


@pytest.mark.parametrize(
    "asked",
    [
        {"task": "inference", "domain": "image_generation", "model": {"name": "flux.1-dev"}},
        {"task": "finetune", "model": {"name": "phi-3-medium"}, "framework": "megatron", "sequence_length": 131_072},
    ],
    ids=["pictures", "short texts that fill a long sequence"],
)
@pytest.mark.parametrize("precision", ["fp8", "bf16", "nf4", "nvfp4"])
def test_utilization_is_a_share_of_what_the_precision_allows(job_of, cards_of, asked, precision):
    utilization = on(job_of({**asked, "precision": precision}), *cards_of.values()).model_flops_utilization

    assert np.all((utilization > 0) & (utilization < 0.75))
