"""How runtimes differ when they read whole texts."""

from dataclasses import replace

import numpy as np
import pytest

from app.engine.encoder_inference import encoder_pace
from tests.engine.jobs import BERT_LARGE, make_job, make_systems
from tests.engine.network_jobs import V100, XEON


def texts_per_s(framework, *, sequence_length, precision="fp16", batch_size=1, device=V100, spec=BERT_LARGE):
    job = make_job(
        spec,
        task="inference",
        framework=framework,
        precision=precision,
        batch_size=batch_size,
        sequence_length=sequence_length,
    )
    pace = encoder_pace(job, make_systems(device))
    return float(pace.units_per_step[0] / pace.step_s[0]) / sequence_length


def test_short_texts_are_read_faster_the_more_layers_a_runtime_fuses():
    ranked = [texts_per_s(name, sequence_length=16) for name in ("pytorch", "onnxruntime", "tensorrt")]

    assert ranked == sorted(ranked)
    assert ranked[1] > 2 * ranked[0]


def test_a_runtime_that_tries_its_products_reaches_more_where_many_texts_are_read():
    called, tried = (texts_per_s(name, sequence_length=384, batch_size=64) for name in ("onnxruntime", "tensorrt"))

    assert tried > 1.3 * called


def test_a_queue_that_runs_ahead_costs_nothing_where_the_device_is_busy():
    one, many = (texts_per_s("onnxruntime", sequence_length=512, batch_size=size) for size in (8, 64))

    assert many == pytest.approx(one, rel=0.1)


def test_an_older_host_launches_a_short_text_more_slowly():
    newer = replace(V100, launch_year=2023)

    assert texts_per_s("pytorch", sequence_length=16) < 0.8 * texts_per_s("pytorch", sequence_length=16, device=newer)


def test_a_chip_that_compiles_every_program_hands_tensors_on_without_writing_them():
    narrow = replace(V100, memory_bandwidth_bytes_per_s=50e9)
    chip = replace(narrow, vendor="AWS", kind="npu", architecture="NeuronCore-v1", software_stack="neuron")
    eager, placed = (texts_per_s("pytorch", sequence_length=384, batch_size=16, device=d) for d in (narrow, chip))

    assert placed > 2 * eager


def test_utilization_is_counted_against_the_bits_that_are_multiplied():
    jobs = {name: make_job(BERT_LARGE, task="inference", precision=name) for name in ("fp32", "fp16", "fp8", "nvfp4")}

    counted = {name: encoder_pace(job, make_systems(V100)).comparable_peak for name, job in jobs.items()}

    assert counted == {"fp32": "bf16", "fp16": "bf16", "fp8": "fp8", "nvfp4": "fp4"}


@pytest.fixture
def tiled_processor():
    peak = replace(XEON.peak, fp32=7.2e12, bf16=229e12, int8=459e12)
    return replace(XEON, architecture="Sapphire Rapids (AMX)", memory_bandwidth_bytes_per_s=307e9, peak=peak)


@pytest.mark.parametrize(("framework", "most"), [("onnxruntime", 3.0), ("tensorflow", 3.5), ("pytorch", 3.5)])
def test_programs_that_are_not_compiled_for_a_processor_gain_from_8_bits_what_its_vectors_do(
    tiled_processor, framework, most
):
    def texts(precision, **fields):
        job = make_job(
            BERT_LARGE,
            task="inference",
            framework=framework,
            precision=precision,
            batch_size=14,
            sequence_length=128,
            **fields,
        )
        return 1 / encoder_pace(job, make_systems(tiled_processor)).step_s[0]

    assert 1.2 < texts("int8") / texts("fp32") < most


def test_a_program_compiled_for_a_processor_feeds_its_tiles(tiled_processor):
    def step_s(framework, **fields):
        job = make_job(
            BERT_LARGE,
            task="inference",
            precision="int8",
            batch_size=64,
            sequence_length=384,
            framework=framework,
            **fields,
        )
        return encoder_pace(job, make_systems(tiled_processor)).step_s[0]

    assert step_s("pytorch", compiled=True) < 0.5 * step_s("onnxruntime")


def test_a_processor_reads_with_the_cores_that_it_may_use():
    job = make_job(BERT_LARGE, task="inference", framework="other", precision="fp32", compiled=True, batch_size=8)
    whole = make_systems(XEON)
    limited = replace(whole, threads=np.array([4.0]))
    slow, fast = (encoder_pace(job, systems).step_s[0] for systems in (limited, whole))

    assert 2 < slow / fast <= 4


def test_a_band_of_scores_grows_with_the_text_and_whole_scores_with_its_square():
    banded = replace(BERT_LARGE, sliding_window=512, num_sliding_layers=BERT_LARGE.num_hidden_layers)

    def growth(spec):
        short, long = (texts_per_s("tensorrt", sequence_length=n, batch_size=8, spec=spec) for n in (2048, 16_384))
        return short / long

    assert growth(banded) < 9
    assert growth(BERT_LARGE) > 16
    assert texts_per_s("pytorch", sequence_length=1024, spec=banded) < 0.5 * texts_per_s(
        "pytorch", sequence_length=1024
    )
