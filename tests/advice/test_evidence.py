from dataclasses import replace

import pytest

from app.advice.evidence import Evidence, Measurement, distance_between, shape_of
from app.engine.workload import Workload
from tests.engine.jobs import make_job

SERVED = {
    "task": "inference",
    "domain": "text",
    "precision": "q4_k_m",
    "framework": "llama.cpp",
    "concurrent_requests": 1,
}
TUNED = {"task": "finetune", "domain": "text", "precision": "bf16", "method": "lora", "batch_size": 2}


def measurement(*, accelerator="geforce-rtx-4090", metric="throughput_total", value=100.0, count=1, **workload):
    return Measurement(
        model="llama-3.1-8b", accelerator=accelerator, hardware="GeForce RTX 4090", count=count, metric=metric, value=value,
        unit="tokens/s", workload=Workload.model_validate(TUNED | {"model": {"name": "llama-3.1-8b"}} | workload),
        source="somebody", url="https://example.org/figures", as_of=None, note="",
    )  # fmt: skip


def job(**changes):
    return make_job(**TUNED | {"sequence_length": 2048} | changes)


def beside(*measurements):
    return Evidence(measurements).beside(job(), accelerator="geforce-rtx-4090", count=1)


def test_the_same_work_on_the_same_device_is_found():
    evidence = Evidence((measurement(sequence_length=2048),))

    assert evidence.beside(job(), accelerator="geforce-rtx-4090", count=1)[0].value == 100.0
    assert evidence.beside(job(), accelerator="geforce-rtx-3090", count=1) == []
    assert evidence.beside(job(), accelerator="geforce-rtx-4090", count=2) == []


@pytest.mark.parametrize(
    "other",
    [{"method": "full"}, {"precision": "fp32"}, {"batch_size": 8}, {"task": "inference"}, {"sequence_length": 512}],
    ids=lambda each: next(iter(each)),
)
def test_other_work_is_not(other):
    evidence = Evidence((measurement(**{"sequence_length": 2048} | other),))

    assert evidence.beside(job(), accelerator="geforce-rtx-4090", count=1) == []


def test_the_nearest_comes_first_and_each_metric_once():
    evidence = Evidence((
        measurement(batch_size=4, value=1.0),
        measurement(batch_size=2, value=2.0),
        measurement(batch_size=3, value=3.0, metric="memory_gib_per_device"),
    ))  # fmt: skip

    found = evidence.beside(job(), accelerator="geforce-rtx-4090", count=1)

    assert [each.value for each in found] == [2.0, 3.0]


def test_close_precisions_compare_and_servers_stand_for_themselves():
    amp = Workload.model_validate(TUNED | {"precision": "amp"})
    other_server = Workload.model_validate(SERVED | {"framework": "vllm"})

    assert distance_between(job(), amp, metric="throughput_total") == 0
    assert distance_between(make_job(**SERVED), other_server, metric="decode_tokens_per_s") is None


def test_a_short_text_counts_little_beside_the_weights_that_writing_reads():
    asked = make_job(**SERVED, prompt_tokens=3584, output_tokens=512)
    short = Workload.model_validate(SERVED | {"prompt_tokens": 1, "output_tokens": 128})
    long = Workload.model_validate(SERVED | {"prompt_tokens": 60_000, "output_tokens": 512})

    assert 0 < distance_between(asked, short, metric="decode_tokens_per_s") < 0.3
    assert distance_between(asked, long, metric="decode_tokens_per_s") is None


@pytest.mark.parametrize(("prompt", "compares"), [(512, True), (300, False), (128, False)])
def test_a_long_prompt_keeps_a_device_busy_and_a_short_one_does_not(prompt, compares):
    asked = make_job(**SERVED, prompt_tokens=3584, output_tokens=512)
    measured = Workload.model_validate(SERVED | {"prompt_tokens": prompt, "output_tokens": 1})

    assert (distance_between(asked, measured, metric="prefill_tokens_per_s") is not None) == compares


def test_another_model_of_the_same_shape_stands_in_and_is_named(client):
    catalogue = client.app.state.catalogue.current()
    twin, other = (catalogue.models[slug] for slug in ("llama-3-8b", "mistral-7b-v0.1"))
    question = {
        "workload": {"task": "inference", "domain": "text", "model": {"name": "llama-3.1-8b"}, "precision": "q4_k_m"},
        "hardware": {"accelerator": "RTX 4090"},
    }

    measured = client.post("/estimate", json=question).json()["measured"]

    assert shape_of(twin) == shape_of(catalogue.models["llama-3.1-8b"]) != shape_of(other)
    assert {each["metric"] for each in measured} >= {"decode_tokens_per_s", "prefill_tokens_per_s"}
    assert all(each["work"].startswith(f"{each['model']}, ") == (each["model"] != "Llama 3.1 8B") for each in measured)


def test_a_model_comes_before_another_one_of_its_shape():
    shape = shape_of(job().model)
    own = replace(measurement(batch_size=4, value=1.0), model=job().model.name, shape=shape)
    twin = replace(measurement(value=2.0), model="Llama 3 8B", shape=shape)

    assert [each.value for each in beside(own, twin)] == [1.0]
    assert [each.value for each in beside(twin)] == [2.0]
    assert beside(replace(twin, shape="another")) == []


def test_a_device_shows_something_of_every_source():
    runs = [replace(measurement(value=float(n)), source="large") for n in range(1, 10)]
    small = replace(measurement(value=99.0), source="small")

    shown = Evidence((*runs, small)).on("geforce-rtx-4090", most=3)

    assert [each.value for each in shown] == [1.0, 2.0, 99.0]
    assert len(Evidence((*runs, small)).on("geforce-rtx-4090", most=40)) == 10
    assert Evidence((*runs, small)).on("geforce-rtx-3090", most=40) == []


def test_encoders_of_one_shape_are_trained_on_different_tasks(client):
    models = client.app.state.catalogue.current().models

    assert shape_of(models["bert-base-uncased"]) != shape_of(models["electra-base-discriminator"])


def test_writing_depends_on_the_whole_context_and_reading_on_the_prompt():
    asked = make_job(**SERVED, prompt_tokens=512, output_tokens=512)
    measured = Workload.model_validate(SERVED | {"prompt_tokens": 1, "output_tokens": 1023})

    assert distance_between(asked, measured, metric="decode_tokens_per_s") == 0
    assert distance_between(asked, measured, metric="prefill_tokens_per_s") is None


def test_the_catalogue_shows_measurements_with_their_public_page(client):
    snapshot = client.app.state.catalogue.current()

    assert len(snapshot.evidence.measurements) > 300
    assert all(each.url.startswith("https://") for each in snapshot.evidence.measurements)
    assert all(each.value > 0 for each in snapshot.evidence.measurements)


def test_an_estimate_stands_beside_what_others_measured(client):
    question = {
        "workload": {
            "task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "batch_size": 256, "precision": "amp",
        },
        "hardware": {"accelerator": "RTX 3090"},
    }  # fmt: skip

    measured = client.post("/estimate", json=question).json()["measured"]

    assert measured[0]["evidence"] == "measured"
    assert measured[0]["url"].startswith("https://github.com/")
    assert measured[0]["unit"] == "samples/s"


def test_the_page_of_a_device_lists_what_was_measured_on_it(client):
    page = client.get("/hardware/geforce-rtx-3090", headers={"Accept": "text/html"}).text

    assert "deep learning benchmark" in page
