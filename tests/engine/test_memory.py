from dataclasses import replace

import numpy as np
import pytest

from app.engine.accumulation import SELECTIVE
from app.engine.coefficients import TRANSFORMERS
from app.engine.inference_memory import inference_footprint
from app.engine.memory import stored_weight_bytes, training_bytes
from app.engine.params import lora_parameters
from app.engine.training_memory import training_footprint
from app.engine.units import GB, GIB
from tests.engine.jobs import BERT_LARGE, EVERY_KIND, H100, make_job, make_moe, make_spec, make_systems

ONE = np.ones(1)
FULL_SHARDING = 3


@pytest.fixture
def parts_of():
    def collect(footprint):
        return {part.part: part.bytes[0] for part in footprint.parts}

    return collect


def training_gib(job, **degrees) -> float:
    return training_footprint(job, make_systems(**degrees)).total_bytes[0] / GIB


@pytest.mark.parametrize(
    ("precision", "optimizer", "master_weights", "expected"),
    [
        ("fp32", "sgd", False, 8),
        ("fp32", "sgd_momentum", False, 12),
        ("fp32", "adamw", False, 16),
        ("amp", "adamw", False, 16),
        ("bf16", "adamw", True, 16),
        ("bf16", "adamw", False, 8),
        ("bf16", "adamw8bit", False, 6),
        ("amp", "adamw8bit", False, 10),
        ("fp32", "lion", False, 12),
    ],
)
def test_each_recipe_takes_its_bytes_per_parameter(precision, optimizer, master_weights, expected):
    recipe = training_bytes(precision=precision, optimizer=optimizer, master_weights=master_weights)

    assert recipe.total == expected


def test_full_fine_tuning_in_bf16_holds_weights_gradients_and_both_moments(parts_of):
    job = make_job(task="finetune", method="full", precision="bf16", optimizer="adamw", batch_size=1, sequence_length=128,
                   gradient_checkpointing=True, gradient_accumulation=4)  # fmt: skip
    parts = parts_of(training_footprint(job, make_systems()))

    assert parts["weights"] == pytest.approx(2 * 8_030_261_248)
    assert parts["gradients"] == pytest.approx(2 * 8_030_261_248)
    assert parts["optimizer"] == pytest.approx(4 * 8_030_261_248)


def test_adapters_need_less_than_full_training_and_four_bits_less_than_sixteen():
    common = {"task": "finetune", "batch_size": 1, "sequence_length": 1024, "gradient_checkpointing": True}
    full = training_gib(make_job(**common, method="full", precision="bf16"))
    lora = training_gib(make_job(**common, method="lora", precision="bf16"))
    qlora = training_gib(make_job(**common, method="qlora"))

    assert qlora < lora < full


def test_checkpointing_trades_activations_for_time():
    common = {"task": "finetune", "method": "full", "precision": "bf16", "batch_size": 4, "sequence_length": 2048}

    assert training_gib(make_job(**common, gradient_checkpointing=True)) < training_gib(
        make_job(**common, gradient_checkpointing=False)
    )


def test_eager_attention_keeps_the_score_matrix():
    common = {"task": "finetune", "method": "full", "precision": "amp", "batch_size": 8, "sequence_length": 512}
    flash, eager = (training_gib(make_job(BERT_LARGE, **common, attention=kind)) for kind in ("flash", "eager"))

    assert eager > 1.3 * flash


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_each_zero_stage_shards_more(stage):
    job = make_job(task="pretrain", precision="bf16", framework="deepspeed", batch_size=1, sequence_length=512)

    assert training_gib(job, count=8, zero_stage=stage) < training_gib(job, count=8, zero_stage=stage - 1)


def test_parts_of_one_sequence_share_the_optimizer(parts_of):
    job = make_job(task="pretrain", precision="bf16", batch_size=1, sequence_length=8192)
    alone, together = (
        parts_of(training_footprint(job, make_systems(count=8, zero_stage=3, context_parallel=degree)))
        for degree in (1, 4)
    )

    assert together["optimizer"] == pytest.approx(alone["optimizer"])
    assert together["activations"] < alone["activations"]


def test_tensor_parallelism_divides_weights_and_activations(parts_of):
    job = make_job(task="pretrain", precision="bf16", framework="megatron", batch_size=1, sequence_length=2048)
    whole = parts_of(training_footprint(job, make_systems(count=8)))
    split = parts_of(training_footprint(job, make_systems(count=8, tensor_parallel=8)))

    assert split["weights"] == pytest.approx(whole["weights"] / 8)
    assert split["activations"] < whole["activations"]


def test_the_peak_is_one_moment_and_not_the_sum_of_all_phases(parts_of):
    job = make_job(
        task="finetune",
        method="full",
        precision="bf16",
        batch_size=4,
        sequence_length=4096,
        gradient_checkpointing=False,
    )
    parts = parts_of(training_footprint(job, make_systems()))

    assert parts["logits"] > 0
    assert parts.get("gradients", 0) == 0  # not yet computed when the loss is at its peak


def test_inference_memory_is_weights_cache_and_workspace(parts_of):
    job = make_job(precision="bf16", prompt_tokens=4000, output_tokens=96, framework="pytorch")
    parts = parts_of(inference_footprint(job, make_systems(), concurrent=ONE))

    assert parts["weights"] == pytest.approx(16.06 * GB, rel=0.001)
    assert parts["kv_cache"] == pytest.approx(4096 * 131_072)


def test_the_cache_grows_with_requests_and_shrinks_with_its_precision(parts_of):
    eight = make_job(precision="bf16", prompt_tokens=1000, output_tokens=24, kv_precision="fp8", framework="vllm")
    sixteen = make_job(precision="bf16", prompt_tokens=1000, output_tokens=24, kv_precision="bf16", framework="vllm")
    small, large = (parts_of(inference_footprint(job, make_systems(), concurrent=4 * ONE)) for job in (eight, sixteen))

    assert large["kv_cache"] == pytest.approx(2 * small["kv_cache"])
    assert large["kv_cache"] == pytest.approx(4 * 1024 * 131_072)


def test_all_experts_are_in_memory_though_few_compute():
    assert stored_weight_bytes(make_moe(), "bf16") == pytest.approx(2 * 46_702_792_704)


def test_tensor_parallelism_beyond_the_heads_replicates_the_cache(parts_of):
    job = make_job(precision="bf16", prompt_tokens=1000, output_tokens=24, framework="vllm")
    parts = parts_of(inference_footprint(job, make_systems(count=16, nodes=2, tensor_parallel=16), concurrent=ONE))

    assert parts["kv_cache"] == pytest.approx(1024 * 131_072 / 8)


@pytest.mark.parametrize("spec", [make_spec(), make_moe(), BERT_LARGE], ids=lambda spec: spec.name)
def test_every_kind_of_hardware_has_a_memory_estimate(spec):
    systems = make_systems(*EVERY_KIND)
    serving = inference_footprint(make_job(spec, precision="fp16"), systems, concurrent=np.ones(len(systems)))
    training = training_footprint(make_job(spec, task="finetune", method="full", precision="bf16"), systems)

    assert np.all(np.isfinite(serving.total_bytes))
    assert np.all(training.total_bytes > serving.total_bytes)


def test_every_part_says_how_it_was_computed():
    footprint = training_footprint(make_job(task="finetune", method="lora", precision="bf16"), make_systems())

    assert all(part.formula for part in footprint.parts)
    assert "adapter parameters" in footprint.parts[0].formula


def test_a_frozen_backbone_needs_little_more_than_its_weights(parts_of):
    job = make_job(BERT_LARGE, task="finetune", method="frozen", precision="fp32", batch_size=8, sequence_length=128)
    parts = parts_of(training_footprint(job, make_systems()))

    assert parts["weights"] == 4 * 335_141_888
    assert parts["gradients"] < 0.01 * parts["weights"]


def test_four_bit_shards_are_gathered_in_four_bits():
    common = {"task": "finetune", "batch_size": 1, "sequence_length": 512, "gradient_checkpointing": True}
    qlora, lora = (
        training_gib(make_job(**common, method=method), count=8, zero_stage=3) for method in ("qlora", "lora")
    )

    assert qlora < lora


def test_sharded_four_bit_models_are_not_cast_to_fp32(parts_of):
    job = make_job(task="finetune", method="qlora", batch_size=1, sequence_length=4096)
    replica, shard = (
        parts_of(training_footprint(job, make_systems(count=2, zero_stage=stage))) for stage in (0, FULL_SHARDING)
    )

    assert shard["activations"] == pytest.approx(replica["activations"] / 2)
    assert shard["weights"] < replica["weights"] / 2 - 0.9 * 2 * 128_256 * 4096  # both tables in 16 bits
    assert shard["logits"] == replica["logits"]


def test_adapted_models_that_are_sharded_hand_over_logits_in_fp32(parts_of):
    job = make_job(task="finetune", method="lora", precision="bf16", batch_size=1, sequence_length=4096)
    replica, shard = (
        parts_of(training_footprint(job, make_systems(count=2, zero_stage=stage))) for stage in (0, FULL_SHARDING)
    )

    assert shard["logits"] - replica["logits"] == pytest.approx(2 * 128_256 * 4096)


def test_the_root_of_a_sharded_model_stays_gathered(parts_of):
    job = make_job(task="finetune", method="lora", precision="bf16", batch_size=1, sequence_length=512)
    shard = parts_of(training_footprint(job, make_systems(count=2, zero_stage=FULL_SHARDING)))

    tables = 2 * 128_256 * 4096
    gathered = 2 * tables + 2 * 2 * (8_030_261_248 - tables) / 32
    assert shard["workspace"] == pytest.approx(gathered + TRANSFORMERS.value("finetune_library_bytes"))


def test_eager_attention_over_a_long_prompt_needs_the_score_matrix(parts_of):
    common = {"precision": "bf16", "prompt_tokens": 4000, "output_tokens": 96, "framework": "pytorch"}
    flash, eager = (
        parts_of(inference_footprint(make_job(**common, attention=kind), make_systems(), concurrent=ONE))["activations"]
        for kind in ("flash", "eager")
    )

    # scores in 16 bits and their softmax in 32, beside what is projected instead of the feed-forward tensors
    matrix = 32 * 4000**2 * (2 + 4)
    feed_forward, attention = 4 * 4096 + 3 * 14_336, 2 * 4096 + 3 * (4096 + 1024)
    assert eager - flash == matrix + 4000 * 2 * (attention - feed_forward)


def test_tensorflow_without_xla_keeps_more_than_pytorch():
    common = {
        "task": "finetune",
        "method": "full",
        "precision": "fp32",
        "batch_size": 8,
        "sequence_length": 256,
        "attention": "eager",
    }
    graph, eager = (training_gib(make_job(BERT_LARGE, **common, framework=name)) for name in ("tensorflow", "pytorch"))

    assert graph > 1.3 * eager


def test_frozen_matrices_keep_no_inputs(parts_of):
    common = {"task": "finetune", "precision": "bf16", "gradient_checkpointing": False, "sequence_length": 8192}
    common |= {"compiled": True}  # eager adapters keep fp32 copies of their own
    adapted, whole = (
        parts_of(training_footprint(make_job(**common, method=method), make_systems()))["activations"]
        for method in ("lora", "full")
    )

    assert 0.7 * whole < adapted < 0.95 * whole


def test_every_eager_adapter_keeps_a_copy_of_what_it_reads(parts_of):
    common = {"task": "finetune", "method": "lora", "precision": "bf16", "gradient_checkpointing": False}
    eager, compiled = (
        parts_of(training_footprint(make_job(**common, compiled=flag), make_systems()))["activations"]
        for flag in (False, True)
    )
    tokens = make_job(**common).micro_batch_size * make_job(**common).seq_len

    assert eager - compiled == pytest.approx(32 * 2 * 4096 * 2 * tokens)


def test_files_quantised_beforehand_are_not_cast_to_fp32(parts_of):
    common = {"task": "finetune", "method": "qlora", "batch_size": 1, "sequence_length": 4096}
    loaded = parts_of(training_footprint(make_job(**common, precision="nf4"), make_systems()))
    file = parts_of(training_footprint(make_job(**common, precision="int4"), make_systems()))

    assert file["logits"] < 0.7 * loaded["logits"]
    assert file["activations"] == pytest.approx(loaded["activations"] / 2)
    assert file["weights"] < loaded["weights"] - 1.9 * 2 * 128_256 * 4096  # both tables in 16 bits


def test_a_layer_without_a_gate_keeps_less_for_the_backward_pass(parts_of):
    common = {
        "task": "finetune",
        "method": "full",
        "precision": "bf16",
        "batch_size": 4,
        "sequence_length": 4096,
        "gradient_checkpointing": False,
    }
    gated, plain = (
        parts_of(training_footprint(make_job(make_spec(gated_ffn=gate), **common), make_systems()))["activations"]
        for gate in (True, False)
    )

    assert 0.4 * gated < plain < 0.7 * gated


def test_deepspeed_steps_in_groups_where_it_shares_the_weights(parts_of):
    common = {"task": "finetune", "method": "full", "precision": "bf16", "batch_size": 1, "sequence_length": 128}
    job = make_job(**common, framework="deepspeed")
    grouped, whole = (
        parts_of(training_footprint(job, make_systems(count=2, zero_stage=stage)))["workspace"] for stage in (3, 2)
    )

    assert grouped < 0.7 * whole


def test_deepspeed_steps_with_gradients_in_fp32(parts_of):
    common = {"task": "finetune", "method": "full", "precision": "bf16", "batch_size": 1, "sequence_length": 128}
    job = make_job(**common, framework="deepspeed")
    parts = parts_of(training_footprint(job, make_systems()))

    beside = TRANSFORMERS.value("deepspeed_bucket_bytes") + TRANSFORMERS.value("finetune_library_bytes")
    flat_and_wide = (2 + 4) * 8_030_261_248
    assert parts["workspace"] == pytest.approx(flat_and_wide + beside)


def test_deepspeed_sets_buckets_aside_to_gather_what_devices_share(parts_of):
    common = {"task": "finetune", "method": "lora", "precision": "bf16", "batch_size": 1, "sequence_length": 128}
    job = make_job(**common, framework="deepspeed")
    alone, shared = (
        parts_of(training_footprint(job, make_systems(count=2, zero_stage=stage)))["workspace"] for stage in (0, 1)
    )

    assert shared - alone == pytest.approx(TRANSFORMERS.value("deepspeed_gather_bytes"), rel=0.02)


def test_programs_with_kernels_of_their_own_adapt_four_bit_models_in_sixteen_bits(parts_of):
    common = {"task": "finetune", "method": "qlora", "precision": "nf4", "batch_size": 1, "sequence_length": 16_384}
    usual, own = (
        parts_of(training_footprint(make_job(**common, framework=name), make_systems()))
        for name in ("pytorch", "other")
    )

    assert own["activations"] == pytest.approx(usual["activations"] / 2)
    assert own["logits"] < 0.4 * usual["logits"]


def test_torch_steps_from_shard_to_shard_without_a_copy(parts_of):
    common = {"task": "finetune", "method": "full", "precision": "bf16", "batch_size": 1, "sequence_length": 128}
    job = make_job(**common, framework="pytorch")
    replica, shard = (
        parts_of(training_footprint(job, make_systems(count=8, zero_stage=stage)))["workspace"] for stage in (0, 3)
    )

    weights = 2 * 8_030_261_248
    assert replica > TRANSFORMERS.value("optimizer_step_copy") * weights
    assert shard < 0.4 * replica


def test_only_eager_adaptation_holds_what_libraries_and_broken_blocks_take(parts_of):
    common = {"task": "finetune", "method": "lora", "precision": "bf16", "batch_size": 1, "sequence_length": 512}
    eager, compiled = (
        parts_of(training_footprint(make_job(**common, compiled=flag), make_systems())) for flag in (False, True)
    )

    assert eager["workspace"] == TRANSFORMERS.value("finetune_library_bytes")
    assert "workspace" not in compiled or compiled["workspace"] == 0
    assert eager["allocator"] > 2 * compiled["allocator"]


def test_a_batch_whose_cache_grows_step_by_step_holds_more_than_one_set_aside(parts_of):
    common = {"task": "inference", "precision": "bf16", "prompt_tokens": 512, "output_tokens": 512}

    def cache(requests, **changes):
        job = make_job(**common, concurrent_requests=requests, framework="pytorch", **changes)
        return parts_of(inference_footprint(job, make_systems(), concurrent=np.array([float(requests)])))["kv_cache"]

    assert cache(8) == pytest.approx(8 * cache(1) * (1 + 0.5 * TRANSFORMERS.value("grown_cache_copies")))
    assert cache(8, compiled=True) == pytest.approx(8 * cache(1))


def test_routed_experts_are_not_adapted():
    dense, sparse = make_spec(), make_moe()

    assert lora_parameters(sparse, 8) < lora_parameters(dense, 8)


def test_deepspeed_steps_with_its_own_share_alone():
    job = make_job(task="pretrain", precision="bf16", framework="deepspeed", batch_size=1, sequence_length=512)

    assert training_gib(job, count=8, zero_stage=1) < 0.6 * training_gib(job, count=8)


def test_megatron_sums_gradients_in_fp32(parts_of):
    common = {"task": "pretrain", "precision": "bf16", "batch_size": 1, "sequence_length": 512}
    wide, narrow = (
        parts_of(training_footprint(make_job(**common, framework=name), make_systems()))["gradients"]
        for name in ("megatron", "jax")
    )

    assert wide == pytest.approx(2 * narrow)


def test_a_compiled_loss_keeps_fewer_logits(parts_of):
    common = {"task": "finetune", "method": "lora", "precision": "bf16", "sequence_length": 4096}
    eager, compiled = (
        parts_of(training_footprint(make_job(**common, compiled=flag), make_systems()))["logits"]
        for flag in (False, True)
    )

    assert compiled < eager / 2


def test_formulas_say_how_many_devices_share_a_part():
    job = make_job(task="finetune", method="full", precision="bf16", batch_size=1, sequence_length=128)
    sharded = training_footprint(job, make_systems(count=8, zero_stage=3))
    alone = training_footprint(job, make_systems())

    words = {part.part: part.words(0) for part in sharded.parts}
    assert all("÷ 8 devices" in words[part] for part in ("weights", "gradients", "optimizer"))
    assert not any("÷" in part.words(0) for part in alone.parts)


@pytest.mark.parametrize(("length", "fits", "runs_out"), [(64, 8, 18), (128, 5, 9), (256, 2, 4)])
def test_the_largest_batches_of_bert_in_tensorflow_fit_a_card_of_12_gb(length, fits, runs_out):
    """The table of largest batches on a TITAN X in https://github.com/google-research/bert, within one step."""
    common = {"task": "finetune", "precision": "fp32", "sequence_length": length, "framework": "tensorflow"}
    small, large = (
        training_gib(make_job(BERT_LARGE, **common, batch_size=batch, attention="eager")) for batch in (fits, runs_out)
    )

    assert small < 12 < large


@pytest.mark.parametrize(("count", "published"), [(8, 76.8), (128, 61.8)])
def test_what_pytorch_keeps_of_a_layer_unless_told_comes_near_published_memory(count, published):
    job = make_job(
        task="pretrain", precision="fp8", framework="pytorch", compiled=True, batch_size=2, sequence_length=8192
    )
    systems = make_systems(H100, count=count, zero_stage=FULL_SHARDING)
    chosen = replace(systems, plan=replace(systems.plan, recompute=np.array([SELECTIVE])))

    assert training_footprint(job, chosen).total_bytes[0] / GIB == pytest.approx(published, rel=0.1)
