import pytest

from app.engine.activations import (
    checkpoint_bytes,
    decoder_bytes_per_token_width,
    dispatched_bytes_per_token_width,
    encoder_bytes_per_token_width,
    fused_loss,
    layer_bytes,
    loss_copies_bytes,
    loss_head_bytes,
    unsplit_layer_bytes,
)
from tests.engine.jobs import BERT_LARGE, make_job, make_moe, make_spec

LLAMA_2_7B = make_spec("llama-2-7b", num_key_value_heads=32, intermediate_size=11_008)
GPT_2 = make_spec(
    "gpt2",
    hidden_size=768,
    num_hidden_layers=12,
    num_attention_heads=12,
    num_key_value_heads=12,
    head_dim=64,
    intermediate_size=3072,
)
BERT_BASE = make_spec(
    "bert-base-uncased", architecture="encoder", hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
    num_key_value_heads=12, head_dim=64, intermediate_size=3072,
)  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "seq_len", "eager", "counted"),
    [
        (make_spec(), 1024, False, 49),
        (LLAMA_2_7B, 1024, False, 45.5),
        (GPT_2, 512, False, 56),
        (make_spec(), 1024, True, 97),
    ],
    ids=["llama-3-8b", "llama-2-7b", "gpt2", "llama-3-8b eager"],
)
def test_decoders_keep_what_was_counted(spec, seq_len, eager, counted):
    assert decoder_bytes_per_token_width(spec, seq_len=seq_len, eager=eager) == pytest.approx(counted, rel=0.03)


@pytest.mark.parametrize(("eager", "dropout", "counted"), [(False, False, 32), (True, False, 48), (True, True, 84)])
def test_encoders_keep_what_was_counted(eager, dropout, counted):
    assert encoder_bytes_per_token_width(BERT_BASE, seq_len=512, eager=eager, dropout=dropout) == pytest.approx(
        counted, rel=0.01
    )


def test_experts_keep_what_their_tokens_pass():
    moe = make_moe()
    one = make_moe(num_experts_per_token=1)
    width = {"seq_len": 1024, "eager": False}

    assert (
        decoder_bytes_per_token_width(moe, **width) - decoder_bytes_per_token_width(one, **width) == 8 * 14_336 / 4096
    )


def test_tokens_are_copied_for_every_expert_that_reads_them():
    moe, dense = make_moe(), make_spec()
    common = {"task": "finetune", "precision": "bf16", "batch_size": 1, "sequence_length": 2048}
    trained, adapted = (layer_bytes(make_job(moe, **common, method=method), moe) for method in ("full", "lora"))
    per_token = moe.hidden_size * 2048

    assert dispatched_bytes_per_token_width(dense) == 0
    assert dispatched_bytes_per_token_width(moe) == 4 * moe.num_experts_per_token
    assert trained == per_token * (decoder_bytes_per_token_width(moe, seq_len=2048, eager=False) + 8)
    assert adapted == per_token * (decoder_bytes_per_token_width(moe, seq_len=2048, eager=False, frozen=True) + 4)


@pytest.mark.parametrize(
    ("framework", "method", "copies"),
    [("pytorch", "full", 6), ("deepspeed", "full", 14), ("deepspeed", "lora", 12), ("megatron", "full", 6), ("other", "lora", 1)],
    ids=["in some pieces", "all at once", "in mixed precision", "in parallel", "cut"],
)  # fmt: skip
def test_programs_hold_the_logits_that_their_losses_need(framework, method, copies):
    job = make_job(task="finetune", method=method, precision="bf16", framework=framework)

    assert loss_copies_bytes(job) == copies


def test_a_compiled_loss_keeps_fewer_copies_of_the_logits():
    common = {"task": "finetune", "method": "full", "precision": "bf16", "batch_size": 1, "sequence_length": 2048}
    eager, compiled = (make_job(**common, compiled=flag) for flag in (False, True))

    assert fused_loss(compiled)
    assert loss_head_bytes(compiled, make_spec()) < loss_head_bytes(eager, make_spec()) == 6 * 2048 * 128_256


def test_programs_that_make_models_hold_some_copies_of_whole_logits_though_compiled():
    common = {"task": "pretrain", "precision": "bf16", "batch_size": 1, "sequence_length": 2048}
    eager, compiled = (loss_head_bytes(make_job(**common, compiled=flag), make_spec()) for flag in (False, True))

    assert 4 * 2048 * 128_256 < compiled < eager == 14 * 2048 * 128_256


def test_checkpoints_of_runs_in_eight_bits_are_kept_in_sixteen():
    common = {"task": "pretrain", "batch_size": 1, "sequence_length": 2048}
    narrow, wide = (checkpoint_bytes(make_job(**common, precision=kind), make_spec()) for kind in ("fp8", "bf16"))

    assert narrow == wide


def test_encoders_score_masked_tokens_only_and_classifiers_next_to_none():
    pretraining, fine_tuning = (
        make_job(BERT_LARGE, task=task, batch_size=8, sequence_length=512) for task in ("pretrain", "finetune")
    )

    assert loss_head_bytes(fine_tuning, BERT_LARGE) == 0
    assert 0 < loss_head_bytes(pretraining, BERT_LARGE) < 0.2 * 14 * 8 * 512 * 30_522


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"framework": "deepspeed"}, 8),
        ({"framework": "pytorch"}, 4),
        ({"framework": "pytorch", "method": "lora"}, 2),
        ({"framework": "megatron"}, 0),
    ],
    ids=["norms whole", "gathered inputs", "input of attention", "by the sequence"],
)
def test_split_tensors_leave_what_the_framework_does_not_split(changes, kept):
    job = make_job(**changes)

    assert unsplit_layer_bytes(job, job.model) == kept * job.micro_batch_size * job.seq_len * job.model.hidden_size
