"""Speech from text, in windows of half a minute."""

from dataclasses import replace

import pytest

from app.engine import audio
from app.engine.defaults import complete
from app.engine.speaking import tokens_of_window
from app.engine.transformer_shape import inferred_transformer
from app.engine.workload import Workload
from tests.engine.jobs import H100, RTX_4090, make_systems
from tests.engine.network_jobs import network_job, samples_per_s

SMALL = replace(
    inferred_transformer(
        "qwen3-tts-0.6b", parameters=5.96e8, architecture="decoder", layers=28, hidden_size=1024, ffn_size=3072,
        heads=16, kv_heads=8, head_dim=128, vocabulary=151_936,
    ),
    sound_tokens_per_s=44.0,
)  # fmt: skip
SPEAKING = {"task": "inference", "domain": "audio", "precision": "bf16", "batch_size": 1, "framework": "pytorch"}


def times_as_fast_as_it_plays(device, spec=SMALL, **workload):
    physics = audio.physics(network_job(spec, **{**SPEAKING, **workload}), make_systems(device))
    return 30 * samples_per_s(physics)[0]


@pytest.mark.parametrize(
    ("device", "compiled", "published"), [(RTX_4090, False, 1.34), (RTX_4090, True, 5.56), (H100, False, 0.59)]
)
def test_a_small_model_speaks_about_as_fast_as_published(device, compiled, published):
    """https://github.com/andimarafioti/faster-qwen3-tts, 0.6B; graphs are captured where programs are compiled."""
    assert published / 1.6 < times_as_fast_as_it_plays(device, compiled=compiled) < 1.6 * published


def test_text_to_be_spoken_is_counted_in_windows_of_speech():
    """About a hundred tokens of text in half a minute."""
    assert network_job(SMALL, **SPEAKING, dataset={"tokens": 12_000}).samples == 120


def test_sound_in_more_tokens_takes_longer():
    finer = replace(SMALL, sound_tokens_per_s=88.0)

    assert tokens_of_window(finer) == 2 * tokens_of_window(SMALL) == 2640
    assert times_as_fast_as_it_plays(RTX_4090, finer) < 0.6 * times_as_fast_as_it_plays(RTX_4090)


def test_training_sees_a_window_at_once_that_speaking_writes_token_by_token():
    training = {"task": "finetune", "method": "lora", "batch_size": 4}
    physics = audio.physics(network_job(SMALL, **{**SPEAKING, **training}), make_systems(RTX_4090))

    assert physics.pace.unit == "samples/s"
    assert 30 * samples_per_s(physics)[0] > 5 * times_as_fast_as_it_plays(RTX_4090)


def test_a_decoder_that_listens_reads_the_sound_and_writes_its_words():
    """About a hundred tokens of text instead of a thousand of sound: many windows in the time of one."""
    listening = replace(SMALL, sound_tokens_per_s=None, listens=True)

    assert tokens_of_window(listening) == 750
    assert times_as_fast_as_it_plays(RTX_4090, listening) > 5 * times_as_fast_as_it_plays(RTX_4090)


def test_a_model_that_writes_sound_runs_in_its_makers_program_where_none_is_named():
    model = replace(SMALL, parameters=3e9)
    job = complete(Workload(task="inference", domain="audio"), model=model)

    assert (job.framework, job.precision) == ("pytorch", "bf16")
