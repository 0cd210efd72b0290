"""What is filled in when nobody says, and that it is always said."""

from dataclasses import replace

import pytest

from app.engine.data_amounts import KnownData
from app.engine.defaults import complete, domain_of, typical_model
from app.engine.model_spec import AlgorithmSpec, NetworkSpec, TransformerSpec
from app.engine.workload import Workload

RESNET = NetworkSpec("resnet50", "cnn", "resnet", 25_557_032, 4.11e9, 11.11e6, (224, 224))
LLAMA = TransformerSpec(
    name="llama-3.1-8b",
    architecture="decoder",
    parameters=8_030_261_248,
    active_parameters=8_030_261_248,
    num_hidden_layers=32,
    hidden_size=4096,
    intermediate_size=14_336,
    num_attention_heads=32,
    num_key_value_heads=8,
    head_dim=128,
    vocab_size=128_256,
    max_position_embeddings=131_072,
)
TREES = AlgorithmSpec("xgboost", "gbdt", "yes")


def assumed(job, name):
    return next((a.value for a in job.assumptions if a.field == name), None)


def test_a_given_value_is_kept_and_is_no_assumption():
    job = complete(Workload(task="train", domain="vision", batch_size=7), model=RESNET)

    assert job.micro_batch_size == 7
    assert assumed(job, "batch_size") is None


def test_a_missing_value_is_filled_in_and_told():
    job = complete(Workload(task="train", domain="vision"), model=RESNET)

    assert job.micro_batch_size == assumed(job, "batch_size") == 64


def test_tiny_pictures_come_in_larger_batches():
    tiny, usual = (
        complete(Workload(task="train", domain="vision", image_size=side), model=RESNET) for side in (32, 224)
    )

    assert (tiny.micro_batch_size, usual.micro_batch_size) == (128, 64)


def test_an_amount_of_data_is_only_assumed_when_asked_for():
    workload = Workload(task="train", domain="vision")

    assert complete(workload, model=RESNET).samples is None
    assert complete(workload, model=RESNET, assume_data=True).samples == 20_000


def test_a_catalogue_data_set_gives_samples_and_epochs():
    data = KnownData(samples=1_281_167, epochs=90)

    job = complete(Workload(task="train", domain="vision"), model=RESNET, data=data)

    assert (job.samples, job.epochs) == (1_281_167, 90)


def test_adapting_a_large_decoder_means_adapters():
    job = complete(Workload(task="finetune", domain="text"), model=LLAMA)

    assert (job.method, job.work_class, job.gradient_checkpointing) == ("lora", "llm_lora", True)


def test_pretraining_takes_twenty_tokens_a_parameter():
    job = complete(Workload(task="pretrain", domain="text"), model=LLAMA, assume_data=True)

    assert job.tokens == pytest.approx(20 * LLAMA.parameters, rel=0.01)
    assert job.epochs == 1


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


def test_text_in_gigabytes_becomes_tokens():
    workload = Workload.model_validate({"task": "pretrain", "domain": "text", "dataset": {"size_gb": 40}})

    job = complete(workload, model=LLAMA)

    assert job.tokens == pytest.approx(10e9)
    assert assumed(job, "dataset.tokens") == 10_000_000_000


def test_a_table_in_gigabytes_becomes_rows():
    workload = Workload.model_validate({"task": "classical", "dataset": {"size_gb": 100}})

    job = complete(workload, model=TREES)

    assert job.rows * job.columns * 8 == pytest.approx(100e9)


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


def test_steps_are_one_amount_of_work_when_systems_are_compared():
    workload = Workload(task="train", domain="vision", batch_size=32, steps=1000)

    compared = complete(workload, model=RESNET, assume_data=True)
    estimated = complete(workload, model=RESNET)

    assert (compared.samples, compared.epochs, compared.steps) == (32_000, 1.0, None)
    assert assumed(compared, "epochs") is None
    assert estimated.steps == 1000


def test_steps_of_pretraining_without_a_batch_mean_the_usual_large_batch():
    counted = complete(Workload(task="pretrain", domain="text", steps=1000), model=LLAMA, assume_data=True)
    given = complete(Workload(task="pretrain", domain="text", steps=1000, batch_size=4), model=LLAMA, assume_data=True)

    assert counted.micro_batch_size * counted.gradient_accumulation_steps == 256
    assert assumed(counted, "gradient_accumulation") == counted.gradient_accumulation_steps
    assert given.gradient_accumulation_steps == 1


WHISPER = TransformerSpec(
    name="whisper-large-v3",
    architecture="encoder_decoder",
    parameters=1.54e9,
    active_parameters=1.54e9,
    num_hidden_layers=64,
    hidden_size=1280,
    intermediate_size=5120,
    num_attention_heads=20,
    num_key_value_heads=20,
    head_dim=64,
    vocab_size=51_866,
)


@pytest.mark.parametrize(
    ("asked", "model", "batch"),
    [
        ({"domain": "audio", "concurrent_requests": 12}, WHISPER, 12),
        ({"domain": "audio", "concurrent_requests": "max"}, WHISPER, 16),
        ({"domain": "audio"}, WHISPER, 1),
        ({"domain": "detection", "frames_per_second": 200}, RESNET, 7),
        ({"domain": "detection", "frames_per_second": 30}, RESNET, 1),
        ({"domain": "vision", "concurrent_requests": 8, "latency_ms": 20}, RESNET, 1),
        ({"domain": "text", "concurrent_requests": 8}, LLAMA, 1),
        ({"domain": "text", "concurrent_requests": 8}, WHISPER, 1),
    ],
)
def test_what_arrives_together_is_worked_on_together_unless_somebody_waits_for_each(asked, model, batch):
    job = complete(Workload(task="inference", **asked), model=model)

    assert job.micro_batch_size == batch
    assert assumed(job, "batch_size") == (batch if batch > 1 else None)


@pytest.mark.parametrize(("framework", "precision"), [("onnxruntime", "fp32"), ("tensorrt", "fp16")])
def test_an_exported_network_keeps_its_precision_until_a_runtime_converts_it(framework, precision):
    job = complete(Workload(task="inference", domain="vision", framework=framework), model=RESNET)

    assert job.precision == precision


@pytest.mark.parametrize(("observations", "seen"), [(None, "pixels"), ("vector", "vector")])
def test_an_agent_with_a_network_for_pictures_sees_them_unless_told_otherwise(observations, seen):
    job = complete(Workload(task="train", domain="rl", observations=observations), model=RESNET)

    assert job.workload.observations == seen
    assert any(each.field == "observations" for each in job.assumptions) is (observations is None)
