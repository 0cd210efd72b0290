"""Doubt of memory: only what may differ from program to program widens an interval."""

from app.engine.estimate import estimate
from app.engine.intervals import spread
from app.engine.model_spec import NetworkSpec
from tests.engine.jobs import make_job, make_spec, make_systems
from tests.engine.network_jobs import WHISPER_LARGE, network_job

SEGMENTER = NetworkSpec("segmenter", "segmenter", "", 49e6, 190e9, 180e6, (512, 512))
SCENES = {"task": "train", "domain": "segmentation", "precision": "fp32", "batch_size": 4, "image_size": (512, 512)}


def width_of(job):
    memory = estimate(job, make_systems()).memory_bytes
    return memory.high[0] / memory.low[0]


def memory_width(*spec, **workload):
    return width_of(make_job(*spec, **workload))


def test_weights_that_stay_as_they_are_leave_only_the_rest_in_doubt():
    adapted = {"task": "finetune", "method": "lora", "precision": "bf16"}

    long, short = (memory_width(**adapted, sequence_length=length) for length in (65_536, 512))

    usual = spread("memory", "llm_lora")
    assert short < long < usual.high / usual.low


def test_texts_of_unknown_length_are_in_doubt():
    adapted = {"task": "finetune", "method": "qlora", "precision": "int4", "batch_size": 8}

    assert memory_width(**adapted) > 1.2 * memory_width(**adapted, sequence_length=512)


def test_the_cache_of_a_decoder_of_unknown_attention_is_in_doubt():
    served = {"task": "inference", "precision": "int4", "sequence_length": 32_768, "concurrent_requests": 4}

    assert memory_width(make_spec(shape_known=False), **served) > 1.5 * memory_width(make_spec(), **served)


def test_scores_of_an_unknown_number_of_classes_are_in_doubt():
    named = {**SCENES, "dataset": {"name": "ade20k"}}

    assert width_of(network_job(SEGMENTER, **SCENES)) > 1.2 * width_of(network_job(SEGMENTER, **named))


def test_buffers_that_are_set_aside_at_the_start_are_less_in_doubt_than_tensors_that_come_and_go():
    served = {"task": "inference", "sequence_length": 8192, "concurrent_requests": 1}

    logged = memory_width(**served, precision="q4_k_m", framework="llama.cpp")
    assert logged < memory_width(**served, precision="int4", framework="pytorch")


def test_speech_weights_that_programs_hold_in_sixteen_bits_or_in_thirty_two_are_in_doubt():
    speech = {"task": "inference", "domain": "audio", "precision": "fp16", "batch_size": 1}
    plain, fused = (width_of(network_job(WHISPER_LARGE, **speech, framework=name)) for name in ("pytorch", "other"))

    assert plain > 1.3 * fused


def test_what_a_program_holds_beside_its_weights_matters_less_to_a_large_model():
    served = {"task": "inference", "framework": "pytorch", "concurrent_requests": 1}

    small, large = (memory_width(**served, precision=precision) for precision in ("int4", "fp32"))
    assert small > 1.05 * large


def test_a_batch_whose_cache_grows_with_every_token_is_in_doubt():
    served = {"task": "inference", "framework": "pytorch", "precision": "bf16", "sequence_length": 16_384}

    one, many = (memory_width(**served, concurrent_requests=requests) for requests in (1, 8))
    assert many > 1.2 * one


def test_a_long_prompt_is_in_doubt():
    served = {"task": "inference", "framework": "pytorch", "precision": "bf16", "concurrent_requests": 1}

    short, long = (memory_width(**served, prompt_tokens=tokens, output_tokens=1) for tokens in (16, 65_536))
    assert long > 1.1 * short
