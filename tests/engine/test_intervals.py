"""Intervals: the spread of a class, of its kin, and how they stretch for work unlike what was measured."""

import numpy as np
import pytest

from app.engine.estimate import estimate
from app.engine.intervals import around, kin_of, spread, stretch
from tests.engine.jobs import make_job, make_spec, make_systems


def test_a_class_without_runs_takes_the_spread_of_its_nearest_kin():
    assert kin_of("llm_qlora") == ("finetuning", "transformers")
    assert spread("throughput", "llm_qlora") == spread("throughput", "llm_lora")
    assert spread("throughput", "seq2seq_train") != spread("throughput", "llm_lora")
    assert spread("throughput", "graph") == spread("throughput", "no such class")


def test_hardware_of_another_maker_is_known_less_than_another_generation():
    families = ("cuda_ada", "cuda_pascal", "amd_cdna")

    known, older, other = stretch("decode", "llm_decode", framework="llama.cpp", families=families)

    assert known == 1 <= older < other


def test_a_framework_that_nobody_measured_stretches_every_metric():
    for metric in ("throughput", "memory"):
        work = "segmentation_train" if metric == "memory" else "vision_train"
        usual = stretch(metric, work, framework="pytorch", families=("cuda_volta",))
        assert np.all(stretch(metric, work, framework="onnxruntime", families=("cuda_volta",)) > usual)


def test_memory_does_not_depend_on_the_maker():
    assert stretch("memory", "segmentation_train", framework="pytorch", families=("apple",)) == 1


def test_a_stretched_interval_is_wider_at_both_ends_by_the_same_power():
    plain = around(np.array([10.0]), metric="throughput", work_class="vision_infer")
    wide = around(np.array([10.0]), metric="throughput", work_class="vision_infer", stretched=2.0)

    assert wide.low[0] / 10 == pytest.approx((plain.low[0] / 10) ** 2)
    assert wide.high[0] / 10 == pytest.approx((plain.high[0] / 10) ** 2)


def memory_width(*spec, **workload):
    memory = estimate(make_job(*spec, **workload), make_systems()).memory_bytes
    return memory.high[0] / memory.low[0]


def test_weights_that_stay_as_they_are_leave_only_the_rest_in_doubt():
    adapted = {"task": "finetune", "method": "lora", "precision": "bf16"}

    long, short = (memory_width(**adapted, sequence_length=length) for length in (16_384, 512))

    assert short < long < memory_width(**adapted | {"method": "full"})


def test_the_cache_of_a_decoder_of_unknown_attention_is_in_doubt():
    served = {"task": "inference", "precision": "int4", "sequence_length": 32_768, "concurrent_requests": 4}

    assert memory_width(make_spec(shape_known=False), **served) > 1.5 * memory_width(make_spec(), **served)
