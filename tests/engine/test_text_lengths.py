from dataclasses import replace

import pytest

from app.engine.text_lengths import attended_share, skips_padding, text_length
from app.engine.training import physics
from tests.engine.jobs import BERT_LARGE, H100, T5_BASE, make_job, make_spec, make_systems


@pytest.fixture
def bert():
    def job(**fields):
        common = {"task": "pretrain", "precision": "amp", "batch_size": 32, "sequence_length": 512}
        return make_job(BERT_LARGE, **{**common, "framework": "pytorch", **fields})

    return job


def test_documents_cut_long_are_nearly_half_empty(bert):
    length = text_length(bert(task="train"), BERT_LARGE)

    assert length.counted == 512
    assert length.computed == pytest.approx(289, rel=0.02)


@pytest.mark.parametrize(
    "fields",
    [{"task": "pretrain"}, {"task": "train", "framework": "deepspeed"}, {"task": "train", "sequence_length": 8192}],
)
def test_recipes_and_lengths_that_fill_every_sequence_compute_all_of_it(bert, fields):
    length = text_length(bert(**fields), BERT_LARGE)

    assert length.computed == length.counted


def test_a_short_target_costs_the_decoder_less():
    both = make_job(T5_BASE, task="pretrain", sequence_length=512)
    masked = make_job(T5_BASE, task="pretrain", sequence_length=512, output_tokens=114)

    assert text_length(both, T5_BASE).computed == text_length(masked, T5_BASE).counted == 512
    assert 250 < text_length(masked, T5_BASE).computed < 300


def test_a_mean_that_the_data_set_states_is_taken_and_counted(bert):
    length = text_length(bert(dataset={"samples": 1e6, "tokens": 2e8}), BERT_LARGE)

    assert (length.computed, length.counted) == (200, 200)


def test_frameworks_of_fixed_shapes_compute_all_they_count(bert):
    length = text_length(bert(framework="tensorflow"), BERT_LARGE)

    assert (length.computed, length.counted) == (512, 512)


@pytest.mark.parametrize(("tokens", "batch", "padded"), [(268, 4, True), (268, 1, False), (512, 4, False)])
def test_texts_of_uneven_length_are_padded_to_the_longest_of_a_batch(tokens, batch, padded):
    spec = make_spec()
    job = make_job(spec, task="finetune", method="lora", batch_size=batch, sequence_length=tokens)
    length = text_length(job, spec)

    assert length.counted == tokens
    assert (length.computed > 1.2 * tokens) == padded


@pytest.mark.parametrize(("tokens", "least"), [(2048, 1.1), (65536, 1.02)])
def test_recipes_in_8_bits_gain_less_on_long_sequences_whose_attention_stays_in_16(tokens, least):
    def step_s(precision, tokens):
        job = make_job(task="pretrain", precision=precision, batch_size=1, sequence_length=tokens, framework="pytorch")
        return physics(job, make_systems(H100)).pace.step_s[0]

    gain = step_s("bf16", tokens) / step_s("fp8", tokens)

    assert least < gain <= step_s("bf16", 2048) / step_s("fp8", 2048) < 2


def test_packed_texts_do_not_see_each_other():
    spec = make_spec()
    tuning = {"task": "finetune", "method": "full", "precision": "bf16", "framework": "megatron"}
    short, long = (attended_share(make_job(spec, sequence_length=tokens, **tuning), spec) for tokens in (128, 8192))

    assert 0.9 < short < 1
    assert 0.2 < long < 0.5
    for other in ({"task": "pretrain"}, {"framework": "pytorch"}):
        assert attended_share(make_job(spec, sequence_length=8192, **{**tuning, **other}), spec) == 1


def test_uneven_texts_without_padding_make_a_replica_of_few_texts_wait(bert):
    data = {"samples": 1e6, "tokens": 2.56e8}
    waiting = {}
    for batch in (4, 64):
        job = bert(dataset=data, batch_size=batch)
        steps = [physics(job, make_systems(H100, count=count, nodes=count / 8)).pace.step_s[0] for count in (8, 512)]
        waiting[batch] = steps[1] / steps[0]

    assert waiting[4] > waiting[64] > 1


def test_texts_that_fill_every_sequence_leave_no_padding_out(bert):
    assert skips_padding(bert(dataset={"samples": 1e6, "tokens": 2.56e8}), BERT_LARGE)
    assert not skips_padding(bert(dataset={"samples": 1e6, "tokens": 5.12e8}), BERT_LARGE)
    assert not skips_padding(bert(), BERT_LARGE)


def test_a_step_of_the_mean_length_leaves_the_padding_out_too(bert):
    job = bert(dataset={"samples": 1e6, "tokens": 2.56e8})

    assert skips_padding(replace(job, seq_len=256), BERT_LARGE)
