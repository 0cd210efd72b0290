import math
from dataclasses import replace

import pytest

from app.engine import audio
from app.engine.hardware import PeakRates
from tests.engine.jobs import EVERY_KIND, H100, RTX_4090, make_accelerator, make_systems
from tests.engine.network_jobs import RESNET50, WHISPER_LARGE, XEON, network_job, samples_per_s

SPEECH = {"task": "inference", "domain": "audio", "precision": "fp16", "batch_size": 1}
TRAINING = {"task": "train", "domain": "audio", "precision": "amp", "batch_size": 16, "gradient_checkpointing": False}


def estimate(*devices, spec=WHISPER_LARGE, count=1, **workload):
    return audio.physics(network_job(spec, **workload), make_systems(*devices, count=count))


def rate(device, **workload):
    return samples_per_s(estimate(device, **workload))[0]


def gib(**workload):
    return float(estimate(make_accelerator(), **workload).footprint.total_bytes[0]) / 2**30


@pytest.mark.parametrize("workload", [SPEECH, TRAINING, {**SPEECH, "precision": "int8", "framework": "other"}])
def test_every_kind_of_device_gets_a_positive_speed_and_memory(workload):
    physics = estimate(*EVERY_KIND, XEON, **workload)

    assert all(math.isfinite(value) and value > 0 for value in samples_per_s(physics))
    assert physics.pace.unit == "samples/s"


def test_a_window_of_whisper_large_takes_about_two_teraflop_to_encode():
    assert audio.encoder_flops(WHISPER_LARGE) == pytest.approx(2.26e12, rel=0.02)


def test_layers_are_split_evenly_where_the_catalogue_does_not_say():
    untold = replace(WHISPER_LARGE, encoder_layers=0, decoder_layers=0)

    assert audio.encoder_flops(untold) == audio.encoder_flops(WHISPER_LARGE)
    assert audio.decoder_flops_per_token(untold) == audio.decoder_flops_per_token(WHISPER_LARGE)


def test_batches_share_the_reading_of_the_decoder():
    assert rate(RTX_4090, **{**SPEECH, "batch_size": 8}) > 4 * rate(RTX_4090, **SPEECH)


def test_fused_kernels_and_compilation_write_faster():
    assert rate(H100, **SPEECH, framework="other") > rate(H100, **SPEECH, compiled=True) > rate(H100, **SPEECH)


@pytest.mark.parametrize(
    ("workload", "measured_gib"),
    [
        ({"precision": "fp16", "framework": "other"}, 4.42),
        ({"precision": "int8", "framework": "other"}, 2.86),
        ({"precision": "fp16", "framework": "other", "batch_size": 8}, 5.95),
    ],
)
def test_memory_agrees_with_what_faster_whisper_publishes(workload, measured_gib):
    assert gib(**{**SPEECH, **workload}) == pytest.approx(measured_gib, rel=0.15)


def test_the_reference_program_needs_between_what_two_publishers_say():
    assert 4.72 < gib(**SPEECH, framework="pytorch") < 10.0


def test_training_holds_states_and_checkpointing_saves_activations():
    assert gib(**TRAINING) > 1.543 * 16 / 1.074
    assert gib(**{**TRAINING, "gradient_checkpointing": True}) < gib(**TRAINING)
    assert gib(**TRAINING, method="lora") < gib(**TRAINING)


def test_checkpointing_costs_time_and_replicas_share_the_work():
    one = rate(H100, **TRAINING)
    eight = samples_per_s(estimate(H100, count=8, **TRAINING))[0]

    assert rate(H100, **{**TRAINING, "gradient_checkpointing": True}) < one
    assert 5 * one < eight <= 8 * one


def test_another_kind_of_model_is_refused_by_name():
    with pytest.raises(TypeError, match="TransformerSpec"):
        audio.physics(network_job(RESNET50), make_systems())


@pytest.mark.parametrize(("framework", "batch", "published_s"), [("pytorch", 1, 143), ("other", 8, 17)])
def test_thirteen_minutes_of_speech_take_about_as_long_as_faster_whisper_publishes(framework, batch, published_s):
    """https://github.com/SYSTRAN/faster-whisper, README: large-v2 in fp16 on an RTX 3070 Ti."""
    card = make_accelerator(
        "rtx-3070-ti",
        architecture="Ampere",
        launch_year=2021,
        memory_bandwidth_bytes_per_s=608e9,
        tdp_w=290.0,
        peak=PeakRates(fp32=21.7e12, fp16=43.5e12, bf16=43.5e12),
    )
    windows_per_s = rate(card, **{**SPEECH, "framework": framework, "batch_size": batch})

    assert 26 / windows_per_s == pytest.approx(published_s, rel=0.3)


def test_a_processor_writes_about_a_third_as_fast_without_fused_kernels():
    """https://github.com/SYSTRAN/faster-whisper, README: Whisper small on eight threads, 157 and 418 s."""
    plain, fused = (rate(XEON, **{**SPEECH, "precision": "fp32", "framework": name}) for name in ("pytorch", "other"))

    assert 0.25 < plain / fused < 0.6
