"""What is filled in when nobody says, and that it is always said."""

from dataclasses import replace

import pytest

from app.engine.defaults import complete, domain_of, typical_model
from app.engine.workload import Workload
from tests.engine.jobs import BERT_LARGE, make_spec
from tests.engine.network_jobs import RESNET50, WHISPER_LARGE, YOLO

LLAMA = make_spec()


def assumed(job, name):
    return next((a.value for a in job.assumptions if a.field == name), None)


def test_a_given_value_is_kept_and_is_no_assumption():
    job = complete(Workload(task="train", domain="vision", batch_size=7), model=RESNET50)

    assert job.micro_batch_size == 7
    assert assumed(job, "batch_size") is None


def test_a_missing_value_is_filled_in_and_told():
    job = complete(Workload(task="train", domain="vision"), model=RESNET50)

    assert job.micro_batch_size == assumed(job, "batch_size") == 64


def test_tiny_pictures_come_in_larger_batches():
    tiny, usual = (
        complete(Workload(task="train", domain="vision", image_size=side), model=RESNET50) for side in (32, 224)
    )

    assert (tiny.micro_batch_size, usual.micro_batch_size) == (128, 64)


def test_adapting_a_large_decoder_means_adapters():
    job = complete(Workload(task="finetune", domain="text"), model=LLAMA)

    assert (job.method, job.work_class, job.gradient_checkpointing) == ("lora", "llm_lora", True)


def test_running_at_home_means_four_bits_and_a_service_sixteen():
    home = complete(Workload(task="inference", domain="text"), model=LLAMA)
    service = complete(Workload(task="inference", domain="text", concurrent_requests=50), model=LLAMA)

    assert (home.precision, home.framework) == ("q4_k_m", "llama.cpp")
    assert (service.precision, service.framework) == ("bf16", "vllm")


def test_a_service_takes_weights_as_they_are_published():
    published = replace(LLAMA, native_precision="fp8")
    service = complete(Workload(task="inference", domain="text", concurrent_requests=50), model=published)
    trained = complete(Workload(task="finetune", domain="text", method="full"), model=published, assume_data=True)

    assert (service.precision, trained.precision) == ("fp8", "bf16")


def test_the_context_never_defaults_to_the_models_maximum():
    job = complete(Workload(task="inference", domain="text"), model=LLAMA)

    assert job.seq_len == 4096
    assert job.prompt_tokens + job.output_tokens < job.seq_len


def test_a_stated_context_is_filled():
    job = complete(Workload(task="inference", domain="text", sequence_length=4096), model=LLAMA)

    assert job.prompt_tokens + job.output_tokens == job.seq_len == 4096


@pytest.mark.parametrize(
    ("request_", "domain"),
    [
        ({"task": "classical"}, "tabular"),
        ({"task": "train"}, "vision"),
        ({"task": "inference"}, "text"),
        ({"task": "train", "model": {"parameters": 1e6, "architecture": "gnn"}}, "graph"),
    ],
)
def test_the_domain_follows_from_task_and_model(request_, domain):
    assert domain_of(Workload.model_validate(request_)) == domain


@pytest.mark.parametrize("domain", ["vision", "text", "audio", "rl", "tabular", "science", "graph", "medical_3d"])
def test_every_domain_has_a_model_to_fall_back_on(domain):
    choice, why = typical_model(Workload(task="train", domain=domain))

    assert choice.name or choice.parameters
    assert why


def test_whoever_runs_a_protein_model_folds_proteins():
    choice, why = typical_model(Workload(task="inference", domain="science"))
    assert (choice.name, why) == ("alphafold2", "folding a protein is what is asked most")


def test_steps_of_pretraining_without_a_batch_mean_the_usual_large_batch():
    counted = complete(Workload(task="pretrain", domain="text", steps=1000), model=LLAMA, assume_data=True)
    given = complete(Workload(task="pretrain", domain="text", steps=1000, batch_size=4), model=LLAMA, assume_data=True)

    assert counted.micro_batch_size * counted.gradient_accumulation_steps == 256
    assert assumed(counted, "gradient_accumulation") == counted.gradient_accumulation_steps
    assert given.gradient_accumulation_steps == 1


@pytest.mark.parametrize(
    ("asked", "model", "batch"),
    [
        ({"domain": "audio", "concurrent_requests": 12}, WHISPER_LARGE, 12),
        ({"domain": "audio", "concurrent_requests": "max"}, WHISPER_LARGE, 16),
        ({"domain": "audio"}, WHISPER_LARGE, 1),
        ({"domain": "detection", "frames_per_second": 200}, RESNET50, 7),
        ({"domain": "detection", "frames_per_second": 30}, RESNET50, 1),
        ({"domain": "vision", "concurrent_requests": 8, "latency_ms": 20}, RESNET50, 1),
        ({"domain": "text", "concurrent_requests": 8}, LLAMA, 1),
        ({"domain": "text", "concurrent_requests": 8}, WHISPER_LARGE, 1),
        ({"domain": "text"}, BERT_LARGE, 16),
        ({"domain": "text", "concurrent_requests": 1}, BERT_LARGE, 1),
        ({"domain": "text", "latency_ms": 20}, BERT_LARGE, 1),
        ({"domain": "text"}, LLAMA, 1),
    ],
)
def test_what_arrives_together_is_worked_on_together_unless_somebody_waits_for_each(asked, model, batch):
    job = complete(Workload(task="inference", **asked), model=model)

    assert job.micro_batch_size == batch
    assert assumed(job, "batch_size") == (batch if batch > 1 else None)


@pytest.mark.parametrize(
    ("task", "image_size", "framework", "precision"),
    [
        ("inference", 640, "pytorch", "fp32"),
        ("inference", 640, "tensorrt", "fp16"),
        ("inference", 640, None, "fp16"),
        ("train", 640, "pytorch", "amp"),
        ("train", [800, 1333], "pytorch", "fp32"),
    ],
)
def test_programs_that_find_boxes_keep_32_bits_where_nobody_says_otherwise(task, image_size, framework, precision):
    asked = Workload(task=task, domain="detection", image_size=image_size, framework=framework)

    assert complete(asked, model=YOLO).precision == precision


@pytest.mark.parametrize(
    ("image_size", "precision"), [(713, "fp32"), ([288, 288], "fp32"), (640, "amp"), (None, "amp")]
)
def test_programs_for_masks_keep_32_bits_but_for_squares_that_a_yolo_may_join(image_size, precision):
    asked = Workload(task="train", domain="segmentation", image_size=image_size, framework="pytorch")

    assert complete(asked, model=replace(YOLO, architecture="segmenter")).precision == precision


@pytest.mark.parametrize(("framework", "precision"), [("onnxruntime", "fp32"), ("tensorrt", "fp16")])
def test_an_exported_network_keeps_its_precision_until_a_runtime_converts_it(framework, precision):
    job = complete(Workload(task="inference", domain="vision", framework=framework), model=RESNET50)

    assert job.precision == precision


@pytest.mark.parametrize(("observations", "seen"), [(None, "pixels"), ("vector", "vector")])
def test_an_agent_with_a_network_for_pictures_sees_them_unless_told_otherwise(observations, seen):
    job = complete(Workload(task="train", domain="rl", observations=observations), model=RESNET50)

    assert job.workload.observations == seen
    assert any(each.field == "observations" for each in job.assumptions) is (observations is None)
