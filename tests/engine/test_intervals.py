"""Intervals: the spread of a class, of its kin, and how they stretch for work unlike what was measured."""

import numpy as np
import pytest

from app.engine.intervals import around, doubt_of_speed, kin_of, spread, stretch


def test_a_class_without_runs_takes_the_spread_of_its_nearest_kin():
    assert kin_of("llm_qlora") == ("finetuning", "transformers")
    assert spread("duration", "llm_qlora") == spread("duration", "llm_lora")
    assert spread("duration", "vision_train") != spread("duration", "llm_lora")
    assert spread("throughput", "graph") == spread("throughput", "no such class")


def test_hardware_of_another_maker_is_known_less_than_another_generation():
    families = ("cuda_ada", "cuda_kepler", "fpga")

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


def test_speed_that_waits_for_launches_is_less_sure_than_the_same_speed_of_arithmetic():
    of = doubt_of_speed(("compute", "overhead", "memory"))
    speed = around(np.full(3, 10.0), metric="throughput", work_class="vision_infer", stretched=of)
    assert speed.low[1] < speed.low[0] == speed.low[2]
    assert speed.high[1] > speed.high[0] == speed.high[2]
