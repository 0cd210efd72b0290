from dataclasses import replace

import numpy as np
import pytest

from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Devices, PeakRates
from app.engine.run_length import run_units
from app.engine.training import activation_traffic_bytes, attended_traffic_bytes, math_rate, physics, slowest_stage
from tests.engine.jobs import (
    BERT_LARGE,
    EVERY_KIND,
    H100,
    RTX_4090,
    T5_BASE,
    make_accelerator,
    make_job,
    make_moe,
    make_spec,
    make_systems,
)


@pytest.fixture
def tokens_per_s():
    def rate(job, *accelerators, **degrees):
        pace = physics(job, make_systems(*accelerators, **degrees)).pace
        return pace.units_per_step / pace.step_s

    return rate


@pytest.fixture
def pretraining():
    return make_job(task="pretrain", precision="amp", batch_size=4, sequence_length=2048, gradient_checkpointing=True)


def test_every_kind_of_hardware_has_a_pace(pretraining, tokens_per_s):
    assert np.all(tokens_per_s(pretraining, *EVERY_KIND) > 0)


@pytest.mark.parametrize("spec", [make_spec(), make_moe(), BERT_LARGE, T5_BASE], ids=lambda spec: spec.name)
def test_every_architecture_trains(spec, tokens_per_s):
    job = make_job(spec, task="finetune", method="full", precision="bf16", batch_size=8, sequence_length=512)

    assert tokens_per_s(job)[0] > 0


def test_utilisation_of_pretraining_is_physical(pretraining):
    pace = physics(pretraining, make_systems(make_accelerator(), H100)).pace
    mfu = pace.model_flops_per_step / pace.step_s / np.array([312e12, 989.4e12])

    assert np.all((mfu > 0.25) & (mfu < 0.6))
    assert mfu[0] > mfu[1]  # bandwidth has grown less than arithmetic


def test_more_memory_bandwidth_never_slows_training(pretraining, tokens_per_s):
    slow, fast = tokens_per_s(pretraining, make_accelerator(), make_accelerator(memory_bandwidth_bytes_per_s=3e12))

    assert fast >= slow


def test_recompute_costs_about_a_quarter(tokens_per_s):
    common = {"task": "pretrain", "precision": "amp", "batch_size": 2, "sequence_length": 2048}
    kept, repeated = (tokens_per_s(make_job(**common, gradient_checkpointing=flag))[0] for flag in (False, True))

    assert 0.7 < repeated / kept < 0.82


def test_adapters_train_faster_than_all_weights(tokens_per_s):
    common = {
        "task": "finetune",
        "precision": "bf16",
        "batch_size": 4,
        "sequence_length": 1024,
        "gradient_checkpointing": False,
    }
    full, lora = (tokens_per_s(make_job(**common, method=method))[0] for method in ("full", "lora"))

    assert 1.2 < lora / full < 3


def test_eight_cards_with_links_scale_better_than_eight_without(tokens_per_s):
    job = make_job(task="pretrain", precision="amp", batch_size=1, sequence_length=512, gradient_accumulation=64)
    linked = tokens_per_s(job, count=8, zero_stage=3)[0] / tokens_per_s(job)[0]
    bare = tokens_per_s(job, RTX_4090, count=8, zero_stage=3)[0] / tokens_per_s(job, RTX_4090)[0]

    assert bare < linked <= 8


def test_slow_links_show_as_communication():
    job = make_job(task="pretrain", precision="amp", batch_size=1, sequence_length=256)
    pace = physics(job, make_systems(RTX_4090, count=8, zero_stage=3)).pace

    assert pace.bound_by == ("communication",)
    assert pace.communication_share[0] > 0.5


def test_a_pipeline_idles_and_interleaves_where_idling_gets_bad():
    common = {
        "task": "pretrain",
        "precision": "bf16",
        "framework": "megatron",
        "batch_size": 1,
        "sequence_length": 2048,
    }
    few, many = (
        physics(
            make_job(**common, gradient_accumulation=steps), make_systems(count=8, pipeline_parallel=8)
        ).pace.bubble_fraction[0]
        for steps in (40, 256)
    )

    assert few == pytest.approx(TRANSFORMERS.value("tolerated_bubble"))
    assert many == pytest.approx(7 / 256)


def test_an_inferred_shape_is_said_aloud():
    job = make_job(make_spec(shape_known=False), task="pretrain", precision="bf16", sequence_length=2048)

    assert any("inferred" in warning for warning in physics(job, make_systems()).warnings)


def test_a_sequence_beyond_the_models_context_is_warned_about():
    job = make_job(BERT_LARGE, task="finetune", precision="amp", sequence_length=1024)

    assert any("512" in warning for warning in physics(job, make_systems()).warnings)


def test_a_stage_of_a_pipeline_gathers_its_weights_once_a_step():
    job = make_job(task="pretrain", precision="bf16")
    degrees = {"count": 128, "nodes": 16, "tensor_parallel": 8, "pipeline_parallel": 4}

    shards, replicas = (
        physics(job, make_systems(H100, zero_stage=stage, **degrees)).pace.step_s[0] for stage in (3.0, 1.0)
    )

    assert shards == pytest.approx(replicas, rel=0.01)


def test_units_that_sum_at_half_rate_come_nearer_to_it():
    job = make_job(task="pretrain", precision="bf16", batch_size=4, sequence_length=2048)
    whole = make_accelerator("even", peak=replace(RTX_4090.peak, fp16_accumulate_fp16=RTX_4090.peak.fp16))
    halved = replace(whole, slug="halved", peak=RTX_4090.peak)
    slow, fast = math_rate(job, make_spec(), systems=make_systems(whole, halved), precision="bf16")

    assert fast == pytest.approx(TRANSFORMERS.value("half_rate_math_growth") * slow)


def test_adapters_run_one_by_one_cost_time_that_compiled_ones_do_not(tokens_per_s):
    common = {"task": "finetune", "method": "lora", "precision": "bf16", "batch_size": 1, "sequence_length": 256}
    eager, compiled = (tokens_per_s(make_job(**common, compiled=flag))[0] for flag in (False, True))

    assert eager < 0.7 * compiled


def test_files_quantised_beforehand_are_slower_to_unpack(tokens_per_s):
    common = {"task": "finetune", "method": "qlora", "batch_size": 1, "sequence_length": 512}
    loaded, file = (tokens_per_s(make_job(**common, precision=precision))[0] for precision in ("nf4", "int4"))

    assert file < 0.8 * loaded


def test_shards_of_four_bits_travel_in_four_bits():
    common = {"task": "finetune", "batch_size": 1, "sequence_length": 512}
    sixteen, four = (
        physics(make_job(**common, method=method), make_systems(RTX_4090, count=2, zero_stage=3)).pace
        for method in ("lora", "qlora")
    )

    assert four.communication_share[0] * four.step_s[0] < 0.5 * sixteen.communication_share[0] * sixteen.step_s[0]


def test_deepspeed_fetches_shards_from_python(tokens_per_s):
    common = {"task": "finetune", "method": "full", "precision": "bf16", "batch_size": 1, "sequence_length": 128}
    fetched, own = (
        tokens_per_s(make_job(**common, framework=framework), count=2, zero_stage=3)[0]
        for framework in ("deepspeed", "pytorch")
    )

    assert fetched < own


def test_deepspeed_runs_the_layers_of_a_library_one_operation_at_a_time():
    common = {"task": "pretrain", "precision": "bf16", "batch_size": 1, "sequence_length": 2048}
    wrapped, own, compiled = (
        activation_traffic_bytes(make_job(**common, **program), make_spec())
        for program in (
            {"framework": "deepspeed"},
            {"framework": "pytorch"},
            {"framework": "deepspeed", "compiled": True},
        )
    )

    assert wrapped > 2 * own
    assert wrapped > 2 * compiled


@pytest.fixture
def bert_traffic():
    def traffic_bytes(**fields):
        common = {"task": "pretrain", "precision": "amp", "batch_size": 16, "sequence_length": 512}
        return activation_traffic_bytes(make_job(BERT_LARGE, **{**common, **fields}), BERT_LARGE)

    return traffic_bytes


@pytest.mark.parametrize(
    "own",
    [
        {"framework": "deepspeed"},
        {"framework": None},
        {"task": "train", "framework": "pytorch"},
        {"framework": "pytorch", "compiled": True},
        {"framework": "pytorch", "dataset": {"samples": 1e6, "tokens": 2.5e8}},
    ],
)
def test_a_new_encoder_of_a_librarys_layers_moves_more_than_one_with_a_recipe_of_its_own(bert_traffic, own):
    assert bert_traffic(framework="pytorch") > 1.3 * bert_traffic(**own)


def test_layers_of_a_library_write_the_scores_of_attention_unless_somebody_says_otherwise(bert_traffic):
    common = {"task": "finetune", "framework": "pytorch"}
    unsaid, eager, flash = (bert_traffic(**common, attention=kernel) for kernel in (None, "eager", "flash"))

    assert unsaid == eager > 1.3 * flash
    assert bert_traffic(**common, compiled=True) <= flash


def test_compilers_of_chips_fuse_the_layers_of_a_library():
    npu = replace(H100, kind="npu", vendor="AWS", architecture="NeuronCore-v2", software_stack="neuron")
    job = make_job(
        BERT_LARGE, task="pretrain", precision="bf16", batch_size=16, sequence_length=128, framework="pytorch"
    )
    plain, fused = (physics(replace(job, compiled=flag), make_systems(npu)).pace.step_s[0] for flag in (False, True))

    assert plain == pytest.approx(fused, rel=0.1)


def test_fine_tuning_at_scale_repeats_little_of_the_forward_pass(tokens_per_s):
    common = {"task": "finetune", "method": "full", "precision": "bf16", "framework": "megatron"}
    unsaid, repeated = (tokens_per_s(make_job(**common, gradient_checkpointing=flag))[0] for flag in (None, True))

    assert unsaid > 1.15 * repeated


def test_attention_without_fused_kernels_moves_every_score():
    common = {"task": "pretrain", "precision": "bf16", "framework": "deepspeed", "batch_size": 1}
    fused, plain, long = (
        activation_traffic_bytes(make_job(**common, sequence_length=length, attention=kernel), make_spec()) / length
        for length, kernel in ((2048, "flash"), (2048, "eager"), (8192, "eager"))
    )

    assert plain > 2 * fused
    assert long > 3 * plain


def test_programs_for_scale_multiply_in_four_bits_where_units_do(tokens_per_s):
    rates = PeakRates(bf16=2250e12, fp16=2250e12, tf32=1100e12, fp32=75e12, fp8=4500e12, fp4=9000e12)
    card = make_accelerator(
        "b200", architecture="Blackwell (datacenter)", memory_bandwidth_bytes_per_s=8e12, peak=rates
    )
    common = {"task": "pretrain", "batch_size": 4, "sequence_length": 2048}
    pace = {
        (program, kind): tokens_per_s(make_job(**common, precision=kind, framework=program), card)[0]
        for program in ("megatron", "pytorch")
        for kind in ("bf16", "fp8", "nvfp4")
    }

    assert pace["megatron", "nvfp4"] > 1.1 * pace["megatron", "fp8"]
    assert pace["pytorch", "nvfp4"] < pace["pytorch", "fp8"]


def test_a_longer_run_repeats_more_of_its_work():
    job = make_job(task="pretrain", precision="bf16", batch_size=4, sequence_length=2048)
    short, long = (
        run_units(replace(job, tokens=tokens), physics(job, make_systems(H100, count=8)).pace)[0] / tokens
        for tokens in (1e9, 1e13)
    )

    assert 1 < short < 1.05
    assert 1.2 < long < 1.4


def test_what_is_repeated_depends_on_device_hours_not_on_devices():
    job = replace(make_job(task="pretrain", precision="bf16", batch_size=4, sequence_length=2048), tokens=1e11)
    shares = [
        run_units(job, physics(job, make_systems(H100, count=count)).pace)[0] / job.tokens for count in (1, 8, 64)
    ]

    assert shares == pytest.approx([shares[0]] * 3, rel=0.02)


def test_eight_bits_gain_less_where_products_are_narrow(tokens_per_s):
    def gain(spec):
        rates = [
            tokens_per_s(make_job(spec, task="pretrain", precision=p, batch_size=4), H100) for p in ("fp8", "bf16")
        ]
        return rates[0] / rates[1]

    small = {"parameters": 5e8, "active_parameters": 5e8, "vocab_size": 32_000, "num_attention_heads": 8}
    assert gain(make_spec(hidden_size=1024, intermediate_size=2816, **small)) < 0.95 * gain(make_spec())


def test_a_large_head_holds_up_a_long_pipeline_of_a_small_model():
    small = make_spec(
        hidden_size=2048, num_hidden_layers=16, vocab_size=128_256, parameters=1.24e9, active_parameters=1.24e9
    )
    job = make_job(small, task="pretrain", precision="bf16", sequence_length=4096)
    plans = [make_systems(H100, count=stages, pipeline_parallel=stages).plan for stages in (1, 2, 16)]
    alone, short, long = (slowest_stage(job, small, plan=plan, math_s=1.0, memory_s=0.2)[0] for plan in plans)

    assert alone == short == 1
    assert 3 < long < 8


def test_cards_older_than_fused_attention_write_the_scores_of_a_new_model():
    devices = Devices(tuple(replace(H100, compute_capability=each) for each in ("7.0", "7.5")))

    def moved(**said):
        job = make_job(make_spec(), precision="fp16", sequence_length=1024, batch_size=4, **said)
        return attended_traffic_bytes(job, job.model, devices=devices) * np.ones(2)

    plain, old = moved(task="pretrain", attention="flash"), moved(task="pretrain")
    assert old[0] > plain[0]
    assert old[1] == plain[1]
    assert moved(task="finetune")[0] == moved(task="finetune", attention="flash")[0]
